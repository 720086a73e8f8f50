"""The pages of an attack in a browser: they fit a phone, axe finds nothing, clips play, print is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from models.attacking.listening import Found, write_listening
from models.attacking.report.defence import write_defence
from models.attacking.report.page import write_attack
from tests.browser.axe import check_accessible
from tests.browser.widths import sticking_out
from tests.models.made_up_attacks import QUERY, facts, made_up

pytestmark = pytest.mark.browser
NAMES = ("attack", "defence", "listening")
LONG = "earwitness attack --run " + "a-long-folder-name/" * 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages of a made-up attack lie."""
    place = tmp_path_factory.mktemp("attack")
    tone = (0.2 * np.sin(np.arange(8000) / 8)).astype(np.float32)
    one = QUERY | {"clip_id": "a-clip-with-a-long-name-" * 5, "sound_id": "rain"}
    write_listening([Found(one, tone, tone, 16000, 0, 1)], facts(), place)
    write_attack(*made_up(speakers=6, each=3), facts(command=LONG, speech_simulated=True), place)
    nets = {"clean": 1.3, "a-way-of-training-with-a-long-name": 0.7}
    write_defence(
        *made_up(nets=nets, attacks={"noise-boundary": 1.0}, speakers=6, each=3), facts(), place, clean="clean"
    )
    return place


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [320, 1200])
def test_it_fits_its_width_and_axe_finds_nothing(
    open_page: Callable[..., Page], folder: Path, name: str, width: int
) -> None:
    page = open_page(width)
    page.goto((folder / f"{name}.html").as_uri())
    for folded in page.locator("details").all():
        folded.locator("summary").click()
    assert sticking_out(page) == []
    check_accessible(page, f"{name}-{width}")


def test_a_found_clip_and_its_original_can_be_played(open_page: Callable[..., Page], folder: Path) -> None:
    page = open_page()
    page.goto((folder / "listening.html").as_uri())
    players = page.locator("audio")
    assert players.count() == 2
    for number in range(2):
        player = players.nth(number)
        player.evaluate("player => { player.muted = true; return player.play(); }")
        page.wait_for_function("player => player.ended", arg=player.element_handle())


def test_in_print_what_is_folded_is_read(open_page: Callable[..., Page], folder: Path) -> None:
    page = open_page()
    page.goto((folder / "attack.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator("details table").first.evaluate("table => table.checkVisibility({contentVisibilityAuto: true})")
    assert not page.get_by_role("navigation").is_visible()
