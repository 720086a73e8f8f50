"""Every way in which a worker can come to a stop, looked at in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from app.annotate.room import Halt
from app.annotate.stops import STOPS
from app.study import About
from app.web import Web, create_app
from tests.browser.axe import check_accessible
from tests.browser.conftest import serving
from tests.browser.test_annotator import overflow

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stopping(web: Web) -> Iterator[str]:
    """A server whose worker's room stops for any reason that is asked for."""
    spoken = replace(web, study=web.study.model_copy(update={"study": About(languages=("en", "de", "es", "ar"))}))
    app = create_app(spoken)

    def stop(reason: str) -> str:
        raise Halt(reason)

    app.add_url_rule("/annotate/stop/<reason>", "annotate.stop", stop)
    with serving(lambda _: app) as at:
        yield f"{at}/annotate/stop/"


@pytest.mark.parametrize("reason", STOPS)
def test_a_stop_says_what_happened_and_what_to_do_next(
    stopping: str, browser: Browser, reason: str
) -> None:  # `open_page` would take a page's own status for a complaint
    page = browser.new_page(viewport={"width": 320, "height": 640})
    for language in ("en", "ar"):
        page.goto(f"{stopping}{reason}?lang={language}")
        said = page.locator("main").inner_text().strip().splitlines()
        assert len([line for line in said if line.strip()]) >= 2
        assert page.locator("main").get_attribute("data-reason") == reason
        assert overflow(page) == 0
        check_accessible(page, language)
    page.close()
