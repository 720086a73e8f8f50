"""Clips to be put in order by emotion: sets with measured ratings well apart, and their sound beside the pairs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from pipelines.clip import Clip
from pipelines.design import PairDesign
from pipelines.making import turned_down
from pipelines.pair_plan import digest, file_stem
from pipelines.sampling import Sampling
from pipelines.sound_file import SoundUnreadable, file_sha256, flac_bytes, sha256_of
from pipelines.whole_file import write_whole

Dimension: TypeAlias = Literal["activation", "valence"]
DIMENSIONS: tuple[Dimension, ...] = ("activation", "valence")

FORMAT, VERSION = "earwitness ranking", 1
FILE_NAME, FOLDER = "ranking.json", "ranking"
#: Of whom ratings are: a rating that was mapped from a category says nothing of one clip beside another.
RATED_BY_EAR = ("measured", "simulated")
SPAN = 2.0  # of ratings on 1..5, from the first clip of a set to its last
SETS_PER_ATTEMPT = 3  # so that workers who talk to each other seldom met the same clips
USUAL_LONGEST_S = 10.0  # longer clips are taken where there is nothing else: all of them must be heard to the end


class RankingImpossible(ValueError):
    """The corpus' ratings do not give the sets that a qualification needs."""

    def __init__(self, dimension: Dimension, clips: Sequence[Clip], fit: int, needed: Needed) -> None:
        how = Counter(clip.ratings for clip in clips)
        found = ", ".join(f"{count} {RATINGS_IN_WORDS[kind]}" for kind, count in sorted(how.items()))
        super().__init__(
            f"workers can't be asked to rank clips by {dimension}: that takes {needed.attempts} sets of {needed.clips} "
            f"clips with measured ratings, neighbours {min_gap(needed.clips):.2f} apart or more on 1..5; found "
            f"{fit} clips with a measured {dimension} among {len(clips)} ({found}), which do not give them. Set "
            "qualification.wanted = false in study.toml, or name a corpus whose raters listened"
        )


RATINGS_IN_WORDS = {
    "measured": "measured",
    "simulated": "simulated",
    "mapped": "mapped from their category",
    "none": "without ratings",
}


class RankingMissing(FileNotFoundError):
    """The sets were never made."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no {path}, which the qualification needs; `earwitness pairs make` writes it")


class RankingWrong(ValueError):
    """ranking.json is not what `pairs make` wrote."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path}: found {found}; remove it, and `earwitness pairs make` writes it again")


@dataclass(frozen=True)
class Needed:
    """What a study asks for: `clips` in a set, and other clips at each of `attempts`."""

    clips: int
    attempts: int


@dataclass(frozen=True)
class RankedClip:
    """A clip of a set: its sound as written (path below the pairs' folder, hashes as in the manifest), its rating."""

    clip_id: str
    path: str
    length_s: float
    rating: float
    sha256: str
    file_sha256: str


@dataclass(frozen=True)
class RankingSet:
    """Clips that a worker puts in order by one dimension; here the lowest rating comes first."""

    set_id: str
    dimension: Dimension
    clips: tuple[RankedClip, ...]


@dataclass(frozen=True)
class PlannedSet:
    """A set before its sound is written; the lowest rating comes first."""

    set_id: str
    dimension: Dimension
    clips: tuple[Clip, ...]


def min_gap(clips: int) -> float:
    """How far the ratings of neighbours in a set lie apart at least, on 1..5.

    >>> min_gap(5)
    0.5
    """
    return SPAN / (clips - 1)


def plan_ranking(
    clips: Iterable[Clip], in_study: Collection[str], needed: Needed, sampling: Sampling, seed: int
) -> tuple[PlannedSet, ...]:
    """The sets of both dimensions; the same clips and seed give the same sets, in whatever order clips come.

    Within a dimension no clip is in two sets. Clips of the study are taken only where the others do not suffice.

    Args:
        clips: those of the corpus that can be used.
        in_study: ids of clips of which pairs are made.
        needed: how many clips and attempts.
        sampling: of the study: clips of other lengths are left out.
        seed: of the study.

    Raises:
        RankingImpossible: there are too few clips with measured ratings, or they lie too close together.
    """
    everything = sorted(clips, key=lambda clip: clip.clip_id)
    return tuple(
        PlannedSet(f"r{digest(seed, dimension, *(clip.clip_id for clip in one))[:10]}", dimension, one)
        for dimension in DIMENSIONS
        for one in _sets(everything, dimension, in_study, needed, sampling, seed)
    )


def _sets(
    clips: Sequence[Clip],
    dimension: Dimension,
    in_study: Collection[str],
    needed: Needed,
    sampling: Sampling,
    seed: int,
) -> list[tuple[Clip, ...]]:
    fit = [
        clip
        for clip in clips
        if getattr(clip, dimension) is not None
        and clip.ratings in RATED_BY_EAR
        and sampling.min_length_s <= clip.length_s <= sampling.max_length_s
    ]
    for pool in ([clip for clip in fit if clip.clip_id not in in_study], fit):
        for count in range(SETS_PER_ATTEMPT * needed.attempts, needed.attempts - 1, -1):
            sets = _apart(pool, dimension, needed.clips, count, seed)
            if sets:
                return sets
    raise RankingImpossible(dimension, clips, len(fit), needed)


