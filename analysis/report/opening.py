"""The head of the report: the study in a paragraph, and how many conditions have which verdict."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from analysis.report.material import Material
from analysis.tables import listed, many
from analysis.votes import counted
from pipelines.clip import Role

MEANINGS = {
    "SAFE": "people hear the same emotion",
    "UNDECIDED": "the judgments do not tell yet",
    "UNSAFE": "people hear another emotion too often",
}


CONTROLS: tuple[Role, ...] = ("identical", "positive")


class Tally(NamedTuple):
    """A verdict and how many conditions have it."""

    word: str
    conditions: int
    meaning: str


def tallies(material: Material) -> tuple[Tally, ...]:
    """Each verdict, also those that no condition has."""
    decisions = [str(found.decision) for found in material.whitelist.conditions]
    return tuple(Tally(word, decisions.count(word), meaning) for word, meaning in MEANINGS.items())


def headline(material: Material) -> str:
    """The study in a sentence."""
    whitelist = material.whitelist
    votes = sum(found.votes for found in whitelist.conditions)
    one, several = ("simulated listener", None) if material.simulated else ("person", "people")
    return (
        f"{many(whitelist.workers, one, several)} compared {many(whitelist.pairs, 'pair')} of clips under "
        f"{many(len(whitelist.conditions), 'noise condition')}, {many(votes, 'judgment')} in all: does the noisy clip "
        "carry the same activation and the same valence as the original?"
    )


def details(material: Material) -> str:
    """When, in which languages and by which design, as a paragraph."""
    whitelist, rows = material.whitelist, material.judgments
    controls: dict[str, int] = {role: int(counted(rows, role)["pair_id"].nunique()) for role in CONTROLS}
    sentences = [
        f"Judgments came {period(rows['submitted_at'].min(), rows['submitted_at'].max())}." if len(rows) else "",
        _languages(whitelist.languages, whitelist.page_languages),
        _controls(**controls),
        f"The design: {whitelist.rule.kind.summary}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _controls(identical: int, positive: int) -> str:
    kinds = [
        (identical, "identical control", "in which both clips are the same sound"),
        (positive, "positive control", "in which the emotion is known to differ"),
    ]
    said = [f"{many(count, name)}, {what}" for count, name, what in kinds if count]
    return f"Controls among the pairs: {'; '.join(said)}." if said else "There were no controls among the pairs."


def _languages(speech: tuple[str, ...], pages: tuple[str, ...]) -> str:
    of_pages = f", of the pages {listed(pages)}" if pages else ""
    return f"Language of the speech: {listed(speech)}{of_pages}." if speech else ""


def period(first: datetime, last: datetime) -> str:
    """From which day to which.

    >>> period(datetime(2026, 1, 31), datetime(2026, 2, 3)), period(datetime(2026, 1, 31), datetime(2026, 1, 31))
    ('from 31 January 2026 to 3 February 2026', 'on 31 January 2026')
    """
    return f"on {day(first)}" if first.date() == last.date() else f"from {day(first)} to {day(last)}"


def day(at: datetime) -> str:
    """A day as people write it.

    >>> day(datetime(2026, 2, 3))
    '3 February 2026'
    """
    return f"{at.day} {at:%B %Y}"
