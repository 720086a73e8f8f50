"""Old batches of MTurk become judgments: whatever wrote them, and every row that does not fit is named."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from analysis.votes import read_judgments
from hits.column_mapping import ColumnMapping, MappingWrong, read_mapping, write_mapping
from hits.foreign_table import TableWrong
from hits.importing import Imported, Known, PairFacts, judgments_of
from hits.judgments_csv import COLUMNS, kept_judgments, write_judgments
from hits.printed_time import read_time
from hits.table_files import read_table

#: The columns of a batch's results as the requester's site wrote them, before those of its template.
SITE = re.findall(
    r"\w+",
    """
    HITId HITTypeId Title Description Keywords Reward CreationTime MaxAssignments RequesterAnnotation
    AssignmentDurationInSeconds AutoApprovalDelayInSeconds Expiration NumberOfSimilarHITs
    LifetimeInSeconds AssignmentId WorkerId AssignmentStatus AcceptTime SubmitTime AutoApprovalTime
    ApprovalTime RejectionTime RequesterFeedback WorkTimeInSeconds LifetimeApprovalRate
    Last30DaysApprovalRate Last7DaysApprovalRate
    """,
)
ASKED = [f"Input.{name}{n}" for n in (1, 2) for name in ("pair", "condition")]
SAID = [f"Answer.{name}{n}" for n in (1, 2) for name in ("act", "val", "excited")]
HEADER = [*SITE, *ASKED, *SAID, "Approve", "Reject"]
MAPPING = ColumnMapping(
    columns={
        "pair_id": "Input.pair{n}",
        "condition": "Input.condition{n}",
        "activation": "Answer.act{n}",
        "valence": "Answer.val{n}",
        "activation_rating": "Answer.excited{n}",
    },
    values={"activation": {"yes": "same", "no": "different"}, "valence": {"yes": "same", "no": "different"}},
)


def row(assignment: str = "3AAA", worker: str = "A1WORKER", **other: str) -> dict[str, str]:
    """One assignment with two pairs, as the site wrote it."""
    usual = {
        "HITId": "3HIT",
        "AssignmentId": assignment,
        "WorkerId": worker,
        "AssignmentStatus": "Approved",
        "AcceptTime": "Wed May 25 10:24:29 PDT 2016",
        "SubmitTime": "Wed May 25 10:25:29 PDT 2016",
        "WorkTimeInSeconds": "60",
        "Title": 'Do these feel "the same", or not?',
        "Input.pair1": "p1",
        "Input.condition1": "nat-co-10db",
        "Answer.act1": "yes",
        "Answer.val1": "yes",
        "Input.pair2": "p2",
        "Input.condition2": "nat-co-0db",
        "Answer.act2": "no",
        "Answer.val2": "yes",
        "Answer.excited2": "4",
    }
    return {**dict.fromkeys(HEADER, ""), **usual, **other}


def site_csv(rows: Sequence[dict[str, str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, quoting=csv.QUOTE_ALL, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def take_in(path: Path, mapping: ColumnMapping = MAPPING, known: Known | None = None) -> Imported:
    return judgments_of(read_table(path), mapping, known or Known(), "w{}".format, "a{}".format)


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "Batch_1_batch_results.csv"
    path.write_bytes(content)
    return path


def test_each_pair_of_an_assignment_becomes_a_judgment_that_an_analysis_reads(tmp_path: Path) -> None:
    done = take_in(written(tmp_path, site_csv([row(), row("3BBB", "A2WORKER")])))
    assert (len(done.rows), done.problems, done.empty) == (4, [], 0)
    second = done.rows[1]
    assert (second["pair_id"], second["condition"], second["role"]) == ("p2", "nat-co-0db", "study")
    assert (second["activation"], second["valence"], second["activation_rating"]) == ("different", "same", 4)
    assert second["submitted_at"] == datetime(2016, 5, 25, 17, 25, 29, tzinfo=UTC)
    assert (second["elapsed_s"], second["listened_s"], second["used"]) == (30.0, 0.0, True)
    write_judgments(done.rows, tmp_path / "judgments.csv")
    assert len(read_judgments(tmp_path / "judgments.csv")) == 4


def test_a_rejected_assignment_is_kept_and_not_used(tmp_path: Path) -> None:
    done = take_in(written(tmp_path, site_csv([row(AssignmentStatus="Rejected")])))
    assert [one["used"] for one in done.rows] == [False, False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whatever_program_saved_it_letters_are_the_same(tmp_path: Path, encoding: str) -> None:
    done = take_in(
        written(tmp_path, site_csv([row(**{"Input.condition1": "Geräusch", "RequesterFeedback": "é"})], encoding))
    )
    assert done.rows[0]["condition"] == "Geräusch"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_columns_may_be_parted_as_excel_and_the_tools_do(tmp_path: Path, delimiter: str) -> None:
    assert len(take_in(written(tmp_path, site_csv([row()], delimiter=delimiter))).rows) == 2


def test_the_tools_lower_case_names_are_known(tmp_path: Path) -> None:
    text = site_csv([row()]).decode()
    for name, theirs in (
        ("HITId", "hitid"),
        ("AssignmentId", "assignmentid"),
        ("WorkerId", "workerid"),
        ("AcceptTime", "assignmentaccepttime"),
        ("SubmitTime", "assignmentsubmittime"),
    ):
        text = text.replace(f'"{name}"', f'"{theirs}"')
    assert len(take_in(written(tmp_path, text.encode())).rows) == 2


def test_rows_that_do_not_fit_are_named_with_their_lines_and_the_others_are_kept(tmp_path: Path) -> None:
    rows = [
        row(),
        row("3BBB", "A2", Title="two\nlines", **{"Answer.act1": "maybe"}),
        row("3CCC", "", **{"Answer.act2": ""}),
        row("3DDD", "A4", SubmitTime="yesterday"),
        row("3EEE", "A5", **{"Answer.excited2": "9"}),
        row("3FFF", "A6", **{"Input.condition1": "other"}),
        row("3GGG", "A7", WorkTimeInSeconds="-1"),
        row("3HHH", "A8", **{"Answer.val1": ""}),
    ]
    done = take_in(written(tmp_path, site_csv(rows)))
    assert len(done.rows) + len(done.problems) == 16  # nothing is dropped in silence
    assert done.problems[0] == (
        "line 3, pair 1: activation is 'maybe'; expected same or different "
        "(say what it means under [values.activation])"
    )
    for place, words in (
        ("line 5, pair 1", "worker is empty (WorkerId)"),
        ("line 6, pair 2", "submitted_at is 'yesterday'"),
        ("line 7, pair 2", "activation_rating is 9"),
        ("line 8, pair 1", "condition of pair p1 is 'other' here and 'nat-co-10db' before"),
        ("line 9, pair 1", "work_s is -1"),
        ("line 10, pair 1", "valence is ''"),
    ):
        assert any(one.startswith(place) and words in one for one in done.problems), (place, done.problems)


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    content = site_csv([row()]) + b'"3HIT","only two"\r\n'
    done = take_in(written(tmp_path, content))
    assert done.problems == ["line 3, pair 1: it has 2 values for 39 columns"]
    assert len(done.rows) == 2


def test_one_vote_a_worker_and_pair_unless_it_is_a_repeat(tmp_path: Path) -> None:
    path = written(tmp_path, site_csv([row(), row("3BBB")]))
    done = take_in(path)
    assert len(done.rows) == 2
    assert "judged pair p1 already" in done.problems[0]
    again = MAPPING.model_copy(update={"columns": {**MAPPING.columns, "role": "RequesterFeedback"}})
    marked = written(tmp_path, site_csv([row(), row("3BBB", RequesterFeedback="repeat")]))
    assert [one["role"] for one in take_in(marked, again).rows] == ["study", "study", "repeat", "repeat"]


def test_the_same_file_a_second_time_brings_nothing(tmp_path: Path) -> None:
    path, known = written(tmp_path, site_csv([row()])), Known()
    first = take_in(path, known=known)
    write_judgments(first.rows, tmp_path / "judgments.csv")
    later = Known()
    for one in kept_judgments(tmp_path / "judgments.csv"):
        later.add(one)
    again = take_in(path, known=later)
    assert len(again.rows) == 0
    assert all("in judgments.csv already" in problem for problem in again.problems)


def test_what_the_manifest_says_of_a_pair_need_not_stand_in_the_batch(tmp_path: Path) -> None:
    known = Known()
    for number in (1, 2):
        known.add_pair(f"p{number}", PairFacts(f"c{number}", "nat-co-10db", "nat", "10", "identical"))
    columns = {name: column for name, column in MAPPING.columns.items() if name != "condition"}
    done = take_in(written(tmp_path, site_csv([row()])), MAPPING.model_copy(update={"columns": columns}), known)
    first = done.rows[0]
    assert (first["clip_id"], first["family"], first["snr_db"], first["role"]) == ("c1", "nat", "10", "identical")


def test_empty_places_of_a_shorter_hit_are_counted_and_are_no_errors(tmp_path: Path) -> None:
    short = row(**{"Input.pair2": "", "Answer.act2": "", "Answer.val2": "", "Input.condition2": ""})
    done = take_in(written(tmp_path, site_csv([short])))
    assert (len(done.rows), done.problems, done.empty) == (1, [], 1)
    assert done.rows[0]["elapsed_s"] == 60.0


FORM = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/'
    'QuestionFormAnswers.xsd"><Answer><QuestionIdentifier>pair</QuestionIdentifier><FreeText>p1</FreeText></Answer>'
    "<Answer><QuestionIdentifier>act</QuestionIdentifier><SelectionIdentifier>no</SelectionIdentifier></Answer>"
    "<Answer><QuestionIdentifier>val</QuestionIdentifier><FreeText>yes</FreeText></Answer></QuestionFormAnswers>"
)
FORM_MAPPING = ColumnMapping(
    columns={"pair_id": "Answer.pair", "activation": "Answer.act", "valence": "Answer.val"},
    values=MAPPING.values,
    always={"condition": "nat-co-10db", "family": "nat", "snr_db": "10.0"},
)
ASSIGNMENT = {
    "AssignmentId": "3AAA",
    "WorkerId": "A1WORKER",
    "HITId": "3HIT",
    "AssignmentStatus": "Submitted",
    "AcceptTime": "2019-12-01T12:00:00Z",
    "SubmitTime": "2019-12-01T13:04:59-08:00",
}


def assignment_xml(answer: str) -> str:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in ASSIGNMENT.items())
    return f"<Result><Assignment>{fields}<Answer>{answer}</Answer></Assignment></Result>"


@pytest.mark.parametrize(
    "content",
    [
        assignment_xml(escape(FORM)),
        assignment_xml(FORM.partition("?>")[2]),
        json.dumps({"NumResults": 1, "Assignments": [{**ASSIGNMENT, "Answer": FORM}]}),
        json.dumps([{**ASSIGNMENT, "Answer": FORM}]),
    ],
    ids=["xml in xml", "xml", "what the AWS command prints", "a list"],
)
def test_assignments_as_the_api_gave_them_are_read_as_a_batch_is(tmp_path: Path, content: str) -> None:
    done = take_in(written(tmp_path, content.encode()), FORM_MAPPING)
    assert done.problems == []
    (one,) = done.rows
    assert (one["worker"], one["activation"], one["snr_db"]) == ("wA1WORKER", "different", "10")
    assert one["submitted_at"] == datetime(2019, 12, 1, 21, 4, 59, tzinfo=UTC)


def test_xml_that_unfolds_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><Assignment><WorkerId>&b;</WorkerId></Assignment>'
    with pytest.raises(TableWrong, match="DTD"):
        read_table(written(tmp_path, bomb.encode()))


@pytest.mark.parametrize("content", [b"", b"HITId\n1\n", b"<a></a>", b'{"x": 1', b"<a>"])
def test_what_is_no_batch_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableWrong, match="can't be read"):
        read_table(written(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("Wed Jan  6 04:00:00 PST 2010", None, 12),
        ("Wed Jul 14 04:00:00 PDT 2010", None, 11),
        ("Wed Jul 14 04:00:00 GMT 2010", None, 4),
        ("2010-07-14T04:00:00.000-07:00", None, 11),
        ("2010-07-14T04:00:00", "America/Los_Angeles", 11),
        ("1279080000.0", None, 4),
    ],
)
def test_times_are_read_as_they_were_printed(text: str, zone: str | None, hour: int) -> None:
    time = read_time(text, zone)
    assert time is not None
    assert (time.hour, time.tzinfo) == (hour, UTC)


@pytest.mark.parametrize("text", ["2010-07-14T04:00:00", "Wed Jul 14 04:00:00 XYZ 2010", "Feb 31", "", "99"])
def test_a_time_that_may_mean_two_is_none(text: str) -> None:
    assert read_time(text) is None


def test_what_is_said_of_columns_is_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "import.toml"
    said = ["Input.pair {n}=pair_id", "Answer.é=activation", "Answer.é=valence"]
    mapping = read_mapping(path, said)
    full = mapping.model_copy(update={"values": {"activation": {'"s"': "same"}}, "zone": "Europe/Berlin"})
    write_mapping(full, path)
    assert read_mapping(path) == full


@pytest.mark.parametrize(
    ("toml", "said", "words"),
    [
        ("[columns]\nnoise = 'x'", [], "no field noise"),
        ("zone = 'Mars'", [], "time zone"),
        ("[", [], "is no TOML"),
        ("", ["pair"], "is no column=field"),
    ],
)
def test_what_can_t_be_used_of_it_is_said(tmp_path: Path, toml: str, said: list[str], words: str) -> None:
    path = tmp_path / "import.toml"
    path.write_text(toml)
    with pytest.raises(MappingWrong, match=words):
        read_mapping(path, said)


def test_a_column_that_the_file_lacks_is_named_beside_those_that_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, site_csv([row()]))
    with pytest.raises(MappingWrong, match="no column Input.clip; the table has HITId, HITTypeId"):
        take_in(path, MAPPING.model_copy(update={"columns": {**MAPPING.columns, "clip_id": "Input.clip"}}))
    with pytest.raises(MappingWrong, match="no column like"):
        take_in(path, MAPPING.model_copy(update={"columns": {**MAPPING.columns, "pair_id": "Input.stimulus{n}"}}))


def test_real_votes_of_a_batch_from_2010_are_taken_over_whole(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "sigir2010-crowdsourcing" / "data" / "judgments.csv"
    if not path.exists():
        pytest.skip("EARWITNESS_TEST_DATA has no sigir2010-crowdsourcing")
    meant = {"s": "same", "a": "different", "b": "different"}
    mapping = ColumnMapping(
        columns={"pair_id": "HITId", "activation": "Answer.radio", "valence": "Answer.radio"},
        values={"activation": meant, "valence": meant},
        always={"condition": "variation"},
    )
    table = read_table(path)
    done = take_in(path, mapping)
    assert table.notes == ("it is not UTF-8; it was read as Windows-1252",)
    assert len(list(table.rows)) == 2810
    assert len(done.rows) == 2805
    assert all("activation is ''" in problem for problem in done.problems)  # five were left empty
    assert sum(one["activation"] == "same" for one in done.rows) == 1405
    write_judgments(done.rows, tmp_path / "judgments.csv")
    table = read_judgments(tmp_path / "judgments.csv")
    assert (table["pair_id"].nunique(), table["worker"].nunique(), tuple(table.columns)) == (281, 79, COLUMNS)
