"""`earwitness evaluate`: how well the nets of a run do, clean and in every noise."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import labelled_clips, opened
from app.cli.run_options import (
    force_option,
    labels_of_run,
    machine_of,
    machine_options,
    run_folder,
    run_option,
    whitelist_of,
    whitelist_option,
)
from app.cli.say import command_line, print_table, progress_bar, study_option, tell


@click.command(short_help="Recall of recognisers, clean and in every noise.")
@study_option
@run_option
@click.option("--all", "every", is_flag=True, help="Conditions that are not SAFE too.")
@whitelist_option
@machine_options
@force_option
def evaluate(
    study: Path,
    run_name: str,
    every: bool,
    whitelist_file: Path | None,
    device: str,
    jobs: int | None,
    dask: str | None,
    force: bool,
) -> None:
    """Unweighted average recall of a run's nets on speakers they never heard: clean, and in each condition.

    With a whitelist, conditions that are not SAFE are left out unless --all is given: under them, the label is no
    longer known.
    """
    from models.evaluating.evaluate import evaluate as evaluate_nets
    from models.evaluating.evaluate import row_of

    with opened(study) as wired:
        folder = run_folder(wired, run_name)
        clips = labelled_clips(wired, labels_of_run(folder))
        conditions = wired.study.pairs.judged
        evaluation = None
        with progress_bar("evaluating (conditions)", len(conditions) + 2) as step:
            for event in evaluate_nets(
                clips,
                wired.sounds(clips),
                conditions,
                folder,
                seed=wired.study.study.seed,
                command=command_line(),
                whitelist=None if every else whitelist_of(wired, force=force, path=whitelist_file),
                cache=wired.folder.cache,
                machine=machine_of(device, jobs, dask),
            ):
                step(event.done)
                evaluation = event.evaluation or evaluation
    if evaluation is None:
        return
    print_table(
        ("label", "condition", "UAR", "sd over seeds", "change", "p adjusted", "clips"),
        [
            (row["label"], row["condition"], row["uar"], row["uar_sd"], row["change"], row["p_adjusted"], row["clips"])
            for row in map(row_of, evaluation.rows)
        ],
    )
    if evaluation.left_out:
        tell(f"left out, not SAFE: {', '.join(evaluation.left_out)}")
    if evaluation.mapped:
        tell("the corpus has no ratings of activation and valence: the centres of its categories stand in for them.")
    for note in evaluation.notes:
        tell(note)
    if evaluation.simulated:
        tell("SIMULATED speech or listeners: these figures say nothing about recognisers of people's speech.")
