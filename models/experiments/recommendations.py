"""The paper's recommendations (its section 6), each with the figures that it rests on here."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.report.parts import Block, Heading, Section, Terms, Words
from analysis.tables import Table
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Difference
from models.tables.advice import ADVICE
from models.tables.arms import Arm, Ground, each_once
from models.tables.cells import differences_csv, limits_cell, notes, signed, with_spread
from models.tables.evidence import FAILS, HOLDS, UNTOLD, Evidence, Finding
from models.tables.results import Results
from models.tables.section import noted
from models.tables.ways import cross_ways

FILE = "recommendations.csv"
NOTES = (
    "Holds here: all its parts hold in every label. Does not hold here: a part is refuted in a label. Can't be told: "
    "no part is refuted, and one is neither or lacks its figures. What is said beside decides nothing.",
    "A gain or a loss is there when the limits of the mean over its conditions lie on one side of 0 and its p is below "
    "0.05. 'As on clean' and 'no worse' mean that the limits of what is lost lie above −0.05 in UAR and that the p of "
    "losing just that is below 0.05; 'far from clean', that they lie below it. Means are over the conditions that "
    "all ways of handling noise have.",
    "Verdicts on people are the whitelist's: SAFE, UNSAFE or UNDECIDED; they hold when every condition was judged.",
)
FAMILY = "all figures that decide a recommendation, of all labels"


class Recommendations(Layout):
    """What the paper advises, tried on this corpus."""

    question = "Which of the paper's recommendations hold here?"

    def arms(self, ground: Ground) -> list[Arm]:
        """Those of the full cross."""
        if not ground.tested:
            raise NothingToCompare("recommendations", "no condition is whitelisted; expected at least one")
        return each_once(*(way.arms for way in cross_ways(ground)))

    def table(self, results: Results) -> Section:
        """Each recommendation with its verdict, and the sentences of facts below."""
        evidence = Evidence(results)
        found = [(advice, advice.judge(evidence)) for advice in ADVICE]
        rows = tuple((advice.name, finding.verdict) for advice, finding in found)
        summary = Table("Recommendations of the paper (section 6)", ("About", "Here"), rows)
        blocks: list[Block] = [Words(_headline([finding for _, finding in found])), summary]
        told: dict[tuple[str, str, str], Difference] = {}
        for advice, finding in found:
            told |= {(label, advice.name, what): one for (label, what), one in finding.differences.items()}
            blocks += [Heading(f"{advice.name}: {finding.verdict}"), Words(f"The paper: {advice.text}")]
            blocks.append(Terms(tuple((part.verdict.capitalize(), part.fact) for part in finding.parts)))
            if finding.differences:
                blocks.append(_figures(advice.name, finding.differences))
        return noted(
            "recommendations",
            self.question,
            blocks,
            notes(results, *NOTES, family=FAMILY),
            {FILE: differences_csv(told, results)},
        )


def _headline(found: list[Finding]) -> str:
    said = [finding.verdict for finding in found]
    counts = f"{said.count(HOLDS)} hold here, {said.count(FAILS)} do not, and {said.count(UNTOLD)} can't be told"
    return f"Of {len(found)} recommendations {counts}."


def _figures(name: str, told: Mapping[tuple[str, str], Difference]) -> Table:
    rows = tuple(
        (
            f"{label}: {what}",
            with_spread(signed(one.value), one.sd),
            limits_cell(one.lower, one.upper),
            f"{one.clips:,}",
        )
        for (label, what), one in told.items()
    )
    return Table(
        f"{name}: figures (differences in UAR)", ("Mean over conditions", "UAR", "Limits", "Clips"), rows, FILE
    )
