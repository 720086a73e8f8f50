"""Reading judgments.csv: every wrong row is named with its line, and the good file becomes a typed table."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from hits.judgment import RATED, RATINGS, Answer, Order, Scale
from hits.judgments_csv import COLUMNS, LATER
from pipelines.clip import Role

SHOWN = 20  # problems in the sentence; the exception carries all of them

#: The words that a column may hold.
WORDS: dict[str, tuple[str, ...]] = {
    "role": get_args(Role),
    "order": get_args(Order),
    "activation": get_args(Answer),
    "valence": get_args(Answer),
    "scale": get_args(Scale),
    "used": ("true", "false"),
    "late": ("true", "false"),
    "simulated": ("true", "false"),
}
IDS = ("judgment_id", "pair_id", "clip_id", "condition", "family", "worker", "assignment_id")
TRUTHS = ("used", "late", "simulated")
SECONDS = ("listened_s", "elapsed_s")
LINE = "line"  # where in the file a row stands; dropped once all rows are good


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file, and the line (1 is the header) where it stands; line 0 is the file as a whole."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" if self.line else self.what


class JudgmentsRefused(ValueError):
    """A judgments file is wrong; the sentence lists the first problems, `problems` has all of them."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        shown = "; ".join(map(str, self.problems[:SHOWN]))
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        super().__init__(f"{path} can't be read as judgments: {shown}{more}. docs/judgments.md says what is expected")


def read_rows(path: Path) -> pd.DataFrame:
    """The file as text, with a column `line` that says where each row stands.

    Raises:
        JudgmentsRefused: not UTF-8, no header, other columns, or rows of another length.
    """
    lines: list[int] = []
    rows: list[list[str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            for row in reader:
                lines.append(reader.line_num)
                rows.append(row)
        except UnicodeDecodeError:
            raise JudgmentsRefused(path, [Problem(0, "it is not UTF-8 text; save it as CSV in UTF-8")]) from None
        except csv.Error as broken:
            raise JudgmentsRefused(path, [Problem(reader.line_num, str(broken))]) from None
    problems = _header_problems(header) or [
        Problem(line, f"{len(row)} values for {len(header)} columns")
        for line, row in zip(lines, rows, strict=True)
        if len(row) != len(header)
    ]
    if problems:
        raise JudgmentsRefused(path, problems)
    table = pd.DataFrame(rows, columns=pd.Index(header), dtype=object)
    table = table.assign(**{name: word for name, word in LATER.items() if name not in header})[list(COLUMNS)]
    table[LINE] = np.array(lines, dtype=np.int64)
    return table


def _header_problems(header: Sequence[str]) -> list[Problem]:
    if not header:
        return [Problem(0, f"it is empty; expected a header with {', '.join(COLUMNS)}")]
    missing = [name for name in COLUMNS if name not in header and name not in LATER]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    said = [("these columns are missing", missing), ("these columns are unknown", unknown), ("named twice", twice)]
    return [Problem(1, f"{what}: {', '.join(map(repr, names))}") for what, names in said if names]


def checked(text: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The typed table of a file's rows.

    Args:
        text: as `read_rows` gives it.
        path: named in the error.

    Raises:
        JudgmentsRefused: with every wrong value, and every contradiction between rows.
    """
    typed, problems = _typed(text)
    problems += _repeated_ids(text) + _judged_twice(text)
    # 10 and 10.0 are one SNR
    levels = ["nothing" if math.isnan(snr_db) else f"{snr_db:g} dB" for snr_db in typed["snr_db"]]
    problems += _contradictions(text.assign(snr_db=pd.Series(levels, index=text.index, dtype=object)))
    if problems:
        raise JudgmentsRefused(path, problems)
    return typed.drop(columns=LINE)


def _typed(text: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Every column in its type, and each value that has another one."""
    typed = text.copy()
    problems: list[Problem] = []

    def refuse(name: str, wrong: pd.Series[bool], expected: str) -> None:
        problems.extend(
            Problem(int(line), f"{name} is {value!r}; expected {expected}")
            for line, value in zip(text.loc[wrong, LINE], text.loc[wrong, name], strict=True)
        )

    for name in IDS:
        refuse(name, text[name].str.strip() == "", "a name")
    for name, words in WORDS.items():
        refuse(name, ~text[name].isin(words), " or ".join(words))
    for name in TRUTHS:
        typed[name] = text[name] == "true"
    _type_numbers(text, typed, refuse)
    times = pd.to_datetime(text["submitted_at"], format="ISO8601", utc=True, errors="coerce")
    zoned = text["submitted_at"].str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True)
    refuse("submitted_at", times.isna() | ~zoned, "a time with its zone, such as 2026-01-31T12:00:00+00:00")
    typed["submitted_at"] = times
    return typed, problems


def _type_numbers(text: pd.DataFrame, typed: pd.DataFrame, refuse: Callable[[str, pd.Series[bool], str], None]) -> None:
    for name in ("snr_db", *RATED, *SECONDS):
        numbers = pd.to_numeric(text[name], errors="coerce").astype(np.float64)
        wrong = ~pd.Series(np.isfinite(numbers), index=text.index)
        if name in SECONDS:
            refuse(name, wrong | (numbers < 0), "seconds, 0 or more")
        elif name in RATED:
            given, manikins = text[name] != "", text["scale"] == "manikins"
            refuse(name, given & manikins & (wrong | ~numbers.isin(RATINGS)), "a whole number 1..5, or nothing")
            beyond = (numbers < RATINGS[0]) | (numbers > RATINGS[-1])
            refuse(name, given & ~manikins & (wrong | beyond), "a number from 1 to 5, or nothing")
        else:
            refuse(name, (text[name] != "") & wrong, "decibels, or nothing")
        typed[name] = numbers


def _repeated_ids(text: pd.DataFrame) -> list[Problem]:
    again = text[text["judgment_id"].duplicated()]
    return [
        Problem(int(line), f"judgment_id {name!r} stands on an earlier line already; every judgment has its own")
        for line, name in zip(again[LINE], again["judgment_id"], strict=True)
    ]


def _judged_twice(text: pd.DataFrame) -> list[Problem]:
    """A worker has one vote a pair; a second hearing is a repeat, and says so in its role."""
    first = text[text["role"] != "repeat"]
    again = first[first.duplicated(["worker", "pair_id"])]
    return [
        Problem(int(line), f"worker {worker!r} judged pair {pair!r} already; a second time has the role repeat")
        for line, worker, pair in zip(again[LINE], again["worker"], again["pair_id"], strict=True)
    ]


def _contradictions(text: pd.DataFrame) -> list[Problem]:
    """A pair has one condition and one clip; a condition has one family and one SNR."""
    problems = []
    for key, told in (
        ("pair_id", "condition"),
        ("pair_id", "clip_id"),
        ("condition", "family"),
        ("condition", "snr_db"),
    ):
        first = text.groupby(key)[told].transform("first")
        wrong = text[text[told] != first]
        problems += [
            Problem(int(line), f"{told} of {key} {name!r} is {found!r} here and {before!r} before")
            for line, name, found, before in zip(wrong[LINE], wrong[key], wrong[told], first[wrong.index], strict=True)
        ]
    return problems
