"""What a net needs before it begins: something to hear in every part, weights of classes, and the epochs it had."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

import models.training.course
from models.experiment import Experiment
from models.hearing.heard import CLEAN, Heard
from models.hearing.material import Material
from models.training.course import STATE, Course, NothingHeard
from models.training.run import Run, plan_run
from pipelines.clip import Clip


@pytest.fixture(scope="module")
def planned(clips: list[Clip], tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("course")
    return plan_run(
        clips, tiny, folder / "run", seed=1, command="x", conditions={}, sounds=None, cache=folder / "cache"
    )


def without(run: Run, clip_ids: Sequence[str]) -> Material:
    """What is heard, if these clips are no good for the feature."""
    whole = run.source.material().heard(CLEAN)
    frames = {clip_id: frames for clip_id, frames in whole.frames.items() if clip_id not in clip_ids}
    heard = Heard(frames, dict.fromkeys(clip_ids, "it lasts 0.030 s"))
    return Material(run.source, run.source.material().features, _heard={("filterbanks", CLEAN): heard})


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_part_of_which_no_clip_can_be_heard_is_named_with_its_net(part: str, planned: Run) -> None:
    job = planned.jobs[0]
    lost = job.fold.train if part == "training" else job.fold.validation
    with pytest.raises(NothingHeard, match=f"^activation, seed 1, fold 0 has no clip for {part}: .*: it lasts") as told:
        Course(planned, job, without(planned, lost), "cpu")
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)


def test_clips_that_can_not_be_heard_do_not_weigh_classes(planned: Run) -> None:
    job = planned.jobs[0]
    lost = [clip_id for clip_id in job.fold.train if planned.labellings["activation"].by_clip[clip_id] == 0]
    course = Course(planned, job, without(planned, lost), "cpu")
    assert course.weights[0] == 0
    assert Course(planned, job, planned.source.material(), "cpu").weights[0] > 0


def test_a_device_without_room_does_not_cost_the_epochs_that_were_kept(
    planned: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Course(planned, planned.jobs[0], planned.source.material(), "cpu")
    next(course.go_on(tmp_path))
    kept = (tmp_path / STATE).read_bytes()

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(models.training.course, "_state_in", full)
    with pytest.raises(torch.OutOfMemoryError):
        next(Course(planned, planned.jobs[0], planned.source.material(), "cpu").go_on(tmp_path))
    assert (tmp_path / STATE).read_bytes() == kept
