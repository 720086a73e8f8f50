"""Controls, which estimate how often people hear a change, and checks, which decide whose judgments are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pipelines.bins import Bin, Bins
from pipelines.clip import Clip
from pipelines.conditions import IDENTICAL, OBVIOUS, POSITIVE, REENCODED
from pipelines.design import PairDesign
from pipelines.pair_plan import PlannedPair, digest, planned_pair
from pipelines.sounds.base import SoundBank

OPPOSITE: Mapping[Bin | None, Bin] = {"low": "high", "high": "low"}
OPPOSITE_NEEDED = "choose clips of low and high activation by one speaker"


@dataclass(frozen=True)
class Extras:
    """Pairs that no draw deals, and what the clips could not give of them, as sentences."""

    pairs: tuple[PlannedPair, ...]
    shortages: tuple[str, ...]


def controls_and_checks(
    clips: Sequence[Clip], design: PairDesign, seed: int, *, sounds: SoundBank, bins: Bins
) -> Extras:
    """Controls and checks, on clips that share nothing as long as there are clips."""
    quiet = sorted(clips, key=lambda clip: digest(seed, "controls", clip.clip_id))
    same = quiet[: design.identical_controls]
    others = [*quiet[len(same) :], *same]
    change = design.all_conditions[POSITIVE]
    positive = list(islice((one for one in others if change.lacks(one, sounds) is None), design.positive_controls))
    # Checks start where the controls end, and come round to them only when the corpus has no other clips.
    taken = {clip.clip_id for clip in (*same, *positive)}
    rest = sorted(quiet, key=lambda clip: clip.clip_id in taken)
    obvious = _obvious(rest, design.checks // 2, seed, bins)
    met = {pair.clip.clip_id for pair in obvious}
    easy = ([clip for clip in rest if clip.clip_id not in met] or rest)[: design.checks - design.checks // 2]
    found = {
        "identical controls": (design.identical_controls, len(same), "choose more clips"),
        "positive controls": (design.positive_controls, len(positive), "choose more clips"),
        "identical checks": (design.checks - design.checks // 2, len(easy), "choose more clips"),
        "obvious checks": (design.checks // 2, len(obvious), OPPOSITE_NEEDED),
    }
    return Extras(
        (
            *(planned_pair(seed, clip, (IDENTICAL, REENCODED)[odd % 2], "identical") for odd, clip in enumerate(same)),
            *(planned_pair(seed, clip, POSITIVE, "positive") for clip in positive),
            *(planned_pair(seed, clip, IDENTICAL, "check") for clip in easy),
            *obvious,
        ),
        shortages(found),
    )


def shortages(found: Mapping[str, tuple[int, int, str]]) -> tuple[str, ...]:
    """Sentences on what was asked for and not found: how many of each were asked for, how many found, what to do."""
    return tuple(
        f"the clips give {got} of {asked} {what}; {advice}, or ask for fewer"
        for what, (asked, got, advice) in found.items()
        if got < asked
    )


def _obvious(clips: Sequence[Clip], wanted: int, seed: int, bins: Bins) -> list[PlannedPair]:
    """Pairs of one speaker's clips with opposite activation; each clip is an original once at most."""
    pairs: list[PlannedPair] = []
    for clip in clips:
        if len(pairs) == wanted:
            break
        partners = [other for other in clips if other.speaker == clip.speaker and _opposite(clip, other, bins)]
        if partners:
            other = min(partners, key=lambda other: digest(seed, clip.clip_id, other.clip_id))
            pairs.append(planned_pair(seed, clip, OBVIOUS, "check", other))
    return pairs


def _opposite(clip: Clip, other: Clip, bins: Bins) -> bool:
    if clip.activation is None or other.activation is None:
        return False
    return OPPOSITE.get(bins.bin_of(clip.activation)) == bins.bin_of(other.activation)
