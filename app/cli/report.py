"""`earwitness report`: the study's report, one page that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import require_file
from app.cli.say import command_line, study_option, tell
from app.cli.sifting import judgments_that_fit

if TYPE_CHECKING:
    from app.study import Study


@click.command(short_help="Write the study's report.")
@study_option
def report(study: Path) -> None:
    """Write report/index.html with its figures and tables, from judgments.csv and whitelist.json."""
    from analysis.report import write_report
    from analysis.whitelist import Whitelist
    from app.folder import StudyFolder
    from app.study import read_study

    design, folder = read_study(study), StudyFolder(study)
    whitelist = Whitelist.load(require_file(folder.whitelist, "certify"))
    whitelist.verify(require_file(folder.judgments, "judgments export"))
    page = write_report(
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
    )
    tell(f"{page} is written")


def describe(design: Study) -> tuple[str, ...]:
    """How the study was made, in sentences."""
    hits = design.hits
    votes = (
        f"Each pair was judged by {hits.votes_per_pair} workers."
        if hits.policy == "fixed"
        else f"Each pair was judged until its majority was certain, by at most {hits.votes_per_pair} workers."
    )
    order = "The original sounded first." if hits.first_clip == "original-first" else "Which clip came first was drawn."
    return (
        f"Speech of the corpus {design.corpus.name}, sounds of {', '.join(place.name for place in design.sounds)}.",
        "Clips were drawn over nine bins of activation and valence, half of them female and half male "
        f"(seed {design.study.seed}).",
        f"There were {len(design.pairs.conditions)} noise conditions, and {design.pairs.identical_controls} "
        "identical pairs among them.",
        f"Workers heard both clips to their end and said whether activation and valence were the same. {order} {votes}",
    )
