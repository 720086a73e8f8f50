"""Tables from elsewhere as judgments: which column is which field, and every row that does not fit, with its place."""

from __future__ import annotations

import hashlib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hits.column_mapping import NEEDED, NUMBER, WORDS, ColumnMapping, MappingWrong
from hits.foreign_table import ForeignTable, Row
from hits.judgment import RATED, RATINGS
from hits.judgment_rows import Rows
from hits.judgments_csv import COLUMNS
from hits.printed_time import read_time

IMPORTED = "import-"  # begins the id of every judgment that was collected elsewhere


class RowWrong(ValueError):
    """One judgment can't be taken over."""


@dataclass(frozen=True)
class PairFacts:
    """What is known of a pair without the table; the same names as in judgments.csv."""

    clip_id: str
    condition: str
    family: str
    snr_db: str
    role: str


@dataclass
class Imported:
    """What came of a table.

    Attributes:
        rows: judgments, as rows of judgments.csv.
        problems: of those that were kept out: where they stand, and why.
        empty: places of assignments in which no pair was asked.
    """

    rows: Rows = field(default_factory=Rows)
    problems: list[str] = field(default_factory=list)
    empty: int = 0


@dataclass
class Known:
    """What no row may contradict: pairs of the manifest, and judgments that are there already.

    Attributes:
        pairs: by id.
        judgment_ids: of all judgments so far.
        votes: worker and pair of those that are no repeats.
    """

    pairs: dict[str, PairFacts] = field(default_factory=dict)
    judgment_ids: set[str] = field(default_factory=set)
    votes: set[tuple[str, str]] = field(default_factory=set)
    conditions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add_pair(self, pair_id: str, facts: PairFacts) -> None:
        """Remember a pair, and the family and SNR of its condition."""
        self.pairs[pair_id] = facts
        self.conditions.setdefault(facts.condition, (facts.family, facts.snr_db))

    def add(self, row: Mapping[str, object]) -> None:
        """Remember a judgment."""
        text = {name: str(row[name] if row[name] is not None else "") for name in COLUMNS}
        if text["pair_id"] not in self.pairs:
            role = "study" if text["role"] == "repeat" else text["role"]
            snr_db = f"{float(text['snr_db']):g}" if text["snr_db"] else ""
            facts = PairFacts(text["clip_id"], text["condition"], text["family"], snr_db, role)
            self.add_pair(text["pair_id"], facts)
        self.judgment_ids.add(text["judgment_id"])
        if text["role"] != "repeat":
            self.votes.add((text["worker"], text["pair_id"]))


def judgments_of(
    table: ForeignTable,
    mapping: ColumnMapping,
    known: Known,
    worker_name: Callable[[str], str],
    assignment_name: Callable[[str], str],
) -> Imported:
    """Every judgment of a table that fits, and every one that does not.

    Args:
        table: read to its end.
        mapping: which column is which field.
        known: pairs and judgments so far; what is taken over is added to it.
        worker_name: the keyed hash of a platform's worker id.
        assignment_name: that of an assignment's id.

    Raises:
        MappingWrong: the table lacks columns that are named or needed.
        TableWrong: it is broken in the midst; nothing of it should be kept then.
    """
    mapping = mapping.fitted(table.columns)
    numbers = _numbers(table.columns, mapping)
    done = Imported()
    for row in table.rows:
        places = [number for number in numbers if _asked(row, mapping, number)]
        done.empty += len(numbers) - len(places) if row.values else 0
        for number in places or numbers[:1]:
            try:
                judged = _Reader(row, mapping, number, max(1, len(places)), known)
                made = judged.judgment(worker_name, assignment_name)
            except RowWrong as error:
                where = f"{row.place}, pair {number}" if number else row.place
                done.problems.append(f"{where}: {error}")
            else:
                known.add(made)
                done.rows.add(made)
    return done


def _numbers(columns: Sequence[str], mapping: ColumnMapping) -> list[str]:
    """What {n} stands for in this table, in order; one empty text where columns have no number."""
    counted = [name for name in mapping.columns.values() if NUMBER in name]
    if not counted:
        return [""]
    pattern = re.compile(re.escape(mapping.columns.get("pair_id", counted[0])).replace(re.escape(NUMBER), r"(\d+)"))
    numbers = [found[1] for name in columns if (found := pattern.fullmatch(name))]
    if not numbers:
        raise MappingWrong(f"there is no column like {counted[0]}; the table has {', '.join(columns)}")
    return sorted(numbers, key=int)


def _asked(row: Row, mapping: ColumnMapping, number: str) -> bool:
    """Whether an assignment has anything at a place."""
    columns = [mapping.columns[name] for name in NEEDED if name in mapping.columns]
    return any(row.values.get(column.replace(NUMBER, number)) for column in columns)


