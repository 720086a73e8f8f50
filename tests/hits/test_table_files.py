"""Any table with a row a judgment comes in: CSV, Excel, Parquet and JSON lines say the same in the same words."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest

from hits.column_mapping import ColumnMapping, MappingWrong
from hits.foreign_table import TableWrong
from hits.importing import Imported, Known, judgments_of
from hits.judgments_csv import COLUMNS, kept_judgments, write_judgments
from hits.table_files import read_table
from tests.analysis.conftest import judgment

Rows = list[dict[str, object]]
SAID = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)
ROWS: Rows = [
    {"Participant": "ada", "stimulus": 1, "noise": "hum", "act": "no", "val": "yes", "excited": 4, "when": SAID},
    {"Participant": "ada", "stimulus": 2, "noise": "hum", "act": "yes", "val": "yes", "excited": None, "when": SAID},
    {"Participant": "ben", "stimulus": 1, "noise": "hum", "act": "yes", "val": "yes", "excited": None, "when": SAID},
]
MAPPING = ColumnMapping(
    columns={
        "worker": "Participant",
        "pair_id": "stimulus",
        "condition": "noise",
        "activation": "act",
        "valence": "val",
        "activation_rating": "excited",
        "submitted_at": "when",
    },
    values={name: {"yes": "same", "no": "different"} for name in ("activation", "valence")},
)


def as_csv(delimiter: str) -> Callable[[Path, Rows], None]:
    def write(path: Path, rows: Rows) -> None:
        with path.open("w", newline="") as file:
            lines = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            lines.writeheader()
            lines.writerows(rows)

    return write


def as_excel(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([])  # people leave a line above their heading
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([one.replace(tzinfo=None) if isinstance(one, datetime) else one for one in row.values()])
    book.create_sheet("Notes")
    book.save(path)


def as_parquet(path: Path, rows: Rows) -> None:
    pa.parquet.write_table(pa.Table.from_pylist(rows), path)


def as_json_lines(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


KINDS = {
    "comma": as_csv(","),
    "semicolon": as_csv(";"),
    "tab": as_csv("\t"),
    "excel": as_excel,
    "parquet": as_parquet,
    "json lines": as_json_lines,
}


def take_in(path: Path, mapping: ColumnMapping = MAPPING, known: Known | None = None) -> Imported:
    return judgments_of(read_table(path), mapping, known or Known(), "w{}".format, "a({})".format)


@pytest.fixture(params=KINDS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Rows], Path]:
    def written(rows: Rows) -> Path:
        path = tmp_path / "votes of the lab"  # no name tells what it is
        KINDS[request.param](path, rows)
        return path

    return written


def test_every_kind_of_table_says_the_same(write: Callable[[Rows], Path]) -> None:
    done = take_in(write(ROWS), MAPPING.model_copy(update={"zone": "UTC"}))
    assert done.problems == []
    assert [(row["worker"], row["pair_id"], row["activation"], row["activation_rating"]) for row in done.rows] == [
        ("wada", "1", "different", 4),
        ("wada", "2", "same", None),
        ("wben", "1", "same", None),
    ]
    assert {row["submitted_at"] for row in done.rows} == {SAID}


def test_rows_without_a_time_and_other_wrong_ones_are_named_with_their_places(write: Callable[[Rows], Path]) -> None:
    cem = {**ROWS[2], "Participant": "cem"}
    wrong = [{**ROWS[1], "when": None}, {**cem, "excited": 9}, {**cem, "act": "maybe"}, ROWS[0]]
    done = take_in(write([*ROWS, *wrong]), MAPPING.model_copy(update={"zone": "UTC"}))
    assert len(done.rows) == 3
    assert [problem.split(": ")[1].split(" ")[0] for problem in done.problems] == [
        "submitted_at", "activation_rating", "activation", "this",
    ]  # fmt: skip
    places = [int(problem.split(":")[0].split()[-1]) for problem in done.problems]
    assert [place - places[0] for place in places] == [0, 1, 2, 3]


def test_the_same_table_a_second_time_brings_nothing(write: Callable[[Rows], Path], tmp_path: Path) -> None:
    mapping, path = MAPPING.model_copy(update={"zone": "UTC"}), write(ROWS)
    write_judgments(take_in(path, mapping).rows, tmp_path / "judgments.csv")
    known = Known()
    for row in kept_judgments(tmp_path / "judgments.csv"):
        known.add(row)
    again = take_in(path, mapping, known)
    assert len(again.rows) == 0
    assert len(again.problems) == 3


def test_a_place_is_the_number_that_a_person_sees(tmp_path: Path) -> None:
    wrong = [*ROWS[:2], {**ROWS[2], "act": "?"}]
    for name, place in (("comma", "line 4"), ("excel", "row 5"), ("parquet", "row 3"), ("json lines", "line 3")):
        KINDS[name](tmp_path / name, wrong)
        done = take_in(tmp_path / name, MAPPING.model_copy(update={"zone": "UTC"}))
        assert done.problems[0].startswith(f"{place}: "), done.problems


def test_an_assignment_is_told_by_its_id_else_by_hit_and_worker_else_by_worker_and_time(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    for more, sitting in (
        ({}, "a(ada 2024-05-01T10:00:00+00:00)"),
        ({"hit": "h"}, "a(h/ada)"),
        ({"hit": "h", "assignment_id": "x"}, "a(x)"),
    ):
        as_csv(",")(path, [{**row, **more} for row in ROWS[:2]])
        done = take_in(path)
        assert {row["assignment_id"] for row in done.rows} == {sitting}
        assert len({row["judgment_id"] for row in done.rows}) == 2  # one sitting, two judgments


def test_a_judgments_csv_of_another_study_needs_no_mapping(tmp_path: Path) -> None:
    rows = [
        judgment(1),
        judgment(2, pair_id="p2", used=False, simulated=True, activation="different", activation_rating=3),
        judgment(3, pair_id="p3", late=True, role="identical", condition="identical", family="identical", snr_db=None),
        judgment(4, pair_id="p4", scale="slider", activation="different", activation_rating=2.5),
    ]
    write_judgments(rows, tmp_path / "theirs.csv")
    done = take_in(tmp_path / "theirs.csv", ColumnMapping())
    assert done.problems == []
    hashed = {"judgment_id", "worker", "assignment_id", "snr_db"}
    for was, now in zip(rows, done.rows, strict=True):
        assert {name: was[name] for name in COLUMNS if name not in hashed} == {
            name: now[name] for name in COLUMNS if name not in hashed
        }


def test_a_column_that_only_happens_to_have_a_fields_name_can_be_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    as_csv(",")(path, [{**row, "order": 7} for row in ROWS])
    assert "order is '7'" in take_in(path).problems[0]
    left = MAPPING.model_copy(update={"columns": {**MAPPING.columns, "order": ""}})
    assert len(take_in(path, left).rows) == 3


def test_a_table_in_which_no_time_or_no_worker_stands_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    as_csv(",")(path, [{name: row[name] for name in ("stimulus", "noise", "act", "val", "excited")} for row in ROWS])
    left = {name: column for name, column in MAPPING.columns.items() if name not in ("worker", "submitted_at")}
    with pytest.raises(MappingWrong, match="in which column worker, submitted_at stands.* the table has stimulus"):
        take_in(path, MAPPING.model_copy(update={"columns": left}))


def test_other_sheets_of_a_workbook_are_said(tmp_path: Path) -> None:
    as_excel(tmp_path / "votes.xlsx", ROWS)
    assert read_table(tmp_path / "votes.xlsx").notes == ("its first sheet was read; these were not: Notes",)


def test_cells_beyond_the_heading_are_a_wrong_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["worker", "pair_id"], ["ada", "p1", "what is this?"], ["ben", "p1"]):
        book.active.append(row)
    book.save(tmp_path / "votes.xlsx")
    assert [row.wrong for row in read_table(tmp_path / "votes.xlsx").rows] == ["it has 3 values for 2 columns", ""]


def test_a_line_that_is_no_json_is_a_wrong_row(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text('{"worker": "ada", "pair_id": "p1"}\n\n{"worker":\n[1]\n{"worker": "ben", "more": true}\n')
    table = read_table(path)
    assert table.columns == ("worker", "pair_id", "more")
    assert [(row.place, bool(row.wrong)) for row in table.rows] == [
        ("line 1", False), ("line 3", True), ("line 4", True), ("line 5", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1 and no more",
        b"PK\x03\x04 and no more",
        b"worker,worker\n1,2\n",
        b"worker,\n1,2\n",
        b"worker,pair_id\n",
        b'worker,pair_id\n"a,b\n',
        b'{"worker": "ada"\n',
        b"\x00\x01\x02",
    ],
)
def test_what_is_no_table_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "votes"
    path.write_bytes(content)
    with pytest.raises(TableWrong, match="can't be read"):
        list(read_table(path).rows)


def test_a_long_table_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("worker,pair_id\nada,p1\n" + '"a quote that does not end\n')
    rows = read_table(path).rows
    assert next(rows).values == {"worker": "ada", "pair_id": "p1"}  # what comes later has not been looked at
    with pytest.raises(TableWrong):
        next(rows)
