"""A researcher's own words, written in Markdown, as HTML that can do nothing but be read."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

#: Headings of a page start below its own; images would come from elsewhere, and raw HTML could do anything.
LOWEST_HEADING = 3
READER = MarkdownIt("commonmark", {"html": False}).disable("image")


def as_html(text: str) -> Markup:
    """Markdown (CommonMark, without images and raw HTML) as HTML; links open beside the page, so no work is left.

    >>> str(as_html("**Free** to leave.")).strip()
    '<p><strong>Free</strong> to leave.</p>'
    """
    tokens = READER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + LOWEST_HEADING - 1)}"
        for inner in token.children or ():
            if inner.type == "link_open":
                inner.attrSet("target", "_blank")
                inner.attrSet("rel", "noopener noreferrer")
    return Markup(READER.renderer.render(tokens, READER.options, {}))  # noqa: S704 - made of escaped text alone
