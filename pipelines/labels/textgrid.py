"""Words and phones with their times, from a Praat TextGrid that lies beside the sound.

Beside `a.wav` are looked for `a.TextGrid`, `a_words.TextGrid` and `a_phones.TextGrid`, in Praat's long or short form,
as UTF-8 or UTF-16. Labels are given as they are: a phone AA1 stays AA1, since stress and tone belong to some alphabets.
What matches phones by a list takes the digits off in one place, `pipelines.phone_rules.Alphabet.read`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import isfinite
from pathlib import Path
from typing import NamedTuple, TypeVar

from pipelines.clip import Clip, Phone, Word

SUFFIXES = tuple(f"{part}{ending}" for part, ending in product(("", "_words", "_phones"), (".TextGrid", ".textgrid")))
#: What tiers are called by people, by the Montreal Forced Aligner (also as "<speaker> - words") and by WebMAUS.
WORD_TIERS = frozenset({"word", "words", "ort-mau"})
PHONE_TIERS = frozenset({"phone", "phones", "mau"})
#: What aligners write where nobody speaks, or where they know no phone.
SILENCES = frozenset(
    {"", "sp", "sil", "!sil", "spn", "nsn", "pau", "h#", "#", "_"}
    | {"<eps>", "<sil>", "<s>", "</s>", "<p:>", "<usb>", "<nib>"}
)
#: Laughter, breaths and noises: `[laughter]`, `{LG}`, `++LAUGHTER++`.
EVENT = re.compile(r"\[.*\]|\{.*\}|\+.*\+", re.DOTALL)
#: How many tiers a file promises, and how many intervals or points the head of a tier does, in both forms of the file.
PROMISED_TIERS = re.compile(r"<exists>\s+(?:size\s*=\s*)?(\d{1,9})\s")
PROMISED = re.compile(
    r'"(?:IntervalTier|TextTier)"\s+(?:name\s*=\s*)?+"(?:[^"]|"")*"\s+'
    r"(?:xmin\s*=\s*)?+\S+\s+(?:xmax\s*=\s*)?+\S+\s+(?:(?:intervals|points)\s*:\s*size\s*=\s*)?+(\d{1,9})\s"
)
LATER_THAN_SOUND_S = 0.1  # aligners round to their frames; what ends later than that was aligned to another sound

Timed = TypeVar("Timed", Word, Phone)


class AlignmentWrong(ValueError):
    """An alignment can't be used: which file, and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path


class Interval(NamedTuple):
    """A label of a tier, and from when to when it holds, in seconds."""

    start_s: float
    end_s: float
    label: str


Tiers = tuple[tuple[str, tuple[Interval, ...]], ...]


