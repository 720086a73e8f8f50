"""The annotator's pages as a program walks them: what it sends, and what it finds in an answer."""

from __future__ import annotations

import re
import time
from html import unescape
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.web import Web

SAME = {"activation": "same", "valence": "same"}
DIFFERENT = {"activation": "different", "valence": "same", "activation_rating": "4", "valence_rating": "2"}
HEARD = {"first_s": "0.1", "second_s": "0.1"}
CLIP_S = 0.1


def query(number: int = 1, **changes: str) -> str:
    """The platform's query for one worker's assignment."""
    said = {
        "assignmentId": f"3ASSIGNMENT{number}",
        "hitId": "3HIT",
        "workerId": f"AWORKER{number}",
        "turkSubmitTo": "https://workersandbox.mturk.com",
    }
    return urlencode({**said, **changes})


def begin(client: FlaskClient, number: int = 1) -> str:
    """Begin as one worker; the address of the worker's own pages."""
    answer = client.post(f"/annotate/?{query(number)}")
    assert answer.status_code == 303
    return str(answer.location)


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def clips(page: TestResponse) -> list[str]:
    """The addresses of a trial's two clips; those of the next trial stand elsewhere."""
    return re.findall(r'data-src="([^"]+)"', page.text)


def kind(page: TestResponse) -> str:
    """Which page this is."""
    found = re.search(r'data-page="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def answer(client: FlaskClient, here: str, said: dict[str, str], *, wait_s: float = 2 * CLIP_S) -> TestResponse:
    """Answer the trial that is shown, after as long as it takes to hear it."""
    fields = hidden(client.get(here))
    time.sleep(wait_s)
    return client.post(f"{here}answer", data={**fields, **HEARD, **said})


def count(web: Web, table: type) -> int:
    """How many rows a table has."""
    with web.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
