"""The listening page in words: what a condition does, what became of it, what was drawn for a pair."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from pipelines.clip import Param, Role
from pipelines.conditions import IDENTICAL, OBVIOUS, POSITIVE, REENCODED, settings_of
from pipelines.listening_page.choice import ConditionHeard

FAMILY_WORDS = {"nat": "natural sounds", "hum": "human sounds", "int": "sounds of rooms and homes"}
ROLE_WORDS: dict[Role, str] = {
    "study": "to be judged",
    "identical": "as a control",
    "positive": "as a control",
    "check": "as an attention check",
    "repeat": "to be judged again",
    "practice": "for practice",
}
CONTROL_WORDS = {
    IDENTICAL: "The same sound twice. As a control it tells how often people hear a change in nothing; as an attention "
    "check, whether they listen at all; in practice, what no change sounds like.",
    REENCODED: "A control: the same sound through a codec that nobody should hear. It tells how often people hear a "
    "change in nothing.",
    POSITIVE: "A control: a change as subtle as the real ones that people ought to hear. It tells how often they do.",
    OBVIOUS: "An attention check, and no noise at all: another clip of the same speaker with the opposite activation. "
    "Whoever listens hears the difference. For practice, it shows what a difference sounds like.",
}
#: What the second clip of a pair is called where it is no noisy twin.
SECOND_WORDS = {IDENTICAL: "The same again", OBVIOUS: "Another clip"}
UNITS = {
    "_percent_per_second": "% a second",
    "_percent": "%",
    "_db": "dB",
    "_lufs": "LUFS",
    "_hz": "Hz",
    "_ms": "ms",
    "_m": "m",
    "_s": "s",
}
NAMES = {"snr": "SNR", "sound_id": "sound", "sound_ids": "sounds", "other_clip_id": "other clip"}
FIRST = ("sound_id", "sound_ids", "other_clip_id", "category")  # what was taken, before how
MOST_VALUES = 6  # of a list, after which it is cut off


def about(condition: ConditionHeard) -> str:
    """What a condition does: the first paragraph of its noise's description, or what a control is for."""
    if condition.name in CONTROL_WORDS or condition.noise is None:
        return CONTROL_WORDS.get(condition.name, "")
    described = inspect.getdoc(type(condition.noise)) or ""
    return " ".join(described.partition("\n\n")[0].split()).replace("`", "")


def settings(condition: ConditionHeard) -> list[tuple[str, str]]:
    """The settings of a condition, each a name and a value with its unit."""
    return list(in_words(settings_of(condition.noise))) if condition.noise else []


def made(pairs: Mapping[Role, int]) -> str:
    """How many pairs were made, and what for where that is not judging alone.

    >>> made({"study": 40}), made({"positive": 9}), made({"identical": 1, "check": 4})
    ('40 pairs made', '9 pairs made, each as a control', '5 pairs made: 1 as a control, 4 as an attention check')
    """
    total = sum(pairs.values())
    counted = "1 pair made" if total == 1 else f"{total:,} pairs made"
    if not total or list(pairs) == ["study"]:
        return counted if total else "No pair made"
    if len(pairs) == 1:
        return f"{counted}, each {ROLE_WORDS[next(iter(pairs))]}"
    by_role = sorted(pairs.items(), key=lambda one: list(ROLE_WORDS).index(one[0]))
    return f"{counted}: " + ", ".join(f"{count:,} {ROLE_WORDS[role]}" for role, count in by_role)


def in_words(params: Mapping[str, Param]) -> Iterator[tuple[str, str]]:
    """What a noise drew, or how it is set: each a name and a value with its unit; what is null is left out.

    >>> dict(in_words({"sound_id": "rain-1", "snr_db": 10.0, "fade_s": None, "words": ["so", "the"]}))
    {'sound': 'rain-1', 'SNR': '10 dB', 'words': 'so, the'}
    """
    for name, value in sorted(params.items(), key=_place):
        if value is None or value == []:
            continue
        ending = next((ending for ending in UNITS if name.endswith(ending)), "")
        stem = name.removesuffix(ending) or name
        unit = f" {UNITS[ending]}" if ending and not isinstance(value, str) else ""
        yield NAMES.get(stem, stem.replace("_", " ")), _value(value) + unit


def _place(item: tuple[str, Param]) -> int:
    return FIRST.index(item[0]) if item[0] in FIRST else len(FIRST)


def _value(value: Param) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        more = f" and {len(value) - MOST_VALUES} more" if len(value) > MOST_VALUES else ""
        return ", ".join(_value(one) for one in value[:MOST_VALUES]) + more
    if isinstance(value, Mapping):
        return " ".join(f"{name} {inner}" for name, inner in in_words(value))
    return str(value)
