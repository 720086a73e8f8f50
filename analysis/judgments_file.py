"""Reading judgments.csv: the good rows become a typed table, and every wrong row is named with its line."""

from __future__ import annotations

import csv
import io
import mmap
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from hits.importing import IMPORTED
from hits.judgment import RATED, RATINGS, Answer, Order, Scale
from hits.judgments_csv import COLUMNS, LATER
from pipelines.clip import Role
from pipelines.whole_file import write_whole

SHOWN = 20  # problems in the sentence; the exception carries all of them
WRONG_ROWS = ".wrong.csv"  # replaces .csv in the name of the list that lies beside a file with wrong rows

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
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


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


@dataclass(frozen=True)
class Sifted:
    """What came of a file.

    Attributes:
        judgments: the rows that fit, as `analysis.votes.read_judgments` describes them.
        problems: what is wrong with the others, by line; several may be wrong with one.
    """

    judgments: pd.DataFrame
    problems: tuple[Problem, ...]

    @property
    def kept_out(self) -> int:
        """How many rows do not fit."""
        return len({problem.line for problem in self.problems})


NO_UTF8 = Problem(0, "it is not UTF-8 text; save it as CSV in UTF-8")


def sift(path: Path, pairs: Collection[str] | None = None) -> Sifted:
    """Read judgments.csv; rows that are wrong are kept out and listed.

    Where two rows contradict each other, the first stays.

    Args:
        path: the file.
        pairs: the ids of all pairs of the study, where they are known; imported judgments bring pairs of their own.

    Raises:
        FileNotFoundError: there is no such file.
        JudgmentsRefused: it is wrong as a whole: not UTF-8, no table, other columns, or no row that fits.
    """
    text, problems = read_rows(path)
    typed, wrong = _typed(text)
    problems += wrong
    text = text[~text[LINE].isin({problem.line for problem in wrong})]
    checks = [_repeated_ids, *_CONTRADICTIONS, _judged_twice, _in_manifest(pairs)]
    for check in checks:
        wrong = check(text)
        problems += wrong
        if wrong:
            text = text[~text[LINE].isin({problem.line for problem in wrong})]
    if problems and text.empty:
        raise JudgmentsRefused(path, problems)
    judgments = typed.loc[text.index].drop(columns=LINE).reset_index(drop=True)
    return Sifted(judgments, tuple(sorted(problems)))


def kept_out_note(sifted: Sifted) -> tuple[str, ...]:
    """The sentence that has to stand wherever figures from a sifted file stand; none where every row fits."""
    if not sifted.kept_out:
        return ()
    rows = "1 row of the judgments is" if sifted.kept_out == 1 else f"{sifted.kept_out:,} rows of the judgments are"
    return (f"{rows} wrong and kept out; the file with the ending {WRONG_ROWS} lists what is wrong, by line.",)


def write_wrong_rows(path: Path, problems: Sequence[Problem]) -> Path | None:
    """Write what is wrong with a file's rows beside it, as CSV with the columns line and problem.

    Returns:
        Where it stands: `judgments.wrong.csv` for `judgments.csv`. None where nothing is wrong; then a list of an
        earlier reading is removed.
    """
    beside = path.with_suffix(WRONG_ROWS)
    if not problems:
        beside.unlink(missing_ok=True)
        return None
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerows([("line", "problem"), *((problem.line, problem.what) for problem in problems)])
    write_whole(beside, table.getvalue())
    return beside


