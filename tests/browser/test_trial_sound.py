"""What is counted as heard when something comes between, and how soon after the click a clip begins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_annotator import begin, choose, listen

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Arrive = Callable[[int], str]

#: Notes every context that is made; in the course of which event sound was woken and a clip begun; and of every start
#: how long after the click it was called, and when its first sample leaves.
WATCH = """
    const Made = window.AudioContext;
    window.AudioContext = class extends Made { constructor(...all) { super(...all); window.audioOfPage = this; } };
    window.starts = [];
    window.wakes = [];
    const resume = AudioContext.prototype.resume;
    AudioContext.prototype.resume = function () {
      window.wakes.push(window.event && window.event.type);
      return resume.apply(this);
    };
    document.addEventListener("click", (event) => { window.clickedAt = event.timeStamp; }, true);
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...all) {
      const audio = this.context, fromS = audio.currentTime, clickedAt = window.clickedAt;
      const calledMs = performance.now() - clickedAt, during = window.event && window.event.type;
      setTimeout(() => { // what the device gives out now, which is what the context made its own latency ago
        const { contextTime, performanceTime } = audio.getOutputTimestamp();
        const leavesMs = performanceTime + (fromS - contextTime) * 1000 - clickedAt;
        window.starts.push({ during, calledMs, leavesMs, outputMs: audio.outputLatency * 1000 });
      }, 150);
      return start.apply(this, all);
    };
"""
HIDE = """
    Object.defineProperty(document, "hidden", { configurable: true, get: () => %s });
    document.dispatchEvent(new Event("visibilitychange"));
"""


def heard_s(page: Page, which: str) -> float:
    """What the page would report of a clip."""
    return float(page.locator(f"input[name={which}_s]").input_value())


#: Does something as soon as a clip sounds, before it can have ended, however slow the machine is.
ONCE_IT_SOUNDS = """
    new MutationObserver(([{ target }], looking) => {
      if (target.dataset.state !== "playing") return;
      looking.disconnect();
      %s
    }).observe(document.querySelector("[data-player=%s]"), { attributes: true, attributeFilter: ["data-state"] });
"""


def interrupt(page: Page, which: str, what: str) -> None:
    """Play a clip, and let something come between."""
    page.evaluate(ONCE_IT_SOUNDS % (what, which))
    page.get_by_role("button", name=f"Play the {which} clip").click()


def test_a_page_that_was_hidden_while_a_clip_played_asks_for_that_clip_alone(
    open_page: OpenPage, arrive: Arrive
) -> None:
    page = open_page()
    begin(page, arrive(951))
    page.get_by_role("button", name="Play the first clip").click()
    page.wait_for_selector("[data-player=first][data-heard]")
    first_s = heard_s(page, "first")
    interrupt(page, "second", HIDE % "true")

    expect(page.get_by_text("The sound was interrupted. Only this clip needs hearing again")).to_be_visible()
    assert heard_s(page, "second") == 0
    assert heard_s(page, "first") == first_s > 0
    expect(page.locator("[data-player=second]")).to_have_attribute("data-state", "ready")
    expect(page.locator(".questions:disabled")).to_have_count(1)
    page.evaluate(HIDE % "false")
    page.get_by_role("button", name="Play the second clip").click()
    expect(page.locator(".questions:enabled")).to_have_count(1)


def test_hiding_a_page_on_which_nothing_plays_changes_nothing(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    begin(page, arrive(952))
    listen(page)
    page.evaluate(HIDE % "true")

    expect(page.get_by_text("Both heard.")).to_be_visible()
    expect(page.locator(".questions:enabled")).to_have_count(1)


def test_a_clip_that_was_heard_stays_heard_when_its_second_play_is_interrupted(
    open_page: OpenPage, arrive: Arrive
) -> None:
    page = open_page()
    begin(page, arrive(953))
    listen(page)
    choose(page, "activation", "same")
    interrupt(page, "first", HIDE % "true")

    expect(page.locator("[data-player=first]")).to_have_attribute("data-state", "heard")
    expect(page.locator(".questions:enabled")).to_have_count(1)
    expect(page.locator("input[name=activation][value=same]")).to_be_checked()


def test_a_context_that_is_taken_away_while_it_sounds_voids_that_play(open_page: OpenPage, arrive: Arrive) -> None:
    page = open_page()
    page.add_init_script(WATCH)
    begin(page, arrive(954))
    interrupt(page, "first", "audioOfPage.suspend();")  # as a call does

    expect(page.get_by_text("The sound was interrupted.")).to_be_visible()
    assert heard_s(page, "first") == 0
    page.get_by_role("button", name="Play the first clip").click()
    page.wait_for_selector("[data-player=first][data-heard]")


def test_headphones_that_are_pulled_out_ask_for_both_clips_and_keep_what_was_chosen(
    open_page: OpenPage, arrive: Arrive
) -> None:
    page = open_page()
    begin(page, arrive(955))
    listen(page)
    choose(page, "activation", "different")
    choose(page, "activation_rating", "4")
    interrupt(page, "first", "navigator.mediaDevices.dispatchEvent(new Event('devicechange'));")

    expect(page.get_by_text("Your headphones or speakers changed. Please hear both clips again")).to_be_visible()
    assert heard_s(page, "first") == heard_s(page, "second") == 0
    expect(page.locator(".questions:disabled")).to_have_count(1)
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    listen(page)
    expect(page.locator("input[name=activation][value=different]")).to_be_checked()
    expect(page.locator("input[name=activation_rating][value='4']")).to_be_checked()
    expect(page.get_by_role("button", name="Next")).to_be_enabled()


def test_sound_is_awake_before_the_click_is_over_and_a_clip_begins_in_the_click_itself(
    open_page: OpenPage, arrive: Arrive, capsys: pytest.CaptureFixture[str]
) -> None:
    page = open_page()
    page.add_init_script(WATCH)
    begin(page, arrive(956))
    for which in ("first", "second", "first", "second"):
        box = page.get_by_role("button", name=f"Play the {which} clip").bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.wait_for_timeout(60)  # a finger is down for as long
        page.mouse.up()
        page.wait_for_selector(f"[data-player={which}]:not([data-state=playing])")
        page.wait_for_timeout(200)

    starts = page.evaluate("starts")
    assert page.evaluate("wakes[0]") == "pointerdown"
    assert [start["during"] for start in starts][1:] == ["click"] * 3, starts  # nothing is fetched, decoded, waited for
    assert len(starts) == 4
    with capsys.disabled():  # the figures: start() after the click, and the first sample out, of it the device's own
        for start in starts:
            print(
                "\n  start() {calledMs:.1f} ms, heard {leavesMs:.1f} ms, device {outputMs:.0f} ms".format(**start),
                end="",
            )