@dataclass(frozen=True)
class _Reader:
    """One judgment of one row, field by field."""

    row: Row
    mapping: ColumnMapping
    number: str
    places: int
    known: Known

    def judgment(self, worker_name: Callable[[str], str], assignment_name: Callable[[str], str]) -> dict[str, object]:
        """The judgment as a row of judgments.csv.

        Raises:
            RowWrong: with what was found and what was expected.
        """
        if self.row.wrong:
            raise RowWrong(self.row.wrong)
        own_id = self._needed("worker")
        pair_id = sys.intern(self._needed("pair_id"))
        submitted_at = self._time("submitted_at")
        worker = worker_name(own_id)
        assignment = assignment_name(self._sitting(own_id, submitted_at))
        judgment_id = f"{IMPORTED}{assignment}-{self.number or _short(pair_id, submitted_at)}"
        if judgment_id in self.known.judgment_ids:
            raise RowWrong("this judgment is in judgments.csv already")
        facts = self._facts(pair_id)
        role = self._word("role", facts.role)
        if role != "repeat" and (worker, pair_id) in self.known.votes:
            raise RowWrong(f"its worker judged pair {pair_id} already, and it is not marked as a repeat")
        made: dict[str, object] = {
            "judgment_id": judgment_id,
            "pair_id": pair_id,
            "clip_id": facts.clip_id,
            "condition": facts.condition,
            "family": facts.family,
            "snr_db": facts.snr_db,
            "role": role,
            "worker": worker,
            "assignment_id": assignment,
            "order": self._word("order", "original-first"),
            "activation": self._word("activation"),
            "valence": self._word("valence"),
            "scale": self._word("scale", "manikins"),
            "listened_s": self._seconds("listened_s") or 0.0,
            "elapsed_s": self._elapsed_s(),
            "submitted_at": submitted_at,
            "used": self._truth("used", usual=self._field("status").lower() != "rejected"),
            "late": self._truth("late", usual=False),
            "simulated": self._truth("simulated", usual=False),
        }
        return made | {name: self._rating(name, str(made["scale"])) for name in RATED}

    def _sitting(self, own_id: str, submitted_at: datetime) -> str:
        """What names an assignment: its id, else its HIT and worker, else its worker and time."""
        hit = self._field("hit")
        made = f"{hit}/{own_id}" if hit else f"{own_id} {submitted_at.isoformat()}"
        return self._field("assignment_id") or made

    def _truth(self, name: str, *, usual: bool) -> bool:
        found = self._field(name).lower() or str(usual).lower()
        return self._one_of(name, found) == "true"

    def _field(self, name: str) -> str:
        column = self.mapping.columns.get(name)
        found = self.row.values.get(column.replace(NUMBER, self.number), "") if column else ""
        meant = self.mapping.values.get(name, {}).get(found, found)
        return self.mapping.always.get(name, "") if meant == "" else meant

    def _needed(self, name: str) -> str:
        found = self._field(name)
        if not found:
            raise RowWrong(f"{name} is empty ({self.mapping.columns.get(name, 'no column is named for it')})")
        return found

    def _word(self, name: str, usual: str = "") -> str:
        return self._one_of(name, self._field(name) or usual)

    def _one_of(self, name: str, found: str) -> str:
        if found not in WORDS[name]:
            raise RowWrong(
                f"{name} is {found!r}; expected {' or '.join(WORDS[name])} (say what it means under [values.{name}])"
            )
        return sys.intern(found)

    def _number(self, name: str) -> float | None:
        found = self._field(name)
        if not found:
            return None
        try:
            number = float(found)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise RowWrong(f"{name} is {found!r}; expected a number, or nothing")
        return number

    def _seconds(self, name: str) -> float | None:
        number = self._number(name)
        if number is not None and number < 0:
            raise RowWrong(f"{name} is {number:g}; expected 0 or more seconds")
        return number

    def _elapsed_s(self) -> float:
        """As it stands, else the assignment's time shared among its pairs."""
        whole_s = self._seconds("elapsed_s")
        if whole_s is not None:
            return whole_s
        whole_s = self._seconds("work_s")
        if whole_s is None and self._field("accepted_at"):
            whole_s = max(0.0, (self._time("submitted_at") - self._time("accepted_at")).total_seconds())
        return round((whole_s or 0.0) / self.places, 3)

    def _rating(self, name: str, scale: str) -> int | float | None:
        number = self._number(name)
        if number is None:
            return None
        if not RATINGS[0] <= number <= RATINGS[-1] or (scale == "manikins" and number not in RATINGS):
            raise RowWrong(f"{name} is {number:g}; expected 1..5, or nothing")
        return int(number) if scale == "manikins" else number

    def _time(self, name: str) -> datetime:
        found = self._needed(name)
        time = read_time(found, self.mapping.zone)
        if time is None:
            raise RowWrong(
                f"{name} is {found!r}; expected a time with its zone, such as 'Wed Apr 14 20:00:52 PDT 2010' "
                "(or say the zone of times that name none by --zone)"
            )
        return time

    def _facts(self, pair_id: str) -> PairFacts:
        """What is known of a pair: from the manifest or earlier rows, else from this row, which may not contradict."""
        snr_db = self._number("snr_db")
        said = {name: self._field(name) for name in ("clip_id", "condition", "family")}
        said["snr_db"] = "" if snr_db is None else f"{snr_db:g}"
        known = self.known.pairs.get(pair_id)
        if known is not None:
            for name, found in said.items():
                if found and found != getattr(known, name):
                    raise RowWrong(f"{name} of pair {pair_id} is {found!r} here and {getattr(known, name)!r} before")
            return known
        condition = self._needed("condition")
        family, level = self.known.conditions.get(condition, (said["family"], said["snr_db"]))
        if said["family"] not in ("", family) or (said["snr_db"] and said["snr_db"] != level):
            raise RowWrong(f"condition {condition} has family {family!r} and SNR {level!r} before, and others here")
        role = self._field("role") or "study"
        return PairFacts(
            said["clip_id"] or pair_id, condition, family or condition, level, "study" if role == "repeat" else role
        )


def _short(pair_id: str, submitted_at: datetime) -> str:
    """What tells the judgments of one assignment apart, in every reading of the same table."""
    return hashlib.sha256(f"{pair_id}\n{submitted_at.isoformat()}".encode()).hexdigest()[:8]
