"""Nets are asked once; what they said is read again as long as nothing that decides it has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import models.evaluating.asking
from models.checkpoint import CARD, WEIGHTS, load_checkpoint
from models.evaluating.asking import Asked, NotInFront, ask_run
from models.evaluating.evaluate import evaluate
from models.evaluating.trained_run import OtherClips, RunUnfinished, load_run
from models.experiment import Experiment
from models.hearing.material import Material
from models.measures.predictions import write_predictions
from models.measures.recall import uar
from models.training.ask import logits_of
from models.training.train import train
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params
from pipelines.conditions import condition
from pipelines.noises.background import Background
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.noises.fade import Fade
from pipelines.sounds.base import SoundBank

Change = Callable[..., Experiment]
CONDITIONS = {name: condition(name) for name in ("nat-co-0db", "fade-in")}
LOUDER = CONDITIONS | {"nat-co-0db": Background("nat", "co", -20.0)}


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The condition of each time that a net was really asked."""
    found: list[str] = []
    really = logits_of

    def counted(net: Any, versions: Any, *told: Any) -> torch.Tensor:
        found.append(versions[0].condition)
        return really(net, versions, *told)

    monkeypatch.setattr(models.evaluating.asking, "logits_of", counted)
    return found


def asked(run: Path, clips: list[Clip], sounds: SoundBank, **more: Any) -> Asked:
    into = Asked()
    told: dict[str, Any] = {"conditions": CONDITIONS, "cache": run.parent / "cache"} | more
    for _ in ask_run(load_run(run, clips), **told, sounds=sounds, into=into, seed=1):
        pass
    return into


@pytest.fixture(scope="module")
def asked_once(trained: Path, clips: list[Clip], sounds: SoundBank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("asked") / "run"))
    asked(folder, clips, sounds)
    return folder


@pytest.fixture
def again(asked_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(asked_once, tmp_path / "run"))


def test_every_net_says_something_of_its_own_test_clips_alone(
    again: Path, clips: list[Clip], sounds: SoundBank
) -> None:
    table = asked(again, clips, sounds).predictions
    assert set(table["condition"]) == {"clean", "nat-co-0db", "fade-in"}
    assert len(table) == 3 * 2 * len(clips)
    for (label, fold), part in table.groupby(["label", "fold"]):
        card = load_checkpoint(again / str(label) / "seed-1" / f"fold-{fold}").card
        assert set(part["clip_id"]) == set(card.test_clips)
    assert table[["p0", "p1", "p2"]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)


def test_what_was_said_is_read_again(again: Path, clips: list[Clip], sounds: SoundBank, questions: list[str]) -> None:
    before = asked(again, clips, sounds).predictions
    assert questions == []
    clean = asked(again, clips, sounds, conditions={}).predictions
    assert clean["p0"].tolist() == before.loc[before["condition"] == "clean", "p0"].tolist()


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1")], ids=["lost", "broken"])
def test_what_can_not_be_read_is_asked_again(
    harm: Callable[[Path], object], again: Path, clips: list[Clip], sounds: SoundBank, questions: list[str]
) -> None:
    before = asked(again, clips, sounds).predictions
    harm(again / "predictions" / "nat-co-0db.parquet")
    assert asked(again, clips, sounds).predictions.equals(before)
    assert set(questions) == {"nat-co-0db"}


def test_a_file_says_itself_what_it_is_of(
    again: Path, clips: list[Clip], sounds: SoundBank, tmp_path: Path, questions: list[str]
) -> None:
    before = asked(again, clips, sounds).predictions
    other = Path(shutil.copytree(again, tmp_path / "louder"))
    asked(other, clips, sounds, conditions=LOUDER)
    shutil.copy(other / "predictions" / "nat-co-0db.parquet", again / "predictions")  # as a kill may leave it
    questions.clear()
    assert asked(again, clips, sounds).predictions.equals(before)
    assert set(questions) == {"nat-co-0db"}


