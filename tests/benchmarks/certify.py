"""What certifying costs and how often it errs, on simulated crowds: python tests/benchmarks/certify.py [--help].

Judgments are in percent of the paper's 27,000, controls included, where 18 conditions are safe (0 to .03 truly changed
pairs) and 8 are not (.06 to .29); the last eight exactly at the margin give the error, a condition's chance to be
called SAFE there with the standard error of the simulation (+-), and the share of false ones among the SAFE (FDR).
UNSAFE: of those beyond tau, how many are found.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.certification.state import SAFE, UNSAFE
from analysis.crowd import PAPER_PAIRS, SAFE_SHARES, UNSAFE_SHARES, Crowd, run
from analysis.designs.base import Design
from analysis.designs.c import C
from analysis.designs.c_prime import CPrime
from analysis.designs.e import E
from analysis.designs.fixed import Fixed
from analysis.designs.group_sequential import GroupSequential
from hits.vote_rules import LEAD_3_OF_5

PERCENT, BASE = 270.0, Crowd()
TOGETHER = 100  # studies that are held in memory at once
COLUMNS = ("%", "%L", "ctrls", "power", "pw.03", "error", "+-", "FDR", "UNSAFE", "rounds", "s")


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    design: Design
    crowd: Crowd = BASE
    dimensions: int = 1


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--replicates", type=int, default=1000, help="studies for each row and truth (1000)")
    asked.add_argument("--tau", type=float, nargs="*", default=[0.10, 0.075, 0.05], help="margins (.10 .075 .05)")
    asked.add_argument("--rows", default="", help="only rows whose name holds this")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    for title, rows in tables(options.tau):
        print(f"\n{title}, {options.replicates} replicates\n{'':44}" + "".join(f"{name:>9}" for name in COLUMNS))
        for row in rows:
            if options.rows in row.name:
                print(f"{row.name:44}" + "".join(f"{value:9.3f}" for value in figures(row, options)), flush=True)


def tables(taus: list[float]) -> Iterator[tuple[str, list[Row]]]:
    """Every design at every margin, then what breaks them."""
    for tau in taus:
        alternative = {0.10: 0.25, 0.075: 0.35}.get(tau, 0.3)
        yield f"tau = {tau:g}", list(designs(tau, alternative))
    yield "Other crowds, tau = 0.1", list(other_crowds())


def designs(tau: float, alternative: float) -> Iterator[Row]:
    """The designs, dearest first."""
    of = {"tau": tau, "alternative": alternative}
    yield Row("fixed, majority of 3, BH", Fixed(tau=tau, pairs=PAPER_PAIRS))
    yield Row("fixed, lead, BH", Fixed(tau=tau, pairs=PAPER_PAIRS, votes=LEAD_3_OF_5))
    yield Row("O'Brien-Fleming, lead, BH", GroupSequential(tau=tau, pairs=PAPER_PAIRS))
    yield Row("Pocock, lead, BH", GroupSequential(tau=tau, pairs=PAPER_PAIRS, spending="pocock"))
    yield Row("Pocock + futility, n <= 300", GroupSequential(tau=tau, spending="pocock", futility_from=2))
    old = E(votes=LEAD_3_OF_5, tau=tau, alternative=0.3, futility=0.1, identical=800, positive=200, optimistic=False)
    yield Row("e-BH without parking, plug-in, 800/200", replace(old, baseline_error=None))
    yield Row("E rigorous", E(**of))
    yield Row("E rigorous, three-way", E(**of, unsafe=True))
    yield Row("E plug-in, 200/100", E(**of, baseline_error=None, identical=200, positive=100))
    yield Row("C", C(**of))
    yield Row("C'", CPrime(**of))
    yield Row("C', three-way", CPrime(**of, unsafe=True))
    yield Row("C', two dimensions", CPrime(**of), dimensions=2)
    yield Row("C', three-way, two dimensions", CPrime(**of, unsafe=True), dimensions=2)
    yield Row("E rigorous, two dimensions", E(**of), dimensions=2)


def other_crowds() -> Iterator[Row]:
    """What a design meets where users live."""
    spam, few = Crowd(spammers=0.2), Crowd(spammers=0.2, workers=60)
    sorted_out, few_sorted_out = replace(spam, dismissed_at=1.5), replace(few, dismissed_at=1.5)
    subtle = Crowd(harder=0.5)
    crowds = {
        "base": BASE,
        "no spammers": Crowd(spammers=0.0),
        "20 % spammers": spam,
        "20 % spammers, 60 workers": few,
        "20 % spammers, dismissed": sorted_out,
        "20 % spammers, 60 workers, dismissed": few_sorted_out,
        "heterogeneous pairs, 1 logit": Crowd(utterance_vote=1.0, pair_vote=1.0),
        "40 workers": Crowd(workers=40),
        "blocked sessions": Crowd(blocked=True),
        "changes 1/4 logit subtler than positives": Crowd(harder=0.25),
        "changes 1/2 logit subtler than positives": subtle,
        "changes 1 logit subtler than positives": Crowd(harder=1.0),
        "positives 1/2 logit subtler than changes": Crowd(harder=-0.5),
    }
    for name, crowd in crowds.items():
        yield Row(f"C', {name}", CPrime(), crowd)
    late = CPrime(controls_after=3)
    yield Row("C' controls late, base", late)
    yield Row("C' controls late, 5 % dismissed", late, Crowd(dismissed_at=1.5))
    yield Row("C' controls late, 20 % dismissed", late, sorted_out)
    yield Row("C' controls late, 20 % of 60 dismissed", late, few_sorted_out)
    for slack in (0.3, 0.4, 0.5):
        for name, crowd in {"base": BASE, "changes 1/2 logit subtler": subtle}.items():
            yield Row(f"C' slack {slack:g}, {name}", CPrime(slack=slack), crowd)
    for harder in (0.0, 0.5, 1.0):
        graded = Crowd(harder=harder, grades=(0.0, 0.5, 1.0))
        yield Row(f"C' positives of 3 grades, changes {harder:g} subtler", CPrime(), graded)
    yield Row("C' slack .8, changes 1 logit subtler", CPrime(slack=0.8), Crowd(harder=1.0))
    yield Row("E rigorous, 20 % spammers", E(), spam)
    yield Row("E rigorous, changes 1/2 logit subtler", E(), subtle)
    yield Row("fixed, majority, 20 % spammers", Fixed(pairs=PAPER_PAIRS), spam)
    yield Row("fixed, majority, changes 1/2 logit subtler", Fixed(pairs=PAPER_PAIRS), subtle)


def figures(row: Row, options: argparse.Namespace) -> list[float]:
    """The figures of a line, as in `COLUMNS`."""
    began, tau = time.perf_counter(), row.design.tau
    paper = simulate(row, np.r_[SAFE_SHARES, UNSAFE_SHARES], options.replicates, options.seed)
    edge = simulate(row, np.r_[SAFE_SHARES, np.full(8, tau)], options.replicates, options.seed + 1)
    safe, at_edge = paper.verdicts[:, :18] == SAFE, edge.verdicts == SAFE
    false = at_edge[:, 18:].sum(axis=1) / np.maximum(1, at_edge.sum(axis=1))
    found = paper.verdicts[:, 18:][:, tau < UNSAFE_SHARES] == UNSAFE
    return [
        paper.judgments.mean() / PERCENT,
        edge.judgments.mean() / PERCENT,
        paper.control_judgments.mean(),
        safe.mean(),
        safe[:, -1].mean(),
        at_edge[:, 18:].mean(),
        at_edge[:, 18:].mean(axis=1).std() / np.sqrt(options.replicates),
        false.mean(),
        found.mean(),
        paper.rounds.mean(),
        time.perf_counter() - began,
    ]


@dataclass(frozen=True)
class Ends:
    """Where studies ended, and what they spent."""

    verdicts: np.ndarray  # (studies, conditions)
    rounds: np.ndarray
    judgments: np.ndarray
    control_judgments: np.ndarray


def simulate(row: Row, shares: np.ndarray, studies: int, seed: int) -> Ends:
    """Many studies to their end, a hundred at once. In two dimensions a condition at the margin changes one alone."""
    both = np.stack([shares, np.where(np.arange(26) < 18, shares, 0.0)][: row.dimensions], axis=1)
    ends = []
    for first in range(0, studies, TOGETHER):
        many = min(TOGETHER, studies - first)
        state, crowd = run(row.design, row.crowd, both, many, 1_000_000 * seed + first)
        ends.append((state.verdict, state.rounds, crowd.judgments, crowd.control_judgments))
    return Ends(*(np.concatenate(parts) for parts in zip(*ends, strict=True)))


if __name__ == "__main__":
    main()
