"""Styles and scripts: kept by browsers as long as they stay what they are, and packed where that is understood."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from flask.testing import FlaskClient

from tests.app.test_limits import arrival

STATIC = Path(__file__).parents[2] / "app" / "static"


def sheet_of(client: FlaskClient) -> str:
    found = re.search(r'href="(/static/earwitness.css[^"]*)"', client.get(arrival(1)).text)
    assert found is not None
    return found[1]


def test_what_a_page_names_is_kept_for_a_year(client: FlaskClient) -> None:
    answer = client.get(sheet_of(client))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.data == (STATIC / "earwitness.css").read_bytes()
    assert answer.mimetype == "text/css"


def test_another_version_or_none_is_asked_for_again(client: FlaskClient) -> None:
    for address in ("/static/earwitness.css", "/static/earwitness.css?v=000000000000"):
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_it_is_packed_for_who_can_unpack_it(client: FlaskClient) -> None:
    at = sheet_of(client)
    plain, packed = client.get(at), client.get(at, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_pages_are_never_packed_since_they_hold_what_is_signed(client: FlaskClient) -> None:
    page = client.get(client.post(arrival(1)).headers["Location"], headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers


def test_nothing_outside_the_folder_is_served(client: FlaskClient) -> None:
    for address in ("/static/../web.py", "/static/%2e%2e/web.py", "/static/none.css", "/static/"):
        assert client.get(address).status_code == 404
