"""What `train`, `evaluate` and `attack` share: which run, which whitelist, which clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from analysis.whitelist import Whitelist
    from app.wiring import Wired
    from models.experiment import Experiment
    from models.labelling import LabelName
    from models.training.machine import Machine

Command = TypeVar("Command", bound=Callable[..., Any])

run_option = click.option(
    "--run", "run_name", default="crnn", show_default=True, help="Name of the run: a folder under runs/."
)
force_option = click.option(
    "--force",
    is_flag=True,
    help="Use a whitelist that is reported, as the paper's, or of simulated listeners, as if it were certified.",
)
experiment_option = click.option(
    "--experiment",
    "experiment_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file with an experiment; the study's own [experiment] by default.",
)
whitelist_option = click.option(
    "--whitelist",
    "whitelist_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep to this whitelist; the study's own by default.",
)


def machine_options(command: Command) -> Command:
    """Where to train: --device, --jobs, --dask."""
    for option in (
        click.option("--dask", metavar="ADDRESS", help="Train on a Dask cluster, whose workers see the same files."),
        click.option("--jobs", type=click.IntRange(1), help="Nets trained at once.  [default: one for each core]"),
        click.option(
            "--device", default="auto", show_default=True, help="cpu, cuda (every GPU, a net each), cuda:N, or auto."
        ),
    ):
        command = option(command)
    return command


def machine_of(device: str, jobs: int | None, dask: str | None) -> Machine:
    """Where to train, from the options."""
    from models.training.machine import Machine

    return Machine(device, jobs or -1, dask_address=dask)  # as joblib says one for each core


def experiment_of(wired: Wired, experiment_file: Path | None) -> Experiment:
    """The experiment of a file, or the study's own.

    Raises:
        ExperimentWrong: the file is none.
    """
    from models.experiment import read_experiment

    return read_experiment(experiment_file) if experiment_file else wired.study.experiment


def whitelist_of(wired: Wired, *, force: bool, path: Path | None = None) -> Whitelist | None:
    """The study's whitelist, or that of a file; None where the study has none yet.

    Raises:
        SimulatedWhitelist: its listeners were simulated, the study is not, and nobody insists.
        WhitelistRefused: the file is not a whitelist.
    """
    from analysis.whitelist import Whitelist

    if path is None and not wired.folder.whitelist.exists():
        return None
    whitelist = Whitelist.load(path or wired.folder.whitelist)
    whitelist.require_real(force or wired.study.study.simulated)
    return whitelist


def run_folder(wired: Wired, run_name: str) -> Path:
    """The folder of a run."""
    if run_name in (".", "..") or "/" in run_name or "\\" in run_name:
        raise click.BadParameter(f"found {run_name!r}; expected a plain name, without slashes", param_hint="--run")
    return wired.folder.runs / run_name


def labels_of_run(folder: Path) -> tuple[LabelName, ...]:
    """What the nets of a run recognise.

    Raises:
        CheckpointMissing, CheckpointCorrupt: it has no nets, or broken ones.
    """
    from models.checkpoint import load_card, run_folders

    return tuple(dict.fromkeys(load_card(place).label for place in run_folders(folder)))
