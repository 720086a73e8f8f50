"""What `earwitness plan` wrote, for whoever is about to spend."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.study import Study

FOLDER = "plan"
DESIGNS = "designs.csv"
SETTINGS = "settings.json"
SECTIONS = ("sampling", "pairs", "hits", "pay", "decision")  # of study.toml, which a plan hangs on


@dataclass(frozen=True)
class ForeseenWay:
    """A way of asking as it was foreseen; chances 0..1, money in whole units of the currency."""

    design: str
    judgments: int
    judgments_95: int
    price: float
    price_95: float
    currency: str
    safe: tuple[float, ...]  # of conditions that change 0, 1, 2, 3 % of the pairs
    unsafe: float | None
    wrong: float | None


def settings_planned(study: Study) -> str:
    """The settings that a plan hangs on, by their keys in study.toml, as the file beside it keeps them."""
    return json.dumps(_settings(study), indent=1, sort_keys=True) + "\n"


def changed_since(folder: Path, study: Study) -> tuple[str, ...]:
    """The settings that are not what the plan was made with; none where it did not keep them.

    Args:
        folder: the study's.
        study: as it is now.
    """
    try:
        kept = json.loads((folder / FOLDER / SETTINGS).read_text(encoding="utf-8"))
        now = _settings(study)
        return tuple(name for name in sorted(kept.keys() & now.keys()) if kept[name] != now[name])
    except (FileNotFoundError, AttributeError, ValueError):
        return ()


def _settings(study: Study) -> dict[str, Any]:
    return {
        f"{section}.{name}": value
        for section in SECTIONS
        for name, value in getattr(study, section).model_dump(mode="json").items()
    }


def foreseen_ways(study: Path) -> tuple[ForeseenWay, ...]:
    """The ways that were foreseen, the study's own first; none where nobody planned, or the file is no such table."""
    try:
        with (study / FOLDER / DESIGNS).open(encoding="utf-8", newline="") as file:
            return tuple(map(_way, csv.DictReader(file)))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return ()


def _way(row: dict[str, str]) -> ForeseenWay:
    return ForeseenWay(
        design=row["design"],
        judgments=int(row["judgments"]),
        judgments_95=int(row["judgments_95"]),
        price=float(row["price"]),
        price_95=float(row["price_95"]),
        currency=row["currency"],
        safe=tuple(float(row[f"safe_at_0.0{percent}"]) for percent in range(4)),
        unsafe=float(row["unsafe"]) if row["unsafe"] else None,
        wrong=float(row["wrong"]) if row["wrong"] else None,
    )


def what_it_buys(study: Path) -> str | None:
    """What the study's money can decide, in a sentence; None where nobody planned."""
    ways = foreseen_ways(study)
    if not ways:
        return None
    own = ways[0]
    chance = "1" if own.safe[-1] >= 0.995 else f"{own.safe[-1]:.2f}".removeprefix("0")
    return (
        f"By simulation, the whole study takes about {own.judgments:,} judgments ({own.price:,.2f} {own.currency}; one "
        f"study in twenty takes more than {own.judgments_95:,}), and a condition that changes 3 % of the clips is "
        f"certified safe with probability {chance}."
    )
