"""Figures by which a person judges how carefully a worker listened: self-consistency, pace, agreement with others.

They are shown, and decide nothing by themselves. Controls have no part in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

#: Between the end of the second clip and an answer to both questions, by hand; whoever is faster can't have weighed it.
LEAST_THINKING_S = 0.5

#: The answers of one judgment: same or different in activation, and in valence.
Answers = tuple[str, str]


@dataclass(frozen=True)
class Answered:
    """One judgment as far as these figures need it.

    Attributes:
        clips_s: length of both clips together.
        elapsed_s: from opening the trial to its answer, by the server's clock.
        used: whether it is used; only then others are compared with it.
    """

    worker: str
    pair_id: str
    role: str
    said: Answers
    clips_s: float
    elapsed_s: float
    used: bool = True


@dataclass(frozen=True)
class Figures:
    """What one worker's judgments say of the worker. Shares are 0..1, and None where there is nothing to count.

    Attributes:
        judgments: all of them, checks and repeats too.
        repeats: pairs that were asked twice.
        consistency: share of answers that were the same the second time, of two an asked pair.
        thinking_s: median time beyond the length of both clips.
        too_fast: judgments that left less than `LEAST_THINKING_S` to think.
        compared: answers of other workers to the same study pairs.
        agreement: share of them that are the same as the worker's.
    """

    judgments: int
    repeats: int
    consistency: float | None
    thinking_s: float | None
    too_fast: int
    compared: int
    agreement: float | None


def figures_by_worker(answered: Iterable[Answered]) -> dict[str, Figures]:
    """The figures of every worker, in one pass over all judgments in the order in which they came.

    >>> one = Answered("w1", "p1", "study", ("same", "same"), clips_s=4.0, elapsed_s=9.0)
    >>> other = Answered("w2", "p1", "study", ("same", "different"), clips_s=4.0, elapsed_s=4.2)
    >>> found = figures_by_worker([one, other])
    >>> found["w1"].agreement, found["w1"].thinking_s, found["w2"].too_fast
    (0.5, 5.0, 1)
    """
    by_worker: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        by_worker[one.worker].append(one)
    tallies = _tallies(by_worker)
    return {worker: _figures(theirs, tallies) for worker, theirs in by_worker.items()}


def _tallies(by_worker: Mapping[str, Sequence[Answered]]) -> dict[tuple[str, int], Counter[str]]:
    """How often each answer was given, by study pair and question, of judgments that are used."""
    tallies: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for theirs in by_worker.values():
        for one in theirs:
            if one.role == "study" and one.used:
                for question, said in enumerate(one.said):
                    tallies[one.pair_id, question][said] += 1
    return tallies


def _figures(theirs: Sequence[Answered], tallies: Mapping[tuple[str, int], Counter[str]]) -> Figures:
    repeats, kept = _repeats(theirs)
    compared, agreeing = _agreeing(theirs, tallies)
    beyond_s = [one.elapsed_s - one.clips_s for one in theirs]
    return Figures(
        judgments=len(theirs),
        repeats=repeats,
        consistency=kept / (2 * repeats) if repeats else None,
        thinking_s=median(beyond_s) if beyond_s else None,
        too_fast=sum(spare_s < LEAST_THINKING_S for spare_s in beyond_s),
        compared=compared,
        agreement=agreeing / compared if compared else None,
    )


def _repeats(theirs: Sequence[Answered]) -> tuple[int, int]:
    """Pairs that were asked again, and answers that stayed what they were the first time."""
    first: dict[str, Answers] = {}
    repeats = kept = 0
    for one in theirs:
        if one.role == "repeat" and one.pair_id in first:
            repeats += 1
            kept += sum(before == now for before, now in zip(first[one.pair_id], one.said, strict=True))
        first.setdefault(one.pair_id, one.said)
    return repeats, kept


def _agreeing(theirs: Sequence[Answered], tallies: Mapping[tuple[str, int], Counter[str]]) -> tuple[int, int]:
    """Others' answers to the same study pairs, and how many of them are the same."""
    compared = agreeing = 0
    for one in theirs:
        if one.role != "study":
            continue
        for question, said in enumerate(one.said):
            tally = tallies.get((one.pair_id, question), Counter())
            compared += tally.total() - one.used
            agreeing += tally[said] - one.used
    return compared, agreeing
