"""`earwitness evaluate`: how well the nets of a run do, clean and in every noise."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened, rated_clips
from app.cli.run_options import force_option, run_folder, run_option, whitelist_of
from app.cli.say import command_line, print_table, progress_bar, study_option, tell


@click.command(short_help="Recall of recognisers, clean and in every noise.")
@study_option
@run_option
@click.option("--all", "every", is_flag=True, help="Conditions that are not SAFE too.")
@force_option
def evaluate(study: Path, run_name: str, every: bool, force: bool) -> None:
    """Unweighted average recall of a run's nets on speakers they never heard: clean, and in each condition.

    With a whitelist, conditions that are not SAFE are left out unless --all is given: under them, the label is no
    longer known.
    """
    from models.evaluate import evaluate as evaluate_nets

    with opened(study) as wired:
        clips = rated_clips(wired)
        conditions = wired.study.pairs.judged
        evaluation = None
        with progress_bar("evaluating (conditions)", len(conditions) + 1) as step:
            for event in evaluate_nets(
                clips,
                wired.sounds(clips),
                conditions,
                run_folder(wired, run_name),
                seed=wired.study.study.seed,
                command=command_line(),
                whitelist=None if every else whitelist_of(wired, force=force),
            ):
                step(event.done)
                evaluation = event.evaluation or evaluation
    if evaluation is None:
        return
    print_table(
        ("dimension", "condition", "UAR", "sd over folds", "change", "clips"),
        [(row.dimension, row.condition, row.uar, row.uar_sd, row.change, row.clips) for row in evaluation.rows],
    )
    if evaluation.left_out:
        tell(f"left out, not SAFE: {', '.join(evaluation.left_out)}")
    if evaluation.simulated:
        tell("SIMULATED speech or listeners: these figures say nothing about recognisers of people's speech.")
