"""The study's report: one HTML page that stands alone, its tables as CSV, its figure for print."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from analysis.figures import forest_figure
from analysis.report.agreement import agreement_section
from analysis.report.controls import controls_section
from analysis.report.counting import counting_section
from analysis.report.direction import direction_section
from analysis.report.effects import effects_section
from analysis.report.ending import cite_section, making_section, words_section
from analysis.report.labels import labels_section
from analysis.report.material import Material, StudyFacts
from analysis.report.methods import methods_section
from analysis.report.opening import day, details, headline, tallies
from analysis.report.paper import paper_section
from analysis.report.parts import Section
from analysis.report.path import path_section
from analysis.report.sensitivity import sensitivity_section
from analysis.report.verdicts import verdicts_section
from analysis.report.workers import workers_section
from analysis.svg import PLOT_CSS
from analysis.whitelist import Whitelist
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Pair
from pipelines.whole_file import write_whole


def write_report(
    judgments: pd.DataFrame,
    whitelist: Whitelist,
    folder: Path,
    *,
    study: Mapping[str, object],
    command: str,
    sections: Sequence[Section] = (),
    pairs: Sequence[Pair] = (),
    failed_headphones: Collection[str] | None = None,
    bins: Bins = USUAL_BINS,
) -> tuple[Path, ...]:
    """Write `index.html`, its tables as CSV and `figures/` into a folder.

    The same judgments and whitelist make the same bytes.

    Args:
        judgments: those that the whitelist rests on, as `analysis.votes.read_judgments` gives them.
        whitelist: the verdicts.
        folder: made if it is missing; files of an older report are replaced.
        study: the fields of `StudyFacts`.
        command: what to type to derive all this again.
        sections: those of other rooms, before the methods.
        pairs: the study's manifest, for what foretells a change and for the corpus' means.
        failed_headphones: workers, by hash, who did not pass the headphone check; None where none was asked.
        bins: low, mid and high of the corpus' ratings.

    Returns:
        What was written, index.html first.

    Raises:
        pydantic.ValidationError: `study` has other fields.
        UnknownVariant: the whitelist was made by an aggregator that is not installed here.
    """
    facts = StudyFacts.model_validate(study)
    headphones = None if failed_headphones is None else frozenset(failed_headphones)
    material = Material(judgments, whitelist, facts, tuple(pairs), headphones, bins)
    parts = list(_sections(material, command, sections))
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    written = [folder / "index.html"]
    for part in parts:
        for name, text in part.files.items():
            write_whole(folder / name, text)
            written.append(folder / name)
    for kind in ("png", "pdf"):
        path = folder / "figures" / f"verdicts.{kind}"
        write_whole(path, forest_figure(whitelist.conditions, whitelist.rule.tau, kind))
        written.append(path)
    write_whole(folder / "index.html", _page(material, parts))
    return tuple(written)


def _sections(material: Material, command: str, others: Sequence[Section]) -> Iterator[Section]:
    found = (
        verdicts_section(material),
        controls_section(material),
        path_section(material),
        sensitivity_section(material),
        agreement_section(material),
        workers_section(material),
        labels_section(material),
        effects_section(material),
        direction_section(material),
        paper_section(material),
        counting_section(material),
        making_section(material),
        *others,
        methods_section(material),
        cite_section(material, command),
        words_section(),
    )
    return (section for section in found if section is not None)


def _page(material: Material, sections: Sequence[Section]) -> str:
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters["drawn"] = Markup  # plots and the HTML of other rooms are taken as they are
    rooms.filters["day"] = day
    return rooms.get_template("report.html").render(
        facts=material.facts,
        whitelist=material.whitelist,
        simulated=material.simulated,
        headline=headline(material),
        details=details(material),
        tallies=tallies(material),
        sections=sections,
        plot_css=PLOT_CSS,
    )
