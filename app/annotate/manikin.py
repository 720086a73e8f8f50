"""The self-assessment manikin: one figure, drawn from two numbers, for every step of both scales (section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal, TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from hits.judgment import RATINGS

Dimension: TypeAlias = Literal["activation", "valence"]

#: The words at both ends of a scale, lowest first.
ENDS: dict[Dimension, tuple[LazyString, LazyString]] = {
    "activation": (_("calm"), _("excited")),
    "valence": (_("unpleasant"), _("pleasant")),
}
#: What each step is called by someone who does not see the figure.
STEPS: dict[Dimension, tuple[LazyString, ...]] = {
    "activation": (
        _("very calm"),
        _("rather calm"),
        _("neither calm nor excited"),
        _("rather excited"),
        _("very excited"),
    ),
    "valence": (
        _("very unpleasant"),
        _("rather unpleasant"),
        _("neither unpleasant nor pleasant"),
        _("rather pleasant"),
        _("very pleasant"),
    ),
}

MIDDLE_X, CHEST_Y = 48.0, 75.0  # of a drawing 96 units wide and high
BURST_POINTS = 8
MOTION_LINES = 3  # on each side, at the top of the scale


@dataclass(frozen=True)
class Figure:
    """What changes from figure to figure; head and body are the same in all. Units of a 96 x 96 drawing.

    Attributes:
        mouth, brows, burst, motion: path data; burst and motion may be empty.
        eye_width, eye_height: half axes of the two eyes; a closed eye is a line.
    """

    mouth: str
    brows: str
    burst: str
    motion: str
    eye_width: float
    eye_height: float


def figure(dimension: Dimension, step: int, steps: int = len(RATINGS)) -> Figure:
    """The figure of one step of a scale; the other dimension rests in the middle, unseen.

    Args:
        dimension: which scale.
        step: 1 (lowest) to `steps`.
        steps: how many figures the scale has.

    Raises:
        ValueError: there is no such step.

    >>> figure("valence", 5).burst, figure("activation", 1).motion
    ('', '')
    """
    if not 1 <= step <= steps or steps < 2:
        raise ValueError(f"step {step} of a scale of {steps}: choose 1 to {steps}, of at least 2")
    share = (step - 1) / (steps - 1)
    if dimension == "valence":
        return Figure(_mouth(2 * share - 1), _brows(2 * share - 1), "", "", 3.8, 4.2)
    return Figure(_mouth(0), "", _burst(share), _motion(share), 3.8 + 1.5 * share, 0.4 + 6.8 * share)


def _mouth(valence: float) -> str:
    """A curve that bends up as valence goes from -1 to 1."""
    corner_y, middle_y = 40.5 - 4.0 * valence, 40.5 + 10.5 * valence
    return f"M35.5 {corner_y:.1f}Q48 {middle_y:.1f} 60.5 {corner_y:.1f}"


def _brows(valence: float) -> str:
    """Brows that rise to an arch when pleased, and slant up to the middle when not."""
    glad, sad = max(valence, 0.0), max(-valence, 0.0)
    inner_y, outer_y = 16.5 - 4.0 * sad, 16.5 + 2.2 * sad
    arch_y = (inner_y + outer_y) / 2 - 6.5 * glad
    return (
        f"M31.5 {outer_y:.1f}Q36.5 {arch_y:.1f} 41.5 {inner_y:.1f}"
        f"M64.5 {outer_y:.1f}Q59.5 {arch_y:.1f} 54.5 {inner_y:.1f}"
    )


def _burst(activation: float) -> str:
    """A star in the chest that grows out of a dot as activation goes from 0 to 1."""
    outer = 3.2 + 12.8 * activation
    inner = outer * (0.92 - 0.47 * activation)
    corners = []
    for corner in range(2 * BURST_POINTS):
        radius, angle = (inner if corner % 2 else outer), pi * (corner / BURST_POINTS - 0.5)
        corners.append(f"{MIDDLE_X + radius * cos(angle):.1f} {CHEST_Y + radius * sin(angle):.1f}")
    return "M" + "L".join(corners) + "Z"


def _motion(activation: float) -> str:
    """Short strokes beside the body, none below the middle of the scale."""
    lines = round(MOTION_LINES * max(0.0, activation - 0.25) / 0.75)
    reach = 4 + 6 * activation
    strokes = []
    for line in range(lines):
        lean = (line - (lines - 1) / 2) * 0.42  # radians away from level
        for side in (-1, 1):
            near_x, near_y = MIDDLE_X + side * 36 * cos(lean), CHEST_Y - 4 + 36 * sin(lean)
            far_x, far_y = near_x + side * reach * cos(lean), near_y + reach * sin(lean)
            strokes.append(f"M{near_x:.1f} {near_y:.1f}L{far_x:.1f} {far_y:.1f}")
    return "".join(strokes)
