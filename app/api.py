"""What the researcher's pages show and do, for programs: JSON and CSV by token (docs/api.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, g, jsonify, request, url_for
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from app.auth import here
from app.plain_text import is_plain, require_plain
from app.research.asking import Unclear
from app.research.condition import pair_rows
from app.research.overview import judgments_csv
from app.research.room import LARGEST_NUMBER, download, number
from app.research.wishes import wish_for
from app.research.workers import row_of
from app.serving import served
from app.store import api_tokens, people, progress
from app.store import ledger as ledger_store
from app.store import wishes as wish_store
from app.store.events import latest_events
from app.store.workers import worker_facts

PER_PAGE, MOST_PER_PAGE = 500, 5000
BEARER = "Bearer "

Given = ParamSpec("Given")
Told = Response | tuple[Response, int]

pages = Blueprint("api", __name__, url_prefix="/api/v1")
pages.before_request(require_plain)


def by_token(view: Callable[Given, Told]) -> Callable[Given, Told]:
    """Let only programs with a good token ask."""

    @wraps(view)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Told:
        header = request.headers.get("Authorization", "")
        word = header.removeprefix(BEARER).strip() if header.startswith(BEARER) else ""
        web, now = served(), datetime.now(UTC)
        with web.database.reading() as session:
            name = api_tokens.bearer(session, word) if word else None
            found = None if name is None else people.researcher(session, name)
            noted = api_tokens.used_lately(session, word, now)
        if found is None:
            return _no("A good token is needed: `Authorization: Bearer ...`.", 401)
        if not noted:
            with web.database.writing() as session:
                api_tokens.note_use(session, word, now)
        g.researcher = found
        return view(*args, **kwargs)

    return guarded


def _no(sentence: str, status: int) -> tuple[Response, int]:
    return jsonify(error=sentence), status


@pages.errorhandler(HTTPException)
@pages.errorhandler(RateLimitExceeded)
def refused(error: HTTPException) -> tuple[Response, int]:
    """What Flask refuses by itself, for a program."""
    return _no(str(error.description), error.code or 500)


@pages.get("/study")
@by_token
def study() -> Told:
    """The study at a glance. Money in minor units."""
    web = served()
    with web.database.reading() as session:
        seen = asdict(progress.overview(session, web.study.hits, web.study.pay))
    seen["per_hour"] = [{"hour": _plain(hour), "judgments": count} for hour, count in seen["per_hour"]]
    return jsonify(name=web.study.study.name, simulated=web.study.study.simulated, **_row(seen))


@pages.get("/conditions")
@by_token
def conditions() -> Told:
    """Every condition in every role."""
    web = served()
    with web.database.reading() as session:
        return _page(progress.condition_rows(session, web.study.hits))


@pages.get("/conditions/<name>/pairs")
@by_token
def pairs(name: str) -> Told:
    """Every pair of a condition, in all its roles."""
    rows = pair_rows(served(), name)
    return _page(rows) if rows else _no("There is no such condition.", 404)


@pages.get("/judgments")
@by_token
def judgments() -> Told:
    """Every judgment, page by page, in the order in which they came."""
    page, size = _wanted_page()
    with served().database.reading() as session:
        total = progress.count_judgments(session)
        rows = list(progress.judgment_rows(session, limit=size, offset=(page - 1) * size))
    return _paged(rows, page, size, total)


@pages.get("/judgments.csv")
@by_token
def judgments_file() -> Told:
    """The file judgments.csv, whole."""
    return download("judgments.csv", judgments_csv(served()))


@pages.get("/workers")
@by_token
def workers() -> Told:
    """Every worker by hash: time, pay, checks, consistency."""
    web = served()
    with web.database.reading() as session:
        return _page([row_of(one, web.study.pay) for one in worker_facts(session, web.study.pay)])


@pages.get("/ledger")
@by_token
def ledger() -> Told:
    """Every payment, unknown ones first."""
    with served().database.reading() as session:
        return _page(ledger_store.payments(session))


@pages.get("/events")
@by_token
def events() -> Told:
    """What happened, the latest first."""
    with served().database.reading() as session:
        return _page([asdict(one) for one in latest_events(session)])


@pages.get(f"/wishes/<int(max={LARGEST_NUMBER}):wish_id>")
@by_token
def wish(wish_id: int) -> Told:
    """What came of a wish."""
    with served().database.reading() as session:
        found = wish_store.wish(session, wish_id)
    return _no("There is no such wish.", 404) if found is None else jsonify(_row(asdict(found)))


@pages.post("/wishes/<kind>")
@by_token
def make_wish(kind: str) -> Told:
    """Wish for something, with an owner's token; it is carried out by `earwitness run`."""
    if not here().acts:
        return _no("Only an owner's token may act; this one reads.", 403)
    asked = _asked()
    if asked is None:
        return _no("A JSON object is needed, of plain texts and numbers.", 400)
    web = served()
    try:
        with web.database.writing() as session:
            made = wish_for(session, web, kind, asked, here())
    except Unclear as problem:
        return _no(str(problem), 422)
    return jsonify(_row(asdict(made))), 202


def _asked() -> dict[str, str] | None:
    """The fields of a wish as texts; None where they are no JSON object of such."""
    try:
        sent = request.get_json(silent=True)
    except RecursionError:  # brackets within brackets within brackets
        return None
    if not isinstance(sent, dict):
        return None
    asked = {name: str(value) for name, value in sent.items() if value is not None}
    return asked if all(map(is_plain, asked.values())) else None


def _wanted_page() -> tuple[int, int]:
    page, size = (number(name) for name in ("page", "per_page"))
    return max(1, 1 if page is None else page), min(MOST_PER_PAGE, max(1, PER_PAGE if size is None else size))


def _page(rows: Sequence[Mapping[str, Any]]) -> Response:
    """The part of a table that was asked for."""
    page, size = _wanted_page()
    return _paged(rows[(page - 1) * size : page * size], page, size, len(rows))


def _paged(rows: Sequence[Mapping[str, Any]], page: int, size: int, total: int) -> Response:
    asked = {**(request.view_args or {}), "page": page + 1, "per_page": size}
    later = url_for(str(request.endpoint), **asked) if page * size < total else None
    return jsonify(items=[_row(row) for row in rows], page=page, per_page=size, total=total, next=later)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
