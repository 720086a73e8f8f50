"""Pictures of a page as it stands, on a phone and on a desk, by day and by night; `make screenshots` asks for them."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page

SIZES = ((360, 740), (1200, 800))
TAKEN: Counter[str] = Counter()  # by test


def take_pictures(page: Page, name: str = "") -> None:
    """Four pictures of a page in the folder EARWITNESS_SCREENSHOTS; nothing where that is not set.

    Args:
        page: any page of ours.
        name: of what it shows, after the test's own name and the number of the picture.
    """
    folder = os.environ.get("EARWITNESS_SCREENSHOTS")
    if not folder:
        return
    test = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
    TAKEN[test] += 1
    words = re.sub(r"[^a-z0-9]+", "-", f"{test.removeprefix('test_')}".lower()).strip("-")
    stem = f"{words}-{TAKEN[test]:02d}" + (f"-{name}" if name else "")
    before = page.viewport_size
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.screenshot(path=Path(folder) / f"{stem}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if before:
        page.set_viewport_size(before)
