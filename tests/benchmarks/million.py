"""A million judgments from file to whitelist: python tests/benchmarks/million.py [ROWS].

Prints seconds of CPU and the peak of resident memory after each step: reading with all checks, verdicts by each
design, and the whole of `earwitness certify`.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.certify import certify
from analysis.judgments_file import sift
from analysis.rule import DecisionRule
from analysis.whitelist_building import Origin, build
from hits.judgments_csv import COLUMNS
from hits.vote_rules import MAJORITY_OF_3

CONDITIONS = 26
DESIGNS = ("fixed", "e", "c-prime")


def write(path: Path, rows: int) -> None:
    """Three votes a pair; a tenth of the pairs are controls."""
    rng = np.random.default_rng(0)
    pair = np.arange(rows) // 3
    kind = pair % 30  # 26 conditions, two kinds of controls twice
    role = np.where(kind < CONDITIONS, "study", np.where(kind % 2 == 0, "identical", "positive"))
    share = np.where(role == "study", kind / 100, np.where(role == "identical", 0.02, 0.85))
    changed = rng.random(pair.max() + 1)[pair] < share
    said = [np.where(rng.random(rows) < np.where(changed, 0.85, 0.08), "different", "same") for _ in range(2)]
    times = pd.date_range("2026-01-01", periods=rows, freq="s", tz="UTC").strftime("%Y-%m-%dT%H:%M:%S.000000+00:00")
    condition = np.where(role == "study", np.char.add("condition-", kind.astype(str)), role)
    table = pd.DataFrame(
        {
            "judgment_id": np.char.add("j", np.arange(rows).astype(str)),
            "pair_id": np.char.add("p", pair.astype(str)),
            "clip_id": np.char.add("c", (pair % 900).astype(str)),
            "condition": condition,
            "family": np.where(role == "study", "any", role),
            "snr_db": "",
            "role": role,
            "worker": np.char.add("w", (np.arange(rows) % 3 + 3 * rng.integers(0, 700, rows)).astype(str)),
            "assignment_id": "a",
            "order": "original-first",
            "activation": said[0],
            "valence": said[1],
            "activation_rating": "",
            "valence_rating": "",
            "original_activation_rating": "",
            "original_valence_rating": "",
            "scale": "manikins",
            "listened_s": 6.2,
            "elapsed_s": 11.0,
            "submitted_at": times,
            "used": "true",
            "late": "false",
            "simulated": "true",
        }
    )
    rated = (table["activation"] == "different") | (table["valence"] == "different")
    table.loc[rated, ["activation_rating", "valence_rating"]] = "3"
    table[list(COLUMNS)].to_csv(path, index=False)


def step(name: str, work: Callable[[], Any]) -> Any:
    """Do it, and print what it took."""
    began = time.process_time()
    found = work()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:32}{time.process_time() - began:8.1f} s CPU{peak_mib:8.0f} MiB peak", flush=True)
    return found


def main() -> None:
    """Print the steps."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judgments.csv"
        write(path, rows)
        print(f"{rows:,} judgments, {path.stat().st_size / 2**20:.0f} MiB")
        judgments = step("read with all checks", lambda: sift(path)).judgments
        for design in DESIGNS:
            rule = DecisionRule(design=design)
            step(f"verdicts by {design}", partial(certify, judgments, rule, MAJORITY_OF_3))
        now = datetime.now(UTC)
        origin = Origin("million", 0)
        step(
            "earwitness certify, as a whole",
            lambda: build(path, origin, rule=DecisionRule(), votes=MAJORITY_OF_3, created_at=now),
        )


if __name__ == "__main__":
    main()
