"""Lines of label files: which of them can't be used, and values of raters on the scale."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.bins import RATED_FROM, RATED_TO

NUMBER = r"\d{1,9}(?:\.\d{1,9})?"


class LineWrong(NamedTuple):
    """A line that can't be used: its number, from 1, and what is wrong with it."""

    number: int
    reason: str


def text_lines(content: bytes) -> list[str]:
    """The lines of a label file without spaces at their ends; what is no UTF-8 is replaced."""
    return [line.strip() for line in content.decode("utf-8", errors="replace").splitlines()]


def rating_on_scale(written: str | None) -> float | None:
    """A value as a rating on 1..5; None where there is none, it is no number, or it lies elsewhere.

    >>> [rating_on_scale(written) for written in ("2.5000", "", "NaN", "5.5", None)]
    [2.5, None, None, None, None]
    """
    rating = float(written) if written and re.fullmatch(NUMBER, written, re.ASCII) else None
    return rating if rating is not None and RATED_FROM <= rating <= RATED_TO else None
