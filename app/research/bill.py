"""Before spending: what the next wave asks for and costs, line by line, and the button that says yes."""

from __future__ import annotations

from flask import render_template, request

from app.auth import signed_in
from app.launch import NotPayable, preview, require_publishable
from app.plan_files import what_it_buys
from app.research.asking import Unclear, clips_of
from app.research.room import pages, unclear
from app.serving import served
from app.store.pairs import known_pairs
from hits.batch import TooFewPairs
from hits.bill_lines import NOT_YET
from pipelines.ranking import RankingMissing, RankingWrong


@pages.get("/publish")
@signed_in
def publish() -> str | tuple[str, int]:
    """The bill of the next wave, also where it would be refused; then with the reason."""
    web = served()
    try:
        clips = clips_of(request.args.get("clips", ""))
    except Unclear as problem:
        return unclear(str(problem))
    try:
        found = preview(web.database, web.study, web.folder / "pairs", clips, what_it_buys(web.folder))
    except (TooFewPairs, NotPayable, RankingMissing, RankingWrong) as refused:
        return render_template("research/bill.html", found=None, refused=str(refused), clips=clips)
    with web.database.reading() as session:
        before = len(known_pairs(session))
    refused_why = ""
    try:
        require_publishable(found, web.study)
    except ValueError as refused:
        refused_why = str(refused)
    return render_template(
        "research/bill.html",
        found=found,
        refused=refused_why,
        clips=clips,
        pairs_before=before,
        decides=found.bill.decides or NOT_YET,
    )
