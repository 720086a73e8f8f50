"""Practice pairs, on which workers learn the task: clips that nothing else uses, as long as there are any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pipelines.bins import Bin, Bins
from pipelines.clip import Clip
from pipelines.conditions import IDENTICAL, OBVIOUS
from pipelines.controls import OPPOSITE, OPPOSITE_NEEDED, Extras, shortages
from pipelines.pair_plan import PlannedPair, digest, planned_pair

#: How much a clip is in use: not at all, by the study's pairs, by controls or checks.
FREE, STUDIED, TAKEN = range(3)
LONG_S = 8.0  # practice should not take long: longer clips are used where there are no others


def practice_pairs(
    chosen: Sequence[Clip],
    others: Iterable[Clip],
    extra: Iterable[PlannedPair],
    wanted: int,
    seed: int,
    bins: Bins,
) -> Extras:
    """Pairs of which half are identical and half obviously different, each of clips of its own where they suffice.

    Clips outside the study come first, then those of the study that are no control and no check, then these.

    Args:
        chosen: clips of the study.
        others: further clips of the corpus; those of the study may be among them.
        extra: controls and checks.
        wanted: how many pairs.
        seed: of everything that is drawn.
        bins: where low ends and high begins.
    """
    if not wanted:
        return Extras((), ())
    use = {clip.clip_id: STUDIED for clip in chosen}
    use |= {clip.clip_id: TAKEN for pair in extra for clip in (pair.clip, pair.other) if clip}
    by_id = {clip.clip_id: clip for clip in (*others, *chosen)}

    def place(clip: Clip) -> tuple[int, bool]:
        return use.get(clip.clip_id, FREE), clip.length_s > LONG_S

    clips = sorted(by_id.values(), key=lambda clip: (place(clip), digest(seed, "practice", clip.clip_id)))
    obvious = list(_opposites([list(group) for _, group in groupby(clips, place)], wanted // 2, bins))
    met = {clip.clip_id for pair in obvious for clip in pair}
    same = sorted(clips, key=lambda clip: clip.clip_id in met)[: wanted - wanted // 2]
    return Extras(
        (
            *(planned_pair(seed, clip, IDENTICAL, "practice") for clip in same),
            *(planned_pair(seed, clip, OBVIOUS, "practice", other) for clip, other in obvious),
        ),
        shortages(
            {
                "identical practice pairs": (wanted - wanted // 2, len(same), "choose more clips"),
                "obvious practice pairs": (wanted // 2, len(obvious), OPPOSITE_NEEDED),
            }
        ),
    )


def _opposites(groups: Sequence[Sequence[Clip]], wanted: int, bins: Bins) -> Iterator[tuple[Clip, Clip]]:
    """Two clips of one speaker with opposite activation, no clip twice; those of the first groups come first."""
    used: set[str] = set()
    by_voice = defaultdict[tuple[str, Bin | None], list[Clip]](list)
    serving: list[Clip] = []
    for clips in groups:
        serving += [clip for clip in clips if _activation(clip, bins) in OPPOSITE]
        for clip in clips:
            by_voice[clip.speaker, _activation(clip, bins)].append(clip)
        for clip in serving:
            if len(used) == 2 * wanted:
                return
            partners = by_voice[clip.speaker, OPPOSITE[_activation(clip, bins)]]
            other = next((other for other in partners if other.clip_id not in used), None)
            if other is not None and clip.clip_id not in used:
                used |= {clip.clip_id, other.clip_id}
                yield clip, other


def _activation(clip: Clip, bins: Bins) -> Bin | None:
    return None if clip.activation is None else bins.bin_of(clip.activation)
