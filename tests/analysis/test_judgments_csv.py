"""judgments.csv: what is written comes back, and what is wrong is named with its line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.judgments_file import JudgmentsRefused, sift, write_wrong_rows
from analysis.votes import left_out, read_judgments, votes_of
from hits.judgments_csv import COLUMNS, LATER, RowRefused, write_judgments


def rewritten(path: Path, line: int, **changed: str) -> Path:
    """The file with some values of one line (2 is the first row) changed."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    for name, value in changed.items():
        rows[line - 1][COLUMNS.index(name)] = value
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


class TestWriting:
    def test_rows_come_back_typed(self, written: Callable, make: Callable) -> None:
        found = read_judgments(written([make(1, activation="different", activation_rating=4, valence_rating=2)]))
        row = found.iloc[0]
        assert list(found.columns) == list(COLUMNS)
        assert (row["snr_db"], row["activation_rating"], row["used"], row["late"]) == (10.0, 4.0, True, False)
        assert row["submitted_at"] == datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC)

    def test_the_order_of_the_rows_changes_no_byte(self, tmp_path: Path, make: Callable) -> None:
        rows = [make(number) for number in range(9)]
        write_judgments(rows, tmp_path / "a.csv")
        write_judgments(reversed(rows), tmp_path / "b.csv")
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()

    def test_rows_stand_in_the_order_of_time_then_id(self, written: Callable, make: Callable) -> None:
        east = timezone(timedelta(hours=9))  # an earlier moment with a later clock
        early = make(3, submitted_at=datetime(2026, 1, 31, 20, 59, tzinfo=east))
        rows = [make(2, submitted_at=make(1)["submitted_at"]), make(1), early]
        assert list(read_judgments(written(rows))["judgment_id"]) == ["j000003", "j000001", "j000002"]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"submitted_at": datetime(2026, 1, 31)}, "without a zone"),  # noqa: DTZ001
            ({"submitted_at": "yesterday"}, "yesterday"),
            ({"mood": "good"}, "unknown columns mood"),
        ],
    )
    def test_a_wrong_row_is_refused_and_the_old_file_stays(
        self, written: Callable, make: Callable, change: dict, said: str
    ) -> None:
        path = written([make(1)])
        before = path.read_bytes()
        with pytest.raises(RowRefused, match=said):
            write_judgments([make(1) | change], path)
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    def test_a_missing_column_is_named(self, tmp_path: Path, make: Callable) -> None:
        row = make(1)
        del row["late"]
        with pytest.raises(RowRefused, match="no late"):
            write_judgments([row], tmp_path / "judgments.csv")


class TestReading:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("activation", "maybe"),
            ("valence", ""),
            ("role", "boss"),
            ("order", "both"),
            ("activation_rating", "6"),
            ("activation_rating", "0"),
            ("valence_rating", "2.5"),
            ("valence_rating", "x"),
            ("original_activation_rating", "3.5"),
            ("original_valence_rating", "0"),
            ("scale", "thermometer"),
            ("snr_db", "inf"),
            ("snr_db", "loud"),
            ("listened_s", ""),
            ("elapsed_s", "-1"),
            ("submitted_at", ""),
            ("submitted_at", "2026-01-31T12:00:00"),
            ("submitted_at", "soon"),
            ("used", "yes"),
            ("late", ""),
            ("worker", " "),
            ("pair_id", ""),
        ],
    )
    def test_a_wrong_value_is_named_with_its_line(
        self, written: Callable, make: Callable, column: str, value: str
    ) -> None:
        path = rewritten(written([make(1), make(2), make(3)]), 3, **{column: value})
        with pytest.raises(JudgmentsRefused) as refused:
            read_judgments(path)
        assert any(problem.line == 3 and column in problem.what for problem in refused.value.problems)
        assert all(problem.line == 3 for problem in refused.value.problems)
        assert "line 3" in str(refused.value)

    def test_a_slider_s_ratings_are_any_number_of_the_scale(self, written: Callable, make: Callable) -> None:
        slid = {"activation": "different", "activation_rating": 2.35, "valence_rating": 5.0, "scale": "slider"}
        path = written([make(1, **slid), make(2)])
        assert read_judgments(path).loc[0, "activation_rating"] == 2.35
        with pytest.raises(
            JudgmentsRefused, match=r"line 2: activation_rating is '5\.01'; expected a number from 1 to 5"
        ):
            read_judgments(rewritten(path, 2, activation_rating="5.01"))

    def test_a_file_from_before_both_clips_were_rated_is_read_as_it_was_meant(
        self, written: Callable, make: Callable
    ) -> None:
        path = written([make(1, activation="different", activation_rating=4, valence_rating=2)])
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        old = [name for name in COLUMNS if name not in LATER]
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, old, extrasaction="ignore")
            table.writeheader()
            table.writerows(rows)

        row = read_judgments(path).iloc[0]

        assert (row["scale"], row["activation_rating"]) == ("manikins", 4.0)
        assert np.isnan(row["original_activation_rating"])

    def test_all_wrong_rows_are_listed_at_once(self, written: Callable, make: Callable) -> None:
        path = written([make(number) for number in range(40)])
        for line in range(2, 42):
            rewritten(path, line, activation="eh")
        with pytest.raises(JudgmentsRefused, match="and 20 more") as refused:
            read_judgments(path)
        assert [problem.line for problem in refused.value.problems] == list(range(2, 42))

    def test_a_worker_has_one_vote_a_pair_but_may_repeat(self, written: Callable, make: Callable) -> None:
        twice = [make(1), make(2, pair_id="p00001", clip_id="c00001")]
        with pytest.raises(JudgmentsRefused, match="line 3: worker 'w1' judged pair 'p00001' already"):
            read_judgments(written(twice))
        assert len(read_judgments(written([twice[0], twice[1] | {"role": "repeat"}]))) == 2

    @pytest.mark.parametrize(
        "change",
        [
            {"judgment_id": "j000001"},
            {"pair_id": "p00001", "worker": "w2", "condition": "fade-in", "clip_id": "c00001"},
            {"pair_id": "p00001", "worker": "w2"},
            {"family": "hum"},
            {"snr_db": 20.0},
            {"snr_db": None},
        ],
    )
    def test_rows_that_contradict_each_other_are_refused(self, written: Callable, make: Callable, change: dict) -> None:
        with pytest.raises(JudgmentsRefused, match="line 3"):
            read_judgments(written([make(1), make(2) | change]))

    def test_a_level_may_be_written_in_two_ways(self, written: Callable, make: Callable) -> None:
        path = rewritten(written([make(1), make(2)]), 3, snr_db="10")
        assert set(read_judgments(path)["snr_db"]) == {10.0}

    def test_columns_may_come_in_any_order_after_a_byte_order_mark(self, written: Callable, make: Callable) -> None:
        path = written([make(1)])
        with path.open(newline="") as file:
            rows = [row[::-1] for row in csv.reader(file)]
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(rows)
        assert list(read_judgments(path).columns) == list(COLUMNS)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "it is empty"),
            (b"judgment_id,mood\n", "'mood'"),
            (b"judgment_id,judgment_id\n", "named twice: 'judgment_id'"),
            (",".join(COLUMNS).encode() + b"\na,b\n", "line 2: 2 values for 23 columns"),
            (b"\xff\xfe\x00", "not UTF-8"),
            (",".join(COLUMNS).encode() + b'\n"open', "line 2"),
        ],
    )
    def test_what_is_no_judgments_file_is_refused(self, tmp_path: Path, content: bytes, said: str) -> None:
        path = tmp_path / "judgments.csv"
        path.write_bytes(content)
        with pytest.raises(JudgmentsRefused, match=said):
            read_judgments(path)

    def test_a_study_without_judgments_is_an_empty_table(self, written: Callable) -> None:
        found = read_judgments(written([]))
        assert len(found) == 0
        assert votes_of(found, "either").empty


