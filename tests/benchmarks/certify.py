"""What certifying costs and how often it errs, on simulated crowds: python tests/benchmarks/certify.py [--help].

Judgments are in percent of the paper's 27,000, controls included, where 18 conditions are safe (0 to .03 truly changed
pairs) and 8 are not (.06 to .29); the last eight exactly at the margin give the error, a condition's chance to be
called SAFE there, and the share of false ones among the SAFE (FDR). UNSAFE: of those beyond tau, how many are found.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.crowd import PAPER_PAIRS, SAFE_SHARES, UNSAFE_SHARES, Crowd, Studies
from analysis.designs.base import SAFE, UNSAFE, Design, State
from analysis.designs.c import C
from analysis.designs.c_prime import CPrime
from analysis.designs.e import E
from analysis.designs.fixed import Fixed
from analysis.designs.group_sequential import GroupSequential
from hits.vote_rules import LEAD_3_OF_5, MAJORITY_OF_3

PERCENT, BASE = 270.0, Crowd()
COLUMNS = ("%", "%L", "controls", "power", "pw.03", "error", "FDR", "UNSAFE", "rounds", "s")


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
    yield Row("E rigorous, two dimensions", E(**of), dimensions=2)


def other_crowds() -> Iterator[Row]:
    """What a design meets where users live."""
    spam = Crowd(spammers=0.2)
    crowds = {
        "base": Crowd(),
        "20 % spammers": spam,
        "20 % spammers, dismissed": replace(spam, dismissed_at=1.5),
        "20 % spammers, 60 workers": replace(spam, workers=60),
        "20 % spammers, 60 workers, dismissed": replace(spam, workers=60, dismissed_at=1.5),
        "heterogeneous pairs, 1 logit": Crowd(utterance_vote=1.0, pair_vote=1.0),
        "40 workers": Crowd(workers=40),
        "blocked sessions": Crowd(blocked=True),
        "changes 1/2 logit subtler than positives": Crowd(harder=0.5),
        "positives 1/2 logit subtler than changes": Crowd(harder=-0.5),
    }
    for name, crowd in crowds.items():
        yield Row(f"C', {name}", CPrime(), crowd)
    yield Row("C' slack .4, base", CPrime(slack=0.4))
    yield Row("C' slack .4, changes 1/2 logit subtler", CPrime(slack=0.4), Crowd(harder=0.5))
    yield Row("E rigorous, changes 1/2 logit subtler", E(), Crowd(harder=0.5))
    yield Row("fixed, majority, changes 1/2 logit subtler", Fixed(votes=MAJORITY_OF_3), Crowd(harder=0.5))


def figures(row: Row, options: argparse.Namespace) -> list[float]:
    """The figures of a line, as in `COLUMNS`."""
    began, tau = time.perf_counter(), row.design.tau
    state, crowd = simulate(row, np.r_[SAFE_SHARES, UNSAFE_SHARES], options.replicates, options.seed)
    edge, edge_crowd = simulate(row, np.r_[SAFE_SHARES, np.full(8, tau)], options.replicates, options.seed + 1)
    safe, at_edge = state.verdict[:, :18] == SAFE, edge.verdict == SAFE
    false = at_edge[:, 18:].sum(axis=1) / np.maximum(1, at_edge.sum(axis=1))
    found = state.verdict[:, 18:][:, tau < UNSAFE_SHARES] == UNSAFE
    return [
        crowd.judgments.mean() / PERCENT,
        edge_crowd.judgments.mean() / PERCENT,
        crowd.control_judgments.mean(),
        safe.mean(),
        safe[:, -1].mean(),
        at_edge[:, 18:].mean(),
        false.mean(),
        found.mean(),
        state.rounds.mean(),
        time.perf_counter() - began,
    ]


def simulate(row: Row, shares: np.ndarray, studies: int, seed: int) -> tuple[State, Studies]:
    """Many studies to their end. In two dimensions a condition at the margin changes activation alone."""
    both = [shares, np.where(np.arange(26) < 18, shares, 0.0)][: row.dimensions]
    crowd = Studies(row.crowd, np.stack(both, axis=1), studies, seed)
    state = row.design.start(26, dimensions=row.dimensions, studies=studies)
    while not state.finished.all():
        state = row.design.advance(state, crowd.ask(row.design.wants(state), state, row.design.votes))
    return state, crowd


if __name__ == "__main__":
    main()
