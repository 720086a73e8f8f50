"""Evidence: measured tables and a whitelist, asked whether what a recommendation says is so here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from analysis.tables import listed, many
from analysis.verdicts import Verdict
from models.measures.measured import Difference, adjusted
from models.measures.predictions import CLEAN
from models.tables.arms import ENVIRONMENT
from models.tables.cells import LEVEL, limits_cell, signed
from models.tables.paper import in_order, row_name
from models.tables.results import Asked, Results
from models.tables.ways import Way, compared, cross_ways, mean_gain

Said: TypeAlias = Literal["holds here", "does not hold here", "can't be told", "beside"]
HOLDS: Final = "holds here"
FAILS: Final = "does not hold here"
UNTOLD: Final = "can't be told"
BESIDE: Final = "beside"  # decides nothing
MARGIN: Final = 0.05  # of UAR: less is called as on clean, more is called far from clean


@dataclass(frozen=True)
class Part:
    """One thing that a recommendation says, and what is found of it."""

    verdict: Said
    fact: str


@dataclass(frozen=True)
class Question:
    """Whether differences in UAR lie on the wanted side of a line.

    Args:
        label: of the nets.
        what: the beginning of the sentence of facts.
        differences: by what they are; None where one was not measured. Their p is about the line.
        wanted: 1 above, -1 below.
        need: whether one of them is enough to hold (and all have to fail to refute it), or all have to hold (and one
            that fails refutes it).
        beside: whether the answer decides nothing.
    """

    label: str
    what: str
    differences: Mapping[str, Difference | None]
    wanted: Literal[1, -1]
    need: Literal["one", "all"] = "all"
    beside: bool = False

    def answer(self, found: Mapping[str, Difference]) -> Part:
        """The verdict by p that is adjusted, with the figures."""
        if not found:
            return Part(BESIDE if self.beside else UNTOLD, f"{self.what}: not measured.")
        sides = {side(one) * self.wanted for one in found.values()}
        if len(found) < len(self.differences):
            sides.add(0)
        enough, refuted = (1, -1) if self.need == "one" else (-1, 1)
        verdict: Said = UNTOLD
        if enough in sides:
            verdict = HOLDS if enough == 1 else FAILS
        elif sides == {refuted}:
            verdict = FAILS if refuted == -1 else HOLDS
        facts = "; ".join(_figure(name, one) for name, one in found.items())
        return Part(BESIDE if self.beside else verdict, f"{self.what}: {facts}.")


def side(one: Difference) -> int:
    """1 above its line, -1 below it, 0 where that can't be told: by adjusted p, and by limits too."""
    if one.lower is None or one.upper is None or one.p_adjusted >= LEVEL:
        return 0
    return int(one.lower > one.line) - int(one.upper < one.line)


def _figure(name: str, one: Difference) -> str:
    against = f" against {signed(one.line)}" if one.line else ""
    open_still = "" if side(one) else "; either may be true"
    said = f"p {one.p_adjusted:.2g}{against}, {one.clips:,} clips{open_still}"
    return f"{name} {signed(one.value)} ({limits_cell(one.lower, one.upper)}; {said})"


@dataclass(frozen=True)
class Finding:
    """What is found of a recommendation."""

    parts: tuple[Part, ...]
    differences: Mapping[tuple[str, str], Difference] = field(default_factory=dict)  # by label and what it is

    @property
    def verdict(self) -> Said:
        """Refuted by any part; else it holds if all parts do that decide."""
        said = {part.verdict for part in self.parts} - {BESIDE}
        if FAILS in said:
            return FAILS
        return HOLDS if said == {HOLDS} else UNTOLD


def finding(asked: Sequence[Part | Question]) -> Finding:
    """Answers to all questions of a recommendation; p is adjusted over all differences that decide it (Holm)."""
    keys = [
        (number, name, one)
        for number, question in enumerate(asked)
        if isinstance(question, Question)
        for name, one in question.differences.items()
        if one is not None
    ]
    deciding = [key for key in keys if not _question(asked, key[0]).beside]
    others = [key for key in keys if _question(asked, key[0]).beside]
    found: dict[tuple[int, str], Difference] = {}
    for group in (deciding, others):
        after = adjusted([one for _, _, one in group])
        found |= {(number, name): one for (number, name, _), one in zip(group, after, strict=True)}
    parts = tuple(
        part if isinstance(part, Part) else part.answer({name: one for (n, name), one in found.items() if n == number})
        for number, part in enumerate(asked)
    )
    return Finding(parts, {(_question(asked, number).label, name): found[number, name] for number, name, _ in keys})


def _question(asked: Sequence[Part | Question], number: int) -> Question:
    found = asked[number]
    assert isinstance(found, Question)
    return found


class Evidence:
    """Measured tables and the whitelist, asked in the words of recommendations."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.ways = cross_ways(results.ground)
        self.nothing, self.augment, self.denoise, self.both = self.ways

    def tested(self, label: str, keep: Callable[[str], bool]) -> list[str]:
        """The conditions that are meant, as far as all ways were tested in them."""
        meant = [name for name in in_order(self.results.ground.crossed) if keep(name)]
        return compared(self.results, label, self.ways, meant)

    def environmental(self, name: str) -> bool:
        """Whether it is background of nature, people or indoors."""
        return self.results.ground.conditions[name].family in ENVIRONMENT

    def people(self, names: Sequence[str], wanted: Verdict, what: str) -> Part:
        """Whether people, by the whitelist, found of all these conditions what is wanted."""
        whitelist = self.results.ground.whitelist
        if whitelist is None:
            return Part(UNTOLD, f"Whether {what} is {wanted} takes a whitelist; `earwitness certify` writes one.")
        verdicts = {verdict.condition: verdict.decision for verdict in whitelist.conditions}
        found = {name: verdicts[name] for name in names if name in verdicts}
        if not found:
            return Part(UNTOLD, f"Nobody judged {what}.")
        said = "; ".join(
            f"{word}: {listed([row_name(name) for name, one in found.items() if one == word])}"
            for word in dict.fromkeys(found.values())
        )
        if len(found) < len(names):
            said += f"; {len(found)} of {many(len(names), 'condition')} were judged"
        source = {True: " (simulated listeners)", False: ""}[whitelist.simulated]
        source += " (reported, not certified)" if whitelist.kind == "reported" else ""
        opposite = "UNSAFE" if wanted == "SAFE" else "SAFE"
        whole = set(found.values()) == {wanted} and len(found) == len(names)
        verdict: Said = FAILS if opposite in found.values() else HOLDS if whole else UNTOLD
        return Part(verdict, f"Of {what} people say{source}: {said}.")

    def gain(
        self, label: str, way: Way, conditions: Sequence[str], *, over: Way | None = None, line: float = 0.0
    ) -> dict[str, Difference | None]:
        """The mean gain of a way over another (else nothing), by what it is called."""
        first = over or self.nothing
        return {f"{way.name} less {first.name}": mean_gain(self.results, label, way, first, conditions, line)}

    def left(self, label: str, way: Way, conditions: Sequence[str]) -> dict[str, Difference | None]:
        """What is still lost: UAR in noise less that of nets trained on clean, on clean; p is of `MARGIN` lost."""
        clean = self.nothing.asked(CLEAN)[:1]
        pairs: list[tuple[Asked, Asked]] = [(one, at) for name in conditions for one in way.asked(name) for at in clean]
        return {f"{way.name} less clean": self.results.mean_difference(label, pairs, -MARGIN)}
