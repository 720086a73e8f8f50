"""What each way of asking costs and finds, as `earwitness plan` foresaw it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, render_template, send_from_directory
from markupsafe import Markup

from app.auth import signed_in
from app.plan_files import DESIGNS, FOLDER, changed_since, foreseen_ways, what_it_buys
from app.research.room import missing, note_download, pages
from app.serving import served

FILES = (DESIGNS, "plan.csv", "curves.csv", "curves.svg")


@pages.get("/plan")
@signed_in
def plan() -> str | tuple[str, int]:
    """The ways of asking side by side, and the curves of power."""
    web = served()
    ways = foreseen_ways(web.folder)
    if not ways:
        page = render_template(
            "stop.html",
            title="Nobody has planned yet",
            sentence="What each way of asking costs and finds is simulated beforehand.",
            next_step=Markup("Run <code>earwitness plan</code> in the study's folder; it takes half a minute."),
            reason="no-plan",
        )
        return page, 404
    made_at = datetime.fromtimestamp((web.folder / FOLDER / DESIGNS).stat().st_mtime, UTC)
    return render_template(
        "research/plan.html",
        ways=ways,
        buys=what_it_buys(web.folder),
        made_at=made_at,
        changed=changed_since(web.folder, web.study),
    )


@pages.get("/plan/<name>")
@signed_in
def plan_file(name: str) -> Response | tuple[str, int]:
    """A file of the plan."""
    folder = served().folder / FOLDER
    if name not in FILES or not (folder / name).is_file():
        return missing("file of the plan")
    if name.endswith(".csv"):
        note_download(f"plan/{name}")
    answer = send_from_directory(folder.resolve(), name, conditional=False)
    answer.headers["Cache-Control"] = "no-store"
    return answer
