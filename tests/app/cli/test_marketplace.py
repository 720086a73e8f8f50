"""`earwitness marketplace`: keys that work, and links that let workers in."""

from __future__ import annotations

from pathlib import Path

from app.marketplace.administration import knows


def test_a_requester_is_made_listed_and_gets_workers(tmp_path: Path, earwitness) -> None:
    made = earwitness("marketplace", "requester", "add", "The Sound Lab", "--balance", "12.50", "--study", tmp_path)
    assert made.code == 0
    (key, secret) = made.out.splitlines()[1].split("\t")
    assert key.startswith("EWAK")
    assert len(secret) >= 30
    listed = earwitness("marketplace", "requester", "list", "--study", tmp_path)
    assert listed.out.splitlines()[1:] == [f"The Sound Lab\t{key}\t12.50"]
    assert secret not in listed.out
    invite = earwitness("marketplace", "invite", key, "--uses", "3", "--study", tmp_path)
    assert invite.out.startswith("/marketplace/invite/")


def test_an_invite_for_a_key_that_nobody_has_is_refused(tmp_path: Path, earwitness) -> None:
    ended = earwitness("marketplace", "invite", "EWAKNOBODY", "--study", tmp_path)
    assert ended.code == 1
    assert "EWAKNOBODY" in ended.err


def test_a_study_with_a_marketplace_of_its_own_keeps_its_requesters(tmp_path: Path, earwitness) -> None:
    (tmp_path / "marketplace.db").touch()
    made = earwitness("marketplace", "requester", "add", "Lab", "--study", tmp_path)
    assert knows(f"sqlite:///{tmp_path / 'marketplace.db'}", made.out.splitlines()[1].split("\t")[0])
