"""The ledger: what is unknown on top with what to do, what was refused next, then all that was paid or will be."""

from __future__ import annotations

from flask import Response, render_template

from app.auth import signed_in
from app.research import figures
from app.research.room import as_csv, pages
from app.serving import served
from app.store import ledger as store
from app.store.money import committed_minor, spent_minor
from app.store.wishes import latest_wishes
from app.store.workers import worker_facts

LATEST_SHOWN = 500
WISHES_SHOWN = 10


@pages.get("/ledger")
@signed_in
def ledger() -> str:
    """Every payment, and what people earn an hour."""
    web = served()
    pay = web.study.pay
    with web.database.reading() as session:
        rows = store.payments(session, limit=LATEST_SHOWN)
        by_state = store.payments_by_state(session)
        spent, pending = spent_minor(session)
        committed = committed_minor(session, pay)
        workers = worker_facts(session, pay)
        wishes = [one for one in latest_wishes(session, WISHES_SHOWN) if one.kind in ("settle", "pay", "collect")]
    return render_template(
        "research/ledger.html",
        rows=rows,
        payments=by_state,
        spent=spent,
        pending=pending,
        committed=committed,
        cost=figures.cost(spent, pending, pay.cap_minor),
        workers=[one for one in workers if one.earned.due_s or one.earned.paid_minor or one.earned.owed_minor],
        under=[one for one in workers if one.under(pay)],
        wishes=wishes,
        most=LATEST_SHOWN,
    )


@pages.get("/ledger.csv")
@signed_in
def ledger_csv() -> Response:
    """The whole ledger as a file."""
    with served().database.reading() as session:
        rows = store.payments(session)
    return as_csv("ledger", store.COLUMNS, rows)
