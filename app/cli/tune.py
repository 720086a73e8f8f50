"""`earwitness tune`: the settings of a net, chosen by its validation folds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.experiment import bench_of
from app.cli.opening import opened
from app.cli.run_options import (
    experiment_option,
    force_option,
    machine_of,
    machine_options,
    whitelist_of,
)
from app.cli.say import print_table, progress_bar, study_option, tell

if TYPE_CHECKING:
    from models.experiment import Scalar


@click.command(short_help="Choose the settings of a net by its validation folds.")
@study_option
@experiment_option
@click.option("--net", help="Which net, by the name of its file; the experiment's by default.")
@click.option(
    "--trials", type=click.IntRange(1), help="So many candidates of the grid, drawn by the seed.  [default: all]"
)
@machine_options
@force_option
def tune(
    study: Path,
    experiment_file: Path | None,
    net: str | None,
    trials: int | None,
    device: str,
    jobs: int | None,
    dask: str | None,
    force: bool,
) -> None:
    """Train every candidate of a net's published grid on all folds, and rank them by their validation loss.

    The settings of the best are told as the line of TOML that [experiment] takes. The test UAR that is told beside them
    is that of choosing in each fold by its own validation speakers, so no test speaker has a say. Stopped half-way,
    the same command goes on; more trials add to fewer.
    """
    from models.tune import tune as tune_net

    with opened(study) as wired:
        bench = bench_of(wired, experiment_file, None)
        base = bench.base.model_copy(update={"net": net, "net_settings": {}} if net else {})
        wanted = base.augment.conditions == "whitelist"
        whitelist = whitelist_of(wired, force=force) if wanted else None
        bench = replace(bench, base=base, whitelist=whitelist, machine=machine_of(device, jobs, dask))
        events = tune_net(bench, trials)
        first = next(events)
        tuned = None
        with progress_bar("tuning (epochs)", first.total) as step:
            for event in events:
                step(event.done)
                tuned = event.tuned or tuned
    if tuned is None:
        return
    print_table(
        ("label", "settings", "validation loss", "validation UAR", "sd over folds"),
        [
            (one.label, _as_toml(one.settings), one.validation_loss, one.validation_uar, one.validation_uar_sd)
            for one in tuned.candidates
        ],
    )
    for label, uar in tuned.test_uar.items():
        tell(
            f"{label}: net_settings = {_as_toml({**base.net_settings, **tuned.best(label).settings})}; UAR on test "
            f"speakers when each fold chooses by its own validation: {uar:.2f}"
        )


def _as_toml(settings: Mapping[str, Scalar]) -> str:
    """Settings as an inline table; JSON writes these scalars as TOML does."""
    return f"{{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in settings.items())} }}"
