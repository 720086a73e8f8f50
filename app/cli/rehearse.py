"""`earwitness rehearse`: the whole study with simulated listeners, in compressed time, before a cent is spent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.say import print_table, progress_bar, study_option, tell

if TYPE_CHECKING:
    from app.findings import Findings
    from app.study import Study


@click.command(short_help="The whole study with simulated listeners, before a cent is spent.")
@study_option
@click.option("--workers", type=click.IntRange(1, 20_000), help="How many come at most.  [default: rehearsal.workers]")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Of who comes and what they say.  [default: the study's]"
)
@click.option("--conditions", metavar="NAMES", default="", help="Only these conditions, with commas between them.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Of each condition's pairs: a part takes as much less time.",
)
@click.option(
    "--json", "to", type=click.Path(path_type=Path, dir_okay=False), help="Write all that was found to a file."
)
def rehearse(
    study: Path, workers: int | None, seed: int | None, conditions: str, share: float, to: Path | None
) -> None:
    """Say what a launch would cost, how long it would take and what it would decide.

    Simulated listeners ([rehearsal] in study.toml) come to the real pages and the real marketplace, on a copy that is
    gone in the end; days pass in minutes. Nothing of the study is written, and no platform is called.
    """
    from app.dry_run import Choice
    from app.settings import read_settings
    from app.study import read_study
    from app.wiring import with_usual_fees

    design = with_usual_fees(read_study(study), read_settings())
    if workers is not None:
        design = design.model_copy(update={"rehearsal": design.rehearsal.model_copy(update={"workers": workers})})
    names = tuple(name.strip() for name in conditions.split(",") if name.strip())
    found = _found(study, design, Choice(names, share), design.study.seed if seed is None else seed)
    _show(found, design)
    if to is not None:
        to.write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
        tell(f"All of it: {to}")


def _found(study: Path, design: Study, choice: object, seed: int) -> Findings:
    """Rehearse in a folder that is gone afterwards."""
    from tempfile import TemporaryDirectory

    from app.dry_run import Choice, play
    from app.findings import findings
    from app.folder import StudyFolder
    from app.launch import read_pairs
    from hits.judgment import ASKED_ROLES

    assert isinstance(choice, Choice)
    folder = StudyFolder(study).pairs
    pairs = [pair for pair in read_pairs(folder) if pair.role in ASKED_ROLES]
    with TemporaryDirectory(prefix="earwitness-rehearsal-") as stage:
        with progress_bar("rehearsing (pairs decided)", sum(p.role in ASKED_ROLES for p in choice.of(pairs))) as step:
            played = play(folder, design, choice, Path(stage), seed, step)
        try:
            return findings(played, design, seed, len(pairs))
        finally:
            played.wired.database.dispose()


def _show(found: Findings, design: Study) -> None:
    """The figures, the verdicts, and what to bear in mind."""
    from app.dry_run import STAGED_ON
    from app.findings import rows

    print_table(("what", "value"), rows(found))
    print_table(
        ("condition", "pairs", "verdict", "activation", "truly", "valence", "truly", "came out"),
        [
            (
                one.condition,
                one.pairs,
                one.decision,
                one.ratio[0],
                one.truth[0],
                one.ratio[1],
                one.truth[1],
                one.came_out,
            )
            for one in found.decisions
        ],
    )
    for note in found.notes:
        tell(f"Note: {note}")
    if found.missing:
        tell(f"{found.missing} judgments found nobody: let more workers come (rehearsal.workers), or ask less.")
    if found.share < 1:
        tell("This was a part of the study: the whole costs and takes more, and decides on more conditions.")
    if design.hits.platform != STAGED_ON:
        tell(f"Listeners came by our own marketplace in place of {design.hits.platform}, whose fees are counted.")
    tell("SIMULATED listeners: these figures are of the plan, and say nothing about people.")