def test_what_another_command_writes_meanwhile_is_not_taken_for_ones_own(
    again: Path, clips: list[Clip], sounds: SoundBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = write_predictions

    def overtaken(table: pd.DataFrame, path: Path, key: str) -> pd.DataFrame:
        found = really(table, path, key)
        really(table.iloc[:2], path, "of another command")
        return found

    monkeypatch.setattr(models.evaluating.asking, "write_predictions", overtaken)
    found = asked(again, clips, sounds, conditions={"nat-co-0db": LOUDER["nat-co-0db"]}).tables["nat-co-0db"]
    assert len(found) == 2 * len(clips)


def test_what_a_denoiser_cleaned_is_kept_for_the_nets_of_one_fold(
    again: Path, clips: list[Clip], sounds: SoundBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    materials: dict[int, Material] = {}
    kept: list[int] = []

    def counted(net: Any, versions: Any, material: Material, *told: Any) -> torch.Tensor:
        materials[id(material)] = material
        said = logits_of(net, versions, material, *told)
        kept.append(sum(len(one._cleaned) for one in materials.values()))
        return said

    monkeypatch.setattr(models.evaluating.asking, "logits_of", counted)
    asked(again, clips, sounds, denoiser="vts", denoiser_settings={"components": 2})
    assert len(materials) == 2
    assert max(kept) == len(clips) // 2  # those that are tested, in one condition


@dataclass(frozen=True)
class Rare(Noise):
    """Only the shortest clips can carry it."""

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        if speech.length_s > 0.45:
            raise NoiseRefused("too long")
        return {}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return 2 * speech.samples


def test_a_noise_that_only_clips_carry_that_nobody_is_tested_on_has_no_table(
    again: Path, clips: list[Clip], sounds: SoundBank
) -> None:
    run = load_run(again, clips)
    long = {clip.clip_id for clip in clips if clip.length_s > 0.45}
    cards = [
        one.card.model_copy(update={"test_clips": tuple(sorted(long & set(one.card.test_clips)))})
        for one in run.checkpoints
    ]
    of_long = replace(
        run, checkpoints=[replace(one, card=card) for one, card in zip(run.checkpoints, cards, strict=True)]
    )
    into = Asked()
    for _ in ask_run(of_long, {"rare": Rare()}, sounds, into, seed=1):
        pass
    assert set(into.tables) == {"clean"}
    assert len(into.refused["rare"]) == len(long)


def test_a_run_that_was_stopped_is_not_taken_for_a_whole_one(again: Path, clips: list[Clip]) -> None:
    assert len(load_run(again, clips, seeds=(1,)).checkpoints) == 4
    with pytest.raises(RunUnfinished, match="holds 4 of the 8 nets .* lacks activation, seed 2, fold 0 and others"):
        load_run(again, clips, seeds=(1, 2))
    (again / "valence" / "seed-1" / "fold-1" / CARD).unlink()
    with pytest.raises(RunUnfinished, match="holds 3 of the 4 nets .* lacks valence, seed 1, fold 1; run .*train"):
        load_run(again, clips)


def test_another_noise_of_the_same_name_is_asked_about(
    again: Path, clips: list[Clip], sounds: SoundBank, questions: list[str]
) -> None:
    before = asked(again, clips, sounds).predictions
    found = asked(again, clips, sounds, conditions=LOUDER).predictions
    assert set(questions) == {"nat-co-0db"}
    assert not found["p0"].equals(before["p0"])


def test_another_net_is_asked_anew(again: Path, clips: list[Clip], sounds: SoundBank, questions: list[str]) -> None:
    place, other = (again / "valence" / "seed-1" / f"fold-{fold}" for fold in (0, 1))
    shutil.copy(other / WEIGHTS, place / WEIGHTS)
    card = json.loads((place / CARD).read_text())
    card["weights_sha256"] = json.loads((other / CARD).read_text())["weights_sha256"]
    (place / CARD).write_text(json.dumps(card))
    asked(again, clips, sounds)
    assert set(questions) == {"clean", "nat-co-0db", "fade-in"}


def test_a_denoiser_put_before_nets_has_predictions_of_its_own(
    again: Path, clips: list[Clip], sounds: SoundBank, questions: list[str]
) -> None:
    before = asked(again, clips, sounds).predictions
    settings = {"denoiser": "vts", "denoiser_settings": {"components": 4}}
    behind = asked(again, clips, sounds, **settings).predictions
    assert (again / "predictions" / "vts" / "nat-co-0db.parquet").is_file()
    assert not behind["p0"].equals(before["p0"])
    questions.clear()
    assert asked(again, clips, sounds).predictions.equals(before)
    assert asked(again, clips, sounds, **settings).predictions.equals(behind)
    assert questions == []
    asked(again, clips, sounds, conditions={}, denoiser="vts", denoiser_settings={"components": 3})
    assert set(questions) == {"clean"}


def test_a_denoiser_that_learns_with_its_net_is_put_before_no_other(
    again: Path, clips: list[Clip], sounds: SoundBank
) -> None:
    with pytest.raises(NotInFront, match="'mask' learns together with its net.*take rnnoise or vts"):
        asked(again, clips, sounds, denoiser="mask")


def test_nets_of_categories_are_measured_over_their_own_classes(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank, tmp_path: Path
) -> None:
    kinds = ("anger", "calm", "fear", "joy")
    spoken = [replace(clip, category=kinds[number % 4]) for number, clip in enumerate(clips)]
    experiment = change(tiny, labels=["emotion"], training__epochs_max=2)
    for _ in train(spoken, experiment, tmp_path / "run", seed=1, command="x"):
        pass
    card = load_checkpoint(tmp_path / "run" / "emotion" / "seed-1" / "fold-0").card
    assert card.classes == kinds
    *_, last = evaluate(spoken, sounds, {"fade-in": Fade(2.0)}, tmp_path / "run", seed=1, command="x")
    assert last.evaluation
    clean = last.evaluation.rows[0]
    said = asked(tmp_path / "run", spoken, sounds, conditions={}).predictions
    assert clean.uar == pytest.approx(uar(said["truth"], said[["p0", "p1", "p2", "p3"]].to_numpy().argmax(axis=1), 4))
    assert clean.chance == 1 / 4
    assert len(clean.recalls) == 4
    other = [replace(spoken[0], category="joy"), *spoken[1:]]
    with pytest.raises(OtherClips):
        load_run(tmp_path / "run", other)
