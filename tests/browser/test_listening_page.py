"""The listening page in a real browser: heard to the end, by keyboard, on a phone, in both colour schemes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import Browser, Page

from pipelines.bins import USUAL_BINS
from pipelines.clip import Clip
from pipelines.corpora.demo import DemoCorpus
from pipelines.design import PairDesign, all_of
from pipelines.listening_page import page as listening
from pipelines.listening_page.choice import choose_heard
from pipelines.pairs import make_pairs
from pipelines.plan import plan_pairs
from pipelines.sounds.demo import DemoSounds
from tests.browser.axe import check_accessible

pytestmark = pytest.mark.browser

DESIGN = PairDesign(
    draws=(all_of(("nat-st", "hum-co-0db", "speed-utterance-0.75x")),),
    identical_controls=2,
    positive_controls=1,
    checks=2,
)
HOSTILE = '<img src=x onerror="window.hacked=1"></script>'


@pytest.fixture(scope="session")
def pairs(demo_folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pairs of five clips, all of which say something hostile."""
    speech, sounds_root = demo_folders
    read = [clip for clip in DemoCorpus(speech).read() if isinstance(clip, Clip)][:5]
    clips = [replace(clip, transcript=HOSTILE * 3) for clip in read]
    sounds, folder = DemoSounds(sounds_root), tmp_path_factory.mktemp("heard")
    plan = plan_pairs(clips, DESIGN, 7, sounds=sounds)
    assert list(make_pairs(plan, sounds, DESIGN, folder, 7, on_problem=lambda problem: None))
    return folder


@pytest.fixture(scope="session")
def address(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page lies, opened as a file as a researcher would."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    about = listening.Page(
        "spring", "earwitness pairs listen --study " + "a-folder-with-a-long-name/" * 4, simulated=True
    )
    listening.write_listening_page(pairs, path, choose_heard(pairs, 2, USUAL_BINS), about)
    return path.as_uri()


OpenPage = Callable[..., Page]


