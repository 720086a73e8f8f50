"""A section as Markdown: words and tables; of plots, what they say and where the figures stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analysis.report.parts import Block, Code, Folded, Heading, Html, Listed, Plot, Section, Terms, Words
from analysis.tables import Table

ENTITY = re.compile(r"&(?=#?\w+;)")
ELEMENT = re.compile(r"<(?=\S)")


def as_markdown(section: Section) -> str:
    """The whole section; plots are left to the page.

    >>> print(as_markdown(Section("s", "Why?", (Words("So."), Table("t", ("a", "b"), (("x|y", "1"),))))))
    # Why?
    <BLANKLINE>
    So.
    <BLANKLINE>
    **t**
    <BLANKLINE>
    | a | b |
    |---|---:|
    | x\\|y | 1 |
    <BLANKLINE>
    """
    parts = [f"# {_plain(section.title)}", *(text for block in section.blocks for text in _told(block, 2))]
    return "\n\n".join(parts) + "\n"


def _told(block: Block, level: int) -> Iterator[str]:
    match block:
        case Words(said):
            yield _plain(said)
        case Heading(said):
            yield f"{'#' * level} {_plain(said)}"
        case Listed(items):
            yield "\n".join(f"- {_plain(item)}" for item in items)
        case Terms(pairs):
            yield "\n".join(f"- **{_plain(term)}** {_plain(said)}" for term, said in pairs)
        case Table():
            yield f"**{_plain(block.caption)}**" + (f" ([{block.file}]({block.file}))" if block.file else "")
            yield _table(block)
        case Folded(summary, blocks):
            yield f"{'#' * level} {_plain(summary)}"
            for inner in blocks:
                yield from _told(inner, level + 1)
        case Code(said):
            yield f"```\n{said}\n```"
        case Plot() | Html():
            return


def _plain(said: str) -> str:
    """Words that stay words, whatever a corpus or a class is called: in one line, without HTML or code.

    >>> print(_plain("a `b`\\n# <c>"))
    a \\`b\\` # &lt;c>
    """
    line = ENTITY.sub("&amp;", " ".join(said.splitlines()))
    return ELEMENT.sub("&lt;", line).replace("`", "\\`")


def _table(table: Table) -> str:
    rules = ["---", *("---:" for _ in table.columns[1:])]
    rows = (table.columns, *table.rows)
    lines = ["| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join(rules) + "|", *lines[1:]])
