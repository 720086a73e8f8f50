"""Tasks that the marketplace shows itself: an HTMLQuestion at an origin of its own, and a QuestionForm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, expect

from app.marketplace.administration import add_invite
from app.marketplace.markup import SCHEMAS

PAGE = """<!doctype html><title>t</title>
<form name="mturk_form" method="post" action="https://www.mturk.com/mturk/externalSubmit">
<input type="hidden" name="assignmentId"><label>What? <input name="said"></label><button>Send</button></form>
<p id="origin"></p><p id="cookie"></p><p id="parent"></p>
<script>
document.forms[0].assignmentId.value = new URLSearchParams(location.search).get("assignmentId");
const look = (id, f) => { let found; try { found = String(f()); } catch (e) { found = "refused"; }
  document.getElementById(id).textContent = found; };
look("origin", () => self.origin); look("cookie", () => document.cookie); look("parent", () => parent.document.title);
</script>"""


def html_question(html: str) -> str:
    return (
        f'<HTMLQuestion xmlns="{SCHEMAS}/2011-11-11/HTMLQuestion.xsd"><HTMLContent><![CDATA[{html}]]></HTMLContent>'
        "<FrameHeight>450</FrameHeight></HTMLQuestion>"
    )


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A real browser's cookies and windows."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.mark.browser
def test_a_page_of_strangers_reaches_nothing_of_ours_and_is_handed_in(
    market: Any, post_hit: Callable[..., str], context: BrowserContext
) -> None:
    hit_id, page = post_hit(Question=html_question(PAGE)), context.new_page()
    page.goto(f"{market.url}/invite/{add_invite(market.database_url, market.keys[0])}")
    page.get_by_role("button", name="Take part").click()
    page.get_by_role("button", name="Accept: Compare two recordings").click()
    task = page.frame_locator("iframe")
    expect(task.locator("#origin")).to_have_text("null")
    expect(task.locator("#cookie")).to_have_text("refused")
    expect(task.locator("#parent")).to_have_text("refused")
    task.get_by_label("What?").fill("joy & more")
    task.get_by_role("button", name="Send").click()
    expect(task.get_by_role("heading", name="Thank you, handed in")).to_be_visible()
    (found,) = market.client().list_assignments_for_hit(HITId=hit_id)["Assignments"]
    assert "joy &amp; more" in found["Answer"]
    page.close()


def test_the_page_alone_is_kept_from_our_origin_too(market: Any, post_hit: Callable[..., str]) -> None:
    hit_id, worker = post_hit(Question=html_question(PAGE)), market.worker()
    page = worker.get(f"/work/{worker.accept(hit_id)['assignmentId']}").text
    frame = re.search(r'<iframe src="([^"]+)"[^>]*sandbox="([^"]+)"', page)
    assert frame is not None
    assert "allow-same-origin" not in frame[2]
    alone = worker.get(f"/frame/{hit_id}")
    policy = alone.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert f'action="{market.url}/mturk/externalSubmit"' in alone.text
    assert requests.get(f"{market.url}/frame/{hit_id}", timeout=30).status_code == 401


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_form_is_shown_filled_in_and_handed_in(market: Any, post_hit: Callable[..., str]) -> None:
    question = (
        f'<QuestionForm xmlns="{SCHEMAS}/2005-10-01/QuestionForm.xsd"><Question><QuestionIdentifier>mood'
        "</QuestionIdentifier><IsRequired>true</IsRequired><QuestionContent><Text>How did it sound?</Text>"
        "</QuestionContent><AnswerSpecification><SelectionAnswer><Selections><Selection><SelectionIdentifier>j"
        "</SelectionIdentifier><Text>Joyful</Text></Selection><OtherSelection/></Selections></SelectionAnswer>"
        "</AnswerSpecification></Question></QuestionForm>"
    )
    hit_id, worker = post_hit(Question=question), market.worker()
    assert "How did it sound?" in worker.get(f"/preview/{hit_id}").text
    path = worker.post_form("/work", f"/{hit_id}/accept").url.partition("/marketplace")[2]
    assert "Please choose" in worker.post_form(path, "/answers").text
    done = worker.post_form(path, "/answers", **{"question-0:other": "calm"})
    assert "Handed in, waiting for approval" in done.text
    (found,) = market.client().list_assignments_for_hit(HITId=hit_id)["Assignments"]
    assert "<OtherSelectionText>calm</OtherSelectionText>" in found["Answer"]


@pytest.mark.parametrize("html", ["", "  "])
def test_an_empty_page_is_refused(market: Any, post_hit: Callable[..., str], html: str) -> None:
    with pytest.raises(Exception, match="HTMLContent is empty"):
        post_hit(Question=html_question(html))
