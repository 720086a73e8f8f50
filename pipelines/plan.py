"""Which pairs are made: each clip under conditions that are balanced over clips; controls, checks, practice beside."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.controls import controls_and_checks
from pipelines.dealing import deal
from pipelines.design import PairDesign
from pipelines.noises.base import Noise
from pipelines.pair_plan import ClipPlan, Lack, Plan, PlannedDraw, PlannedPair, digest, file_stem, planned_pair
from pipelines.practice import practice_pairs
from pipelines.sounds.base import SoundBank


class DuplicateClips(ValueError):
    """Several clips carry one id, so their judgments could not be told apart."""

    def __init__(self, clip_ids: Sequence[str]) -> None:
        super().__init__(
            f"{len(clip_ids)} clip ids stand for more than one clip, {clip_ids[0]!r} among them; expected each once: "
            "name each corpus once, and no two corpora with the same ids"
        )


def plan_pairs(
    clips: Iterable[Clip],
    design: PairDesign,
    seed: int,
    *,
    sounds: SoundBank,
    bins: Bins = USUAL_BINS,
    others: Iterable[Clip] = (),
    on_step: Callable[[int], None] = lambda _: None,
) -> Plan:
    """The pairs of a study: the same clips, design, bank and seed give the same plan, in whatever order clips come.

    Every condition of a draw is given to as many clips as every other, as far as clips can carry it, and so within
    each bin of activation and valence and each gender.

    Args:
        clips: what the study is about.
        design: which pairs to make of them.
        seed: of everything that is drawn.
        sounds: what noises draw from.
        bins: where low ends and high begins.
        others: further clips of the corpus, which practice is made of as far as they give it.
        on_step: told how many clips are dealt with; of 20,000 each draw takes ten seconds.

    Raises:
        DuplicateClips: two clips have one id.
        NothingToDraw: no clip can carry any condition of a draw.
    """
    chosen = sorted(clips, key=lambda clip: clip.clip_id)
    twice = sorted(clip_id for clip_id, count in Counter(clip.clip_id for clip in chosen).items() if count > 1)
    if twice:
        raise DuplicateClips(twice)
    noises = design.all_conditions
    lacking = {clip.clip_id: _lacks(clip, design.conditions, noises, sounds) for clip in chosen}
    mixed = sorted(chosen, key=lambda clip: (str(bins.cell_of(clip)), clip.gender, digest(seed, clip.clip_id)))
    draws: dict[str, list[PlannedDraw]] = {clip.clip_id: [] for clip in chosen}
    for number, draw in enumerate(design.draws):
        for place, (clip_id, planned) in enumerate(deal(draw, mixed, lacking, seed), start=1):
            draws[clip_id].append(planned)
            on_step((number * len(mixed) + place) // len(design.draws))
    extra = controls_and_checks(chosen, design, seed, sounds=sounds, bins=bins)
    practice = practice_pairs(chosen, others, extra.pairs, design.practice, seed, bins)
    beside: dict[str, list[PlannedPair]] = defaultdict(list)
    for pair in (*extra.pairs, *practice.pairs):
        beside[pair.clip.clip_id].append(pair)
    plans = (
        ClipPlan(
            clip,
            tuple(draws.get(clip.clip_id, ())),
            tuple(beside.get(clip.clip_id, ())),
            tuple(
                Lack(planned_pair(seed, clip, name, "study"), why)
                for name, why in lacking.get(clip.clip_id, {}).items()
            ),
        )
        for clip in _of_all(chosen, practice.pairs)
    )
    shortages = (*_never(design, lacking), *_too_few(design, draws), *extra.shortages, *practice.shortages)
    return Plan(tuple(plans), shortages, tuple(_alike(chosen)))


def _alike(clips: Iterable[Clip]) -> Iterator[str]:
    """Ids whose files would be one where a file system knows no case."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        by_name[file_stem(clip).casefold()].append(clip.clip_id)
    alike = [ids for ids in by_name.values() if len(ids) > 1]
    if alike:
        yield (
            f"{len(alike)} clip ids have a twin that differs in upper and lower case alone, such as "
            f"{' and '.join(alike[0])}: where a file system knows no case (macOS, Windows) their pairs would overwrite "
            "each other; make and keep the pairs on one that does, or rename the clips"
        )


def _of_all(chosen: Sequence[Clip], practice: Iterable[PlannedPair]) -> list[Clip]:
    """The clips that anything is made of, in the order of their ids."""
    by_id = {clip.clip_id: clip for clip in (*(pair.clip for pair in practice), *chosen)}
    return [by_id[clip_id] for clip_id in sorted(by_id)]


def _lacks(clip: Clip, names: Iterable[str], noises: Mapping[str, Noise], sounds: SoundBank) -> dict[str, str]:
    """Why a clip can't carry a condition, by condition, as far as can be told without hearing it."""
    reasons = ((name, noises[name].lacks(clip, sounds)) for name in names)
    return {name: reason for name, reason in reasons if reason is not None}


def _never(design: PairDesign, lacking: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in design.conditions:
        reasons = [lacks[name] for lacks in lacking.values() if name in lacks]
        if reasons and len(reasons) == len(lacking):
            yield f"not one clip can carry {name}, so nothing will be known of it: {reasons[0]}"


def _too_few(design: PairDesign, draws: Mapping[str, Sequence[PlannedDraw]]) -> Iterator[str]:
    for number, draw in enumerate(design.draws):
        short = [clip_id for clip_id, planned in draws.items() if len(planned[number].preferred) < draw.wanted]
        if short:
            fewest = min(len(draws[clip_id][number].preferred) for clip_id in short)
            yield (
                f"{len(short)} of {len(draws)} clips can carry fewer than {draw.wanted} of the {len(draw.of)} noises "
                f"{', '.join(draw.conditions[:3])} ... (as few as {fewest}), and get what they can carry"
            )
