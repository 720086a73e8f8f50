"""MTurk's no."""

from __future__ import annotations

from hits.recruiting import PlatformRefused


class MTurkRefused(PlatformRefused):
    """MTurk's no, with its code and words."""

    def __init__(self, operation: str, endpoint_url: str, turk_code: str, words: str) -> None:
        super().__init__(f"{operation} at {endpoint_url} was refused: {turk_code}: {words}")
        self.turk_code = turk_code
        self.words = words
