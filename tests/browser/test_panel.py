"""A worker of a panel, in a real browser: from the panel's link through every pair and back with what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page

from app.web import Web, create_app
from hits.platforms.panel import Panel, PanelCodes, PanelDesign
from hits.recruiting import Machine
from tests.browser.conftest import TRIALS, serving
from tests.browser.test_annotator import begin, choose, judgments, listen

pytestmark = pytest.mark.browser

CREDIT = "webstudy_credit.aspx?experiment_id=1&credit_token=ab&survey_code={worker}"
DESIGNS = {
    "sona": PanelDesign(preset="sona", redirect_url=f"https://school.sona-systems.com/{CREDIT}"),
    "connect": PanelDesign(preset="connect", codes=PanelCodes(completed="LISTENED8")),
}
IDS = {"sona": "survey_code=8102", "connect": "participantId=P8102&assignmentId=A1&projectId=J1"}


@pytest.fixture(params=sorted(DESIGNS))
def panel(request: pytest.FixtureRequest, web: Web) -> Iterator[tuple[str, Web, str]]:
    """The study on a panel: its name, the study, and the link with a worker's ids."""
    name = request.param
    platform = Panel.of(DESIGNS[name])
    study = web.study.model_copy(update={"hits": web.study.hits.model_copy(update={"platform": "panel"})})
    served = replace(web, platform=platform, study=study, submit_hosts=platform.ways_back(Machine()))
    with serving(lambda _: create_app(served)) as at:
        yield name, served, f"{at}/annotate/?hit=3HIT&{IDS[name]}"


def test_a_panel_s_worker_goes_from_its_link_to_its_way_back(
    panel: tuple[str, Web, str], open_page: Callable[..., Page]
) -> None:
    name, web, link = panel
    page = open_page(360, 740)
    begin(page, link)
    for number in range(TRIALS):
        if number:
            page.wait_for_selector("[data-player=second][data-state=ready]")
        listen(page)
        choose(page, "activation", "same")
        choose(page, "valence", "same")
        page.get_by_role("button", name="Next").click()
        page.wait_for_selector(f"text={number + 2} of {TRIALS}" if number + 1 < TRIALS else "main[data-page=thanks]")
    page.wait_for_selector("main[data-page=thanks]")
    assert (
        len(judgments(web, Panel.of(DESIGNS[name]).arrive(query_of(link), frozenset()).assignment_id or "")) == TRIALS
    )
    if name == "sona":
        back = page.get_by_role("link", name="Hand in").get_attribute("href")
        assert back == f"https://school.sona-systems.com/{CREDIT.format(worker=8102)}"
    else:
        assert page.get_by_text("LISTENED8").is_visible()
    page.goto(link.replace("assignmentId=A1", "assignmentId=A2"))  # once more, under another participation
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("main[data-page=thanks]")


def query_of(link: str) -> dict[str, str]:
    """What stands in a link."""
    return dict(parse_qsl(urlsplit(link).query))


@pytest.mark.parametrize("query", ["", "?hit=3HIT", "?survey_code=1"])
def test_somebody_without_ids_is_told_so(
    panel: tuple[str, Web, str], open_page: Callable[..., Page], query: str
) -> None:
    *_, link = panel
    page = open_page()
    answer = page.context.request.get(link.split("?")[0] + query)
    assert answer.status == 400
    assert "your platform" in answer.text()
