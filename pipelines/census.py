"""Count what a corpus or a sound bank holds, beside what its publisher says that it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from pipelines.bins import BINS, USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.corpora.base import Problem, Published
from pipelines.sounds.base import FAMILIES, SoundBank

SECONDS_PER_HOUR = 3600
UNKNOWN = "unknown"  # where a clip has no category
UNRATED = "not rated"
NOTHING = Published(source="")


@dataclass(frozen=True)
class Count:
    """How many there are of something: clips, or hours where it is called so."""

    counted: str
    name: str
    found: int | float
    published: int | None = None

    @property
    def difference(self) -> int | float | None:
        """Found less published; None where nothing is published."""
        return None if self.published is None else self.found - self.published


@dataclass(frozen=True)
class SoundCount:
    """How many sounds of a family and category a bank offers, and in how many of them something was found wrong."""

    family: str
    category: str
    sounds: int
    with_problem: int


def count_clips(clips: Sequence[Clip], published: Published | None = None, bins: Bins = USUAL_BINS) -> list[Count]:
    """Clips in all and by gender, category, bins and speaker; whatever is published stands beside it.

    Args:
        clips: those that can be used, with their lengths.
        published: what a complete corpus holds; None where nobody published it.
        bins: where low ends and high begins; what is published of bins stands beside the usual ones only.
    """
    told = published or NOTHING
    cells = [" x ".join(cell) for cell in product(BINS, BINS)]
    return [
        Count("clips", "all", len(clips), told.clips),
        Count("hours", "all", sum(clip.length_s for clip in clips) / SECONDS_PER_HOUR),
        Count("clips", "with words", sum(bool(clip.words) for clip in clips)),
        Count("clips", "with phones", sum(bool(clip.phones) for clip in clips)),
        Count("clips", "with transcript", sum(bool(clip.transcript) for clip in clips)),
        *_by("ratings", [clip.ratings for clip in clips]),
        *_by("language", [clip.language for clip in clips]),
        *_by("gender", [clip.gender for clip in clips], told.by_gender),
        *_by("emotion", [clip.category or UNKNOWN for clip in clips], told.by_category),
        *_by(
            "activation",
            [_bin(clip.activation, bins) for clip in clips],
            told.by_activation if bins == USUAL_BINS else None,
            also=BINS,
        ),
        *_by("valence", [_bin(clip.valence, bins) for clip in clips], also=BINS),
        *_by("activation x valence", [_cell(clip, bins) for clip in clips], also=cells),
        *_by("speaker", [clip.speaker for clip in clips], told.by_speaker),
    ]


def count_sounds(bank: SoundBank, problems: Iterable[Problem]) -> Iterator[SoundCount]:
    """Sounds by family and category; the paper's families stand there even where there are none."""
    doubtful = {problem.path for problem in problems}
    for family in dict.fromkeys((*FAMILIES, *bank.families())):
        sounds = bank.sounds(family)
        for category in ("all", *sorted({sound.category for sound in sounds})):
            paths = [sound.path for sound in sounds if category in ("all", sound.category)]
            yield SoundCount(family, category, len(paths), sum(path in doubtful for path in paths))


def _by(
    counted: str, names: Sequence[str], published: Mapping[str, int] | None = None, *, also: Sequence[str] = ()
) -> list[Count]:
    """How often each name occurs, in the order of `also`, or else of the alphabet."""
    told, found = published or {}, Counter(names)
    ordered = dict.fromkeys((*also, *sorted({*found, *told})))
    return [Count(counted, name, found[name], told.get(name)) for name in ordered]


def _bin(rating: float | None, bins: Bins) -> str:
    return UNRATED if rating is None else bins.bin_of(rating)


def _cell(clip: Clip, bins: Bins) -> str:
    cell = bins.cell_of(clip)
    return UNRATED if cell is None else " x ".join(cell)
