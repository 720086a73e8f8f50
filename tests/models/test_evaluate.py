"""Nets are tested on speakers that they never heard, clean and under noise."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.whitelist import Whitelist
from models.ask import logits_by_clip
from models.checkpoint import CheckpointMissing, load_checkpoint
from models.data import Condition, hear
from models.evaluate import Evaluation, MixedRun, OtherClips, evaluate
from models.features.base import Filterbanks
from models.measures.recall import uar
from models.normalise import scale_by_speaker
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params
from pipelines.conditions import study_conditions
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sounds.base import SoundBank


@dataclass(frozen=True)
class OnlyLong(Noise):
    """Refuses short clips and leaves the others as they are."""

    longer_than_s: float

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        if speech.length_s < self.longer_than_s:
            raise NoiseRefused(f"the clip lasts {speech.length_s:.2f} s only")
        return {}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return speech.samples


def conditions() -> dict[str, Noise]:
    return {name: study_conditions()[name] for name in ("nat-co-0db", "identical")}


def evaluated(
    clips: list[Clip], sounds: SoundBank, noises: dict[str, Noise], folder: Path, **more: Whitelist
) -> Evaluation:
    *_, last = evaluate(clips, sounds, noises, folder, seed=1, command="earwitness evaluate", **more)
    assert last.evaluation is not None
    return last.evaluation


def test_clean_and_every_condition_stand_in_the_table(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    evaluation = evaluated(clips, sounds, conditions(), run)
    with (run / "evaluation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["dimension"], row["condition"]) for row in rows] == [
        (dimension, condition)
        for condition in ("clean", "nat-co-0db", "identical")
        for dimension in ("activation", "valence")
    ]
    whole = json.loads((run / "evaluation.json").read_text())
    assert whole["command"] == "earwitness evaluate"
    assert len(whole["rows"]) == len(rows) == len(evaluation.rows)
    assert {row["clips"] for row in rows} == {"24"}


def test_the_clean_uar_is_that_of_the_test_speakers(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    frames = hear(clips, Filterbanks()).frames
    scale_of = scale_by_speaker((clip.speaker, frames[clip.clip_id]) for clip in clips)
    by_hand = []
    for fold in (0, 1):
        checkpoint = load_checkpoint(run / "activation" / f"fold-{fold}")
        tested = [clip for clip in clips if clip.clip_id in checkpoint.card.test_clips]
        said = logits_by_clip(
            checkpoint.net, [c.clip_id for c in tested], frames, {c.clip_id: scale_of[c.speaker] for c in tested}
        )
        truth = [{1.5: 0, 3.0: 1, 4.5: 2}[c.activation or 0] for c in tested]
        by_hand.append(uar(truth, [int(said[c.clip_id].argmax()) for c in tested]))
    row = evaluated(clips, sounds, {}, run).rows[0]
    assert row.uar_by_fold == pytest.approx(by_hand)
    assert row.uar == pytest.approx(np.mean(by_hand))
    assert [load_checkpoint(run / "activation" / f"fold-{n}").card.measures["test_uar"] for n in (0, 1)] == by_hand


def test_the_same_sound_again_changes_nothing(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    rows = evaluated(clips, sounds, conditions(), run).rows
    assert [(row.change, row.change_sd) for row in rows if row.condition == "identical"] == [(0, 0), (0, 0)]


def test_the_same_seed_gives_the_same_bytes(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    evaluated(clips, sounds, conditions(), run)
    first = (run / "evaluation.csv").read_bytes()
    evaluated(list(reversed(clips)), sounds, conditions(), run)
    assert (run / "evaluation.csv").read_bytes() == first


def test_refused_clips_are_counted_and_named(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    evaluation = evaluated(clips, sounds, {"only-long": OnlyLong(0.6)}, run)
    short = [clip.clip_id for clip in clips if clip.length_s < 0.6]
    row = evaluation.rows[-1]
    assert short
    assert (row.clips, row.refused, row.change) == (24 - len(short), len(short), 0)
    assert sorted(evaluation.refused["only-long"]) == sorted(short)
    assert "only" in evaluation.refused["only-long"][short[0]]


def test_a_whitelist_leaves_out_what_people_hear_as_another_emotion(
    run: Path, clips: list[Clip], sounds: SoundBank, make_whitelist: Callable[..., Whitelist]
) -> None:
    evaluation = evaluated(
        clips, sounds, conditions(), run, whitelist=make_whitelist({"identical": "SAFE", "nat-co-0db": "UNSAFE"})
    )
    assert {row.condition for row in evaluation.rows} == {"clean", "identical"}
    assert evaluation.left_out == ("nat-co-0db",)


def test_normalising_noisy_clips_by_their_own_noise_is_another_thing(
    run: Path, clips: list[Clip], sounds: SoundBank
) -> None:
    clean = evaluated(clips, sounds, conditions(), run)
    for path in run.glob("*/*/card.json"):
        path.write_text(path.read_text().replace('"znorm_stats": "clean"', '"znorm_stats": "same"'))
    same = evaluated(clips, sounds, conditions(), run)
    assert [row.uar for row in same.rows[:2]] == [row.uar for row in clean.rows[:2]]
    assert [row.uar for row in same.rows[2:4]] != [row.uar for row in clean.rows[2:4]]


def test_other_clips_than_those_of_the_run_are_refused(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    with pytest.raises(OtherClips, match="under a new name"):
        evaluated([replace(clips[0], valence=2.0), *clips[1:]], sounds, {}, run)


def test_a_folder_without_a_run_or_with_a_mixed_one_is_refused(
    run: Path, clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointMissing):
        evaluated(clips, sounds, {}, tmp_path / "nothing")
    card = run / "valence" / "fold-0" / "card.json"
    card.write_text(card.read_text().replace('"log_floor": 1e-10', '"log_floor": 1e-5'))
    with pytest.raises(MixedRun, match="one run"):
        evaluated(clips, sounds, {}, run)


def test_a_noise_depends_on_seed_clip_and_condition_alone(clips: list[Clip], sounds: SoundBank) -> None:
    condition = Condition("nat-co-0db", study_conditions()["nat-co-0db"])

    def heard(some: list[Clip], seed: int = 1) -> torch.Tensor:
        return hear(some, Filterbanks(), condition=condition, sounds=sounds, seed=seed).frames[clips[3].clip_id]

    torch.testing.assert_close(heard(clips), heard([clips[3]]), atol=1e-4, rtol=0)
    assert not torch.equal(heard([clips[3]]), heard([clips[3]], seed=2))