def read_rows(path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """The file as text, with a column `line` that says where each row begins; and rows of another length.

    Raises:
        JudgmentsRefused: not UTF-8, no header, other columns, or a quote that does not end.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except UnicodeDecodeError:
        raise JudgmentsRefused(path, [NO_UTF8]) from None
    except csv.Error as broken:
        raise JudgmentsRefused(path, [Problem(1, str(broken))]) from None
    problems = _header_problems(header)
    if problems:
        raise JudgmentsRefused(path, problems)
    plain = _read_plain(path, header)
    table, problems = (plain, []) if plain is not None else _read_carefully(path, header)
    table = table.assign(**{name: word for name, word in LATER.items() if name not in header})
    return table[[*COLUMNS, LINE]], problems


def _read_plain(path: Path, header: Sequence[str]) -> pd.DataFrame | None:
    """The rows of a file in which every line is a row with all its values; None of any other file.

    Written by us, files are so, and Arrow reads them ten times as fast.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b'"') >= 0:
            return None
    try:
        table = pa.csv.read_csv(
            path,
            parse_options=pa.csv.ParseOptions(ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    text = pd.DataFrame({name: pd.Series(table[name].to_pandas(), dtype=TEXT) for name in header})
    text[LINE] = np.arange(2, len(text) + 2)
    return text


def _read_carefully(path: Path, header: Sequence[str]) -> tuple[pd.DataFrame, list[Problem]]:
    """The rows of any CSV file, line by line; empty lines hold nothing and are passed over."""
    lines: list[int] = []
    rows: list[list[str]] = []
    problems: list[Problem] = []
    try:
        for line, row in islice(_lines(path), 1, None):
            if len(row) == len(header):
                lines.append(line)
                rows.append(row)
            elif row:
                problems.append(Problem(line, f"{len(row)} values for {len(header)} columns"))
    except UnicodeDecodeError:
        raise JudgmentsRefused(path, [NO_UTF8]) from None
    if problems and not rows:
        raise JudgmentsRefused(path, problems)
    table = pd.DataFrame(rows, columns=pd.Index(header), dtype=TEXT)
    table[LINE] = np.array(lines, dtype=np.int64)
    return table, problems


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every row, and the line where it begins.

    Raises:
        JudgmentsRefused: a quote does not end, or stands where none may.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            for row in reader:
                yield line, row
                line = reader.line_num + 1
        except csv.Error as broken:
            raise JudgmentsRefused(path, [Problem(line, str(broken))]) from None


def _header_problems(header: Sequence[str]) -> list[Problem]:
    if not header:
        return [Problem(0, f"it is empty; expected a header with {', '.join(COLUMNS)}")]
    missing = [name for name in COLUMNS if name not in header and name not in LATER]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    said = [("these columns are missing", missing), ("these columns are unknown", unknown), ("named twice", twice)]
    return [Problem(1, f"{what}: {', '.join(map(repr, names))}") for what, names in said if names]


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
        codes, values = pd.factorize(text[name])  # few values, many rows
        read = np.asarray(pd.to_numeric(np.asarray(values, dtype=object), errors="coerce"), dtype=np.float64)
        numbers: pd.Series[float] = pd.Series(read[codes], index=text.index, dtype=np.float64)
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


def _in_manifest(pairs: Collection[str] | None) -> Callable[[pd.DataFrame], list[Problem]]:
    """A check that every pair is one of the study's; imported judgments bring pairs of their own."""

    def check(text: pd.DataFrame) -> list[Problem]:
        if pairs is None:
            return []
        own = text[~text["judgment_id"].str.startswith(IMPORTED)]
        unknown = own[~own["pair_id"].isin(list(pairs))]
        return [
            Problem(int(line), f"pair {pair!r} is unknown: it is not in the study's manifest")
            for line, pair in zip(unknown[LINE], unknown["pair_id"], strict=True)
        ]

    return check


def _contradictions(key: str, told: str) -> Callable[[pd.DataFrame], list[Problem]]:
    """A check that every `key` has one `told`."""

    def check(text: pd.DataFrame) -> list[Problem]:
        keys, names = pd.factorize(text[key])
        facts, words = pd.factorize(_levels(text[told]) if told == "snr_db" else text[told])
        _, places = np.unique(keys, return_index=True)
        first = facts[places][keys]
        wrong = np.flatnonzero(first != facts)
        return [
            Problem(
                int(line), f"{told} of {key} {names[keys[row]]!r} is {words[facts[row]]!r} here and {before!r} before"
            )
            for row, line, before in zip(wrong, text[LINE].iloc[wrong], words[first[wrong]], strict=True)
        ]

    return check


def _levels(snr_db: pd.Series[str]) -> pd.Series[str]:
    """SNRs in one form: 10 and 10.0 are one."""
    said = {text: f"{float(text):g} dB" if text else "nothing" for text in snr_db.unique()}
    return snr_db.map(said)


#: A pair has one condition and one clip; a condition has one family and one SNR.
_CONTRADICTIONS = tuple(
    _contradictions(key, told)
    for key, told in (
        ("pair_id", "condition"),
        ("pair_id", "clip_id"),
        ("condition", "family"),
        ("condition", "snr_db"),
    )
)