class TestSifting:
    def test_wrong_rows_are_kept_out_and_listed_and_the_others_stay(self, written: Callable, make: Callable) -> None:
        path = rewritten(written([make(number) for number in range(6)]), 3, valence="eh", listened_s="")
        path = rewritten(path, 5, submitted_at="")
        found = sift(path)
        assert list(found.judgments["judgment_id"]) == ["j000000", "j000002", "j000004", "j000005"]
        assert [problem.line for problem in found.problems] == [3, 3, 5]
        assert found.kept_out == 2
        beside = write_wrong_rows(path, found.problems)
        assert beside == path.parent / "judgments.wrong.csv"
        with beside.open(newline="") as file:
            assert [row["line"] for row in csv.DictReader(file)] == ["3", "3", "5"]
        assert write_wrong_rows(path, ()) is None
        assert not beside.exists()

    def test_a_wrong_row_contradicts_nobody(self, written: Callable, make: Callable) -> None:
        path = rewritten(written([make(1), make(2)]), 2, family="hum", activation="eh")
        assert [problem.line for problem in sift(path).problems] == [2]

    def test_a_pair_that_the_study_does_not_have_is_unknown_unless_it_was_imported(
        self, written: Callable, make: Callable
    ) -> None:
        path = written([make(1), make(2), make(3, judgment_id="import-3")])
        found = sift(path, {"p00001"})
        assert [problem.line for problem in found.problems] == [3]
        assert "'p00002' is unknown" in found.problems[0].what

    def test_rows_are_counted_by_line_where_values_hold_line_ends(self, written: Callable, make: Callable) -> None:
        path = written([make(1, assignment_id="a\n\nb"), make(2), make(3)])
        rewritten(path, 3, valence="eh")  # the second row; the first fills three lines
        assert [problem.line for problem in sift(path).problems] == [5]

    def test_rows_of_another_length_are_kept_out(self, written: Callable, make: Callable) -> None:
        path = written([make(1), make(2)])
        path.write_text(path.read_text() + "a,b\n\n")
        found = sift(path)
        assert [str(problem) for problem in found.problems] == ["line 4: 2 values for 23 columns"]
        assert len(found.judgments) == 2

    def test_both_ways_of_reading_give_the_same_table(self, written: Callable, study: Callable) -> None:
        path = written(study(pairs=4))
        plain = sift(path).judgments
        path.write_text(path.read_text().replace("j000001", '"j000001"'))
        pd.testing.assert_frame_equal(sift(path).judgments, plain)


class TestVotes:
    def test_either_is_different_when_one_dimension_is(self, written: Callable, make: Callable) -> None:
        rows = [make(1), make(2, activation="different"), make(3, valence="different")]
        assert list(votes_of(read_judgments(written(rows)), "either")["label"]) == ["same", "different", "different"]

    def test_only_used_study_judgments_in_time_vote(self, written: Callable, study: Callable) -> None:
        judgments = read_judgments(written(study(pairs=5)))
        votes = votes_of(judgments, "activation")
        assert len(votes) == 11 * 5 * 3
        assert not {"wlate", "wbad"} & set(votes["worker"])

    def test_what_is_left_out_adds_up(self, written: Callable, study: Callable) -> None:
        gone = left_out(read_judgments(written(study(pairs=5))))
        assert (gone.late, gone.not_used, gone.workers_left_out) == (1, 1, 1)
        assert gone.by_role == {"check": 1, "identical": 15, "repeat": 1}
        assert gone.counted + gone.late + gone.not_used + sum(gone.by_role.values()) == gone.judgments
