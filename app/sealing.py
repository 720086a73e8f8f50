"""Workers' own ids: sealed where they are kept, and a keyed hash for them everywhere else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

MARK = "sealed:"  # before every sealed id, so that one from before ids were sealed can be told


class SealKeyWrong(ValueError):
    """What should be a key that seals workers' ids is none; the key itself is not repeated."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"key {number} is no key that ids can be sealed with; `earwitness workers key` prints one "
            "(44 characters, several with commas between them, the newest first)"
        )


def new_seal_key() -> str:
    """A new key to seal ids with: 44 characters."""
    return Fernet.generate_key().decode()


def worker_key(platform: str, platform_worker_id: str, secret_key: str) -> str:
    """The keyed hash that stands for a worker everywhere but in one table."""
    message = f"{platform}/{platform_worker_id}".encode()
    return "w" + hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()[:15]


class Sealing:
    """The keys of a study: one hashes workers' ids, the others seal and open them.

    Args:
        secret_key: of the study; whoever has it can tell whether a hash is that of an id.
        seal_keys: the newest first: it seals; all of them open.

    Raises:
        SealKeyWrong: one of them is no key.
    """

    def __init__(self, secret_key: str, seal_keys: Sequence[str]) -> None:
        self._secret_key = secret_key
        self._rings = []
        for number, key in enumerate(seal_keys, start=1):
            try:
                self._rings.append(Fernet(key))
            except ValueError:
                raise SealKeyWrong(number) from None
        self._all = MultiFernet(self._rings)

    def worker_key(self, platform: str, platform_worker_id: str) -> str:
        """The keyed hash of a platform's id."""
        return worker_key(platform, platform_worker_id, self._secret_key)

    def seal(self, platform_worker_id: str) -> str:
        """An id as it may be kept: another text every time."""
        return MARK + self._all.encrypt(platform_worker_id.encode()).decode()

    def open(self, kept: str) -> str | None:
        """The id as the platform knows it; None where none of the keys opens it.

        What was kept before ids were sealed is given as it stands.
        """
        if not kept.startswith(MARK):
            return kept
        try:
            return self._all.decrypt(kept.removeprefix(MARK)).decode()
        except InvalidToken:
            return None

    def is_newest(self, kept: str) -> bool:
        """Whether an id is sealed with the newest key."""
        if not kept.startswith(MARK):
            return False
        try:
            self._rings[0].decrypt(kept.removeprefix(MARK))
        except InvalidToken:
            return False
        return True
