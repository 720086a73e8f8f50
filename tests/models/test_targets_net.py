"""Our nets as an attacker meets them: they say what an evaluation says, alone and in any company."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.attacking.asking import AnswerWrong
from models.attacking.targets.net import NetTarget
from models.checkpoint import Checkpoint, load_checkpoint
from models.evaluating.asking import Asked, ask_run
from models.evaluating.trained_run import load_run
from models.experiment import Experiment
from models.hearing.material import Material
from models.training.train import train
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.sound_file import load_speech

RATE_HZ = 16000


def material_of(run: Path, clips: list[Clip]) -> Material:
    return load_run(run, clips).source({}, None, 1, None).material()


def clips_of(clips: list[Clip], checkpoint: Checkpoint) -> list[Clip]:
    return [clip for clip in clips if clip.clip_id in checkpoint.card.test_clips]


def heard(clips: list[Clip]) -> list[Samples]:
    return [load_speech(clip, RATE_HZ).samples for clip in clips]


def said(run: Path, clips: list[Clip], denoiser: str | None = None) -> dict[tuple[str, str], int]:
    """What an evaluation says of clean clips, by label and clip id."""
    asked = Asked()
    for _ in ask_run(load_run(run, clips), {}, None, asked, seed=1, denoiser=denoiser):
        pass
    table = asked.predictions
    best = table[["p0", "p1", "p2"]].to_numpy().argmax(axis=1)
    return dict(zip(zip(table["label"], table["clip_id"], strict=True), best.tolist(), strict=True))


@pytest.fixture(scope="module")
def denoised(
    clips: list[Clip],
    tiny: Experiment,
    change: Callable[..., Experiment],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """The folder of a run behind a denoiser."""

    def made(denoiser: str) -> Path:
        folder = tmp_path_factory.mktemp(denoiser) / "run"
        for _ in train(clips, change(tiny, denoiser=denoiser, training__epochs_max=3), folder, seed=1, command="x"):
            pass
        return folder

    return made


def agrees(run: Path, clips: list[Clip]) -> None:
    material, evaluated = material_of(run, clips), said(run, clips)
    for checkpoint in load_run(run, clips).checkpoints:
        mine = clips_of(clips, checkpoint)
        labels = NetTarget(checkpoint, material).labels(heard(mine), [clip.clip_id for clip in mine])
        assert labels == [evaluated[checkpoint.card.label, clip.clip_id] for clip in mine]


def test_the_target_says_what_the_evaluation_says(trained: Path, clips: list[Clip]) -> None:
    agrees(trained, clips)


@pytest.mark.parametrize("denoiser", ["mask", "rnnoise", "vts"])
def test_behind_a_denoiser_it_says_the_same_too(
    denoised: Callable[[str], Path], clips: list[Clip], denoiser: str
) -> None:
    agrees(denoised(denoiser), clips)


def test_a_denoiser_that_was_put_in_front_afterwards_is_heard(trained: Path, clips: list[Clip]) -> None:
    evaluated, material = said(trained, clips, "vts"), material_of(trained, clips)
    loaded = load_checkpoint(trained / "activation" / "seed-1" / "fold-0")
    behind = loaded.card.experiment.model_copy(update={"denoiser": "vts"})
    checkpoint = replace(loaded, card=loaded.card.model_copy(update={"experiment": behind}))
    mine = clips_of(clips, checkpoint)
    labels = NetTarget(checkpoint, material).labels(heard(mine), [clip.clip_id for clip in mine])
    assert labels == [evaluated["activation", clip.clip_id] for clip in mine]


class TestCompany:
    @pytest.fixture
    def checkpoint(self, run: Path) -> Checkpoint:
        return load_checkpoint(run / "valence" / "seed-1" / "fold-1")

    def test_a_sound_has_the_same_label_alone_and_in_any_batch(
        self, checkpoint: Checkpoint, run: Path, clips: list[Clip]
    ) -> None:
        target, mine = NetTarget(checkpoint, material_of(run, clips), batch=100), clips_of(clips, checkpoint)
        rng = np.random.default_rng(3)
        sounds, ids = [], []
        for clip in mine * 6:
            samples = load_speech(clip, RATE_HZ).samples
            noisy = samples + rng.normal(0, 10 ** rng.uniform(-4, 0), len(samples)).astype(np.float32)
            sounds.append(noisy[: rng.integers(4000, len(noisy))])
            ids.append(clip.clip_id)
        alone = [target.labels([sound], [name])[0] for sound, name in zip(sounds, ids, strict=True)]
        assert len(set(alone)) > 1
        assert target.labels(sounds, ids) == alone
        order = rng.permutation(len(sounds))[:40]
        shuffled = target.labels([sounds[place] for place in order], [ids[place] for place in order])
        assert shuffled == [alone[place] for place in order]

    def test_the_same_sound_is_heard_on_the_scale_of_its_clips_speaker(
        self, checkpoint: Checkpoint, run: Path, clips: list[Clip]
    ) -> None:
        material, mine = material_of(run, clips), clips_of(clips, checkpoint)
        louder = [clip for clip in clips if clip.speaker == mine[0].speaker]
        assert {clip.speaker for clip in mine} != {mine[0].speaker}
        target = NetTarget(checkpoint, material)
        one, other = mine[0].clip_id, next(clip.clip_id for clip in mine if clip.speaker != mine[0].speaker)
        scale = material.scale("filterbanks", "clean", one)
        material._scales["filterbanks", "clean", mine[0].speaker] = replace(scale, mean=scale.mean + 20)
        sounds = heard(louder[:1]) * 2
        logits = target._logits(sounds, [one, other])
        assert not torch.allclose(logits[0], logits[1])

    def test_what_is_nearly_undecided_is_asked_for_alone(
        self, checkpoint: Checkpoint, run: Path, clips: list[Clip], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A net whose two best logits differ by less than rounding, the other way round in company."""
        undecided = checkpoint.net.forward

        def forward(inputs: object) -> torch.Tensor:
            logits = undecided(inputs) * 0  # type: ignore[arg-type]
            logits[:, 2 if len(logits) == 1 else 1] = 1e-6
            return logits

        monkeypatch.setattr(checkpoint.net, "forward", forward)
        target, mine = NetTarget(checkpoint, material_of(run, clips)), clips_of(clips, checkpoint)
        assert target.labels(heard(mine), [clip.clip_id for clip in mine]) == [2] * len(mine)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_no_label(run: Path, clips: list[Clip], bad: float) -> None:
    checkpoint = load_checkpoint(run / "activation" / "seed-1" / "fold-0")
    with torch.no_grad():
        dict(checkpoint.net.named_parameters())["out.bias"][1] = bad
    mine = clips_of(clips, checkpoint)[:2]
    target = NetTarget(checkpoint, material_of(run, clips))
    sentence = rf"the net 'crnn' for activation, seed 1, fold 0, answered \[.*{bad}.* to a version of s.*finite logits"
    with pytest.raises(AnswerWrong, match=sentence):
        target.labels(heard(mine), [clip.clip_id for clip in mine])
