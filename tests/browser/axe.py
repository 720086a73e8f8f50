"""What axe-core says of a page at WCAG 2.2 AA."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.pictures import take_pictures

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def check_accessible(page: Page, name: str = "") -> None:
    """Nothing is found on a page as it stands, in light or in dark; its frames too; pictures are taken."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{page.url}, {scheme}\n{found.generate_report()}"
    take_pictures(page, name)
