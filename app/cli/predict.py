"""`earwitness predict`: what trained nets hear in sound files."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.run_options import machine_of
from app.cli.say import progress_bar, tell

if TYPE_CHECKING:
    from models.predicting.confidence import Prediction

path_type = click.Path(path_type=Path)


@click.command(short_help="What trained nets hear in sound files.")
@click.argument("files", nargs=-1, required=True, type=path_type)
@click.option(
    "--nets",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of a run, as my-study/runs/crnn, or of one net.",
)
@click.option("--label", help="activation, valence or emotion, where a run has nets for several.")
@click.option(
    "--enrol",
    multiple=True,
    type=path_type,
    help="A clean clip of the speaker, by which features are normalised; may be given several times.",
)
@click.option("--by-itself", is_flag=True, help="Without --enrol, normalise each file by its own frames.")
@click.option(
    "--reverberant-above-s",
    type=click.FloatRange(0, min_open=True),
    help="A file that sounds like a longer reverberation time is of low confidence.  [default: 0.19, as of a studio]",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:N, or auto.")
def predict(
    files: tuple[Path, ...],
    folder: Path,
    label: str | None,
    enrol: tuple[Path, ...],
    by_itself: bool,
    reverberant_above_s: float | None,
    device: str,
) -> None:
    """Write a line of CSV for each of FILES: label, probabilities, and whether to rely on it.

    All nets of the run are asked, and their probabilities averaged. Features are normalised by the
    speaker's clips that --enrol names; without them by all speakers that a net was trained on, or with --by-itself by
    each file's own frames. Both cost accuracy, and the column normalised_by says which it was. A file that sounds
    reverberant, or whose likeliest class is not likely, is flagged as of low confidence, with the reason. A file that
    can't be heard is named on stderr; the others are still written, and the command ends with 1.
    """
    from models.predicting.recogniser import Recogniser, Unheard
    from models.predicting.reverberance import THRESHOLD_S

    recogniser = Recogniser.load(folder, label, machine=machine_of(device, 1, None))
    if not enrol:
        scale = "each file is normalised by itself" if by_itself else "files are normalised by the training speakers"
        tell(f"without --enrol {scale}, which costs accuracy")
    failed = 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    shares = [f"p_{name}" for name in recogniser.classes_]
    writer.writerow(["file", "label", *shares, "normalised_by", "reverberation_s", "low_confidence", "why"])
    with progress_bar("listening (files)", len(files)) as step:
        above_s = reverberant_above_s or THRESHOLD_S
        each = recogniser.each(files, enrolment=enrol, by_itself=by_itself, reverberant_above_s=above_s)
        for done, found in enumerate(each, start=1):
            if isinstance(found, Unheard):
                failed += 1
                tell(str(found.reason))
            else:
                writer.writerow(_row(found))
            step(done)
    if failed:
        tell(f"{failed} of {len(files)} files can't be heard")
        sys.exit(1)


def _row(found: Prediction) -> list[str]:
    return [
        found.name,
        found.label,
        *(f"{share:.4f}" for share in found.probabilities.values()),
        found.normalised_by,
        "" if found.reverberation_s is None else f"{found.reverberation_s:.2f}",
        "yes" if found.low_confidence else "no",
        "; ".join(found.doubts),
    ]
