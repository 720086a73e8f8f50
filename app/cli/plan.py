"""`earwitness plan`: how many pairs and votes a study needs, and what they cost, before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.say import print_table, study_option, tell

if TYPE_CHECKING:
    from app.study import Study

FOLDER = "plan"


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
@click.option("--seconds", type=click.FloatRange(1, 600), help="Time of a trial.  [default: pay.expected_s_per_trial]")
def plan(study: Path, power: float, alpha: float | None, seconds: float | None) -> None:
    """Say what each way of asking needs at the study's tau, and what it costs at its wage and fees.

    Writes plan/plan.csv, plan/curves.csv and plan/curves.svg into the study's folder; docs/planning.md says how to read
    them. Reads study.toml alone, and spends nothing.
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
    shown = table.drop(columns=["price_minor"])
    words = shown.astype(object).where(shown.notna(), None).to_numpy().tolist()
    print_table(tuple(shown.columns), words)
    _explain(design, conditions, bool(table["pairs"].isna().any()))
    tell(f"{folder / 'plan.csv'}, curves.csv and curves.svg are written")


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
