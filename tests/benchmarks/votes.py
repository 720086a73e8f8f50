"""How fast votes become labels and agreement: python tests/benchmarks/votes.py [RUNS].

Prints a table, in one process: majority vote over a million judgments against crowd-kit and a plain pandas groupby, and
1,000 bootstrap draws of nominal alpha against the krippendorff package called for each. Equal results are checked.
A ratio above 1 means that ours is faster. Everybody warms up once, then the median of RUNS (5) counts, in seconds of
CPU. Memory is the peak that Python allocates.
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import krippendorff
import numpy as np
import pandas as pd

from analysis.aggregators.majority_vote import MajorityVote
from analysis.agreement import DRAWS, agreement_draws, figures_of_patterns

RUNS = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 5
PAIRS, VOTES = 333_333, 3
CALLS = 20  # of the peer's 1,000: the rest is multiplied


def measured(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """The median time in seconds of CPU, the peak of memory in MiB, and what came of it."""
    work()  # the first time, modules are imported and buffers filled
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        found = work()
        times.append(time.process_time() - began)
    return statistics.median(times), peak, found


def votes() -> pd.DataFrame:
    """A million votes with names as text."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "task": np.char.add("p", np.repeat(np.arange(PAIRS), VOTES).astype(str)),
            "worker": np.char.add("w", np.tile(np.arange(VOTES), PAIRS).astype(str)),
            "label": np.where(rng.random(PAIRS * VOTES) < 0.1, "different", "same"),
        }
    )


def groupby(table: pd.DataFrame) -> pd.Series[bool]:
    """The majority in one line of pandas."""
    return table["label"].eq("different").groupby(table["task"]).mean().ge(0.5)


def crowd_kit(table: pd.DataFrame) -> pd.Series[str] | None:
    """Crowd-kit's majority; None where it is not installed."""
    try:
        from crowdkit.aggregation import MajorityVote as Peer
    except ImportError:
        return None
    return Peer().fit_predict(table)


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")  # crowd-kit's, of pandas
    print("work\tby\tcpu_s\ttimes as fast\tpeak_mib")
    names = votes()
    for kind, table in (
        ("names as text", names),
        ("names as categories", names.astype({"task": "category", "worker": "category"})),
    ):
        ours_s, ours_mib, ours = measured(lambda table=table: MajorityVote().fit_predict(table))
        print(f"majority of 1e6 votes, {kind}\tours\t{ours_s:.4f}\t\t{ours_mib:.0f}")
        for name, peer in (("crowd-kit", crowd_kit), ("pandas groupby", groupby)):
            peer_s, peer_mib, labels = measured(lambda peer=peer, table=table: peer(table))
            if labels is None:
                print(f"\t{name}\tnot installed")
                continue
            same = (labels if labels.dtype == bool else labels == "different").loc[list(ours.index)]
            assert (ours == "different").tolist() == same.tolist()
            print(f"\t{name}\t{peer_s:.4f}\t{peer_s / ours_s:.1f}\t{peer_mib:.0f}")
    different = (names["label"] == "different").to_numpy().reshape(PAIRS, VOTES).sum(axis=1)
    counts = np.stack([VOTES - different, different], axis=1)
    ours_s, ours_mib, drawn = measured(lambda: agreement_draws(counts, "nominal"))
    print(f"{DRAWS} draws of nominal alpha, 1e6 votes\tours\t{ours_s:.4f}\t\t{ours_mib:.0f}")
    rng = np.random.default_rng(1)
    picks = [counts[rng.integers(0, PAIRS, PAIRS)] for _ in range(CALLS)]
    peer_s, peer_mib, alphas = measured(
        lambda: [krippendorff.alpha(value_counts=pick, level_of_measurement="nominal") for pick in picks]
    )
    peer_s *= DRAWS / CALLS
    print(f"\tkrippendorff x {DRAWS}\t{peer_s:.2f}\t{peer_s / ours_s:.0f}\t{peer_mib:.0f}")
    for pick, alpha in zip(picks, alphas, strict=True):
        patterns, often = np.unique(pick, axis=0, return_counts=True)
        assert abs(figures_of_patterns(patterns, often[np.newaxis], "nominal")[0, 2] - alpha) < 1e-12
    assert abs(drawn[:, 2].mean() - np.mean(alphas)) < 0.01


if __name__ == "__main__":
    main()
