"""Tables as files: one page that stands alone, each table as Markdown, its figures as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

import analysis
from analysis.report.parts import Listed, Section
from analysis.svg import PLOT_CSS
from models.tables.cells import SIMULATED
from models.tables.markdown import as_markdown
from models.tables.results import Facts
from models.tables.strokes import TABLE_CSS
from pipelines.whole_file import write_whole

PAGE = "index.html"


def write_tables(sections: Sequence[Section], facts: Facts, folder: Path) -> tuple[Path, ...]:
    """Write the page, a Markdown file for each section, and their CSV files; the same sections make the same bytes.

    Args:
        sections: of the tables, in their order.
        facts: of all of them.
        folder: made if it is missing; files of the same names are replaced.

    Returns:
        What was written, the page first.

    Raises:
        DiskFull: there is no room.
    """
    written = [folder / PAGE]
    for section in sections:
        texts = {f"{section.name}.md": as_markdown(section), **section.files}
        for name, text in texts.items():
            write_whole(folder / name, text)
            written.append(folder / name)
    write_whole(folder / PAGE, page_of(sections, facts))
    return tuple(written)


def page_of(sections: Sequence[Section], facts: Facts) -> str:
    """One HTML page without scripts or anything from elsewhere; a banner if any of its tables is simulated."""
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(
            [Path(__file__).parent.parent / "templates", Path(analysis.__path__[0]) / "templates"]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters["drawn"] = Markup
    simulated = facts.simulated or any(
        SIMULATED in block.items for section in sections for block in section.blocks if isinstance(block, Listed)
    )
    return rooms.get_template("tables.html").render(
        sections=sections, facts=facts, simulated=simulated, plot_css=PLOT_CSS + TABLE_CSS
    )
