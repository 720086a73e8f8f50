"""`earwitness nets`: the trained nets of a run, and as files for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened
from app.cli.run_options import run_folder, run_option
from app.cli.say import print_table, study_option, tell


@click.group(short_help="Trained nets, and as files for other programs.")
def nets() -> None:
    """Show the nets of a run, and write them as ONNX."""


@nets.command("list", short_help="The nets of a run.")
@study_option
@run_option
def list_(study: Path, run_name: str) -> None:
    """List each net of a run with what its card says of it."""
    from models.checkpoint import load_card, run_folders

    with opened(study) as wired:
        cards = [load_card(place) for place in run_folders(run_folder(wired, run_name))]
    print_table(
        ("label", "seed", "fold", "net", "trained clips", "best epoch", "test UAR"),
        [(c.label, c.seed, c.fold, c.experiment.net, len(c.train_clips), *_measures(c.measures)) for c in cards],
    )


@nets.command(short_help="Write the nets of a run as ONNX.")
@study_option
@run_option
def export(study: Path, run_name: str) -> None:
    """Write net.onnx beside each net of a run, once ONNX Runtime gives the same answers as torch."""
    from models.checkpoint import load_checkpoint, run_folders
    from models.predicting.onnx_file import export_onnx

    with opened(study) as wired:
        places = run_folders(run_folder(wired, run_name))
        differences = [export_onnx(load_checkpoint(place), place / "net.onnx") for place in places]
    tell(
        f"{len(places)} files net.onnx are written beside their nets; logits differ from torch's by at most "
        f"{max(differences):.1e}"
    )


def _measures(measures: dict[str, float]) -> tuple[int, float]:
    return round(measures["best_epoch"]), measures.get("test_uar", float("nan"))