def _apart(pool: Sequence[Clip], dimension: Dimension, size: int, count: int, seed: int) -> list[tuple[Clip, ...]]:
    """So many sets from low to high in even steps, as wide as the pool allows; none where their gaps are too small."""
    if len(pool) < size * count:
        return []
    ratings = sorted(_rating(clip, dimension) for clip in pool)
    levels = np.linspace(ratings[count - 1], ratings[-count], size)  # each set gets ends of its own
    tolerance = (levels[1] - levels[0]) / 8
    left = list(pool)
    columns = []
    for level in levels:

        def wish(clip: Clip, level: float = level) -> tuple[bool, float, str]:
            """Any clip on the level is as good as another, short ones first; beside it, the nearest."""
            distance = abs(_rating(clip, dimension) - level)
            near = distance <= tolerance
            return not near, clip.length_s > USUAL_LONGEST_S if near else distance, digest(seed, clip.clip_id)

        column = sorted(left, key=wish)[:count]
        left = [clip for clip in left if clip not in column]
        columns.append(sorted(column, key=lambda clip: (_rating(clip, dimension), clip.clip_id)))
    sets = list(zip(*columns, strict=True))
    gap = min(_rating(high, dimension) - _rating(low, dimension) for one in sets for low, high in pairwise(one))
    return sets if gap >= min_gap(size) - 1e-9 else []


def _rating(clip: Clip, dimension: Dimension) -> float:
    rating: float = getattr(clip, dimension)
    return rating


def make_ranking(
    clips: Sequence[Clip],
    in_study: Collection[str],
    needed: Needed,
    design: PairDesign,
    folder: Path,
    *,
    sampling: Sampling,
    seed: int,
) -> tuple[RankingSet, ...]:
    """Write the sound of the sets, at the rate and with the headroom of the pairs, and then what they are.

    Sound that is there already, as ranking.json says, is left as it is. A clip that turns out not to be readable is
    replaced by another.

    Args:
        clips: those of the corpus that can be used.
        in_study: ids of clips of which pairs are made.
        needed: how many clips and attempts.
        design: of the pairs.
        folder: of the pairs; gets `ranking/` and `ranking.json`.
        sampling: of the study.
        seed: of the study.

    Raises:
        RankingImpossible: as `plan_ranking`.
        DiskFull: there is no room left; run again to go on.
    """
    head = {"format": FORMAT, "version": VERSION, "seed": seed, "sample_rate_hz": design.sample_rate_hz}
    head |= {"headroom_db": design.headroom_db}
    known = _known(folder, head)
    left = list(clips)
    while True:
        planned = plan_ranking(left, in_study, needed, sampling, seed)
        chosen = {clip.clip_id: clip for one in planned for clip in one.clips}
        written = {
            clip_id: _there(folder, known.get(clip_id)) or _write(folder, clip, design)
            for clip_id, clip in chosen.items()
        }
        left = [clip for clip in left if written.get(clip.clip_id, True)]
        if all(written.values()):
            break
    sets = tuple(_with_sound(one, written) for one in planned)
    text = json.dumps({**head, "sets": [asdict(one) for one in sets]}, ensure_ascii=False, indent=1)
    write_whole(folder / FILE_NAME, text + "\n")
    for clip_id in known.keys() - written.keys():
        (folder / known[clip_id].path).unlink(missing_ok=True)  # of the sets that these replace
    return sets


def _with_sound(planned: PlannedSet, written: Mapping[str, RankedClip | None]) -> RankingSet:
    clips = ((clip, written[clip.clip_id]) for clip in planned.clips)
    rated = tuple(replace(sound, rating=_rating(clip, planned.dimension)) for clip, sound in clips if sound)
    return RankingSet(planned.set_id, planned.dimension, rated)


def _known(folder: Path, head: Mapping[str, Any]) -> dict[str, RankedClip]:
    """The clips of sets that were made before in the same way; a file by other hands is replaced."""
    try:
        before = {clip.clip_id: clip for one in read_ranking(folder) for clip in one.clips}
    except (RankingMissing, RankingWrong):
        return {}
    said = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    return before if {name: said.get(name) for name in head} == dict(head) else {}


def _there(folder: Path, known: RankedClip | None) -> RankedClip | None:
    path = folder / known.path if known else None
    return known if known and path and path.is_file() and file_sha256(path) == known.file_sha256 else None


def _write(folder: Path, clip: Clip, design: PairDesign) -> RankedClip | None:
    """A clip with its sound on disk, still without a rating; None where it can't be read."""
    try:
        speech = turned_down(clip, design)
    except SoundUnreadable:
        return None
    content = flac_bytes(speech.samples, speech.sample_rate_hz)
    path = f"{FOLDER}/{file_stem(clip)}.flac"
    write_whole(folder / path, content)
    length_s = len(speech.samples) / speech.sample_rate_hz
    return RankedClip(clip.clip_id, path, length_s, 0.0, sha256_of(speech.samples), hashlib.sha256(content).hexdigest())


def read_ranking(folder: Path) -> tuple[RankingSet, ...]:
    """The sets that lie beside the pairs of a folder.

    Raises:
        RankingMissing: there are none.
        RankingWrong: the file was changed by other hands.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RankingMissing(path) from error
    except UnicodeDecodeError as error:
        raise RankingWrong(path, "no UTF-8 text") from error
    try:
        said = json.loads(text)
        if (said["format"], said["version"]) != (FORMAT, VERSION):
            raise RankingWrong(path, f"{said['format']!r} of version {said['version']!r}")
        sets = tuple(
            RankingSet(one["set_id"], one["dimension"], tuple(RankedClip(**clip) for clip in one["clips"]))
            for one in said["sets"]
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise RankingWrong(path, f"something else than sets of clips ({error})") from error
    outside = [clip.path for one in sets for clip in one.clips if Path(clip.path).parent != Path(FOLDER)]
    if outside:
        raise RankingWrong(path, f"the path {outside[0]!r}")
    return sets
