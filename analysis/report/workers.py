"""Section: the workers, by hash: how much each judged, agrees with the others, and hears where nothing is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.agreement import WorkerAgreement, worker_agreements
from analysis.report.material import Material
from analysis.report.parts import Block, Folded, Section, Words, csv_of
from analysis.tables import MISSING, Table, figure, limits, many
from analysis.votes import counted, labels_of

SHOWN = 30  # workers in the page; the file has all of them
HASH_SHOWN = 10  # letters of a hash, enough to find it in the file


@dataclass(frozen=True)
class WorkerRow:
    """One worker, as workers.csv has them."""

    worker: str  # a keyed hash; no platform's id
    judgments: int  # of the role study that count
    left_out: int  # judgments of any role that quality control does not use
    pairs: int  # that somebody else judged, too
    different: int  # of them, called different in activation or valence
    pairwise: float | None  # mean share of the others who agree
    pairwise_lower: float | None
    pairwise_upper: float | None
    alpha: float | None
    identical: int  # identical pairs that were shown
    false_alarms: int  # of them, called different
    seconds_per_trial: float  # median over all trials


def workers_section(material: Material) -> Section:
    """Who judged."""
    rows = _rows(material.judgments)
    files = {"workers.csv": csv_of(rows, WorkerRow)}
    if not rows:
        return Section("workers", "The workers", (Words("Nobody has judged yet."),), files)
    blocks: list[Block] = [Words(_lead(rows)), Folded(_summary(len(rows)), (_table(rows),))]
    return Section("workers", "The workers", tuple(blocks), files)


def _rows(judgments: pd.DataFrame) -> list[WorkerRow]:
    if judgments.empty:
        return []
    agreed = {one.worker: one for one in worker_agreements(judgments)}
    by_worker = judgments.groupby("worker")
    identical = judgments[(judgments["role"] == "identical") & ~judgments["late"]]
    alarms = (labels_of(identical, "either") == "different").groupby(identical["worker"]).agg(["size", "sum"])
    counts = pd.DataFrame(
        {
            "judgments": counted(judgments).groupby("worker").size(),
            "left_out": (~judgments["used"]).groupby(judgments["worker"]).sum(),
            "seconds": by_worker["elapsed_s"].median(),
            "identical": alarms["size"],
            "alarms": alarms["sum"],
        }
    ).fillna({"judgments": 0, "left_out": 0, "identical": 0, "alarms": 0})
    nobody = WorkerAgreement("", "either", 0, 0, None, None, None, None, None, None, None)
    found = [_row(str(worker), row, agreed.get(str(worker), nobody)) for worker, row in counts.iterrows()]
    return sorted(found, key=lambda row: (-row.judgments, row.worker))


def _row(worker: str, row: pd.Series[float], agreed: WorkerAgreement) -> WorkerRow:
    return WorkerRow(
        worker,
        int(row["judgments"]),
        int(row["left_out"]),
        agreed.pairs,
        agreed.different,
        agreed.pairwise,
        agreed.pairwise_lower,
        agreed.pairwise_upper,
        agreed.alpha,
        int(row["identical"]),
        int(row["alarms"]),
        float(row["seconds"]),
    )


def _lead(rows: list[WorkerRow]) -> str:
    table = pd.DataFrame([row.__dict__ for row in rows])
    busy = table[table["judgments"] > 0]
    sentences = [f"{many(len(table), 'worker')} answered something, {len(busy):,} of them with judgments that count."]
    if len(busy):
        low, middle, high = busy["judgments"].quantile([0, 0.5, 1]).astype(int)
        sentences.append(f"They gave {low:,} to {high:,} judgments each, {middle:,} in the middle (median).")
    agreed = busy["pairwise"].dropna().astype(float)
    if len(agreed):
        tenth, half = agreed.quantile([0.1, 0.5])
        sentences.append(
            f"The median worker agrees with {half:.0%} of the others on whether anything differs; nine in ten agree "
            f"with {tenth:.0%} or more."
        )
    shown = int(table["identical"].sum())
    if shown:
        alarms = int(table["false_alarms"].sum())
        sentences.append(f"Of {shown:,} times an identical pair was shown, {alarms:,} were called different.")
    sentences.append(f"A trial took {table['seconds_per_trial'].median():.0f} s for the median worker.")
    return " ".join(sentences)


def _summary(workers: int) -> str:
    return "Every worker" if workers <= SHOWN else f"The {SHOWN} workers with the most judgments"


def _table(rows: list[WorkerRow]) -> Table:
    return Table(
        "Workers by hash; agreement with the others on whether anything differs",
        ("Worker", "Judgments", "Called different", "Agreement", "Alpha", "False alarms", "Seconds a trial"),
        tuple(
            (
                row.worker[:HASH_SHOWN],
                f"{row.judgments:,}" + (" (left out)" if row.left_out and not row.judgments else ""),
                f"{row.different / row.pairs:.0%}" if row.pairs else MISSING,
                limits(row.pairwise, row.pairwise_lower, row.pairwise_upper),
                figure(row.alpha),
                f"{row.false_alarms} of {row.identical}" if row.identical else MISSING,
                f"{row.seconds_per_trial:.1f}",
            )
            for row in rows[:SHOWN]
        ),
        "workers.csv",
    )
