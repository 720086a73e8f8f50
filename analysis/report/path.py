"""Section: how the evidence grew while judgments came in, where the design looks at it before the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.certification.state import Grounds, State
from analysis.certify import pool_made
from analysis.design_of import design_of
from analysis.designs.base import Design
from analysis.replay import JUDGED, pair_outcomes, replay
from analysis.report.material import Material
from analysis.report.parts import Folded, Plot, Section, Words, csv_of
from analysis.report.path_plot import Step, Way, path_svg
from analysis.tables import Table, many
from analysis.verdicts import Verdict
from analysis.votes import counted

GREATEST = 300.0  # natural logarithms; what is larger is drawn no higher


@dataclass(frozen=True)
class Point:
    """Where a condition stood after a round, as path.csv has it."""

    round: int
    condition: str
    dimension: str
    pairs: int  # that the round had come to
    changed: int
    judgments: int  # spent on the condition until then
    open: bool  # whether further pairs were wanted
    grounds_safe: float  # a ratio, or a p-value, as whitelist.grounds says
    grounds_unsafe: float


def path_section(material: Material) -> Section | None:
    """None where the design looks at the judgments but once."""
    rule, whitelist = material.whitelist.rule, material.whitelist
    if not rule.sequential or not whitelist.conditions:
        return None
    names = tuple(one.condition for one in whitelist.conditions)
    found = pair_outcomes(material.judgments, material.votes, conditions=names)
    design = design_of(rule, material.votes, pool_made(found, material.made))
    states: list[State] = []
    start = design.start(len(names), dimensions=len(JUDGED))
    replay(design, start, found, ended=True, on_round=states.append)
    spent = _spent(material.judgments)
    grounds = [design.grounds(state) for state in states]
    points = [
        point
        for place, name in enumerate(names)
        for state, ground in zip(states, grounds, strict=True)
        for point in _points(state, ground, place, name, spent.get(name, np.zeros(1, np.int64)))
    ]
    decided = {one.condition: one.decision for one in whitelist.conditions}
    ways = tuple(_way(name, decided[name], points, whitelist.grounds == "p-value") for name in names)
    blocks = (
        Words(_lead(states, ways, sum(one.votes for one in whitelist.conditions))),
        Plot(
            path_svg(ways, rule.error, name="path"),
            path_svg(ways, rule.error, name="path-narrow", compact=True),
            _caption(material, design),
        ),
        Folded("Where each condition stopped", (_table(ways, states, names),)),
    )
    return Section("path", "How the evidence grew", blocks, {"path.csv": csv_of(points, Point)})


def _spent(judgments: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """Judgments on the first n pairs of each condition, for n = 0, 1, ...; pairs in the order of opening."""
    rows = counted(judgments).sort_values(["submitted_at", "judgment_id"], kind="stable")
    votes = rows.groupby(["condition", "pair_id"], sort=False).size()
    return {
        str(name): np.concatenate([[0], group.to_numpy().cumsum()])
        for name, group in votes.groupby(level="condition", sort=False)
    }


def _points(state: State, grounds: Grounds, place: int, name: str, spent: np.ndarray) -> list[Point]:
    """Both dimensions of a condition, up to the round in which it stopped."""
    ended = int(state.decided_after[0, place])
    if 0 <= ended < int(state.rounds[0]):
        return []
    most = int(state.pairs[0, place].max())
    return [
        Point(
            int(state.rounds[0]),
            name,
            dimension,
            int(state.pairs[0, place, column]),
            int(state.changed[0, place, column]),
            int(spent[min(most, len(spent) - 1)]),
            bool(state.open[0, place].any()),
            float(grounds.safe[0, place, column]),
            float(grounds.unsafe[0, place, column]),
        )
        for column, dimension in enumerate(JUDGED)
    ]


def _way(name: str, decision: Verdict, points: list[Point], p_values: bool) -> Way:
    """What speaks for either verdict after each round: for SAFE the weaker dimension, for UNSAFE the stronger."""
    own = [point for point in points if point.condition == name]
    rounds: dict[int, list[Point]] = {}
    for point in own:
        rounds.setdefault(point.round, []).append(point)
    steps = [
        Step(
            both[0].judgments,
            min(_log(point.grounds_safe, p_values) for point in both),
            max(_log(point.grounds_unsafe, p_values) for point in both),
        )
        for both in rounds.values()
    ]
    return Way(name, decision, tuple(steps))


def _log(value: float, p_value: bool) -> float:
    """The strength of evidence as a natural logarithm: of a ratio, or of one over a p-value."""
    log = float(np.log(max(value, 1e-300)))
    return max(-GREATEST, min(GREATEST, -log if p_value else log))


def _lead(states: list[State], ways: tuple[Way, ...], collected_votes: int) -> str:
    decided = [way for way in ways if way.decision != "UNDECIDED"]
    study = sum(way.steps[-1].judgments for way in ways if way.steps)
    rounds = many(int(states[-1].rounds[0]), "round") if states else "no round"
    dearest = max((way.steps[-1].judgments for way in ways if way.steps), default=0)
    unread = collected_votes - study
    return (
        f"The design looked at what had come after each of {rounds}; a condition that was settled got no more pairs. "
        f"{len(decided)} of {many(len(ways), 'condition')} were decided, on {many(study, 'judgment')} of study pairs "
        f"in all; the dearest took {dearest:,}."
        + (f" {many(unread, 'judgment')} on pairs beyond that changed nothing." if unread else "")
    )


KINDS = {
    "e-value": "e-value",
    "likelihood-ratio": "likelihood ratio",
    "p-value": "inverse of the sequential p-value",
    "none": "evidence",
}


def _caption(material: Material, design: Design) -> str:
    threshold = design.threshold(len(material.whitelist.conditions))
    return (
        f"Each panel is a condition: the {KINDS[material.whitelist.grounds]} (logarithmic scale) against the judgments "
        f"spent on it. Solid line: for SAFE, in the dimension that has less of it, {design.drawn}. Dashed line: for "
        f"UNSAFE, in the dimension that has more. The dotted line lies at 1/error = {1 / design.error:g}, what a "
        f"single condition would need by itself. {threshold}{' ' if threshold else ''}The mark at the end "
        "of a line is the verdict. Circle: safe. Diamond: undecided. Square: unsafe."
    )


def _table(ways: tuple[Way, ...], states: list[State], names: tuple[str, ...]) -> Table:
    rows = []
    for place, way in enumerate(ways):
        pairs = [int(state.pairs[0, place].max()) for state in states] or [0]
        last = pairs.index(pairs[-1]) + 1  # the round that brought its last pairs
        judgments = way.steps[-1].judgments if way.steps else 0
        rows.append((names[place], way.decision, str(last), f"{pairs[-1]:,}", f"{judgments:,}"))
    return Table(
        "Rounds, pairs and judgments until each condition got no more",
        ("Condition", "Verdict", "Round", "Pairs", "Judgments"),
        tuple(rows),
        "path.csv",
        "verdicts",
    )
