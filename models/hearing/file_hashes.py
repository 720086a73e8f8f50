"""The SHA-256 of files, remembered for as long as their size and time of change stand still."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from pipelines.sound_file import file_sha256
from pipelines.whole_file import write_whole

SETTLED_NS = 2 * 10**9  # a file that changed just now may change again within one tick of its clock


class FileHashes:
    """Hashes of files by path, kept in a file of their own.

    Several processes may keep one: each writes the file whole, with what it found there; what one of them loses, the
    next computes again. A file that can't be read as such counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._new: dict[str, tuple[int, int, str]] = {}

    def sha256(self, path: Path) -> str:
        """SHA-256 of a file's bytes, in hexadecimal digits.

        Raises:
            OSError: it can't be read.
        """
        state = path.stat()
        name = os.fspath(path.absolute())
        known = self._known.get(name)
        if known is not None and known[:2] == (state.st_size, state.st_mtime_ns):
            return known[2]
        found = file_sha256(path)
        if time.time_ns() - state.st_mtime_ns > SETTLED_NS:
            self._known[name] = self._new[name] = (state.st_size, state.st_mtime_ns, found)
        return found

    def save(self) -> None:
        """Keep what was found since the last time; where nothing can be written, it is computed again some day."""
        if self._new:
            with suppress(OSError):
                write_whole(self._path, json.dumps(_read(self._path) | self._new))
            self._new = {}


def _read(path: Path) -> dict[str, tuple[int, int, str]]:
    try:
        rows = json.loads(path.read_bytes())
        return {str(name): (int(size), int(changed_ns), str(found)) for name, (size, changed_ns, found) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
