"""The forest plot of a study's verdicts, as SVG for pages: one row a condition, grouped by family, ordered by SNR.

It shows the share of pairs that truly change, which the margin tau is about; the ratio as voted is a tick beside it.
Where no condition has such a share, for want of controls, it shows the ratios alone and no line at tau.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Protocol

from analysis.svg import CLASSES, COLOURS, RULE, line, mark, svg, text
from analysis.verdicts import Verdict

TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
CLOSEST_TICKS = 30.0  # pixels between the labels of two ticks
TAU_LOOK = 'class="tau" stroke="currentColor" stroke-dasharray="5 3"'
VOTED_LOOK = 'class="voted" stroke="currentColor" stroke-width="1.25"'
LANE = 7.0  # a row's two dimensions lie this far above and below its middle
TICK = 4.5  # half the height of the tick of a ratio
SHARES_TITLE = "Share of pairs that truly change, by condition"
RATIOS_TITLE = "Share of pairs that people call different, by condition"


class Interval(Protocol):
    """One dimension of a row; figures are None where there is nothing to work them out from."""

    @property
    def ratio(self) -> float | None: ...  # noqa: D102
    @property
    def lower(self) -> float | None: ...  # noqa: D102
    @property
    def upper(self) -> float | None: ...  # noqa: D102
    @property
    def share(self) -> float | None: ...  # noqa: D102
    @property
    def share_lower(self) -> float | None: ...  # noqa: D102
    @property
    def share_upper(self) -> float | None: ...  # noqa: D102
    @property
    def decision(self) -> Verdict: ...  # noqa: D102


class Decided(Protocol):
    """A row: `analysis.verdicts.Decision` and `analysis.whitelist_parts.ConditionVerdict` both fit."""

    @property
    def condition(self) -> str: ...  # noqa: D102
    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def snr_db(self) -> float | None: ...  # noqa: D102
    @property
    def decision(self) -> Verdict: ...  # noqa: D102
    @property
    def activation(self) -> Interval: ...  # noqa: D102
    @property
    def valence(self) -> Interval: ...  # noqa: D102


def by_family(rows: Iterable[Decided]) -> list[Decided]:
    """Rows as plots show them: by family, from clean to noisy, then by name."""
    return sorted(
        rows, key=lambda row: (row.family, -(row.snr_db if row.snr_db is not None else math.inf), row.condition)
    )


def has_shares(rows: Iterable[Decided]) -> bool:
    """Whether any condition has a share of truly changed pairs; otherwise plots show the ratios as voted."""
    return any(part.share is not None for row in rows for part in (row.activation, row.valence))


def drawn_limits(part: Interval, shares: bool) -> tuple[float, float, float] | None:
    """What a plot draws of a dimension: the estimate and its limits; None where there is none."""
    found = (part.share, part.share_lower, part.share_upper) if shares else (part.ratio, part.lower, part.upper)
    estimate, lower, upper = found
    return None if estimate is None or lower is None or upper is None else (estimate, lower, upper)


@dataclass(frozen=True)
class Frame:
    """Where things stand in the plot, in pixels of its own coordinates."""

    width: float
    left: float  # of the axis
    right: float
    greatest: float  # share at the right end
    row_height: float
    compact: bool
    shares: bool  # of truly changed pairs, rather than ratios
    label_size: float = 13.0

    def x(self, share: float) -> float:
        """Square-root scale: it spreads the small shares, where the line is drawn, and evens out their intervals."""
        return self.left + (self.right - self.left) * math.sqrt(min(share, self.greatest) / self.greatest)


def forest_svg(
    rows: Iterable[Decided],
    tau: float,
    *,
    compact: bool = False,
    name: str = "forest",
    address_of: Callable[[str], str] | None = None,
) -> str:
    """Draw the verdicts.

    Each row has two lanes, activation (filled) above valence (hollow), each a point with its limits; the mark's shape
    and colour are that dimension's own decision (circle safe, diamond undecided, square unsafe), and the word at the
    end of the row is the condition's.

    Args:
        rows: in any order; grouped by family and ordered from clean to noisy here.
        tau: the largest share that is still called safe, drawn as a line where there are shares.
        compact: for phones: labels above the lanes, 340 wide rather than 760.
        name: prefix of the ids inside, for pages with several plots.
        address_of: where a condition's row leads; without it rows lead nowhere.

    Returns:
        One `<svg>` element without scripts, style attributes or anything from elsewhere; `PLOT_CSS` colours it.
    """
    ordered = by_family(rows)
    frame = _frame(ordered, tau, compact)
    body: list[str] = []
    y = 56.0
    for family, members in groupby(ordered, key=lambda row: row.family):
        body.append(text(0, y + 12, family, size=12, look='class="quiet" '))
        body.append(line(0, y + 19, frame.width, y + 19, RULE))
        y += 22
        for row in members:
            drawn = _row(row, y, frame, tau)
            body.append(_linked(drawn, row, address_of(row.condition), y, frame) if address_of else drawn)
            y += frame.row_height
        y += 12
    head = _legend(frame) + _axis(frame, tau, top=50, bottom=y)
    return svg(
        name,
        (frame.width, y + 38),
        SHARES_TITLE if frame.shares else RATIOS_TITLE,
        _described(ordered, tau, frame.shares),
        head + "".join(body),
        look="forest",
        linked=address_of is not None,
    )


def _frame(rows: Sequence[Decided], tau: float, compact: bool) -> Frame:
    shares = has_shares(rows)
    parts = [part for row in rows for part in (row.activation, row.valence)]
    ends = [limits[2] for part in parts if (limits := drawn_limits(part, shares))]
    voted = [part.ratio for part in parts if part.ratio is not None]
    greatest = min(1.0, max([*ends, *voted, 2.5 * tau]) * 1.02)
    if compact:
        return Frame(340, 6, 334, greatest, row_height=52, compact=True, shares=shares)
    return Frame(760, 190, 630, greatest, row_height=34, compact=False, shares=shares)


def _described(rows: Sequence[Decided], tau: float, shares: bool) -> str:
    counts = [f"{sum(row.decision == word for row in rows)} {word}" for word in ("SAFE", "UNDECIDED", "UNSAFE")]
    against = f" against the line at {tau:g}" if shares else ""
    each = "; ".join(_spoken(row, shares) for row in rows)
    return f"{len(rows)} {'condition' if len(rows) == 1 else 'conditions'}{against}: {', '.join(counts)}. {each}"


def _spoken(row: Decided, shares: bool) -> str:
    parts = []
    for dimension, part in (("activation", row.activation), ("valence", row.valence)):
        limits = drawn_limits(part, shares)
        said = "{:.2f} ({:.2f} to {:.2f})".format(*limits) if limits else "unknown"
        voted = f", voted {part.ratio:.2f}" if shares and part.ratio is not None else ""
        parts.append(f"{dimension} {said}{voted}")
    return f"{row.condition} {row.decision}, {', '.join(parts)}"


def _legend(frame: Frame) -> str:
    x = 6.0 if frame.compact else frame.left
    filled = mark("UNDECIDED", x + 5, 9) + text(x + 16, 13.5, "activation", size=12)
    hollow = mark("UNDECIDED", x + 99, 9, hollow=True) + text(x + 110, 13.5, "valence", size=12)
    voted = line(x + 180, 9 - TICK, x + 180, 9 + TICK, VOTED_LOOK) + text(x + 187, 13.5, "as voted", size=12)
    return filled + hollow + (voted if frame.shares else "")


def _axis(frame: Frame, tau: float, top: float, bottom: float) -> str:
    parts = _tau(frame, tau, top, bottom) if frame.shares else []
    parts.append(line(frame.left, bottom, frame.right, bottom, RULE))
    last = -math.inf
    for tick in TICKS:
        x = frame.x(tick)
        if tick <= frame.greatest and x - last >= CLOSEST_TICKS:
            parts.append(line(x, bottom, x, bottom + 4, RULE))
            parts.append(text(x, bottom + 17, f"{tick:g}", size=11, anchor="middle"))
            last = x
    what = "that truly change" if frame.shares else "called different"
    parts.append(text(frame.left, bottom + 35, f"share of pairs {what} (square-root scale)", size=11))
    return "".join(parts)


def _tau(frame: Frame, tau: float, top: float, bottom: float) -> list[str]:
    at = frame.x(tau)
    return [
        f'<rect class="zone" fill="{COLOURS["SAFE"]}" opacity="0.08" x="{frame.x(0):.1f}" y="{top:.1f}" '
        f'width="{at - frame.x(0):.1f}" height="{bottom - top:.1f}"/>',
        line(at, top - 6, at, top if frame.compact else bottom, TAU_LOOK),
        text(at, top - 11, f"τ = {tau:g}", size=12, anchor="middle"),
    ]


def _row(row: Decided, top: float, frame: Frame, tau: float) -> str:
    middle = top + frame.row_height / 2 + (9 if frame.compact else 0)
    baseline = top + 16 if frame.compact else middle + 4.5
    word_x = frame.right - 78 if frame.compact else frame.right + 26
    # on a phone the labels stand above the lanes, so the line at tau is drawn in pieces that leave them free
    pieces = frame.compact and frame.shares
    parts = [
        f"<title>{escape(_spoken(row, frame.shares))}</title>",
        line(frame.x(tau), middle - 2 * LANE, frame.x(tau), middle + 2 * LANE, TAU_LOOK) if pieces else "",
        text(0, baseline, row.condition, size=frame.label_size),
        _lane(row.activation, middle - LANE, frame, hollow=False),
        _lane(row.valence, middle + LANE, frame, hollow=True),
        mark(row.decision, word_x, baseline - 4.5),
        text(word_x + 11, baseline, row.decision, size=12),
    ]
    return f'<g data-condition="{escape(row.condition)}">{"".join(parts)}</g>'


def _linked(drawn: str, row: Decided, address: str, top: float, frame: Frame) -> str:
    """A row as one link, which can be hit anywhere in its height."""
    size = f'y="{top:.1f}" width="{frame.width:.0f}" height="{frame.row_height}"'
    area = f'<rect class="row" fill="none" pointer-events="all" {size}/>'
    return f'<a href="{escape(address)}" aria-label="{escape(_spoken(row, frame.shares))}">{area}{drawn}</a>'


def _lane(part: Interval, y: float, frame: Frame, *, hollow: bool) -> str:
    if part.ratio is None:
        return text(frame.left + 4, y + 4, "no pairs judged", size=11)
    voted = line(frame.x(part.ratio), y - TICK, frame.x(part.ratio), y + TICK, VOTED_LOOK) if frame.shares else ""
    limits = drawn_limits(part, frame.shares)
    if limits is None:
        return voted + text(frame.x(part.ratio) + 8, y + 4, "not known how many truly change", size=11)
    estimate, lower, upper = limits
    look = f'class="{CLASSES[part.decision]}" stroke="{COLOURS[part.decision]}" stroke-width="2" stroke-linecap="round"'
    drawn = line(frame.x(lower), y, frame.x(upper), y, look)
    return drawn + voted + mark(part.decision, frame.x(estimate), y, hollow=hollow)
