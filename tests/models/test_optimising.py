"""Optimisers, schedules and arithmetic do what their names say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from models.experiment import Experiment, OptimiserName, Training
from models.training.course import Course
from models.training.machine import Machine
from models.training.optimising import (
    PrecisionNeedsGpu,
    advance,
    arithmetic,
    make_optimiser,
    make_scaler,
    make_schedule,
)
from models.training.run import Run, plan_run
from models.training.train import train
from pipelines.clip import Clip

Change = Callable[..., Experiment]


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_every_optimiser_takes_a_step_that_helps(name: OptimiserName) -> None:
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    inputs, wanted = torch.randn(16, 3), torch.randn(16, 1)
    optimiser = make_optimiser(net, Training(optimiser=name, learning_rate=0.01))
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = (net(inputs) - wanted).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", get_args(OptimiserName))
def test_weights_that_do_not_learn_are_left_alone(name: OptimiserName) -> None:
    net = nn.Linear(3, 1)
    net.bias.requires_grad = False
    (group,) = make_optimiser(net, Training(optimiser=name)).param_groups
    assert [weight.shape for weight in group["params"]] == [net.weight.shape]


def test_rmsprop_is_that_of_keras() -> None:
    (group,) = make_optimiser(nn.Linear(1, 1), Training(momentum=0.5, weight_decay=0.1)).param_groups
    assert (group["alpha"], group["eps"], group["lr"], group["momentum"]) == (0.9, 1e-7, 1e-3, 0.5)
    assert group["weight_decay"] == 0.1


def rates(losses: list[float], **told: object) -> list[float]:
    """The learning rate of each epoch, and that after the last."""
    training = Training.model_validate({"learning_rate": 1.0, "optimiser": "sgd", **told})
    net = nn.Linear(1, 1)
    optimiser = make_optimiser(net, training)
    schedule = make_schedule(optimiser, training)
    found = [optimiser.param_groups[0]["lr"]]
    for loss in losses:
        optimiser.step()
        advance(schedule, loss)
        found.append(optimiser.param_groups[0]["lr"])
    return [round(rate, 4) for rate in found]


def test_schedules_change_the_rate_as_they_say() -> None:
    assert rates([1, 1, 1], schedule="constant") == [1, 1, 1, 1]
    assert rates([1, 1, 1, 1], schedule="step", schedule_epochs=2, schedule_factor=0.5) == [1, 1, 0.5, 0.5, 0.25]
    assert rates([1, 1, 1, 1], schedule="linear", schedule_factor=0.2, epochs_max=4) == [1, 0.8, 0.6, 0.4, 0.2]
    assert rates([1, 1, 1, 1], schedule="cosine", schedule_factor=0.2, epochs_max=4) == [1, 0.8828, 0.6, 0.3172, 0.2]
    plateau = {"schedule": "plateau", "schedule_epochs": 1, "schedule_factor": 0.1}
    assert rates([1, 0.5, 0.9, 0.9, 0.9], **plateau) == [1, 1, 1, 1, 0.1, 0.1]


def planned(clips: list[Clip], experiment: Experiment) -> Run:
    return plan_run(clips, experiment, Path("unused"), seed=1, command="x", conditions={}, sounds=None)


@pytest.mark.parametrize("schedule", ["step", "linear", "cosine"])
def test_each_epoch_tells_the_rate_that_it_learnt_at(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path, schedule: str
) -> None:
    told = change(
        tiny,
        training__schedule=schedule,
        training__schedule_epochs=1,
        training__schedule_factor=0.5,
        training__epochs_max=2,
    )
    run = planned(clips, told)
    course = Course(run, run.jobs[0], run.source.material(), "cpu")
    found = [epoch.learning_rate for epoch in course.go_on(tmp_path)]
    assert found[0] == 0.005
    assert found[1] == pytest.approx({"step": 0.0025, "linear": 0.00375, "cosine": 0.00375}[schedule])


def test_no_gradient_is_longer_than_it_may_be(
    clips: list[Clip], tiny: Experiment, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    def longest(clip_norm: float) -> float:
        run = planned(clips, change(tiny, training__clip_norm=clip_norm))
        course = Course(run, run.jobs[0], run.source.material(), "cpu")
        lengths: list[float] = []
        really_step = course.optimiser.step

        def measured(closure: None = None) -> None:
            gradients = [weight.grad for weight in course.net.parameters() if weight.grad is not None]
            lengths.append(float(torch.cat([one.flatten() for one in gradients]).norm()))
            really_step(closure)

        monkeypatch.setattr(course.optimiser, "step", measured)
        course._learn(1)
        return max(lengths)

    free = longest(0.0)
    assert longest(free / 10) == pytest.approx(free / 10, rel=1e-3)


def test_bf16_trains_on_a_processor(clips: list[Clip], tiny: Experiment, change: Change) -> None:
    run = planned(clips, change(tiny, training__precision="bf16"))
    course = Course(run, run.jobs[0], run.source.material(), "cpu")
    losses = [course._learn(number) for number in (1, 2, 3, 4)]
    assert losses[-1] < losses[0]
    assert {weight.dtype for weight in course.net.parameters()} == {torch.float32}
    with arithmetic(run.experiment.training, "cpu"):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.bfloat16


def test_half_precision_on_a_processor_is_refused_before_anything_is_heard(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    half = change(tiny, training__precision="16")
    with pytest.raises(PrecisionNeedsGpu, match="needs a GPU, and this runs on cpu; take '32', or 'bf16'"):
        make_scaler(half.training, "cpu")
    with pytest.raises(PrecisionNeedsGpu):
        next(train(clips, half, tmp_path / "run", seed=1, command="x"))
    assert not (tmp_path / "run").exists()


def test_class_weights_can_be_left_out(clips: list[Clip], tiny: Experiment, change: Change) -> None:
    few = [clip for clip in clips if clip.activation != 4.5 or clip.clip_id.endswith("-2")]
    for weigh in (True, False):
        run = planned(few, change(tiny, training__weight_classes=weigh))
        course = Course(run, run.jobs[0], run.source.material(), Machine().devices[0])
        assert (len(set(course.weights.tolist())) > 1) is weigh