def test_every_player_plays_its_sound_to_the_end(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    players = page.locator("audio")

    for number in range(players.count()):
        player = players.nth(number)
        player.evaluate("player => { player.playbackRate = 4; player.muted = true; return player.play(); }")
        page.wait_for_function("player => player.ended", arg=player.element_handle())
        said = float(player.locator("xpath=..").locator("figcaption span").inner_text().split(" s")[0])
        assert player.evaluate("player => player.duration") == pytest.approx(said, abs=0.06)  # MP3 counts in frames
    assert players.count() >= 2 * 3


def test_only_one_player_sounds_at_a_time(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    first, second = page.locator("audio").nth(0), page.locator("audio").nth(1)

    first.evaluate("player => { player.loop = true; return player.play(); }")
    second.evaluate("player => { player.loop = true; return player.play(); }")

    page.wait_for_function("() => [...document.querySelectorAll('audio')].filter((one) => !one.paused).length === 1")
    assert first.evaluate("player => player.paused")
    assert not second.evaluate("player => player.paused")


def test_a_line_on_the_pictures_shows_what_sounds_unless_motion_is_unwelcome(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    player, line = page.locator("audio").first, page.locator(".head").first

    player.evaluate("player => { player.loop = true; return player.play(); }")
    page.wait_for_function("() => parseFloat(document.querySelector('.head').style.left) > 5")
    assert line.is_hidden()
    page.emulate_media(reduced_motion="no-preference")
    assert line.is_visible()
    player.evaluate("player => player.pause()")
    line.wait_for(state="hidden")


def test_a_keyboard_is_enough_to_skip_to_a_pair_and_hear_it(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the contents"
    assert page.locator(":focus").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "pairs"
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "AUDIO":
            break
    page.keyboard.press("Space")
    page.wait_for_function("() => document.activeElement.currentTime > 0")


def test_the_contents_lead_to_each_condition(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    links = page.locator("nav a")

    assert links.all_inner_texts() == [text.split(" SNR")[0] for text in page.locator("h3").all_inner_texts()]
    links.get_by_text("speed-utterance-0.75x").click()
    page.wait_for_function("() => document.activeElement.textContent.startsWith('speed-utterance')")
    page.get_by_role("link", name="Back to the conditions").first.click()
    page.wait_for_function("() => document.activeElement.id === 'contents'")


def test_a_screen_reader_is_told_what_each_player_and_picture_is(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    names = page.locator("audio").evaluate_all("players => players.map((one) => one.getAttribute('aria-label'))")

    assert len(set(names)) == len(names)
    assert all(name.startswith(("Original, clip ", "Noisy, clip ", "The same again, ", "Another ")) for name in names)
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert page.get_by_role("img").count() == len(names)
    assert len(set(ids)) == len(ids)
    headings = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map((one) => one.tagName)")
    levels = [int(name[1]) for name in headings]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("width", [320, 375, 768])
def test_narrow_screens_need_no_sideways_scrolling(open_page: OpenPage, address: str, width: int) -> None:
    page = open_page(width=width, height=640)
    page.goto(address)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [page.locator(".clips").first.locator("figure").nth(number).bounding_box() for number in (0, 1)]
    assert (boxes[1]["y"] > boxes[0]["y"]) == (width < 641)  # type: ignore[index]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_pictures_stand_out_in_both_colour_schemes(open_page: OpenPage, address: str, scheme: str) -> None:
    page = open_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)

    paper = luminance(page, "body", "backgroundColor")
    assert (paper > 0.5) == (scheme == "light")
    for selector, property_, least in (("body", "color", 7), (".quiet", "color", 7), ("nav a", "color", 4.5)):
        assert contrast(paper, luminance(page, selector, property_)) >= least, selector
    assert contrast(paper, luminance(page, ".picture svg", "fill")) >= 7
    quiet, loud = (shades_of_a_picture(page)[place] for place in (0, -1))
    assert (quiet > loud) == (scheme == "light")  # where nothing sounds it is paper, where it is loud it is ink


def luminance(page: Page, selector: str, property_: str) -> float:
    """Relative luminance by WCAG 2, of a colour as the browser shows it."""
    shown = page.locator(selector).first.evaluate(f"one => getComputedStyle(one).{property_}")
    channels = [int(number) / 255 for number in shown[shown.index("(") + 1 :].rstrip(")").split(",")[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    light, dark = max(one, other), min(one, other)
    return (light + 0.05) / (dark + 0.05)


def shades_of_a_picture(page: Page) -> list[float]:
    """Mean brightness of columns of the first mel picture as it is on the screen, from its quietest to its loudest."""
    shot = imread(io.BytesIO(page.locator(".picture img").first.screenshot()), format="png")
    ink = page.locator("audio").first.evaluate("""async (player) => {
        const bytes = await (await fetch(player.src)).arrayBuffer();
        const heard = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes);
        return [...heard.getChannelData(0)].map(Math.abs);
    }""")
    columns = np.array([part.mean() for part in np.array_split(np.array(ink), 20)])
    shades = [float(part.mean()) for part in np.array_split(shot[..., :3], 20, axis=1)]
    return [shades[place] for place in np.argsort(columns)]


def test_it_can_be_read_and_heard_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    assert page.get_by_role("heading", name="spring").is_visible()
    assert page.locator("audio[controls]").first.is_visible()
    context.close()


def test_what_a_corpus_says_does_nothing(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)

    assert page.get_by_text("<img src=x").count() >= 1
    assert page.evaluate("typeof window.hacked") == "undefined"


def test_nothing_is_fetched_from_anywhere(open_page: OpenPage, address: str) -> None:
    page, fetched = open_page(), []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(address)
    page.locator("audio").first.evaluate("player => player.play()")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")

    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []


def test_axe_finds_nothing(open_page: OpenPage, address: str) -> None:
    page = open_page()
    page.goto(address)
    check_accessible(page)
