"""The rows and figures of the paper's table 1 (IEMOCAP), to stand beside a study's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple


class PaperChange(NamedTuple):
    """Change of UAR in activation and valence, as printed; of 0.67 and 0.59 on clean."""

    activation: float
    valence: float


class PaperRow(NamedTuple):
    """A row of table 1: nets trained on clean, and nets trained with other noises."""

    name: str
    clean_trained: PaperChange
    augmented: PaperChange


PAPER_CLEAN: Final = PaperChange(0.67, 0.59)


def _row(name: str, left: tuple[float, float], right: tuple[float, float]) -> PaperRow:
    return PaperRow(name, PaperChange(*left), PaperChange(*right))


#: By condition, in the paper's order. It does not say whether the right half is a gain over the left or a drop.
PAPER_ROWS: Final[Mapping[str, PaperRow]] = {
    "nat-st": _row("NatSt", (-0.25, -0.24), (0.22, 0.18)),
    "nat-co-20db": _row("NatCo 20 dB", (-0.33, -0.34), (0.22, 0.13)),
    "nat-co-10db": _row("NatCo 10 dB", (-0.37, -0.41), (0.33, 0.31)),
    "nat-co-0db": _row("NatCo 0 dB", (-0.40, -0.41), (0.27, 0.26)),
    "hum-st": _row("HumSt", (-0.22, -0.24), (0.15, 0.13)),
    "hum-co-20db": _row("HumCo 20 dB", (-0.33, -0.37), (0.16, 0.16)),
    "hum-co-10db": _row("HumCo 10 dB", (-0.37, -0.42), (0.21, 0.26)),
    "hum-co-0db": _row("HumCo 0 dB", (-0.40, -0.42), (0.25, 0.21)),
    "int-st": _row("IntSt", (-0.21, -0.25), (0.15, 0.18)),
    "int-co-20db": _row("IntCo 20 dB", (-0.31, -0.39), (0.20, 0.22)),
    "int-co-10db": _row("IntCo 10 dB", (-0.34, -0.39), (0.23, 0.19)),
    "int-co-0db": _row("IntCo 0 dB", (-0.40, -0.41), (0.30, 0.26)),
    "speed-segment": _row("SpeedSeg", (-0.09, -0.12), (0.03, 0.02)),
    "fade-in": _row("Fade In", (-0.07, -0.10), (0.05, 0.04)),
    "fade-out": _row("Fade Out", (-0.09, -0.14), (0.02, 0.06)),
    "drop-words": _row("DropW", (-0.04, -0.05), (0.02, 0.00)),
    "drop-letters": _row("DropLt", (-0.03, -0.02), (0.06, 0.03)),
    "reverb": _row("Reverb", (-0.36, -0.37), (0.05, 0.04)),
}


def in_order(conditions: Iterable[str]) -> list[str]:
    """The paper's conditions first, as it has them; then the others as they come.

    >>> in_order(["telephone", "reverb", "nat-st"])
    ['nat-st', 'reverb', 'telephone']
    """
    found = list(dict.fromkeys(conditions))
    return [name for name in PAPER_ROWS if name in found] + [name for name in found if name not in PAPER_ROWS]


def row_name(condition: str) -> str:
    """What a row is called: the paper's name where it has one.

    >>> row_name("hum-co-20db"), row_name("telephone")
    ('HumCo 20 dB', 'telephone')
    """
    return PAPER_ROWS[condition].name if condition in PAPER_ROWS else condition


def paper_change(condition: str, label: str, *, augmented: bool = False) -> float | None:
    """What the paper prints of a condition; None where it prints nothing."""
    row = PAPER_ROWS.get(condition)
    if row is None or label not in PaperChange._fields:
        return None
    return float(getattr(row.augmented if augmented else row.clean_trained, label))
