"""Events: what happened, by rule, by workers, and by whose hand."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, render_template, request

from app.auth import signed_in
from app.research.room import as_csv, number, pages
from app.serving import served
from app.store.events import event_kinds, latest_events

SHOWN = 100
COLUMNS = ("event_id", "at", "kind", "text", "researcher")


@pages.get("/events")
@signed_in
def events() -> str:
    """The latest events, of one kind or of researchers only where that is asked for."""
    kind, by_hand = request.args.get("kind", ""), request.args.get("by") == "hand"
    before = number("before")
    with served().database.reading() as session:
        found = latest_events(session, SHOWN + 1, kind=kind, by_hand=by_hand, before=before)
        kinds = event_kinds(session)
    return render_template(
        "research/events.html",
        events=found[:SHOWN],
        older=found[SHOWN - 1].event_id if len(found) > SHOWN else None,
        kinds=kinds,
        kind=kind,
        by_hand=by_hand,
    )


@pages.get("/events.csv")
@signed_in
def events_csv() -> Response:
    """Every event as a file."""
    with served().database.reading() as session:
        rows = [asdict(one) for one in latest_events(session)]
    return as_csv("events", COLUMNS, rows)
