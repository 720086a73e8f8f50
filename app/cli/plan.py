"""`earwitness plan`: how many pairs and votes a study needs, and what they cost, before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.say import print_table, study_option, tell, track
from app.plan_files import DESIGNS, FOLDER, SETTINGS, settings_planned, what_it_buys

if TYPE_CHECKING:
    from pandas import DataFrame

    from analysis.replay import Pool
    from app.study import Study
    from hits.bill import Measured


@click.command(short_help="Pairs, votes and price for a wished power.")
@study_option
@click.option(
    "--power",
    type=click.FloatRange(0.5, 0.999),
    default=0.9,
    show_default=True,
    help="How often a condition that changes little should be found SAFE.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0.0001, 0.5),
    help="How often one at tau may be called SAFE.  [default: decision.error]",
)
@click.option(
    "--by",
    type=click.Choice(["simulation", "formula"]),
    default="simulation",
    show_default=True,
    help="What is printed: designs simulated whole, or the pairs that each rule of voting needs.",
)
@click.option("--seconds", type=click.FloatRange(1, 600), help="Time of a trial.  [default: pay.expected_s_per_trial]")
def plan(study: Path, power: float, alpha: float | None, by: str, seconds: float | None) -> None:
    """Say what each way of asking costs at the study's wage and fees, and what it finds at its tau.

    Writes designs.csv, plan.csv, curves.csv and curves.svg into plan/ of the study's folder; docs/planning.md says how
    to read them. Reads study.toml and the pairs' manifest where there is one, and spends nothing.
    """
    from analysis.planning import curves_figure, plan_curves, protocols
    from analysis.planning import plan as needed
    from analysis.power import Controls, Skill
    from app.settings import read_settings
    from app.study import read_study
    from app.wiring import with_usual_fees
    from hits.bill import Measured
    from pipelines.whole_file import write_whole

    design = with_usual_fees(read_study(study), read_settings())
    controls = Controls(design.pairs.identical_controls, design.pairs.positive_controls)
    asked, tau = protocols(design.hits, Skill()), design.decision.tau
    error = alpha or design.decision.error
    conditions = len(design.pairs.conditions)
    table = needed(
        asked,
        conditions,
        tau,
        controls,
        design.hits,
        design.pay,
        measured=Measured(s_per_trial=seconds),
        alpha=error,
        power=power,
    )
    most = int(table["pairs"].max()) if table["pairs"].notna().any() else 500
    drawn = plan_curves(asked, tau, controls, error, 2 * most)
    folder = study / FOLDER
    write_whole(folder / "plan.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(folder / "curves.csv", drawn.to_csv(index=False, lineterminator="\n"))
    write_whole(folder / "curves.svg", curves_figure(drawn))
    designs = _designs(design, folder_of_pairs=study / "pairs", measured=Measured(s_per_trial=seconds))
    write_whole(folder / DESIGNS, designs.to_csv(index=False, lineterminator="\n"))
    write_whole(folder / SETTINGS, settings_planned(design))
    shown = (table if by == "formula" else designs).drop(columns=["price_minor"])
    words = shown.astype(object).where(shown.notna(), None).to_numpy().tolist()
    print_table(tuple(shown.columns), words)
    _explain(design, conditions, bool(table["pairs"].isna().any()))
    tell(what_it_buys(study) or "")
    tell(f"{folder / DESIGNS}, plan.csv, curves.csv and curves.svg are written")


def _designs(design: Study, folder_of_pairs: Path, measured: Measured) -> DataFrame:
    """The study's own way of asking and others, each simulated with the pairs that there are or will be."""
    from analysis.plan_designs import design_table, ways

    asked = ways(design.decision, design.hits)
    with_progress = track(iter(asked), "simulating designs", len(asked))
    return design_table(with_progress, _pool(design, folder_of_pairs), design.hits, design.pay, measured=measured)


def _pool(design: Study, folder: Path) -> Pool:
    """How many pairs there are to ask about: those of the manifest, or as many as the design will make."""
    from collections import Counter

    from analysis.replay import Pool
    from pipelines.manifest import FILE_NAME, read_manifest

    if (folder / FILE_NAME).is_file():
        pairs = list(read_manifest(folder / FILE_NAME))
        counts = Counter(pair.condition for pair in pairs if pair.role == "study")
        roles = Counter(pair.role for pair in pairs)
        return Pool(tuple(counts[name] for name in sorted(counts)), roles["identical"], roles["positive"])
    made = [
        round(design.sampling.clips * draw.wanted / len(draw.of) / len(noise))
        for draw in design.pairs.draws
        for noise in draw.of
        for _ in noise
    ]
    return Pool(tuple(max(1, count) for count in made), design.pairs.identical_controls, design.pairs.positive_controls)


def _explain(design: Study, conditions: int, some_missing: bool) -> None:
    pairs = design.pairs
    tell(
        f"{conditions} conditions at tau = {design.decision.tau:g}, with {pairs.identical_controls} "
        f"identical and {pairs.positive_controls} positive controls; the first protocol is the study's own"
    )
    if some_missing:
        tell(
            "Where there are no figures no number of pairs suffices, since the controls are too few: raise "
            "pairs.identical_controls and pairs.positive_controls"
        )
