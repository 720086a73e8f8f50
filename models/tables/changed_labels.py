"""How many labels noise would have changed: clips that training hears in a noise, times what people said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.whitelist import Whitelist
from analysis.whitelist_parts import ConditionVerdict


@dataclass(frozen=True)
class ChangedLabels:
    """Expected over noisy training clips; nets hear each once an epoch."""

    heard: float = 0.0  # noisy clips
    voted: float = 0.0  # of them, with another label by the plain ratio of the majority
    truly: float | None = None  # by the share of truly changed pairs; None where no condition has one
    unknown: float = 0.0  # noisy clips in conditions without a ratio


def changed_labels(whitelist: Whitelist, label: str, heard: Mapping[str, float]) -> ChangedLabels:
    """Expected number of noisy clips whose label people would have changed: sum over conditions of ratio x count.

    Args:
        whitelist: with the ratio and the share of each condition that was judged.
        label: activation or valence; a label of categories changes, at least, as often as the dimension that
            changes more.
        heard: noisy clips in training, by condition.
    """
    verdicts = {verdict.condition: verdict for verdict in whitelist.conditions}
    voted = truly = unknown = 0.0
    any_share = False
    for name, count in heard.items():
        ratio, share = _figures(verdicts.get(name), label)
        voted += count * (ratio or 0)
        unknown += count if ratio is None else 0
        truly += count * (share or 0)
        any_share |= share is not None
    return ChangedLabels(sum(heard.values()), voted, truly if any_share else None, unknown)


def _figures(verdict: ConditionVerdict | None, label: str) -> tuple[float | None, float | None]:
    """Plain ratio and share of truly changed pairs."""
    if verdict is None:
        return None, None
    parts = {"activation": [verdict.activation], "valence": [verdict.valence]}.get(
        label, [verdict.activation, verdict.valence]
    )
    ratios = [part.ratio for part in parts if part.ratio is not None]
    shares = [part.share for part in parts if part.share is not None]
    return max(ratios, default=None), max(shares, default=None)
