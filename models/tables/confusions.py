"""Confusion matrices side by side: of each true class, the share that was called each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.parts import Plot
from analysis.svg import svg, text
from models.tables.strokes import NARROW, WIDE

GAP = 26.0
CELL, LEFT, TOP = 42.0, 62.0, 62.0


@dataclass(frozen=True)
class Confusion:
    """One matrix; counts of true (row) and said class (column)."""

    name: str
    classes: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]

    def share(self, true: int, said: int) -> float | None:
        """Of the clips of a class, the share that was called another; None where there are none."""
        total = sum(self.counts[true])
        return self.counts[true][said] / total if total else None


def confusions_plot(matrices: Sequence[Confusion], *, name: str, title: str) -> Plot:
    """Small multiples, each class' row adding up to 100 %; drawn for desks and for phones."""
    caption = (
        "Rows are true classes, columns what nets said, in per cent of the true class, mean over seeds. The darker, "
        "the more; the diagonal holds the recalls over all clips. The counts stand in the CSV."
    )
    return Plot(_drawn(matrices, name, title, WIDE), _drawn(matrices, f"{name}-narrow", title, NARROW), caption)


def _drawn(matrices: Sequence[Confusion], name: str, title: str, width: float) -> str:
    body, left, top, tallest = [], 0.0, 0.0, 0.0
    for one in matrices:
        wide, high = LEFT + CELL * len(one.classes), TOP + CELL * len(one.classes)
        if left and left + wide > width:
            left, top, tallest = 0.0, top + tallest + GAP, 0.0
        body.append(_matrix(one, left, top))
        left, tallest = left + wide + GAP, max(tallest, high)
    return svg(name, (width, top + tallest + 6), title, "; ".join(map(_told, matrices)), "".join(body))


def _matrix(one: Confusion, left: float, top: float) -> str:
    parts = [text(left, top + 16, one.name, size=13)]
    for n, true in enumerate(one.classes):
        parts.append(text(left + LEFT - 8, top + TOP + CELL * (n + 0.5) + 4, short(true, 8), size=12, anchor="end"))
        middle = left + LEFT + CELL * (n + 0.5)
        parts.append(text(middle, top + TOP - 8, short(true, 5), size=12, anchor="middle", look='class="quiet" '))
        parts += [_cell(one.share(n, m), left + LEFT + CELL * m, top + TOP + CELL * n) for m in range(len(one.classes))]
    return "".join(parts)


def short(name: str, most: int) -> str:
    """A name that fits beside cells; the table below has it in full.

    >>> short("anger", 5), short("happiness", 5)
    ('anger', 'happ…')
    """
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _cell(share: float | None, x: float, y: float) -> str:
    shade = 0.04 + 0.6 * (share or 0)  # words stay readable on it
    box = f'<rect class="cell" fill="#1f5fa8" fill-opacity="{shade:.2f}" x="{x + 1:.1f}" y="{y + 1:.1f}" '
    said = "–" if share is None else f"{100 * share:.0f}"
    words = text(x + CELL / 2, y + CELL / 2 + 4, said, size=13, anchor="middle")
    return f'{box}width="{CELL - 2}" height="{CELL - 2}"/>{words}'


def _told(one: Confusion) -> str:
    shares = (one.share(n, n) for n in range(len(one.classes)))
    said = ", ".join(
        f"{name} {100 * share:.0f} %" for name, share in zip(one.classes, shares, strict=True) if share is not None
    )
    return f"{one.name}: recalls {said}"
