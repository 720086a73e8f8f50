"""What a worker's pages weigh on the line, sound left out, and how soon they can be used on a slow one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from app.web import Web, create_app
from hits.screening import Screening
from tests.browser.conftest import serving

pytestmark = pytest.mark.browser

MOST_BYTES = 60_000
MOST_REQUESTS = 9  # the page, its style, its scripts, its icon: all but the page at once
RUNS = 3
#: A phone's line as Lighthouse's "slow 4G" and DevTools' former "fast 3G" have it.
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
USABLE = "main button:not([disabled])"


@dataclass
class Loaded:
    """One cold load of a page: bytes by address as they came over the line, and when its first button could be used."""

    usable_ms: float = 0.0
    requests: int = 0
    bytes_by_address: dict[str, int] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """All bytes but those of sound, headers included."""
        return sum(self.bytes_by_address.values())


def load(browser: Browser, address: str) -> Loaded:
    """Open a page in a browser that has met nothing yet, over a slow line."""
    found, addresses, sounds = Loaded(), {}, set()
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", LINE)

    def answered(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["response"]["url"]
        if event["response"]["mimeType"].startswith("audio/"):
            sounds.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in addresses and event["requestId"] not in sounds:
            found.bytes_by_address[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    line.on("Network.responseReceived", answered)
    line.on("Network.loadingFinished", finished)
    page.goto(address, wait_until="commit")
    page.wait_for_selector(USABLE)
    found.usable_ms = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    found.requests = len(found.bytes_by_address)
    context.close()
    return found


@pytest.fixture
def addresses(web: Web, arrive: Callable[[int], str]) -> Iterator[Callable[[str, int], str]]:
    """The address of a page of each kind, for somebody new each time."""
    checking = replace(web, study=web.study.model_copy(update={"screening": Screening(practice=False)}))
    with serving(lambda _: create_app(checking)) as other:

        def address(kind: str, number: int) -> str:
            at = arrive(number)
            if kind == "welcome":
                return at
            host = at.partition("/annotate/")[0]
            at = at.replace(host, other) if kind == "sound-check" else at
            begun = requests.post(at, allow_redirects=False, timeout=10)
            return at.partition("/annotate/")[0] + begun.headers["Location"]

        yield address


@pytest.mark.parametrize(("kind", "first"), [("welcome", 7000), ("sound-check", 7100), ("trial", 7200)])
def test_a_page_is_light(browser: Browser, addresses: Callable[[str, int], str], kind: str, first: int) -> None:
    loads = [load(browser, addresses(kind, first + run)) for run in range(RUNS)]

    print(
        f"{kind}: {loads[0].weight / 1000:.1f} kB in {loads[0].requests} requests, first button after "
        f"{median(one.usable_ms for one in loads):.0f} ms at 1.6 Mbit/s and 150 ms (median of {RUNS})"
    )
    heaviest = max(loads, key=lambda one: one.weight)
    assert heaviest.weight < MOST_BYTES, heaviest.bytes_by_address
    assert max(one.requests for one in loads) <= MOST_REQUESTS, heaviest.bytes_by_address
    page = requests.get(addresses(kind, first + RUNS), timeout=10)
    assert f'data-page="{kind}"' in page.text  # it was this one, not a stop
