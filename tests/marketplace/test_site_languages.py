"""The marketplace speaks what a worker's browser asks for; requesters' programs are answered in English."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from app.marketplace.administration import add_invite
from hits.platforms.mturk.mturk import MTurk
from hits.recruiting import PlatformRefused


@pytest.mark.parametrize(
    ("asked", "opening", "words"),
    [
        ("de", '<html lang="de" dir="ltr">', ("lädt dich ein mitzumachen", "0,63\xa0$ je Aufgabe", "10 Minuten")),
        ("es-MX", '<html lang="es" dir="ltr">', ("te invita a participar", "0,63\xa0US$ por tarea", "10 minutos")),
        ("ar", '<html lang="ar" dir="rtl">', ("دعوة إلى المشاركة", "0.63 دولار أمريكي", "10 دقائق")),
        ("fr", '<html lang="en" dir="ltr">', ("invites you to take part", "$0.63 a task", "10 minutes")),
    ],
)
def test_an_invite_is_in_the_language_that_the_browser_likes_best(
    market: Any, post_hit: Callable[..., str], asked: str, opening: str, words: tuple[str, ...]
) -> None:
    post_hit()
    code = add_invite(market.database_url, market.keys[0])
    page = requests.get(f"{market.url}/invite/{code}", headers={"Accept-Language": asked}, timeout=30).text
    assert opening in page
    for expected in words:
        assert expected in page


def test_what_is_refused_is_refused_in_the_worker_s_language(market: Any) -> None:
    page = requests.get(f"{market.url}/work", headers={"Accept-Language": "de"}, timeout=30)
    assert page.status_code == 401
    assert "Öffne den Einladungslink" in page.text


def test_a_requester_s_program_is_answered_in_english(market: Any) -> None:
    platform = MTurk(f"{market.url}/requester", access_key_id=market.keys[0], secret_access_key=market.keys[1])
    platform._client.meta.events.register(
        "before-sign.mturk.*", lambda request, **_: request.headers.add_header("Accept-Language", "de")
    )
    with pytest.raises(PlatformRefused, match="does not exist"):
        list(platform.assignments("3NONE"))
