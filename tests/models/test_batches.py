"""Batches hold what a machine can bear, and usual ones as many clips as were asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import models.hearing.batches
from models.experiment import Experiment
from models.hearing.batches import FRAMES_AT_ONCE, Version, batches
from models.hearing.heard import CLEAN, Heard
from models.hearing.material import Material, Source
from pipelines.clip import Clip

WIDTH = 40


def material_of(clips: Sequence[Clip], heard: dict[tuple[str, str], Heard], tiny: Experiment) -> Material:
    source = Source(tuple(clips), tiny, ("filterbanks",), {}, None, 1, None)
    return Material(source, source.material().features, _heard=heard)


def frames_of(length: int) -> np.ndarray:
    return np.broadcast_to(np.arange(WIDTH, dtype=np.float32), (length, WIDTH))


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 9))
def test_each_place_is_in_one_group_in_its_order_and_no_group_of_several_is_too_long(
    lengths: list[int], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.hearing.batches, "FRAMES_AT_ONCE", 100)
        groups = models.hearing.batches.in_groups(range(len(lengths)), np.array(lengths, dtype=np.int64), size)
    assert [place for group in groups for place in group] == list(range(len(lengths)))
    for group in groups:
        assert len(group) <= size
        assert len(group) == 1 or len(group) * max(lengths[place] for place in group) <= 100


def test_a_long_recording_does_not_make_short_clips_long(clips: list[Clip], tiny: Experiment) -> None:
    lengths = [50] * 23 + [60_000]
    frames = {clip.clip_id: frames_of(length) for clip, length in zip(clips, lengths, strict=True)}
    material = material_of(clips, {("filterbanks", CLEAN): Heard(frames)}, tiny)
    found = list(batches([Version(clip.clip_id) for clip in clips], material, 128))
    assert [tuple(one.inputs["filterbanks"].values.shape[:2]) for one in found] == [(23, 50), (1, 60_000)]


def test_usual_clips_go_together_as_many_as_were_asked_for() -> None:
    assert FRAMES_AT_ONCE >= 128 * 40 * 100


def test_a_noisy_clip_of_a_speaker_who_is_heard_clean_nowhere_has_no_scale_and_says_so(
    clips: list[Clip], tiny: Experiment
) -> None:
    two = [clips[0], clips[6]]  # of two speakers
    noisy = {clip.clip_id: frames_of(3) for clip in two}
    clean = {two[0].clip_id: frames_of(3)}
    heard = {
        ("filterbanks", CLEAN): Heard(clean, {two[1].clip_id: "too short"}),
        ("filterbanks", "hum-st"): Heard(noisy),
    }
    material = material_of(two, heard, tiny)
    assert [material.carries(clip.clip_id, "hum-st") for clip in two] == [True, False]
    assert list(material.refused("hum-st")) == [two[1].clip_id]
    assert "no other clip of speaker-1 can be heard clean" in material.refused("hum-st")[two[1].clip_id]
