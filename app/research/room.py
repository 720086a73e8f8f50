"""The room that all of a researcher's views share: what every page knows, tables as files, pages that say no."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Response, g, render_template, request, url_for
from markupsafe import Markup, escape

from app.auth import here
from app.plain_text import require_plain
from app.serving import served
from app.store.events import note_event
from hits.pay import money

pages = Blueprint("research", __name__)
pages.before_request(require_plain)

LARGEST_NUMBER = 2**31 - 1  # that every database takes for an id or a place

#: What a spreadsheet takes for a formula where a text begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@pages.context_processor
def known() -> dict[str, object]:
    """What the templates of every page may ask for."""
    study = served().study
    return {
        "study": study,
        "me": g.get("researcher"),
        "amount": lambda minor: money(round(minor), study.pay.currency),
        "form_nonce": lambda: secrets.token_urlsafe(12),
        "has_report": (served().folder / "report" / "index.html").is_file(),
    }


#: An assignment or a worker as events name them.
NAMED = re.compile(
    r"\b(?P<assignment>(?<=assignment )[0-9a-z]+|(?<=assignment_id: )[0-9a-z]+)|\b(?P<worker>w[0-9a-f]{15})\b"
)


@pages.app_template_filter("linked")
def linked(text: str) -> Markup:
    """An event's words, with links to the assignments and workers that it names."""
    parts, at = [], 0
    for found in NAMED.finditer(text):
        if found["assignment"]:
            place = url_for("research.assignment", assignment_id=found.group())
        else:
            place = url_for("research.worker", name=found.group())
        parts += [escape(text[at : found.start()]), Markup('<a href="{}">{}</a>').format(place, found.group())]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def number(name: str) -> int | None:
    """A whole number of the query, as large as ids can be at most; None where none was given."""
    said = request.args.get(name, type=int)
    return None if said is None else max(-LARGEST_NUMBER, min(LARGEST_NUMBER, said))


def missing(what: str) -> tuple[str, int]:
    """The page for a name that nothing here has."""
    page = render_template(
        "stop.html",
        title=f"There is no such {what}",
        sentence="It may belong to another study.",
        next_step="Check the link, or go back to where it came from.",
        reason="missing",
    )
    return page, 404


def unclear(sentence: str) -> tuple[str, int]:
    """The page for a form that can't be used as it is; the browser's way back keeps what was typed."""
    page = render_template(
        "stop.html",
        title="Something is missing",
        sentence=sentence,
        next_step="Go back: what you typed is still there.",
        reason="unclear",
    )
    return page, 422


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Response:
    """A table as a file to keep; who took it is noted."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([_cell(row[column]) for column in columns] for row in rows)
    return download(f"{name}.csv", text.getvalue())


def download(name: str, text: str | bytes) -> Response:
    """A CSV file under the study's name; who took it is noted."""
    note_download(name)
    given = f'attachment; filename="{served().study.study.name}-{name}"'
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": given})


def note_download(name: str) -> None:
    """Note who took a file."""
    with served().database.writing() as session:
        note_event(session, "download", f"{name} was downloaded", here().name)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"  # words of workers and of platforms must not run in anybody's spreadsheet
    return value
