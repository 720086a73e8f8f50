"""Researchers in a test: they sign in, fill forms in, and carry tokens."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from app.tables import ResearcherRow
from app.web import Web

PASSWORD = "a long enough password"
PASSWORD_HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")  # a quick one: these tests sign in often


def let_in(web: Web, name: str, role: str = "owner") -> None:
    """Let somebody sign in."""
    with web.database.writing() as session:
        session.add(ResearcherRow(name=name, password_hash=PASSWORD_HASH, role=role, created_at=datetime.now(UTC)))


def word_of(page: TestResponse, name: str = "csrf_token") -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    """Fill in the login form as a person does."""
    token = word_of(client.get("/login"))
    return client.post("/login", data={"csrf_token": token, "name": name, "password": password})


def send(client: FlaskClient, path: str, on: str = "/account", **fields: str) -> TestResponse:
    """Send a form of a page, with the page's own word."""
    return client.post(path, data={"csrf_token": word_of(client.get(on)), **fields})
