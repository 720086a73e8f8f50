"""Nobody is heard in training and tested too."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experiment import FoldDesign
from models.training.fold_lists import FoldListsWrong
from models.training.folds import (
    Fold,
    SessionsShareSpeakers,
    TooFewClips,
    TooFewSessions,
    TooFewSpeakers,
    heard_before,
    make_folds,
)
from pipelines.clip import Clip


def clips_of(counts: list[int]) -> list[Clip]:
    return [
        Clip(f"{speaker}-{number}", Path("x"), f"speaker-{speaker}")
        for speaker, count in enumerate(counts)
        for number in range(count)
    ]


@given(st.lists(st.integers(2, 30), min_size=2, max_size=12), st.data())
def test_no_speaker_is_on_two_sides_and_every_clip_is_tested_once(counts: list[int], data: st.DataObject) -> None:
    folds = data.draw(st.integers(2, len(counts)))
    clips = clips_of(counts)
    speaker = {clip.clip_id: clip.speaker for clip in clips}
    made = make_folds(clips, FoldDesign(folds=folds), seed=data.draw(st.integers(0, 9)))
    assert len(made) == folds
    assert sorted(clip_id for fold in made for clip_id in fold.test) == sorted(speaker)
    for fold in made:
        test, learnt = {speaker[c] for c in fold.test}, {speaker[c] for c in (*fold.train, *fold.validation)}
        assert not test & learnt
        assert sorted([*fold.train, *fold.validation, *fold.test]) == sorted(speaker)
        assert fold.train
        assert fold.validation
        if fold.validation_by == "speakers":
            assert not {speaker[c] for c in fold.train} & {speaker[c] for c in fold.validation}


def test_folds_are_balanced_in_clips() -> None:
    sizes = [len(fold.test) for fold in make_folds(clips_of([90, 10, 50, 50, 60, 40]), FoldDesign(folds=3), seed=1)]
    assert sizes == [100, 100, 100]


def test_the_seed_decides() -> None:
    clips = clips_of([10] * 8)
    design = FoldDesign(folds=4)
    assert make_folds(clips, design, seed=1) == make_folds(clips, design, seed=1)
    assert make_folds(clips, design, seed=1) != make_folds(clips, design, seed=2)


@pytest.mark.parametrize(("speakers", "expected"), [(6, "speakers"), (3, "clips")])
def test_few_speakers_are_validated_by_clips(speakers: int, expected: str) -> None:
    folds = make_folds(clips_of([10] * speakers), FoldDesign(folds=3), seed=1)
    assert {fold.validation_by for fold in folds} == {expected}


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [([20], "found 1 speaker"), ([5, 5, 5], "set folds to 3 or less")],
)
def test_too_few_speakers_are_refused_with_a_sentence(counts: list[int], sentence: str) -> None:
    with pytest.raises(TooFewSpeakers, match=sentence):
        make_folds(clips_of(counts), FoldDesign(folds=5), seed=1)


def test_two_clips_are_too_few() -> None:
    with pytest.raises(TooFewClips, match="at least 2"):
        make_folds(clips_of([1, 1]), FoldDesign(folds=2), seed=1)


def in_sessions(*sessions: tuple[str | None, list[str]]) -> list[Clip]:
    """Four clips of each speaker of each session."""
    return [
        Clip(f"{session}-{speaker}-{number}", Path("x"), speaker, session=session)
        for session, speakers in sessions
        for speaker in speakers
        for number in range(4)
    ]


class TestSessions:
    design = FoldDesign(kind="leave-one-session-out")

    def test_each_is_tested_once_in_the_order_of_their_names(self) -> None:
        clips = in_sessions(("2", ["c", "d"]), ("1", ["a", "b"]), ("3", ["e", "f"]))
        folds = make_folds(clips, self.design, seed=1)
        assert [{clip_id.split("-")[0] for clip_id in fold.test} for fold in folds] == [{"1"}, {"2"}, {"3"}]
        assert [len(fold.test) for fold in folds] == [8, 8, 8]
        assert {fold.validation_by for fold in folds} == {"speakers"}

    def test_one_session_or_clips_without_one_are_refused(self) -> None:
        with pytest.raises(TooFewSessions, match=r"found the session\(s\) 1; leaving one out needs at least 2"):
            make_folds(in_sessions(("1", ["a", "b"])), self.design, seed=1)
        with pytest.raises(TooFewSessions, match="1, None; .*each clip's"):
            make_folds(in_sessions(("1", ["a"]), (None, ["b"])), self.design, seed=1)

    def test_a_speaker_of_two_sessions_is_refused_by_name(self) -> None:
        with pytest.raises(SessionsShareSpeakers, match="a are heard in several sessions"):
            make_folds(in_sessions(("1", ["a", "b"]), ("2", ["a", "c"])), self.design, seed=1)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=9), st.integers(1, 12), st.integers(0, 5))
def test_a_group_of_speakers_is_left_out_at_a_time(counts: list[int], group: int, seed: int) -> None:
    clips = clips_of([count + 1 for count in counts])
    folds = make_folds(clips, FoldDesign(kind="leave-one-speaker-out", group=group), seed=seed)
    speakers = [{clip_id.split("-")[0] for clip_id in fold.test} for fold in folds]
    assert len(folds) == max(2, math.ceil(len(counts) / group))
    assert sorted(speaker for several in speakers for speaker in several) == sorted(map(str, range(len(counts))))
    for fold, tested in zip(folds, speakers, strict=True):
        assert not tested & {clip_id.split("-")[0] for clip_id in (*fold.train, *fold.validation)}
    if group == 1:
        assert {len(several) for several in speakers} == {1}


@given(st.integers(3, 12), st.floats(0.001, 0.899), st.integers(2, 3))
def test_validation_has_its_share_of_speakers_and_leaves_some_to_learn_from(
    speakers: int, share: float, folds: int
) -> None:
    for fold in make_folds(clips_of([5] * speakers), FoldDesign(folds=folds, validation_share=share), seed=1):
        learnt, held = len(fold.train), len(fold.validation)
        assert learnt
        assert held
        unit = 5 if fold.validation_by == "speakers" else 1
        wanted = share * (learnt + held) / unit
        assert held / unit == min(max(1, round(wanted)), (learnt + held) / unit - 1)


class TestLists:
    clips = clips_of([4, 4, 4])
    good = "fold,part,speaker\n1,train,speaker-0\n1,validation,speaker-1\n1,test,speaker-2\n"

    def made(self, folder: Path, content: str | bytes) -> list[Fold]:
        path = folder / "lists.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return make_folds(self.clips, FoldDesign(kind="lists", lists=path), seed=1)

    def test_speakers_are_put_where_the_file_says(self, tmp_path: Path) -> None:
        more = "2,train,speaker-2\n2,validation,speaker-0\n2,test,speaker-1\n"
        first, second = self.made(tmp_path, self.good + more)
        assert (first.test, second.train) == (("2-0", "2-1", "2-2", "2-3"),) * 2
        assert (first.number, second.number, first.validation_by) == (0, 1, "lists")

    def test_clips_may_be_listed_with_their_speakers_beside_them(self, tmp_path: Path) -> None:
        rows = "0-0,speaker-0,train\n1-1,speaker-1,validation\n2-3,speaker-2,test\n"
        (fold,) = self.made(tmp_path, "clip_id,speaker,part,fold\n" + rows.replace("\n", ",a\n"))
        assert (fold.train, fold.validation, fold.test) == (("0-0",), ("1-1",), ("2-3",))

    def test_a_file_from_a_spreadsheet_is_read(self, tmp_path: Path) -> None:
        assert self.made(tmp_path, b"\xef\xbb\xbf" + self.good.replace("\n", "\r\n").replace(",", " , ").encode())

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("", "it has no rows"),
            ("fold,part,speaker\n", "it has no rows"),
            ("fold,speaker\n1,speaker-0\n", "it has the columns fold, speaker; expected a CSV with the columns"),
            ("fold,part\n1,train\n", "it has the columns fold, part"),
            (b"\xff\xfe\x00x", "not a CSV in UTF-8"),
            (good + "1,tests,speaker-0\n", "line 5 has the part 'tests'"),
            (good + "1,train,nobody\n", "line 5 names the speaker 'nobody', which no clip has"),
            (good + "1,test,speaker-0\n", "line 5 puts 0-0 into a second part of fold 1"),
            (good + "2,train,speaker-0\n", "fold 2 has nothing in validation and test"),
            (good + "1\n", "line 5 has the part ''"),
            (good + good.partition("\n")[2].replace("1,", "2,"), "clips are tested in several folds, the first"),
        ],
    )
    def test_a_wrong_file_is_refused_with_the_line(self, tmp_path: Path, content: str | bytes, sentence: str) -> None:
        with pytest.raises(FoldListsWrong, match=sentence):
            self.made(tmp_path, content)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FoldListsWrong, match=r"gone\.csv: it can't be read"):
            make_folds(self.clips, FoldDesign(kind="lists", lists=tmp_path / "gone.csv"), seed=1)

    def test_speakers_whom_a_list_of_clips_tests_and_trains_are_told(self, tmp_path: Path) -> None:
        rows = "0-0,train\n1-1,validation\n0-1,test\n2-3,test\n"
        (fold,) = self.made(tmp_path, "clip_id,part,fold\n" + rows.replace("\n", ",a\n"))
        assert heard_before(self.clips, fold) == ("speaker-0",)
