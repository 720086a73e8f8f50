"""The label file of MSP-IMPROV, line by line: what the raters of each clip came to, and what each of them said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.labels.lines import LineWrong, rating_on_scale, text_lines

HEAD = re.compile(r"(?:UTD|MSP)-IMPROV-\S+\.(?:avi|wav)")
VALUE = re.compile(r"(?P<name>[AVDN])\s*:\s*(?P<value>\S*)")
MISSING = frozenset({"", "nan"})
RATER = "-p"  # what every rater's id holds


@dataclass(frozen=True)
class RaterRating:
    """What one rater said of a clip: words for the emotion as they are written, then the other fields, untouched.

    The release does not document the other fields.
    """

    rater: str
    labels: tuple[str, ...]
    rest: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """What the raters of one clip came to: the majority's code, and means on 1..5, None where missing or not a number.

    `clip_id` begins with MSP, as the sound does, where the file has UTD.
    """

    clip_id: str
    line_number: int
    code: str
    activation: float | None
    valence: float | None
    dominance: float | None
    naturalness: float | None
    raters: tuple[RaterRating, ...] = ()


def read_evaluations(content: bytes) -> Iterator[Evaluation | LineWrong]:
    """Each clip's evaluation in the order of the file; a mean outside 1..5 is left out and comes with a LineWrong."""
    for (number, fields), *raters in _blocks(content):
        if HEAD.fullmatch(fields[0]):
            evaluation, wrong = _head(number, fields)
            yield from wrong
            yield replace(evaluation, raters=tuple(_rater(said) for _, said in raters))
        else:
            found = "; ".join(fields)[:80]
            yield LineWrong(number, f"is {found!r}; expected UTD-IMPROV-<name>.avi; code; A:..; V:..; D:..; N:..;")


def _blocks(content: bytes) -> Iterator[list[tuple[int, list[str]]]]:
    """Numbered lines cut into fields, in blocks of a clip's line and those of its raters, without blank lines."""
    block: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text_lines(content), start=1):
        fields = [field.strip() for field in line.split(";")]
        if line and block and RATER not in fields[0]:
            yield block
            block = []
        if line:
            block.append((number, fields))
    if block:
        yield block


def _head(number: int, fields: list[str]) -> tuple[Evaluation, list[LineWrong]]:
    clip_id = fields[0].replace("UTD-", "MSP-", 1).rpartition(".")[0]
    mean_by_name: dict[str, float | None] = {}
    wrong = []
    for value in filter(None, map(VALUE.fullmatch, fields[2:])):
        name, written = value["name"], value["value"]
        mean_by_name[name] = rating_on_scale(written)
        if mean_by_name[name] is None and written.lower() not in MISSING:
            wrong.append(LineWrong(number, f"has {name}:{written[:20]}, which is not on 1 to 5; it is left out"))
    activation, valence, dominance, naturalness = (mean_by_name.get(name) for name in "AVDN")
    code = fields[1] if len(fields) > 1 else ""
    return Evaluation(clip_id, number, code, activation, valence, dominance, naturalness), wrong


def _rater(fields: list[str]) -> RaterRating:
    labels = fields[1].split(",") if len(fields) > 1 else []
    named = tuple(label.strip() for label in labels if label.strip())
    return RaterRating(fields[0], named, tuple(field for field in fields[2:] if field))
