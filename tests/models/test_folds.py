"""Nobody is heard in training and tested too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experiment import FoldDesign
from models.folds import TooFewClips, TooFewSpeakers, make_folds
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
