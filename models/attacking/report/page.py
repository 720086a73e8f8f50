"""The files of an attack: the page, the table in the paper's layout, and all figures in full precision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.parts import Code, Heading, Listed, Section
from analysis.svg import PLOT_CSS
from models.attacking.rates import uses
from models.attacking.report.attacks import attacks_section
from models.attacking.report.conditions import conditions_section, gap_section
from models.attacking.report.curves import curves_section
from models.attacking.report.excluded import excluded_section
from models.attacking.report.facts import Facts, notes_of
from models.attacking.report.results import Results
from models.attacking.report.rooms import room
from models.attacking.report.table import MARKDOWN, headline, table_markdown, table_section
from models.tables.strokes import TABLE_CSS
from pipelines.whole_file import write_whole

PAGE, WHOLE, LISTENING = "attack.html", "attack.json", "listening.html"


def write_attack(
    queries: pd.DataFrame, clips: pd.DataFrame, facts: Facts, folder: Path, unlimited: pd.DataFrame | None = None
) -> tuple[Path, ...]:
    """Write everything that is told of an attack on one nets: the same tables make the same bytes.

    Args:
        queries: questions within the budget, of one nets.
        clips: clips of the same.
        facts: of the attack.
        folder: made if it is missing; files of the same names are replaced. A listening page that lies there is
            linked to.
        unlimited: questions of attacks on the waveform where nobody counted.

    Returns:
        What was written, the page first.

    Raises:
        DiskFull: there is no room.
    """
    results = Results(queries, clips, facts, unlimited)
    sections = sections_of(results)
    texts = {name: text for section in sections for name, text in section.files.items()}
    texts[MARKDOWN] = table_markdown(results, notes_of(facts))
    texts[WHOLE] = json.dumps(json_of(results), indent=2, ensure_ascii=False) + "\n"
    heard = (folder / LISTENING).is_file()
    texts[PAGE] = page_of(sections, facts, headline(results), _tallies(results), listening=heard)
    for name, text in texts.items():
        write_whole(folder / name, text)
    return folder / PAGE, *(folder / name for name in texts if name != PAGE)


def sections_of(results: Results) -> tuple[Section, ...]:
    """The page's parts, those that have something to say."""
    facts = results.facts
    notes = Listed(notes_of(facts))
    ending = Section(
        "again", "How to read this, and to get the same again", (notes, Heading("Command"), Code(facts.command))
    )
    parts = (
        table_section(results), curves_section(results), gap_section(results), conditions_section(results),
        attacks_section(results), excluded_section(results), ending,
    )  # fmt: skip
    return tuple(part for part in parts if part is not None)


def page_of(
    sections: Sequence[Section],
    facts: Facts,
    lede: str,
    tallies: Sequence[tuple[str, str, str]] = (),
    *,
    title: str = "How easily are the nets fooled?",
    eyebrow: str = "Decision-boundary attack",
    listening: bool = False,
) -> str:
    """One HTML page without scripts or anything from elsewhere; a banner where anything is simulated."""
    return room().get_template("attack.html").render(
        sections=sections, facts=facts, lede=lede, tallies=tallies, title=title, eyebrow=eyebrow,
        listening=LISTENING if listening else "", css=PLOT_CSS + TABLE_CSS,
    )  # fmt: skip


def _tallies(results: Results) -> list[tuple[str, str, str]]:
    attempts = results.attempts
    queries = len(results.queries) + (0 if results.unlimited is None else len(results.unlimited))
    counts = uses(results.clips).groupby("use")["clips"].sum()
    right, wrong = (int(counts.get(use, 0)) for use in ("attacked", "wrong"))
    clips, speakers = attempts["clip_id"].nunique(), attempts["speaker"].nunique()
    nets = attempts[["label", "seed", "fold"]].drop_duplicates()
    return [
        (
            f"{clips:,}", "clips",
            f"of {speakers:,} speakers, each through the nets that never heard its speaker ({len(nets)} nets)",
        ),
        (f"{queries:,}", "questions", "each counted for its clip; the nets answer with a label and nothing else"),
        (
            f"{wrong:,}", "left out",
            f"since a net is wrong on them without any noise; {right:,} were attacked, each label and seed counted",
        ),
    ]  # fmt: skip


def json_of(results: Results) -> dict[str, Any]:
    """attack.json: how the figures came to be, and the rates."""
    facts, whitelist = results.facts, results.facts.whitelist
    return {
        "format": "earwitness-attack",
        "version": 2,
        "command": facts.command,
        "corpus": facts.corpus,
        "data_sha256": facts.data_sha256,
        "net": facts.net,
        "seed": facts.seed,
        "design": facts.design.model_dump(mode="json"),
        "whitelist": None
        if whitelist is None
        else {"study": whitelist.study, "kind": whitelist.kind, "seal": whitelist.seal},
        "speech_simulated": facts.speech_simulated,
        "whitelist_simulated": bool(whitelist and whitelist.simulated),
        "mapped": facts.mapped,
        "versions": dict(facts.versions),
        "counts": uses(results.clips).to_dict("records"),
        "queries": len(results.queries),
        "notes": list(notes_of(facts)),
        "rates": json.loads(results.rates.to_json(orient="records", double_precision=15)),
    }
