"""`earwitness train`: recognisers, one for each label, seed and fold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import labelled_clips, opened
from app.cli.run_options import (
    experiment_of,
    experiment_option,
    force_option,
    machine_of,
    machine_options,
    run_folder,
    run_option,
    whitelist_of,
    whitelist_option,
)
from app.cli.say import command_line, progress_bar, study_option, tell

if TYPE_CHECKING:
    from models.experiment import Experiment


@click.command(short_help="Train recognisers.")
@study_option
@run_option
@experiment_option
@whitelist_option
@click.option("--net", help="Which net, by the name of its file; the experiment's by default.")
@click.option(
    "--augment",
    metavar="WHAT",
    help="nothing, whitelist, everything, or conditions with commas between: noises that clips are heard in too.",
)
@machine_options
@force_option
def train(
    study: Path,
    run_name: str,
    experiment_file: Path | None,
    whitelist_file: Path | None,
    net: str | None,
    augment: str | None,
    device: str,
    jobs: int | None,
    dask: str | None,
    force: bool,
) -> None:
    """Train a net for each label, seed and fold on every labelled clip of the corpus, speakers of a fold kept apart.

    With --whitelist (or an experiment that says so), clips are heard in SAFE noise too, and in no other. Stopped
    half-way, the same command goes on in the very epoch. Each net lies in the run's folder as weights and a card that
    says how it came to be; index.html there shows its curves while it learns.
    """
    from models.training.run_page import watched
    from models.training.train import train as train_nets

    with opened(study) as wired:
        experiment = _changed(experiment_of(wired, experiment_file), net, augment, whitelist_file)
        clips = labelled_clips(wired, experiment.labels, aloud=True)
        folder = run_folder(wired, run_name)
        noisy = experiment.augment.conditions != "nothing"
        events = train_nets(
            clips,
            experiment,
            folder,
            seed=wired.study.study.seed,
            command=command_line(),
            conditions=wired.study.pairs.judged,
            sounds=wired.sounds(clips) if noisy else None,
            whitelist=whitelist_of(wired, force=force, path=whitelist_file) if noisy else None,
            cache=wired.folder.cache,
            bins=wired.study.bins,
            simulated=wired.study.study.simulated,
            machine=machine_of(device, jobs, dask),
        )
        first = next(events)
        tell(first.sentence)
        with progress_bar("training (epochs)", first.total) as step:
            for event in watched(events, folder):
                step(event.done)
                if event.stage != "epoch":
                    tell(event.sentence)
    tell(f"nets are in {folder}; their curves: {folder / 'index.html'}. Next: earwitness evaluate --study {study}")


def _changed(experiment: Experiment, net: str | None, augment: str | None, whitelist_file: Path | None) -> Experiment:
    """An experiment with what the command line says otherwise."""
    from models.experiment import Experiment

    told = experiment.model_dump(exclude_unset=True)
    if net:
        told |= {"net": net, "net_settings": told.get("net_settings", {}) if net == experiment.net else {}}
    wanted = augment or ("whitelist" if whitelist_file else None)
    if wanted:
        words = ("nothing", "whitelist", "everything")
        names = wanted if wanted in words else [name.strip() for name in wanted.split(",") if name.strip()]
        if not names:
            raise click.BadParameter(
                f"found {wanted!r}; expected {', '.join(words)}, or names of conditions", param_hint="--augment"
            )
        told["augment"] = {**told.get("augment", {}), "conditions": names}
    return Experiment.model_validate(told)
