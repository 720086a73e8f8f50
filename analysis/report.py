"""The study's report: one HTML page that stands alone, its tables as CSV, its figure for print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

import analysis.aggregators
from analysis.aggregators.base import Aggregator
from analysis.agreement import Agreement, agreements
from analysis.figures import forest_figure
from analysis.forest import FOREST_CSS, forest_svg
from analysis.paper_figures import PAPER_AGREEMENT
from analysis.ratings import RatingMeans, rating_means
from analysis.ratios import Ratio, ratios
from analysis.report_tables import (
    agreement_table,
    csv_of,
    figure,
    floor_table,
    left_out_table,
    paper_table,
    rating_table,
    verdict_table,
)
from analysis.votes import left_out
from analysis.whitelist import Whitelist
from pipelines.variants import load
from pipelines.whole_file import write_whole


class StudyFacts(BaseModel):
    """What the report says of a study beyond its judgments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="title of the report")
    design: tuple[str, ...] = Field(default=(), description="sentences on how the study was made")
    pay: Mapping[str, str] = Field(default={}, description="what workers were paid: each a label and a value")
    simulated: bool = Field(default=False, description="whether anything of it is simulated")


class Section(NamedTuple):
    """A block that another room adds to the report; the HTML is taken as it is."""

    title: str
    html: str


class Tally(NamedTuple):
    """A verdict and how many conditions have it."""

    word: str
    conditions: int
    meaning: str


def write_report(
    judgments: pd.DataFrame,
    whitelist: Whitelist,
    folder: Path,
    *,
    study: Mapping[str, object],
    command: str,
    sections: Sequence[Section] | None = None,
) -> Path:
    """Write `index.html`, `ratios.csv`, `agreement.csv`, `ratings.csv` and `figures/` into a folder.

    The same judgments and whitelist make the same bytes.

    Args:
        judgments: those that the whitelist rests on, as `analysis.votes.read_judgments` gives them.
        whitelist: the verdicts.
        folder: made if it is missing; files of an older report are replaced.
        study: the fields of `StudyFacts`.
        command: what to type to derive all this again.
        sections: blocks of others, before the glossary.

    Returns:
        The path of index.html.

    Raises:
        pydantic.ValidationError: `study` has other fields.
        UnknownVariant: the whitelist was made by an aggregator that is not installed here.
    """
    facts = StudyFacts.model_validate(study)
    method = load(analysis.aggregators, whitelist.aggregator, Aggregator)()
    study_ratios, floor = ratios(judgments, method), ratios(judgments, method, "identical")
    agreed = agreements(judgments, by_condition=True)
    means = rating_means(judgments)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    write_whole(folder / "ratios.csv", csv_of([*study_ratios, *floor], Ratio))
    write_whole(folder / "agreement.csv", csv_of(agreed, Agreement))
    write_whole(folder / "ratings.csv", csv_of(means, RatingMeans))
    for kind in ("png", "pdf"):
        drawn = forest_figure(whitelist.conditions, whitelist.rule.tau, kind)
        write_whole(folder / "figures" / f"verdicts.{kind}", drawn)
    gone = left_out(judgments)
    page = _template().render(
        facts=facts,
        whitelist=whitelist,
        simulated=facts.simulated or whitelist.simulated,
        headline=_headline(whitelist, facts.simulated or whitelist.simulated),
        tallies=_tallies(whitelist),
        floor_sentence=_floor_sentence(floor),
        wide=Markup(forest_svg(whitelist.conditions, whitelist.rule.tau, name="wide")),  # noqa: S704
        narrow=Markup(  # noqa: S704
            forest_svg(whitelist.conditions, whitelist.rule.tau, compact=True, name="narrow")
        ),
        forest_css=Markup(FOREST_CSS),  # noqa: S704
        verdicts=verdict_table(whitelist.conditions),
        paper=paper_table(whitelist.conditions),
        paper_agreement=PAPER_AGREEMENT,
        agreement=agreement_table(agreed),
        alpha_note=_alpha_note(agreed, study_ratios),
        ratings=rating_table(means),
        floor=floor_table(floor),
        gone=gone,
        gone_table=left_out_table(gone),
        sections=[Section(section.title, Markup(section.html)) for section in sections or ()],  # noqa: S704
        command=command,
    )
    write_whole(folder / "index.html", page)
    return folder / "index.html"


def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return rooms.get_template("report.html")


def _headline(whitelist: Whitelist, simulated: bool) -> str:
    votes = sum(found.votes for found in whitelist.conditions)
    people = "simulated listener" if simulated else "person" if whitelist.workers == 1 else "people"
    if simulated and whitelist.workers != 1:
        people += "s"
    return (
        f"{whitelist.workers:,} {people} compared {whitelist.pairs:,} pairs of clips under {len(whitelist.conditions)} "
        f"noise conditions, {votes:,} judgments in all: does the noisy clip carry the same activation and the same "
        f"valence as the original?"
    )


def _tallies(whitelist: Whitelist) -> tuple[Tally, ...]:
    meanings = {
        "SAFE": "people hear the same emotion",
        "UNDECIDED": "the judgments do not tell yet",
        "UNSAFE": "people hear another emotion too often",
    }
    decisions = [found.decision for found in whitelist.conditions]
    return tuple(Tally(word, sum(found == word for found in decisions), meaning) for word, meaning in meanings.items())


def _floor_sentence(floor: Sequence[Ratio]) -> str:
    either = [ratio for ratio in floor if ratio.dimension == "either" and ratio.pairs]
    if not either:
        return "No identical pairs were judged, so it is unknown how often these listeners hear a change in nothing."
    pairs, different = sum(ratio.pairs for ratio in either), sum(ratio.different for ratio in either)
    return (
        f"Of {pairs:,} pairs in which both clips are the same sound, {different:,} were called different "
        f"({figure(different / pairs, 3)}): the floor below which no ratio can be read."
    )


def _alpha_note(agreed: Sequence[Agreement], found: Sequence[Ratio]) -> str:
    either = [ratio for ratio in found if ratio.dimension == "either"]
    pairs = sum(ratio.pairs for ratio in either)
    rare = sum(ratio.different for ratio in either) / pairs if pairs else 0.0
    row = next(row for row in agreed if row.condition is None and row.question == "either")
    return (
        f"Here {rare:.0%} of the pairs are called different, with pairwise agreement {figure(row.pairwise)} and alpha "
        f"{figure(row.alpha)}."
    )
