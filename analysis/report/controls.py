"""Section: what the controls say of the listeners, and what the margin is in what can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.certification.controls import Controls, mover
from analysis.certify_words import effective_taus
from analysis.ratios import Ratio, wilson
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Heading, Section, Words, csv_of, csv_text
from analysis.tables import MISSING, Table, figure, limits, many, percent
from analysis.verdicts import ControlCount

LIMIT_ERROR = 0.025  # of each end of a 95 % interval


def controls_section(material: Material) -> Section:
    """How often these listeners hear nothing as a change and a change as nothing, and what follows for tau."""
    controls = material.controls
    known = [one for one in controls if one.margin is not None]
    rows = [_row(one, material.whitelist.rule.tau) for one in controls]
    blocks: list[Block] = [Words(_floor(material)), *(Words(_sentence(one, material.tau)) for one in known)]
    if known:
        blocks.append(_table(controls, material.whitelist.rule.tau))
    else:
        blocks.append(
            Words(
                "Without controls of both kinds nobody knows how many real changes these listeners hear, so no share "
                "of truly changed pairs is known and nothing can be certified."
            )
        )
    taus = effective_taus(material.whitelist.rule, controls)
    if taus:
        blocks += [Heading("If real changes are harder to hear than the positive controls"), *_easier(material, taus)]
    floor = [ratio for ratio in material.ratios if ratio.role != "study" and ratio.pairs]
    if floor:
        blocks.append(Folded("The controls by kind, as voted", (_floor_table(floor),)))
    effective = pd.DataFrame(taus, columns=["dimension", "share_of_q1", "q1_of_real_changes", "tau_in_force"])
    files = {
        "controls.csv": csv_text(pd.DataFrame(rows, columns=list(COLUMNS))),
        "effective-tau.csv": csv_text(effective),
        "ratios.csv": csv_of(material.ratios, Ratio),
    }
    return Section("controls", "What the controls say, and where the margin lies", tuple(blocks), files)


def _floor(material: Material) -> str:
    either = [one for one in material.ratios if one.role == "identical" and one.dimension == "either" and one.pairs]
    if not either:
        return "No identical pairs were judged, so it is unknown how often these listeners hear a change in nothing."
    pairs, different = sum(ratio.pairs for ratio in either), sum(ratio.different for ratio in either)
    return (
        f"Controls are pairs whose truth is known, asked as all others are. Of {many(pairs, 'pair')} in which both "
        f"clips are the same sound, {different:,} {'was' if different == 1 else 'were'} voted different in activation "
        f"or valence ({percent(different / pairs)}): the noise floor below which no plain ratio can be read."
    )


def _sentence(control: ControlCount, tau: str) -> str:
    assert control.margin is not None
    return (
        f"In {control.dimension}, {control.identical_changed} of {many(control.identical, 'identical pair')} came out "
        f"changed (q0 = {figure(control.q0, 3)}) and {control.positive_changed} of "
        f"{many(control.positive, 'positive pair')} (q1 = {figure(control.q1, 3)}). So where {tau} of the pairs truly "
        f"change, {percent(control.margin)} come out changed: that is p*(τ), which the counts of a condition are held "
        "against."
    )


COLUMNS = (
    "dimension",
    "identical",
    "identical_changed",
    "q0",
    "q0_lower",
    "q0_upper",
    "positive",
    "positive_changed",
    "q1",
    "q1_lower",
    "q1_upper",
    "margin",
    "margin_lower",
    "margin_upper",
)


def _row(control: ControlCount, tau: float) -> dict[str, Any]:
    """All figures of one dimension; None where a kind is missing."""
    q0 = wilson(control.identical_changed, control.identical, 0.95) if control.identical else (None, None)
    q1 = wilson(control.positive_changed, control.positive, 0.95) if control.positive else (None, None)
    low, high = _margin_limits(control, tau)
    counts = {name: getattr(control, name) for name in COLUMNS if hasattr(control, name)}
    ends = {"q0_lower": q0[0], "q0_upper": q0[1], "q1_lower": q1[0], "q1_upper": q1[1]}
    return counts | ends | {"margin_lower": low, "margin_upper": high}


def _margin_limits(control: ControlCount, tau: float) -> tuple[float | None, float | None]:
    if control.margin is None:
        return None, None
    counts = (control.identical, control.identical_changed, control.positive, control.positive_changed)
    low, high = mover(Controls(*(np.array([count]) for count in counts)), tau, LIMIT_ERROR)
    return float(low[0]), float(high[0])


def _table(controls: tuple[ControlCount, ...], tau: float) -> Table:
    def cells(control: ControlCount) -> Iterator[str]:
        row = _row(control, tau)
        yield str(control.dimension)
        for name in ("q0", "q1", "margin"):
            yield limits(row[name], row[f"{name}_lower"], row[f"{name}_upper"], 3)

    return Table(
        "Controls that came out changed under the vote rule, with 95 % intervals (Wilson; the margin's by MOVER)",
        ("Dimension", "q0, identical pairs", "q1, positive pairs", "p*(τ), the margin"),
        tuple(tuple(cells(one)) for one in controls),
        "controls.csv",
    )


def _easier(material: Material, taus: list[tuple[str, float, float, float]]) -> Iterator[Block]:
    harder = [row for row in taus if row[1] == 0.8]
    examples = " and ".join(f"{percent(at)} in {dimension}" for dimension, _, _, at in harder)
    yield Words(
        "The positive controls say how many real changes are noticed. If changes that a noise makes are subtler, fewer "
        f"of them are, and a certificate at {material.tau} holds for a larger share only. "
        + (f"Were they noticed 80 % as often, SAFE would mean fewer than {examples}." if harder else "")
    )
    dimensions = list(dict.fromkeys(row[0] for row in taus))
    at = {(row[0], row[1]): row for row in taus}
    shares = sorted({row[1] for row in taus}, reverse=True)
    yield Table(
        "The margin that is really in force, by how often real changes come out changed",
        (
            "Real changes, against positive controls",
            *(f"q1, {d}" for d in dimensions),
            *(f"τ, {d}" for d in dimensions),
        ),
        tuple(
            (
                f"{100 * share:g} %",
                *(figure(at[d, share][2]) if (d, share) in at else MISSING for d in dimensions),
                *(percent(at[d, share][3]) if (d, share) in at else MISSING for d in dimensions),
            )
            for share in shares
        ),
        "effective-tau.csv",
    )


def _floor_table(floor: list[Ratio]) -> Table:
    return Table(
        "Control pairs whose majority says different, with Wilson's 95 % intervals",
        ("Control", "Role", "Question", "Pairs", "Called different", "Ratio"),
        tuple(
            (
                ratio.condition,
                ratio.role,
                ratio.dimension,
                f"{ratio.pairs:,}",
                f"{ratio.different:,}",
                limits(ratio.ratio, ratio.lower, ratio.upper, 3),
            )
            for ratio in floor
        ),
        "ratios.csv",
        "names",
    )
