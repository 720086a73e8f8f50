"""Counting requests within one process: a store of the package limits that costs no thread for what ran out."""

from __future__ import annotations

import threading
import time
from typing import Final

from limits.storage import Storage

SWEEP_S: Final = 60.0  # what ran out is let go of as seldom as that


class CountsOfThisProcess(Storage):
    """Counts that end with the process, for windows of a fixed length. The package's own starts threads to forget."""

    STORAGE_SCHEME = ["process"]  # noqa: RUF012 -- as the package declares it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._counts: dict[str, tuple[int, float]] = {}  # how many, and until when they count
        self._swept_at = time.time()
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in asking it: nothing of its own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window of `expiry` seconds that begins with the first; how many there are now."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            count, until = self._counts.get(key, (0, 0.0))
            count, until = (count + amount, until) if until > now else (amount, now + expiry)
            self._counts[key] = (count, until)
        return count

    def get(self, key: str) -> int:
        """How many were counted in the window that runs."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds of the epoch; now, where none runs."""
        return max(time.time(), self._counts.get(key, (0, 0.0))[1])

    def check(self) -> bool:
        """It is always there."""
        return True

    def reset(self) -> int:
        """Forget all counts; how many keys there were."""
        with self._lock:
            keys = len(self._counts)
            self._counts.clear()
        return keys

    def clear(self, key: str) -> None:
        """Forget what was counted under a key."""
        with self._lock:
            self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        if now - self._swept_at > SWEEP_S:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
            self._swept_at = now
