"""The same study collected in full and collected sequentially: judgments, money and verdicts beside one truth.

    python -m tests.benchmarks.sequential_rehearsals --seeds 20

Launch, allocation, hand-in, payment, quality control and decisions are the real ones, on SQLite; pages, sound and
platform are left out, so that a whole study takes half a minute. Listeners and truth are the same for both by seed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.certify import certify
from analysis.rule import DecisionRule
from analysis.verdicts import Verdict
from app.store.decision_so_far import decision_so_far
from app.store.money import spent_minor
from hits.batch import Hits
from hits.listeners import PAPER_CHANGES, crowd
from hits.pay import Pay
from tests.app.unheard import Play, pairs_of, study_in

TAU = 0.15
#: Shares of pairs that truly change in activation and valence: five conditions below the margin, three above.
TRUTH = {
    "quiet-1": (0.0, 0.0),
    "quiet-2": (0.01, 0.01),
    "quiet-3": (0.02, 0.01),
    "quiet-4": (0.04, 0.02),
    "quiet-5": (0.06, 0.03),
    "loud-1": (0.25, 0.10),
    "loud-2": (0.30, 0.20),
    "loud-3": (0.40, 0.30),
}
LISTENERS, CARELESS = 80, 0.05
DESIGNS: dict[str, tuple[Hits, DecisionRule]] = {
    "fixed, 3 votes": (
        Hits(policy="fixed", votes_per_pair=3, trials_per_hit=20, checks_per_hit=2),
        DecisionRule(design="fixed", tau=TAU),
    ),
    "c-prime, lead 3 of 7": (
        Hits(vote_rule="lead", lead=3, votes_per_pair=7, trials_per_hit=20, checks_per_hit=2),
        DecisionRule(design="c-prime", tau=TAU),
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What one study came to. `usd` is what was paid and is owed, fees included."""

    judgments: int
    hits: int
    usd: float
    verdicts: dict[str, Verdict]
    as_collected: bool  # the verdicts are those that collection stopped on


def rehearse(name: str, seed: int, pairs: int, controls: tuple[int, int]) -> Outcome:
    """One study to its end."""
    hits, rule = DESIGNS[name]
    made = pairs_of(dict.fromkeys(TRUTH, pairs), *controls, checks=30)
    listeners = crowd(LISTENERS, np.random.default_rng([seed, 1]), CARELESS)
    with tempfile.TemporaryDirectory() as folder:
        study = study_in(Path(folder), made, hits=hits, pay=Pay(cap=1_000_000), decision=rule)
        played = Play(study, Path(folder), listeners, {**PAPER_CHANGES, **TRUTH}, seed).to_the_end()
        if not played.complete:
            raise RuntimeError(f"{name}, seed {seed}: too few listeners to end the study")
        judgments = played.judgments()
        verdicts = {one.condition: one.decision for one in certify(judgments, rule, hits.votes).decisions}
        with played.database.reading() as session:
            led, money = decision_so_far(session), sum(spent_minor(session)) / 100
        played.database.dispose()
    stopped_on = verdicts if led is None else {one.condition: one.verdict for one in led.conditions}
    return Outcome(len(judgments), played.assignments, money, verdicts, stopped_on == verdicts)


def came_out(outcomes: Sequence[Outcome]) -> dict[str, Counter[Verdict]]:
    """Verdicts on the conditions below the margin, and on those above."""
    found: dict[str, Counter[Verdict]] = {"below": Counter(), "above": Counter()}
    for outcome in outcomes:
        for name, verdict in outcome.verdicts.items():
            found["below" if max(TRUTH[name]) < TAU else "above"][verdict] += 1
    return found


def _about(values: Sequence[float]) -> str:
    return f"{np.mean(values):8.1f} (sd {np.std(values, ddof=1) if len(values) > 1 else 0:6.1f})"


def main() -> None:
    """Rehearse and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=120, help="of each condition")
    parser.add_argument("--controls", type=int, nargs=2, default=(200, 100), help="identical and positive")
    asked = parser.parse_args()
    found: dict[str, list[Outcome]] = {name: [] for name in DESIGNS}
    for seed in range(asked.seeds):
        for name, outcomes in found.items():
            outcomes.append(rehearse(name, seed, asked.pairs, tuple(asked.controls)))
            print(f"seed {seed}, {name}: {outcomes[-1]}", flush=True)
    print(
        f"\n{len(TRUTH)} conditions of {asked.pairs} pairs, controls {asked.controls}, tau {TAU}, {asked.seeds} seeds"
    )
    for name, outcomes in found.items():
        print(f"\n{name}")
        for what in ("judgments", "hits", "usd"):
            print(f"  {what:10} {_about([getattr(one, what) for one in outcomes])}")
        for side, counts in came_out(outcomes).items():
            print(f"  truth {side} the margin: {dict(counts)}")
        print(f"  verdicts as collection stopped on: {sum(one.as_collected for one in outcomes)} of {len(outcomes)}")
    fixed, led = found.values()
    for what in ("judgments", "hits", "usd"):
        saved = [100 * (1 - getattr(b, what) / getattr(a, what)) for a, b in zip(fixed, led, strict=True)]
        print(f"saved of {what:10} {_about(saved)} %")
    both = Counter((a.verdicts[name], b.verdicts[name]) for a, b in zip(fixed, led, strict=True) for name in TRUTH)
    same = sum(count for (a, b), count in both.items() if a == b)
    print(f"the same verdict in {same} of {sum(both.values())} conditions; (fixed, sequential): {dict(both)}")


if __name__ == "__main__":
    main()
