"""A platform is one file: people come from another package's, and nothing of ours knows its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client

from app.cli.opening import opened
from app.wiring import open_marketplace, wsgi_of
from tests.app.cli.conftest import Ended
from tests.foreign import installed

NOTICEBOARD = '''
"""A sheet of paper on a wall, with tags to tear off."""

from hits.platforms.base import Platform
from hits.recruiting import Arrival, ArrivalRefused, Completion, Machine, PlatformRefused, Traits


class Noticeboard(Platform):
    traits = Traits(
        shared_hits=True, reports=False, pays=False, rejects=False, overturns=False, pauses=False,
        pays_by_itself=False, least_wage={"USD": 1000.0}, longest_title=10,
    )

    @classmethod
    def ways_back(cls, machine):
        return frozenset({"https://wall.example"})

    @classmethod
    def warnings(cls, wave):
        yield "Bring pins."

    def publish(self, offer):
        return offer.token

    def invitation(self, url, platform_hit_id):
        return f"{url}?sheet={platform_hit_id}&tag=1"

    def assignments(self, platform_hit_id):
        return iter(())

    def approve(self, assignment_id, *, though_rejected=False):
        pass

    def reject(self, assignment_id, reason):
        raise PlatformRefused("paper can't say no")

    def bonus(self, worker_id, assignment_id, amount_minor, reason, token, handle=None):
        raise PlatformRefused("paper pays nobody")

    def bonus_sent(self, assignment_id, amount_minor, reason, handle=None):
        return False

    def expire(self, platform_hit_id):
        pass

    pause = expire

    def resume(self, platform_hit_id, lifetime_s):
        pass

    def grow(self, platform_hit_id, places):
        pass

    def message(self, worker_ids, subject, text):
        raise PlatformRefused("paper carries no letters")

    def balance_minor(self):
        return 0

    @staticmethod
    def arrive(query, submit_hosts):
        if not query.get("tag"):
            raise ArrivalRefused("This link has no tag.")
        return Arrival(query["sheet"], f"{query['sheet']}-{query['tag']}", query["tag"], None)

    @staticmethod
    def complete(arrival, outcome="completed", code=None):
        return Completion("https://wall.example/thanks", method="get")
'''


@pytest.fixture
def on_paper(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earwitness: Callable[..., Ended]) -> Path:
    """A study with pairs that recruits by the noticeboard."""
    installed(tmp_path / "site", "hits.platforms", "noticeboard", NOTICEBOARD)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PUBLIC_URL", "https://lab.example")
    monkeypatch.setenv("MARKETPLACE_DATABASE_URL", f"sqlite:///{tmp_path / 'marketplace.db'}")
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace('platform = "mturk"', 'platform = "noticeboard"'))
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    return study


def test_a_study_goes_out_by_it_and_its_people_come_in(on_paper: Path, earwitness: Callable[..., Ended]) -> None:
    published = earwitness("hits", "publish", "--yes", "--study", on_paper)
    assert published.code == 0, published.err
    said = " ".join(published.err.split())
    assert "1000.00 USD that noticeboard asks for at least" in said
    assert "characters and is cut off; 10 are enough" in said
    assert "Bring pins." in said
    link = said[said.index("https://lab.example/annotate/") :].split()[0]

    with opened(on_paper) as wired:
        open_marketplace(wired)
        assert wired.study.pay.fees == "none"
        pages = Client(wsgi_of(wired, "https://lab.example"))
        came = pages.get(link)
        assert came.status_code == 200
        assert "https://wall.example" in came.headers["Content-Security-Policy"]
        assert pages.get(link.replace("&tag=1", "")).status_code == 400
