"""One condition: what its votes come to, and its pairs, to be heard beside what people said of each."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import get_args

from flask import Response, render_template, request, send_file
from werkzeug.security import safe_join

from app.auth import signed_in
from app.research.decided import decided_now
from app.research.room import as_csv, missing, number, pages
from app.research.said import COLUMNS, ORDERS, Said, in_order, said_of
from app.serving import Web, served
from app.store.pairs import clip_path, pairs_under
from app.store.progress import judgment_rows
from pipelines.clip import Role

PER_PAGE = 20

ROLES: tuple[Role, ...] = get_args(Role)


@pages.get("/conditions/<name>")
@signed_in
def condition(name: str) -> str | tuple[str, int]:
    """A condition's figures and its pairs, page by page, the most disputed first unless asked otherwise."""
    found = said_under(served(), name)
    role = next((one for one in found if one == request.args.get("role", one)), None)
    if role is None:
        return missing("condition")
    order = request.args.get("order", "")
    order = order if order in ORDERS else next(iter(ORDERS))
    said = found[role]
    last = max(1, -(-len(said.pairs) // PER_PAGE))
    page = min(last, max(1, number("page") or 1))
    return render_template(
        "research/condition.html",
        name=name,
        role=role,
        roles={one: len(theirs.pairs) for one, theirs in found.items()},
        said=said,
        facts=said.pairs[0].pair,
        shown=in_order(said.pairs, order)[(page - 1) * PER_PAGE : page * PER_PAGE],
        first=(page - 1) * PER_PAGE + 1,
        order=order,
        orders={one: words for one, (words, _) in ORDERS.items()},
        page=page,
        last=last,
    )


@pages.get("/conditions/<name>/pairs.csv")
@signed_in
def condition_csv(name: str) -> Response | tuple[str, int]:
    """Every pair of a condition, in all its roles, as a file."""
    rows = pair_rows(served(), name)
    return as_csv(f"pairs-{name}", COLUMNS, rows) if rows else missing("condition")


def pair_rows(web: Web, name: str) -> list[dict[str, object]]:
    """Every pair of a condition in all its roles, as a row; none where there is no such condition."""
    return [one.as_row() for said in said_under(web, name).values() for one in in_order(said.pairs, "pair")]


def said_under(web: Web, name: str) -> dict[Role, Said]:
    """What was said under a condition, by role, the study first; nothing where no pair is under it."""
    with web.database.reading() as session:
        pairs = pairs_under(session, name)
        rows = list(judgment_rows(session, condition=name)) if pairs else []
        now = decided_now(session, web) if rows else None
    decisions = {one.condition: one for one in now.certified.decisions} if now else {}
    met = {one.role for one in pairs}
    return {role: said_of(pairs, rows, role, decisions.get(name)) for role in ROLES if role in met}


@pages.get("/pairs/<pair_id>/clips/<which>")
@signed_in
def clip(pair_id: str, which: str) -> Response | tuple[str, int]:
    """The sound of a pair as it was written for the study, for researchers only."""
    web = served()
    with web.database.reading() as session:
        found = clip_path(session, pair_id, which)
    if found is None:
        return missing("clip")
    inside = safe_join(str(web.folder.resolve() / "pairs"), str(found))
    path = Path(inside or "")
    if inside is None or not path.is_file():
        return missing("file of this clip")
    mimetype = "audio/flac" if path.suffix == ".flac" else mimetypes.guess_type(path.name)[0]
    answer = send_file(path, mimetype=mimetype, conditional=True)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer
