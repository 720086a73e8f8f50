"""What `earwitness plan` wrote, for whoever is about to spend."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = "plan"
DESIGNS = "designs.csv"


@dataclass(frozen=True)
class PlannedWay:
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


def planned_ways(study: Path) -> tuple[PlannedWay, ...]:
    """The ways that were foreseen, the study's own first; none where nobody planned, or the file is no such table."""
    try:
        with (study / FOLDER / DESIGNS).open(encoding="utf-8", newline="") as file:
            return tuple(map(_way, csv.DictReader(file)))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return ()


def _way(row: dict[str, str]) -> PlannedWay:
    return PlannedWay(
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
    ways = planned_ways(study)
    if not ways:
        return None
    own = ways[0]
    chance = "1" if own.safe[-1] >= 0.995 else f"{own.safe[-1]:.2f}".removeprefix("0")
    return (
        f"By simulation, the whole study takes about {own.judgments:,} judgments ({own.price:,.2f} {own.currency}; one "
        f"study in twenty takes more than {own.judgments_95:,}), and a condition that changes 3 % of the clips is "
        f"certified safe with probability {chance}."
    )
