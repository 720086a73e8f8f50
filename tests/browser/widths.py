"""Does a page need scrolling sideways, and which of its parts are to blame?"""

from __future__ import annotations

from playwright.sync_api import Page

# A part that scrolls within itself (a wide table) hides what sticks out of it.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  const right = (part) => Math.round(part.getBoundingClientRect().right)
  const hides = (part) => part !== null && part !== document.body
    && (getComputedStyle(part).overflowX !== "visible" || hides(part.parentElement))
  return [...document.querySelectorAll("body *")]
    .filter((part) => right(part) > width && !hides(part.parentElement))
    .map((part) => `${part.tagName} .${part.className} to ${right(part)} px: ${part.textContent.trim().slice(0, 60)}`)
}"""


def sticking_out(page: Page) -> list[str]:
    """The parts that make a page wider than its window; none where nobody has to scroll sideways."""
    return [str(part) for part in page.evaluate(STICKING_OUT)]
