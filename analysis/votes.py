"""Judgments as rows of task, worker, label: read from judgments.csv, and what of them counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from analysis.judgments_file import JudgmentsRefused, sift
from hits.judgment import Answer
from pipelines.clip import Role

Dimension: TypeAlias = Literal["activation", "valence", "either"]

#: What may differ: one of the two dimensions, or any of them.
DIMENSIONS: tuple[Dimension, ...] = ("activation", "valence", "either")


class Vote(NamedTuple):
    """What one worker says of one task, as a row for an aggregator."""

    task: str
    worker: str
    label: Answer
    condition: str = ""


def read_judgments(path: Path) -> pd.DataFrame:
    """Read judgments.csv (docs/judgments.md), or say everything that is wrong with it.

    Whoever asks for a table alone must not lose rows unknowingly: a file with a wrong row is refused. Commands ask
    `analysis.judgments_file.sift`, which keeps wrong rows out and lists them.

    Returns:
        One row a judgment, in the order of the file, with the columns of `hits.judgments_csv.COLUMNS`: text for ids
        and labels; float64 for snr_db and the ratings (NaN where absent), listened_s and elapsed_s; bool for
        used, late and simulated; UTC times in submitted_at.

    Raises:
        FileNotFoundError: there is no such file.
        JudgmentsRefused: every wrong row, with its line number.
    """
    found = sift(path)
    if found.problems:
        raise JudgmentsRefused(path, found.problems)
    return found.judgments


def counted(judgments: pd.DataFrame, role: Role = "study") -> pd.DataFrame:
    """The judgments of one role that count: used, and in time.

    A late judgment came after its pair was decided; counting it would change what was frozen. `left_out` says how
    many there are.
    """
    return judgments[(judgments["role"] == role) & judgments["used"] & ~judgments["late"]]


def votes_of(judgments: pd.DataFrame, dimension: Dimension, role: Role = "study") -> pd.DataFrame:
    """The votes that count, as a table of task (the pair), worker, label and condition.

    Args:
        judgments: as `read_judgments` gives them.
        dimension: activation, valence, or either (different when any of the two is).
        role: which judgments; repeats and checks are about workers and never vote on study pairs.

    Returns:
        Columns `task`, `worker`, `label` ("same" or "different"), `condition`; one row a vote.
    """
    rows = counted(judgments, role)
    said = {"task": rows["pair_id"], "worker": rows["worker"], "label": labels_of(rows, dimension)}
    return pd.DataFrame({**said, "condition": rows["condition"]})


def labels_of(judgments: pd.DataFrame, dimension: Dimension) -> pd.Series[str]:
    """What each judgment says in a dimension: "same" or "different"."""
    if dimension != "either":
        return judgments[dimension]
    different = (judgments["activation"] == "different") | (judgments["valence"] == "different")
    return pd.Series(np.where(different, "different", "same"), index=judgments.index, dtype=object)


def tied_pairs(judgments: pd.DataFrame) -> int:
    """How many study pairs are tied in activation or valence: judgments that would settle them did not come."""
    tied: set[str] = set()
    dimensions: tuple[Dimension, ...] = ("activation", "valence")
    for dimension in dimensions:
        votes = votes_of(judgments, dimension)
        share = (votes["label"] == "different").groupby(votes["task"]).mean()
        tied.update(share.index[share == 0.5])
    return len(tied)


@dataclass(frozen=True)
class LeftOut:
    """How many judgments there are, and why some have no say in the verdicts."""

    judgments: int
    counted: int  # of the role study
    late: int
    not_used: int  # by workers whom quality control left out; they were paid all the same
    by_role: dict[str, int]  # those that are asked for other reasons: controls, checks, repeats
    workers: int
    workers_left_out: int  # workers of whom no study judgment is used


def left_out(judgments: pd.DataFrame) -> LeftOut:
    """Count what does not count, and why; the classes are disjoint and add up to all judgments."""
    study = judgments[judgments["role"] == "study"]
    heard = study.groupby("worker")["used"].any()
    others = judgments.loc[judgments["role"] != "study", "role"].value_counts().sort_index()
    return LeftOut(
        judgments=len(judgments),
        counted=len(counted(judgments)),
        late=int((study["late"] & study["used"]).sum()),
        not_used=int((~study["used"]).sum()),
        by_role={str(role): int(count) for role, count in others.items()},
        workers=int(judgments["worker"].nunique()),
        workers_left_out=int((~heard.astype(bool)).sum()),
    )
