"""Fingers and magnifiers: what can be tapped is large enough, and no bar covers a page that is magnified."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.test_annotator import begin

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]

FINGER_PX = 44
TOO_SMALL = """([selector, least]) => [...document.querySelectorAll(selector)]
  .filter((one) => one.checkVisibility())
  .map((one) => (one.closest("label") ?? one).getBoundingClientRect())
  .filter((box) => Math.min(box.width, box.height) < least).length"""


@pytest.mark.parametrize("place", ["", "how", "leave"])
def test_whatever_can_be_tapped_is_as_large_as_a_finger(open_page: OpenPage, arrive: Arrive, place: str) -> None:
    page = open_page(320)
    begin(page, arrive(970))
    page.goto(f"{page.url.split('?')[0]}{place}")

    assert (
        page.evaluate(TOO_SMALL, ["main button, .button, footer a, summary, main input:not([type=hidden])", FINGER_PX])
        == 0
    )


def test_on_a_page_magnified_four_times_the_bar_moves_with_the_page(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page(320, 256)
    begin(page, arrive(971))

    assert page.evaluate("getComputedStyle(document.querySelector('.actions')).position") == "static"
