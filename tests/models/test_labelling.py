"""What is recognised, and in how many classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.labelling import NoClips, OneClass, UnlabelledClips, labelling
from pipelines.clip import Clip

CLIPS = [
    Clip("a", Path("a"), "s", activation=1.0, valence=3.0, category="sadness", ratings="measured"),
    Clip("b", Path("b"), "s", activation=3.0, valence=3.1, category="joy", ratings="measured"),
    Clip("c", Path("c"), "t", activation=5.0, valence=2.9, category="anger", ratings="mapped"),
    Clip("d", Path("d"), "t", activation=5.0, valence=2.9, category="joy", ratings="mapped"),
]


def test_a_dimension_has_three_classes_whichever_occur() -> None:
    found = labelling(CLIPS, "valence")
    assert (found.classes, found.by_clip) == (("low", "mid", "high"), {"a": 1, "b": 1, "c": 1, "d": 1})
    assert labelling(CLIPS, "activation").by_clip == {"a": 0, "b": 1, "c": 2, "d": 2}


def test_an_emotion_has_a_class_for_each_category_of_the_corpus() -> None:
    found = labelling(CLIPS, "emotion")
    assert found.classes == ("anger", "joy", "sadness")
    assert found.by_clip == {"a": 2, "b": 1, "c": 0, "d": 1}
    assert found.chance == pytest.approx(1 / 3)
    assert labelling(CLIPS[:2], "emotion").chance == 1 / 2


def test_mapped_ratings_are_told_where_they_are_used_alone() -> None:
    assert labelling(CLIPS, "valence").mapped
    assert not labelling(CLIPS[:2], "valence").mapped
    assert not labelling(CLIPS, "emotion").mapped


def test_one_category_is_nothing_to_tell_apart() -> None:
    with pytest.raises(OneClass, match="all clips have the emotion 'joy'; expected at least two"):
        labelling([CLIPS[1], CLIPS[3]], "emotion")


def test_clips_without_the_label_are_named() -> None:
    without = [replace(CLIPS[0], category=None), *CLIPS[1:]]
    with pytest.raises(UnlabelledClips, match=r"1 of 4 clips have no category \(a\)"):
        labelling(without, "emotion")
    with pytest.raises(UnlabelledClips, match=r"5 of 5 clips have no rating of valence \(0, 1, 2 \.\.\.\)"):
        labelling([Clip(str(n), Path("x"), "s") for n in range(5)], "valence")
    with pytest.raises(NoClips, match="expected at least two"):
        labelling([], "emotion")
