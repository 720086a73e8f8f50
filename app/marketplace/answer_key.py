"""AnswerKey: score a qualification test, and turn the score into the qualification's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal
from xml.etree import ElementTree as ET

from app.marketplace.markup import SCHEMAS, BadXml, child, children, local_name, parse, text_of

ANSWER_KEY = f"{SCHEMAS}/2005-10-01/AnswerKey.xsd"
GREATEST_VALUE = 2**31 - 1


class BadKey(BadXml):
    """An AnswerKey is not one that this marketplace can score by."""

    def __init__(self, reason: str) -> None:
        super().__init__("AnswerKey", reason)


@dataclass(frozen=True)
class ScoredQuestion:
    """What each set of choices scores; any other answer scores `otherwise`."""

    identifier: str
    options: Mapping[frozenset[str], int]
    otherwise: int


@dataclass(frozen=True)
class Mapped:
    """How the summed score becomes the value."""

    kind: Literal["sum", "percentage", "scale", "range"]
    factor: Decimal = Decimal(1)
    ranges: tuple[tuple[int, int, int], ...] = ()  # from, to (both included), value
    outside: int = 0

    def value(self, score: int) -> int:
        """The qualification's value, rounded half up.

        >>> Mapped("percentage", Decimal(3)).value(2), Mapped("scale", Decimal("1.5")).value(3)
        (67, 5)
        >>> Mapped("range", ranges=((5, 9, 1), (10, 20, 2)), outside=-1).value(10)
        2
        """
        if self.kind == "range":
            return next((value for low, high, value in self.ranges if low <= score <= high), self.outside)
        exact = Decimal(score)
        if self.kind == "percentage":
            exact = exact * 100 / self.factor
        elif self.kind == "scale":
            exact = exact * self.factor
        rounded = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        return max(-GREATEST_VALUE, min(GREATEST_VALUE, rounded))


@dataclass(frozen=True)
class AnswerKey:
    """All scored questions, and the mapping."""

    questions: tuple[ScoredQuestion, ...]
    mapping: Mapped

    def value(self, chosen: Mapping[str, frozenset[str]]) -> int:
        """The value for what was chosen, question by question; what is not in the key counts nothing."""
        nothing: frozenset[str] = frozenset()
        score = sum(
            question.options.get(chosen.get(question.identifier, nothing), question.otherwise)
            for question in self.questions
        )
        return self.mapping.value(score)


def read_key(document: str) -> AnswerKey:
    """Read an AnswerKey.

    Raises:
        BadXml: it is not XML that can be used.
        BadKey: not an AnswerKey, no question in it, or numbers that are none.
    """
    root = parse(document, "AnswerKey")
    if root.tag != f"{{{ANSWER_KEY}}}AnswerKey":
        raise BadKey(f"expected an AnswerKey of {ANSWER_KEY}, found {root.tag}")
    questions = tuple(_question(one) for one in children(root, "Question"))
    if not questions:
        raise BadKey("it has no Question")
    mapping = child(root, "QualificationValueMapping")
    return AnswerKey(questions, Mapped("sum") if mapping is None else _mapping(mapping))


def _question(element: ET.Element) -> ScoredQuestion:
    identifier = text_of(element, "QuestionIdentifier")
    options = {}
    for option in children(element, "AnswerOption"):
        chosen = frozenset((one.text or "").strip() for one in children(option, "SelectionIdentifier"))
        options[chosen] = _whole(option, "AnswerScore")
    if not identifier or frozenset() in options:
        raise BadKey("a Question needs a QuestionIdentifier, an AnswerOption one SelectionIdentifier or more")
    otherwise = _whole(element, "DefaultScore") if child(element, "DefaultScore") is not None else 0
    return ScoredQuestion(identifier, options, otherwise)


def _mapping(element: ET.Element) -> Mapped:
    if len(element) != 1:
        raise BadKey("QualificationValueMapping needs exactly one mapping")
    kind = local_name(element[0])
    if kind == "PercentageMapping":
        greatest = _whole(element[0], "MaximumSummedScore")
        if greatest <= 0:
            raise BadKey("MaximumSummedScore must be above 0")
        return Mapped("percentage", Decimal(greatest))
    if kind == "ScaleMapping":
        return Mapped("scale", _decimal(element[0], "SummedScoreMultiplier"))
    if kind == "RangeMapping":
        ranges = tuple(
            (_whole(one, "InclusiveLowerBound"), _whole(one, "InclusiveUpperBound"), _whole(one, "QualificationValue"))
            for one in children(element[0], "SummedScoreRange")
        )
        return Mapped("range", ranges=ranges, outside=_whole(element[0], "OutOfRangeQualificationValue"))
    raise BadKey(f"{kind} is none of PercentageMapping, ScaleMapping, RangeMapping")


def _whole(element: ET.Element, name: str) -> int:
    found = _decimal(element, name)
    if found != found.to_integral_value():
        raise BadKey(f"{name} is {found}, expected a whole number")
    return int(found)


def _decimal(element: ET.Element, name: str) -> Decimal:
    text = text_of(element, name)
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise BadKey(f"{name} is {text[:80]!r}, expected a number") from None
    if not (found.is_finite() and -GREATEST_VALUE <= found <= GREATEST_VALUE):
        raise BadKey(f"{name} is {text[:80]!r}, expected a number up to {GREATEST_VALUE}")
    return found
