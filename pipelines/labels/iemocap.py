"""The label files and transcripts of IEMOCAP, line by line: what the raters said of each utterance, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.labels.lines import NUMBER, LineWrong, rating_on_scale, text_lines

#: `[start - end] utterance code [valence, activation, dominance]`, in this order of the dimensions.
HEAD = re.compile(
    rf"\[(?P<start_s>{NUMBER}) - (?P<end_s>{NUMBER})\]\s+(?P<utterance>\S+)\s+(?P<code>\S+)\s+"
    rf"\[\s*(?P<valence>{NUMBER})?\s*,\s*(?P<activation>{NUMBER})?\s*,\s*(?P<dominance>{NUMBER})?\s*\]\s*"
)
#: `C-E2: Neutral; ()` and `A-E3: val 3; act 2; dom  2; ()`.
RATER = re.compile(r"(?P<kind>[CA])-(?P<rater>\w+):\s*(?P<said>[^()]*)(?:\((?P<comment>.*)\))?\s*")
ATTRIBUTE = re.compile(rf"(?P<name>val|act|dom)\s*(?P<value>{NUMBER})?")
#: `utterance :Neutral state; :Sadness; ()` and `utterance :act 3; :val 2; :dom 4;`.
SAID = re.compile(r"(?P<utterance>\S+)\s+:(?P<said>[^()]*)(?:\((?P<comment>.*)\))?\s*")
SPOKEN = re.compile(rf"(?P<utterance>\S+) \[{NUMBER}-{NUMBER}\]:\s*(?P<text>.*)")
#: Turns without a name of their own, as `M: [LAUGHTER]`, and turns without a number, as `Ses01F_impro01_FXX0`.
NAMELESS = re.compile(r"[FM]:.*|\S*XX\S* \[.*")
DIMENSION_BY_NAME = {"val": "valence", "act": "activation", "dom": "dominance"}


@dataclass(frozen=True)
class RaterRating:
    """What one rater said of one utterance: labels in the rater's order, and SAM values on 1..5, None where missing.

    Raters E1 to E6 listened; F1 and M1 are the speakers themselves.
    """

    utterance: str
    rater: str
    labels: tuple[str, ...] = ()
    valence: float | None = None
    activation: float | None = None
    dominance: float | None = None
    comment: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What the raters of one utterance came to: the majority's code, and means on 1..5, None where missing."""

    utterance: str
    line_number: int
    start_s: float
    end_s: float
    code: str
    valence: float | None
    activation: float | None
    dominance: float | None
    raters: tuple[RaterRating, ...]


def read_evaluations(content: bytes) -> Iterator[Evaluation | LineWrong]:
    """Each block of an `EmoEvaluation/<dialog>.txt`; a mean outside 1..5 is left out and comes with a LineWrong."""
    for block in _blocks(content):
        number, line = block[0]
        head = HEAD.fullmatch(line)
        if not head:
            yield LineWrong(number, f"is {line[:80]!r}; expected [start - end], utterance, code, [V, A, D]")
            continue
        means: dict[str, float | None] = {}
        for name in DIMENSION_BY_NAME.values():
            means[name] = rating_on_scale(head[name])
            if head[name] is not None and means[name] is None:
                yield LineWrong(number, f"has the {name} {head[name]}, which is not on 1 to 5; it is left out")
        said = [_rater_line(number, line, head["utterance"]) for number, line in block[1:]]
        yield from (one for one in said if isinstance(one, LineWrong))
        yield Evaluation(
            utterance=head["utterance"],
            line_number=number,
            start_s=float(head["start_s"]),
            end_s=float(head["end_s"]),
            code=head["code"],
            raters=joined(one for one in said if isinstance(one, RaterRating)),
            **means,
        )


def _blocks(content: bytes) -> Iterator[list[tuple[int, str]]]:
    """Numbered lines, in blocks of an utterance's line and those of its raters; without blank lines and the header."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(text_lines(content), start=1):
        if not line or line.startswith("%"):
            continue
        if not line.startswith(("C-", "A-")) and block:
            yield block
            block = []
        block.append((number, line))
    if block:
        yield block


def _rater_line(number: int, line: str, utterance: str) -> RaterRating | LineWrong:
    row = RATER.fullmatch(line)
    if not row:
        return LineWrong(number, f"is {line[:80]!r}; expected what a rater said, as `C-E2: Neutral; ()`")
    return _rating(number, (utterance, row["rater"], row["kind"]), row["said"], row["comment"] or "")


def read_rater(content: bytes, rater: str, kind: str) -> Iterator[RaterRating | LineWrong]:
    """Each line of one rater's own file, labels (kind "C", `Categorical/`) or SAM values (kind "A", `Attribute/`).

    The order here is activation, valence, dominance, unlike in the consensus file; values are read by their names.
    """
    for number, line in enumerate(text_lines(content), start=1):
        row = SAID.fullmatch(line)
        if row:
            yield _rating(number, (row["utterance"], rater, kind), row["said"].replace(":", ""), row["comment"] or "")
        elif line:
            expected = "`utterance :Label;`" if kind == "C" else "`utterance :act 3; :val 2; :dom 4;`"
            yield LineWrong(number, f"is {line[:80]!r}; expected {expected}")


def _rating(number: int, who: tuple[str, str, str], said: str, comment: str) -> RaterRating | LineWrong:
    utterance, rater, kind = who
    parts = [part.strip() for part in said.split(";") if part.strip()]
    if kind == "C":
        return RaterRating(utterance, rater, labels=tuple(parts), comment=comment)
    values: dict[str, float | None] = {}
    for part in parts:
        named = ATTRIBUTE.fullmatch(part)
        value = rating_on_scale(named["value"]) if named else None
        if not named or (named["value"] is not None and value is None):
            return LineWrong(number, f"has {part[:40]!r}; expected val, act or dom and a value on 1 to 5")
        values[DIMENSION_BY_NAME[named["name"]]] = value
    valence, activation, dominance = (values.get(name) for name in DIMENSION_BY_NAME.values())
    return RaterRating(utterance, rater, (), valence, activation, dominance, comment)


def joined(ratings: Iterable[RaterRating]) -> tuple[RaterRating, ...]:
    """One rating for each rater and utterance, out of labels and values that stand apart, in the order they came.

    >>> (both,) = joined([RaterRating("u", "E1", labels=("Anger",)), RaterRating("u", "E1", valence=2.0)])
    >>> both.labels, both.valence, both.activation
    (('Anger',), 2.0, None)
    """
    by_key: dict[tuple[str, str], RaterRating] = {}
    for one in ratings:
        key = (one.utterance, one.rater)
        before = by_key.get(key, RaterRating(*key))
        by_key[key] = RaterRating(
            *key,
            labels=before.labels or one.labels,
            valence=one.valence if before.valence is None else before.valence,
            activation=one.activation if before.activation is None else before.activation,
            dominance=one.dominance if before.dominance is None else before.dominance,
            comment="; ".join(comment for comment in (before.comment, one.comment) if comment),
        )
    return tuple(by_key.values())


def read_transcript(content: bytes) -> Iterator[tuple[str, str] | LineWrong]:
    """Utterance and text from each line of a `transcriptions/<dialog>.txt`; turns without a name or number are none."""
    for number, line in enumerate(text_lines(content), start=1):
        row = SPOKEN.fullmatch(line)
        if NAMELESS.fullmatch(line) or not line:
            continue
        if row:
            yield row["utterance"], row["text"].strip()
        else:
            yield LineWrong(number, f"is {line[:80]!r}; expected `utterance [start-end]: text`")
