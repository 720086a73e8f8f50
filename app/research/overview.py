"""The study at a glance: progress, verdicts so far, agreement, money; and the study's judgments and report as files."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flask import Response, render_template, send_from_directory
from markupsafe import Markup

from app.auth import signed_in
from app.research import figures
from app.research.decided import decided_now, kept
from app.research.room import download, note_download, pages
from app.serving import Web, served
from app.store import progress
from app.store.decision_so_far import decision_so_far
from app.store.events import CLOSED, LAUNCHED, PAUSED, fact, latest_events
from app.store.freshness import state_of_judgments
from app.store.ledger import payments_by_state
from app.store.wishes import latest_wishes
from app.store.work import work
from app.store.workers import workers_now
from hits.judgments_csv import write_judgments

EVENTS_SHOWN = 8
WISHES_SHOWN = 5

#: The report is our own, and self-contained: its styles stand in it, and it runs nothing.
REPORT_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@pages.get("/")
@signed_in
def dashboard() -> str:
    """The study at a glance."""
    return render_template("research/dashboard.html", **_facts(served()))


@pages.get("/live")
@signed_in
def live() -> str:
    """The part of the dashboard that changes while people listen."""
    return render_template("research/_live.html", **_facts(served()))


@pages.get("/judgments.csv")
@signed_in
def judgments() -> Response:
    """Every judgment, in the bytes that `earwitness judgments export` writes."""
    return download("judgments.csv", judgments_csv(served()))


def judgments_csv(web: Web) -> bytes:
    """The file judgments.csv as it stands now."""
    with tempfile.TemporaryDirectory() as folder, web.database.reading() as session:
        path = Path(folder) / "judgments.csv"
        write_judgments(progress.judgment_rows(session), path)
        return path.read_bytes()


@pages.get("/report/")
@pages.get("/report/<path:file>")
@signed_in
def report(file: str = "index.html") -> Response | tuple[str, int]:
    """The study's report and its tables, once it was made."""
    folder = served().folder / "report"
    if not (folder / "index.html").is_file():
        page = render_template(
            "stop.html",
            title="There is no report yet",
            sentence="A report is made from the verdicts.",
            next_step=Markup(
                "Run <code>earwitness certify</code>, then <code>earwitness report</code>, in the study's folder."
            ),
            reason="no-report",
        )
        return page, 404
    answer = send_from_directory(folder.resolve(), file, conditional=False)
    if file.endswith(".csv"):
        note_download(f"report/{file}")
    answer.headers["Content-Security-Policy"] = REPORT_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.get("/healthz")
def healthz() -> Response:
    """Whether pages and database answer."""
    with served().database.reading() as session:
        work(session, "")
    return Response("ok\n", mimetype="text/plain")


def _facts(web: Web) -> dict[str, object]:
    """All that the dashboard shows, read together."""
    study, now = web.study, datetime.now(UTC)
    with web.database.reading() as session:
        seen = progress.overview(session, study.hits, study.pay)
        conditions = progress.condition_rows(session, study.hits)
        fresh = state_of_judgments(session)
        led = decision_so_far(session)
        decided = decided_now(session, web)
        agreed = kept().agreement(fresh, lambda: progress.judgment_rows(session))
        by_state = payments_by_state(session)
        happened = latest_events(session, EVENTS_SHOWN)
        wishes = latest_wishes(session, WISHES_SHOWN)
        at_work = workers_now(session, now)
        facts = {name: fact(session, name) is not None for name in (LAUNCHED, CLOSED, PAUSED)}
    by_name = {row.condition: row for row in decided.certified.decisions} if decided else {}
    led_by_name = {row.condition: row for row in led.conditions} if led else {}
    return {
        "seen": seen,
        "state": figures.state_of(facts, complete=seen.complete, sequential=led is not None),
        "paused": facts[PAUSED],
        "conditions": [
            {**row, "verdict": by_name.get(str(row["condition"])), "led": led_by_name.get(str(row["condition"]))}
            for row in conditions
        ],
        "asked": sum(row["role"] == "study" for row in conditions),
        "decided": decided,
        "agreed": agreed,
        "bars": figures.bars(seen.per_hour, now),
        "cost": figures.cost(seen.spent_minor, seen.pending_minor, seen.cap_minor),
        "payments": by_state,
        "events": happened,
        "wishes": wishes,
        "at_work": at_work,
        "simulated": study.study.simulated or seen.workers_simulated > 0 or (decided is not None and decided.simulated),
        "now": now,
    }
