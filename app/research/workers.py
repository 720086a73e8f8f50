"""Workers: their time, pay an hour, checks and consistency; who is invited on, and why."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, render_template

from app.auth import signed_in
from app.research.room import as_csv, missing, pages
from app.serving import served
from app.store.assignments import assignments, steps_taken
from app.store.ledger import payments
from app.store.wishes import latest_wishes
from app.store.workers import WorkerFacts, worker_facts
from hits.pay import Pay, minor_per_major

COLUMNS = (
    "worker",
    "simulated",
    "first_seen_at",
    "last_answer_at",
    "language",
    "assignments",
    "trials",
    "active_s",
    "paid_minor",
    "owed_minor",
    "paid_per_hour",
    "paid_and_owed_per_hour",
    "checks_answered",
    "checks_passed",
    "repeats",
    "consistency",
    "thinking_s",
    "too_fast",
    "compared",
    "agreement",
    "trusted",
    "why",
)
WAGE_COLUMNS = (
    "worker",
    "assignments",
    "active_s",
    "due_s",
    "paid_minor",
    "owed_minor",
    "paid_per_hour",
    "paid_and_owed_per_hour",
    "under_the_floor",
)
WISHES_SHOWN = 20


def row_of(one: WorkerFacts, pay: Pay) -> dict[str, object]:
    """A worker as a row of workers.csv, and of what programs are told."""
    wage, wage_to_be = one.wage_minor, one.wage_to_be_minor
    return {
        "worker": one.worker,
        "simulated": one.simulated,
        "first_seen_at": one.first_seen_at,
        "last_answer_at": one.earned.last_at,
        "language": one.language,
        "assignments": one.earned.assignments,
        "trials": one.earned.trials,
        "active_s": round(one.earned.active_s, 1),
        "due_s": round(one.earned.due_s, 1),
        "paid_minor": one.earned.paid_minor,
        "owed_minor": one.earned.owed_minor,
        "paid_per_hour": None if wage is None else round(wage / minor_per_major(pay.currency), 2),
        "paid_and_owed_per_hour": None if wage_to_be is None else round(wage_to_be / minor_per_major(pay.currency), 2),
        "under_the_floor": one.under(pay),
        "checks_answered": one.checks_answered,
        "checks_passed": one.checks_passed,
        "repeats": one.figures.repeats,
        "consistency": one.figures.consistency,
        "thinking_s": one.figures.thinking_s,
        "too_fast": one.figures.too_fast,
        "compared": one.figures.compared,
        "agreement": one.figures.agreement,
        "trusted": one.trusted,
        "why": one.why,
    }


@pages.get("/workers")
@signed_in
def workers() -> str:
    """Every worker in one table."""
    web = served()
    with web.database.reading() as session:
        found = worker_facts(session, web.study.pay)
        wishes = [one for one in latest_wishes(session, WISHES_SHOWN) if one.kind in ("message", "invite")]
    under = [one for one in found if one.under(web.study.pay)]
    return render_template("research/workers.html", workers=found, under=under, wishes=wishes)


@pages.get("/workers.csv")
@signed_in
def workers_csv() -> Response:
    """The table of workers as a file."""
    return as_csv("workers", COLUMNS, _rows())


@pages.get("/wages.csv")
@signed_in
def wages_csv() -> Response:
    """Time, pay and hourly wage of every worker, for whoever audits them."""
    return as_csv("wages", WAGE_COLUMNS, _rows())


def _rows() -> list[dict[str, object]]:
    web = served()
    with web.database.reading() as session:
        return [row_of(one, web.study.pay) for one in worker_facts(session, web.study.pay)]


@pages.get("/workers/<name>")
@signed_in
def worker(name: str) -> str | tuple[str, int]:
    """One worker: figures, assignments, payments, and the buttons that are about people."""
    web = served()
    with web.database.reading() as session:
        one = next((met for met in worker_facts(session, web.study.pay) if met.worker == name), None)
        if one is None:
            return missing("worker")
        return render_template(
            "research/worker.html",
            one=one,
            assignments=assignments(session, worker=name),
            steps=steps_taken(session, name),
            ledger=payments(session, worker=name),
            wishes=latest_wishes(session, WISHES_SHOWN, {"worker": name}),
            now=datetime.now(UTC),
        )
