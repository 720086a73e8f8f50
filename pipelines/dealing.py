"""Deal conditions to clips so that each is given equally often, as far as clips can carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipelines.clip import Clip
from pipelines.design import Draw
from pipelines.pair_plan import PlannedDraw, digest, planned_pair


class NothingToDraw(LookupError):
    """Not one clip can carry any condition of a draw."""

    def __init__(self, draw: Draw, reasons: Iterable[str]) -> None:
        shown = "; ".join(list(dict.fromkeys(reasons))[:3])
        super().__init__(
            f"no clip can carry any of {', '.join(draw.conditions)} ({shown}); add what is missing, or take these "
            "conditions out of pairs.draws"
        )


def deal(
    draw: Draw, clips: Sequence[Clip], lacking: Mapping[str, Mapping[str, str]], seed: int
) -> Iterator[tuple[str, PlannedDraw]]:
    """What each clip gets of one draw, by its id: always the noises and conditions that were dealt least so far.

    Args:
        draw: what is dealt.
        clips: in the order in which they are served; neighbours get different conditions.
        lacking: by clip id, the conditions that a clip can't carry, and why.
        seed: breaks ties, and names the pairs.

    Raises:
        NothingToDraw: no clip can carry any condition of the draw.
    """
    noises_dealt: Counter[tuple[str, ...]] = Counter()
    conditions_dealt: Counter[str] = Counter()
    anything = False
    for clip in clips:
        lacks = lacking[clip.clip_id]

        def chance(name: str, clip_id: str = clip.clip_id) -> str:
            return digest(seed, "draw", clip_id, name)

        able = [noise for noise in draw.of if any(name not in lacks for name in noise)]
        able.sort(key=lambda noise: (noises_dealt[noise], chance(noise[0])))
        preferred = []
        for place, noise in enumerate(able):
            names = sorted(
                (name for name in noise if name not in lacks), key=lambda name: (conditions_dealt[name], chance(name))
            )
            preferred.append(tuple(planned_pair(seed, clip, name, "study") for name in names))
            if place < draw.wanted:
                noises_dealt[noise] += 1
                conditions_dealt[names[0]] += 1
        anything = anything or bool(preferred)
        yield clip.clip_id, PlannedDraw(draw.wanted, tuple(preferred))
    if clips and not anything:
        whys = (lacks[name] for lacks in lacking.values() for name in draw.conditions if name in lacks)
        raise NothingToDraw(draw, whys)
