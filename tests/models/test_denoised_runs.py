"""Nets behind a denoiser: it learns from training clips alone, or with the net, and comes back as it was saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import models.denoisers.vts.vts
from models.blocks.fronted import Fronted
from models.checkpoint import CLEANER, CheckpointCorrupt, load_checkpoint, make_net
from models.experiment import Experiment
from models.hearing.batches import Version, batches
from models.hearing.heard import CLEAN
from models.nets.base import Inputs, Net, Padded
from models.training.ask import logits_of
from models.training.course import best_net
from models.training.run import Run, plan_run
from models.training.train import train
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.sounds.base import SoundBank

Change = Callable[..., Experiment]
CONDITIONS = {name: condition(name) for name in ("nat-co-0db", "speed-utterance-0.75x")}
SHORT = {"labels": ["activation"], "training__epochs_max": 1, "augment": {"conditions": list(CONDITIONS)}}


def noisy_run(clips: list[Clip], experiment: Experiment, sounds: SoundBank, folder: Path) -> Run:
    return plan_run(clips, experiment, folder, seed=1, command="x", conditions=CONDITIONS, sounds=sounds)


def made(experiment: Experiment) -> Fronted:
    net = make_net(experiment, {"filterbanks": (5,)}, 3, seed=1)
    assert isinstance(net, Fronted)
    return net


def inputs(values: Tensor, lengths: list[int]) -> Inputs:
    return {"filterbanks": Padded(values, torch.tensor(lengths))}


class TestTheJointLoss:
    @pytest.fixture
    def net(self, tiny: Experiment, change: Change) -> Fronted:
        return made(change(tiny, denoiser="mask", denoiser_settings={"weight": 0.5}))

    def test_it_is_the_nets_own_and_the_distance_from_the_clean_twin(self, net: Fronted) -> None:
        noisy, clean, labels = torch.randn(2, 6, 5), torch.randn(2, 6, 5), torch.tensor([0, 2])
        cleaned = net.cleaned(inputs(noisy, [6, 4]))["filterbanks"].values
        squares = torch.cat([(cleaned - clean)[0], (cleaned - clean)[1, :4]]).square().mean()
        alone = net.loss(inputs(noisy, [6, 4]), labels, torch.ones(3))
        whole = net.loss(inputs(noisy, [6, 4]), labels, torch.ones(3), inputs(clean, [6, 4]))
        torch.testing.assert_close(whole, alone + 0.5 * squares)

    def test_clips_whose_length_changed_have_no_part_in_it(self, net: Fronted) -> None:
        noisy, clean, labels = torch.randn(2, 6, 5), torch.randn(2, 9, 5), torch.tensor([0, 2])
        told = inputs(noisy, [6, 6]), labels, torch.ones(3)
        torch.testing.assert_close(net.loss(*told, inputs(clean, [0, 0])), net.loss(*told))
        other = clean.clone()
        other[1] += 7
        torch.testing.assert_close(net.loss(*told, inputs(clean, [6, 0])), net.loss(*told, inputs(other, [6, 0])))

    def test_what_lies_after_the_end_counts_for_nothing(self, net: Fronted) -> None:
        noisy, clean, labels = torch.randn(2, 6, 5), torch.randn(2, 6, 5), torch.tensor([0, 2])
        wanted = net.loss(inputs(noisy, [6, 4]), labels, torch.ones(3), inputs(clean, [6, 4]))
        noisy[1, 4:] = clean[1, 4:] = float("nan")
        found = net.loss(inputs(noisy, [6, 4]), labels, torch.ones(3), inputs(clean, [6, 4]))
        torch.testing.assert_close(found, wanted)
        found.backward()  # type: ignore[no-untyped-call]
        assert all(weight.grad is None or torch.isfinite(weight.grad).all() for weight in net.parameters())

    def test_a_net_with_a_loss_of_its_own_keeps_it(self, net: Fronted) -> None:
        class Own(Net):
            def __init__(self) -> None:
                torch.nn.Module.__init__(self)

            def forward(self, inputs: Inputs) -> Tensor:
                return torch.zeros(2, 3)

            def loss(self, *told: Any) -> Tensor:
                return torch.tensor(41.0)

        own = Fronted(Own(), net.front, 0.5)
        assert own.loss(inputs(torch.randn(2, 6, 5), [6, 6]), torch.tensor([0, 1]), torch.ones(3)) == 41


def test_twins_are_given_where_noise_left_the_length_alone(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank, tmp_path: Path
) -> None:
    material = noisy_run(clips, change(tiny, **SHORT), sounds, tmp_path).source.material()
    versions = [Version(clip.clip_id, name) for clip in clips[:4] for name in (CLEAN, *CONDITIONS)]
    for batch in batches(versions, material, 5, clean=True):
        assert batch.clean is not None
        own, twins = batch.inputs["filterbanks"], batch.clean["filterbanks"]
        for place, version in enumerate(batch.versions):
            slower = version.condition.startswith("speed")
            assert twins.lengths[place] == (0 if slower else own.lengths[place])
            if version.condition == CLEAN:
                length = int(own.lengths[place])
                assert torch.equal(twins.values[place, :length], own.values[place, :length])


@pytest.mark.parametrize("denoiser", ["vts", "mask"])
def test_it_comes_back_with_the_same_answers(
    denoiser: str,
    clips: list[Clip],
    tiny: Experiment,
    change: Change,
    sounds: SoundBank,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"components": 4} if denoiser == "vts" else {}
    experiment = change(tiny, **SHORT, denoiser=denoiser, denoiser_settings=settings)
    fitted: list[list[np.ndarray]] = []
    really_fit = models.denoisers.vts.vts.Vts.fit

    def fit(self: Any, clean: list[np.ndarray], seed: int) -> None:
        fitted.append(clean)
        really_fit(self, clean, seed)

    monkeypatch.setattr(models.denoisers.vts.vts.Vts, "fit", fit)
    said: list[Tensor] = []
    monkeypatch.setattr("models.training.train.best_net", lambda course: _asked(course, said))
    run = noisy_run(clips, experiment, sounds, tmp_path / "run")
    for _ in train(clips, experiment, run.folder, seed=1, command="x", conditions=CONDITIONS, sounds=sounds):
        pass
    for job, before in zip(run.jobs, said, strict=True):
        checkpoint = load_checkpoint(run.folder / job.place)
        material = run.source.material()
        if denoiser == "vts":
            assert checkpoint.cleaner is not None
            wanted = [material.frames("filterbanks", CLEAN, clip_id) for clip_id in job.fold.train]
            assert len(fitted[job.fold.number]) == len(wanted)  # of training clips, clean, and of no others
            assert all(np.array_equal(a, b) for a, b in zip(fitted[job.fold.number], wanted, strict=True))
            material = material.cleaned_by(checkpoint.cleaner)
        else:
            assert isinstance(checkpoint.net, Fronted)
        assert torch.equal(logits_of(checkpoint.net, _versions(job.fold.test), material), before)
    if denoiser == "vts":
        place = run.folder / run.jobs[0].place
        (place / CLEANER).write_bytes(b"else")
        with pytest.raises(CheckpointCorrupt, match="SHA-256"):
            load_checkpoint(place)


def _versions(clip_ids: tuple[str, ...]) -> list[Version]:
    return [Version(clip_id, name) for clip_id in clip_ids for name in (CLEAN, "nat-co-0db")]


def _asked(course: Any, said: list[Tensor]) -> Net:
    net = best_net(course)
    said.append(logits_of(net, _versions(course.job.fold.test), course.material))
    return net
