"""Old batches as judgments: which column is which field, and every row that does not fit, with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hits.column_mapping import NEEDED, NUMBER, WORDS, ColumnMapping, MappingWrong
from hits.judgment import RATED, RATINGS
from hits.judgments_csv import COLUMNS
from hits.old_batches import OldBatch, Row

IMPORTED = "import-"  # begins the id of every judgment that was collected elsewhere
#: What MTurk's and Java's abbreviations mean, in hours.
ZONES = {"PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4, "GMT": 0, "UTC": 0}
PRINTED = re.compile(r"\w{3} (\w{3} +\d{1,2} \d\d:\d\d:\d\d) (\w+) (\d{4})")


class RowWrong(ValueError):
    """One judgment can't be taken over."""


@dataclass(frozen=True)
class PairFacts:
    """What is known of a pair without the batch; the same names as in judgments.csv."""

    clip_id: str
    condition: str
    family: str
    snr_db: str
    role: str


@dataclass
class Imported:
    """What came of a file.

    Attributes:
        rows: judgments, as rows of judgments.csv.
        problems: of those that were kept out: where they stand, and why.
        empty: places of assignments in which no pair was asked.
    """

    rows: list[dict[str, object]] = field(default_factory=list)
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
    batch: OldBatch,
    mapping: ColumnMapping,
    known: Known,
    worker_name: Callable[[str], str],
    assignment_name: Callable[[str], str],
) -> Imported:
    """Every judgment of a file that fits, and every one that does not.

    Args:
        batch: the file.
        mapping: which column is which field.
        known: pairs and judgments so far; what is taken over is added to it.
        worker_name: the keyed hash of a platform's worker id.
        assignment_name: that of an assignment's id.

    Raises:
        MappingWrong: the file has not the columns that are named.
    """
    numbers = _numbers(batch, mapping)
    done = Imported()
    for row in batch.rows:
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
                done.rows.append(made)
    return done


def _numbers(batch: OldBatch, mapping: ColumnMapping) -> list[str]:
    """What {n} stands for in this file, in order; one empty text where columns have no number."""
    columns = batch.columns
    plain = [name for name in mapping.columns.values() if NUMBER not in name and name not in columns]
    if plain:
        raise MappingWrong(f"the file has no column {', '.join(plain)}; it has {', '.join(columns)}")
    counted = [name for name in mapping.columns.values() if NUMBER in name]
    if not counted:
        return [""]
    pattern = re.compile(re.escape(mapping.columns.get("pair_id", counted[0])).replace(re.escape(NUMBER), r"(\d+)"))
    numbers = [found[1] for name in columns if (found := pattern.fullmatch(name))]
    if not numbers:
        raise MappingWrong(f"the file has no column like {counted[0]}; it has {', '.join(columns)}")
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
        if not self.row.values:
            raise RowWrong("it has another number of values than the header has columns")
        own_id = self._needed("worker")
        worker = worker_name(own_id)
        assignment = assignment_name(self._field("assignment_id") or f"{self._needed('hit')}/{own_id}")
        judgment_id = f"{IMPORTED}{assignment}" + (f"-{self.number}" if self.number else "")
        if judgment_id in self.known.judgment_ids:
            raise RowWrong("this assignment is in judgments.csv already")
        pair_id = self._needed("pair_id")
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
            "submitted_at": self._time("submitted_at"),
            "used": self._field("status").lower() != "rejected",
            "late": False,
            "simulated": False,
        }
        return made | {name: self._rating(name, str(made["scale"])) for name in RATED}

    def _field(self, name: str) -> str:
        column = self.mapping.column(name)
        found = self.row.values.get(column.replace(NUMBER, self.number), "") if column else ""
        meant = self.mapping.values.get(name, {}).get(found, found)
        return self.mapping.always.get(name, "") if meant == "" else meant

    def _needed(self, name: str) -> str:
        found = self._field(name)
        if not found:
            raise RowWrong(f"{name} is empty ({self.mapping.column(name) or 'no column is named for it'})")
        return found

    def _word(self, name: str, usual: str = "") -> str:
        found = self._field(name) or usual
        if found not in WORDS[name]:
            raise RowWrong(
                f"{name} is {found!r}; expected {' or '.join(WORDS[name])} (say what it means under [values.{name}])"
            )
        return found

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
                "(or set `zone` for times that name none)"
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


def read_time(text: str, zone: str | None = None) -> datetime | None:
    """A moment in UTC, as MTurk's site, its API or its tools wrote it; None where it is none, or names no zone.

    >>> read_time("Wed Apr 14 20:00:52 PDT 2010")
    datetime.datetime(2010, 4, 15, 3, 0, 52, tzinfo=datetime.timezone.utc)
    >>> read_time("2019-12-01T12:00:00Z"), read_time("2019-12-01T12:00:00")
    (datetime.datetime(2019, 12, 1, 12, 0, tzinfo=datetime.timezone.utc), None)
    """
    printed = PRINTED.fullmatch(" ".join(text.split()))
    try:
        if printed:
            if printed[2] not in ZONES:
                return None
            time = datetime.strptime(f"{printed[1]} {printed[3]}", "%b %d %H:%M:%S %Y")  # noqa: DTZ007
            return time.replace(tzinfo=timezone(timedelta(hours=ZONES[printed[2]]))).astimezone(UTC)
        if re.fullmatch(r"\d{9,10}(\.\d+)?", text):  # seconds since 1970, as older clients print them
            return datetime.fromtimestamp(float(text), UTC)
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        if zone is None:
            return None
        time = time.replace(tzinfo=ZoneInfo(zone))
    return time.astimezone(UTC)
