"""Say on stderr what of a corpus or a sound bank can't be used."""

from __future__ import annotations

from collections.abc import Sequence

from app.cli.say import tell


def tell_problems(sentences: Sequence[str]) -> None:
    """How many problems there are, and each of them on one line; nothing where there are none."""
    if sentences:
        tell(f"{len(sentences)} problems:" if len(sentences) > 1 else "1 problem:")
    for sentence in sentences:
        tell(" ".join(sentence.split()))
