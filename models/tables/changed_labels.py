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
    voted: float | None = None  # with another label by the plain ratio of the majority; None where no condition has one
    truly: float | None = None  # by the share of truly changed pairs; None where no condition has one
    known: float = 0.0  # noisy clips in conditions that have a ratio
    known_truly: float = 0.0  # noisy clips in conditions that have a share of truly changed pairs


def changed_labels(whitelist: Whitelist, label: str, heard: Mapping[str, float]) -> ChangedLabels:
    """Expected number of noisy clips whose label people would have changed: sum over conditions of ratio x count.

    Args:
        whitelist: with the ratio and the share of each condition that was judged.
        label: activation or valence; a label of categories changes, at least, as often as the dimension that
            changes more.
        heard: noisy clips in training, by condition.
    """
    verdicts = {verdict.condition: verdict for verdict in whitelist.conditions}
    figures = [(*_figures(verdicts.get(name), label), count) for name, count in heard.items()]
    voted = [ratio * count for ratio, _, count in figures if ratio is not None]
    truly = [share * count for _, share, count in figures if share is not None]
    known = sum(count for ratio, _, count in figures if ratio is not None)
    known_truly = sum(count for _, share, count in figures if share is not None)
    total = sum(heard.values())
    return ChangedLabels(total, sum(voted) if voted else None, sum(truly) if truly else None, known, known_truly)


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
