"""`earwitness report`: the study's report, one page that stands alone, with every table beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import require_file
from app.cli.say import command_line, study_option, tell
from app.cli.sifting import judgments_that_fit

if TYPE_CHECKING:
    from app.folder import StudyFolder
    from app.study import Study
    from pipelines.clip import Pair


@click.command(short_help="Write the study's report.")
@study_option
def report(study: Path) -> None:
    """Write report/index.html with its figures and tables, from judgments.csv and whitelist.json.

    The manifest of the pairs and what is known of headphones are used where they are at hand; docs/report.md says what
    each section means.
    """
    from analysis.report.page import write_report
    from analysis.whitelist import Whitelist
    from app.folder import StudyFolder
    from app.study import read_study

    design, folder = read_study(study), StudyFolder(study)
    whitelist = Whitelist.load(require_file(folder.whitelist, "certify"))
    whitelist.verify(require_file(folder.judgments, "judgments export"))
    pairs = _manifest(folder)
    written = write_report(
        judgments_that_fit(folder),
        whitelist,
        folder.report,
        study={
            "name": design.study.name,
            "design": describe(design),
            "pay": {
                "wage floor": f"{design.pay.wage_per_hour:g} {design.pay.currency} an hour",
                "expected time of a trial": f"{design.pay.expected_s_per_trial:g} s",
            },
            "simulated": design.study.simulated or whitelist.simulated,
        },
        command=command_line(),
        pairs=pairs,
        failed_headphones=_failed_headphones(folder, design),
        bins=design.bins,
    )
    if not pairs:
        tell("without the pairs' manifest the report does not say what foretells a change")
    if whitelist.simulated:
        tell("SIMULATED listeners: this report says nothing about people.")
    beside = [path for path in written[1:] if path.suffix == ".csv"]
    tell(f"{written[0]} is written, with {len(beside)} tables as CSV and figures/ beside it")


def _manifest(folder: StudyFolder) -> tuple[Pair, ...]:
    """The pairs that were made here; none for judgments from elsewhere."""
    from pipelines.manifest import FILE_NAME, read_manifest

    path = folder.pairs / FILE_NAME
    return tuple(read_manifest(path)) if path.is_file() else ()


def _failed_headphones(folder: StudyFolder, design: Study) -> frozenset[str] | None:
    """Workers who did not pass the headphone check, by hash; None where none was asked, or nothing is kept of it."""
    from app.settings import read_settings
    from app.store.database import Database
    from app.store.steps import without_headphones

    settings = read_settings()
    asked = design.screening.headphones != "none"
    if not asked or not (settings.database_url or (folder.path / "study.db").is_file()):
        return None
    database = Database(settings.database_url or folder.database_url, lambda: folder.sealing(settings.seal_keys))
    try:
        if database.revision() is None:
            return None
        with database.reading() as session:
            return without_headphones(session, design.screening.headphones_min_right)
    finally:
        database.dispose()


def describe(design: Study) -> tuple[str, ...]:
    """How the study was made, in sentences that a paper could have."""
    from analysis.tables import listed, many

    hits, pairs = design.hits, design.pairs
    votes = "vote" if hits.votes_per_pair == 1 else "votes"
    enough = (
        f"Each pair was judged until “different” led by {hits.lead} votes or no longer could, by at most "
        f"{hits.votes_per_pair} workers."
        if hits.vote_rule == "lead"
        else f"Each pair got {hits.votes_per_pair} {votes}."
        if hits.policy == "fixed"
        else f"Each pair was judged until its majority was certain, by at most {hits.votes_per_pair} workers."
    )
    order = "The original sounded first." if hits.first_clip == "original-first" else "Which clip came first was drawn."
    return (
        f"Speech was that of the corpus {design.corpus.name}, sounds those of "
        f"{listed([place.name for place in design.sounds])}.",
        "Clips were drawn over nine bins of activation and valence, half of them female and half male "
        f"(seed {design.study.seed}).",
        f"There were {many(len(pairs.conditions), 'noise condition')}, and among the pairs "
        f"{many(pairs.identical_controls, 'identical control')} and "
        f"{many(pairs.positive_controls, 'positive control')}.",
        f"Workers heard both clips to their end and said whether activation and valence were the same. {order} "
        f"{enough}",
    )