def aligned_beside(clip: Clip) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words and phones from the TextGrids beside a clip's file, none where there are none.

    Of a clip that is a piece of its file, what lies mostly inside the piece, timed from the start of the piece.

    Raises:
        AlignmentWrong: one can't be read, is cut off, has no tier of words or phones, has several and none of the
            clip's speaker, or goes on after the sound has ended.
    """
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    for path in _beside(clip.path):
        tiers = read_textgrid(path)
        said = _tier(path, tiers, WORD_TIERS, clip.speaker)
        sounded = _tier(path, tiers, PHONE_TIERS, clip.speaker)
        if said is None and sounded is None:
            names = ", ".join(repr(name) for name, _ in tiers) or "none"
            raise AlignmentWrong(path, f"has the tiers {names}; expected one named words or phones")
        _refuse_longer(path, clip, [*(said or ()), *(sounded or ())])
        words = words or _inside(clip, said or (), Word)
        phones = phones or _inside(clip, sounded or (), Phone)
    return words, phones


def _beside(path: Path) -> list[Path]:
    return [found for suffix in SUFFIXES if (found := path.with_name(path.stem + suffix)).is_file()]


def read_textgrid(path: Path) -> Tiers:
    """The interval tiers of a TextGrid by name, each with all of its intervals, silences too, in order of time.

    Raises:
        AlignmentWrong: it can't be read, or is cut off.
    """
    try:
        status = path.stat()
        return _read(path, (status.st_mtime_ns, status.st_size))
    except OSError as error:
        raise AlignmentWrong(path, f"can't be read ({error.strerror}); expected a TextGrid") from error


@lru_cache(maxsize=8)  # many clips may be pieces of one file
def _read(path: Path, _changed: tuple[int, int]) -> Tiers:
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.textgrid import openTextgrid
    from praatio.utilities.errors import PraatioException

    try:
        grid = openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="silence", duplicateNamesMode="rename")
        tiers = tuple(
            (name, tuple(Interval(float(one.start), float(one.end), one.label) for one in grid.getTier(name).entries))
            for name in grid.tierNames
            if isinstance(grid.getTier(name), IntervalTier)
        )
    except (PraatioException, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # praatio checks little before it takes a file apart, so a broken one fails wherever it happens to.
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise AlignmentWrong(path, f"can't be read as a TextGrid ({why}); align the sound again") from error
    if not all(isfinite(one.start_s) and isfinite(one.end_s) for _, intervals in tiers for one in intervals):
        raise AlignmentWrong(path, "holds times that are not numbers (NaN or infinite); align the sound again")
    _refuse_cut_off(path, [(name, len(grid.getTier(name).entries)) for name in grid.tierNames])
    return tiers


def _refuse_cut_off(path: Path, here: Sequence[tuple[str, int]]) -> None:
    """See that all that is promised is there, since praatio takes a file that was cut off in between as it is."""
    content = path.read_bytes()
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    whole, heads = PROMISED_TIERS.search(text), PROMISED.findall(text)
    if whole and len(heads) < int(whole[1]):
        raise AlignmentWrong(path, f"is cut off: {len(heads)} of {whole[1]} tiers are there; align the sound again")
    for (name, found), promised in zip(here, heads, strict=False):
        if found < int(promised):
            missing = f"{found} of {promised} intervals of the tier {name!r}"
            raise AlignmentWrong(path, f"is cut off: {missing} are there; align the sound again")


def _tier(path: Path, tiers: Tiers, names: frozenset[str], speaker: str) -> tuple[Interval, ...] | None:
    """The intervals of the tier with one of these names, of this speaker if there are several; None without one."""
    found = {
        owner.strip(): intervals
        for name, intervals in tiers
        for owner, _, kind in [name.rpartition(" - ")]
        if kind.strip().casefold() in names
    }
    if len(found) > 1 and speaker not in found and "" not in found:
        raise AlignmentWrong(
            path, f"has tiers of the speakers {', '.join(found)}; expected one of {speaker!r}, who speaks here"
        )
    if len(found) == 1:
        return next(iter(found.values()))
    return found.get(speaker, found.get(""))


def _refuse_longer(path: Path, clip: Clip, intervals: Sequence[Interval]) -> None:
    spoken_to_s = max((one.end_s for one in intervals if _is_spoken(one.label)), default=0.0)
    if clip.start_s == 0 and clip.end_s is None and clip.length_s and spoken_to_s > clip.length_s + LATER_THAN_SOUND_S:
        raise AlignmentWrong(
            path, f"has speech until {spoken_to_s:.3f} s, but the sound lasts {clip.length_s:.3f} s; align this sound"
        )


def _inside(clip: Clip, intervals: Sequence[Interval], kind: Callable[[str, float, float], Timed]) -> tuple[Timed, ...]:
    """What is spoken with its middle inside a clip, timed from the clip's start and cut to it."""
    length_s = (float("inf") if clip.end_s is None else clip.end_s) - clip.start_s
    timed = (
        kind(one.label, one.start_s - clip.start_s, one.end_s - clip.start_s)
        for one in intervals
        if _is_spoken(one.label)
    )
    return tuple(
        replace(one, start_s=max(0.0, one.start_s), end_s=min(length_s, one.end_s))
        for one in timed
        if 0 <= (one.start_s + one.end_s) / 2 < length_s
    )


def _is_spoken(label: str) -> bool:
    """Whether a label stands for a word or phone, and not for silence, laughter, a breath or a noise.

    >>> [_is_spoken(label) for label in ("so", "AA1", "sp", "<eps>", "[laughter]", "<unk>")]
    [True, True, False, False, False, True]
    """
    return label.strip().casefold() not in SILENCES and not EVENT.fullmatch(label.strip())
