"""`earwitness researcher`: roles, removal, tokens, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from app.store.api_tokens import bearer
from app.store.events import latest_events
from app.wiring import wire

PASSWORD = "a long enough password"


@pytest.fixture
def owned(study: Path, earwitness) -> Path:
    """A study with an owner, Ada."""
    assert earwitness("researcher", "add", "ada", "--password", PASSWORD, "--study", study).code == 0
    return study


def test_a_viewer_is_added_made_an_owner_and_removed(owned: Path, earwitness) -> None:
    earwitness("researcher", "add", "vera", "--role", "viewer", "--password", PASSWORD, "--study", owned)
    assert earwitness("researcher", "list", "--study", owned).out == "name\trole\nada\towner\nvera\tviewer\n"
    earwitness("researcher", "add", "vera", "--password", f"{PASSWORD}!", "--study", owned)  # stays what she is
    assert "vera\tviewer" in earwitness("researcher", "list", "--study", owned).out
    assert earwitness("researcher", "role", "vera", "owner", "--study", owned).code == 0
    assert earwitness("researcher", "remove", "ada", "--study", owned).code == 0
    assert earwitness("researcher", "list", "--study", owned).out == "name\trole\nvera\towner\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("remove", "ada"), "ada is the only owner"),
        (("role", "ada", "viewer"), "ada is the only owner"),
        (("remove", "nobody"), "nobody signs in as 'nobody'"),
        (("token", "nobody"), "`earwitness researcher add nobody`"),
        (("revoke", "12345678"), "`earwitness researcher tokens` names them"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(owned: Path, earwitness, words: tuple[str, ...], says: str) -> None:
    ended = earwitness("researcher", *words, "--study", owned)
    assert ended.code == 1
    assert says in ended.err
    assert ended.out == ""


def test_a_token_is_printed_once_listed_by_its_name_and_revoked(owned: Path, earwitness) -> None:
    token = earwitness("researcher", "token", "ada", "--label", "backup", "--study", owned).out.strip()
    database = wire(owned, Settings()).database
    with database.reading() as session:
        assert bearer(session, token) == "ada"
    listed = earwitness("researcher", "tokens", "--study", owned).out
    name = listed.splitlines()[1].split("\t")[0]
    assert token not in listed
    assert "backup" in listed
    assert earwitness("researcher", "revoke", name, "--study", owned).code == 0
    with database.reading() as session:
        assert bearer(session, token) is None
        noted = [(one.kind, one.researcher) for one in latest_events(session, 3)]
    database.dispose()
    assert noted == [("token", "the command line"), ("token", "the command line"), ("people", "the command line")]
