"""`earwitness train`: recognisers, one for each dimension and fold."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened, rated_clips
from app.cli.run_options import run_folder, run_option
from app.cli.say import command_line, progress_bar, study_option, tell


@click.command(short_help="Train recognisers.")
@study_option
@run_option
def train(study: Path, run_name: str) -> None:
    """Train the net on every rated clip of the corpus, speakers of a fold kept apart.

    Stopped half-way, the same command goes on with the first fold that is not done. Each net lies in the run's
    folder as weights and a card that says how it came to be.
    """
    from models.train import train as train_nets

    with opened(study) as wired:
        clips = rated_clips(wired, aloud=True)
        folder = run_folder(wired, run_name)
        with progress_bar("training (epochs)", None) as step:
            for event in train_nets(
                clips,
                wired.study.training,
                folder,
                seed=wired.study.study.seed,
                bins=wired.study.bins,
                command=command_line(),
                simulated=wired.study.study.simulated,
            ):
                step(event.done)
                if event.stage == "fold":
                    tell(event.sentence)
    tell(f"nets are in {folder}. Next: earwitness evaluate --study {study}")
