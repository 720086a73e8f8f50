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
from models.checkpoint import CheckpointMissing, load_checkpoint
from models.evaluating.evaluate import Evaluation, evaluate
from models.evaluating.trained_run import MixedRun, OtherClips
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from models.hearing.normalise import scale_by_speaker
from models.measures.recall import uar
from models.nets.base import Padded
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params
from pipelines.conditions import study_conditions
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sound_file import load_speech
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


def heard_by_hand(clips: list[Clip]) -> list[np.ndarray]:
    return LogMel(Filterbanks()).of([load_speech(clip, 16000).samples for clip in clips])


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
    assert [(row["label"], row["condition"]) for row in rows] == [
        (label, condition) for label in ("activation", "valence") for condition in ("clean", "nat-co-0db", "identical")
    ]
    whole = json.loads((run / "evaluation.json").read_text())
    assert whole["command"] == "earwitness evaluate"
    assert len(whole["rows"]) == len(rows) == len(evaluation.rows)
    assert {row["clips"] for row in rows} == {"24"}
    assert {(row["mapped"], row["simulated"]) for row in rows} == {("no", "no")}


def test_the_clean_uar_is_that_of_the_test_speakers(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    frames = dict(zip([c.clip_id for c in clips], heard_by_hand(clips), strict=True))
    scale_of = scale_by_speaker((clip.speaker, frames[clip.clip_id]) for clip in clips)
    truth, said = [], []
    for fold in (0, 1):
        checkpoint = load_checkpoint(run / "activation" / "seed-1" / f"fold-{fold}")
        of_fold = []
        for clip in clips:
            if clip.clip_id in checkpoint.card.test_clips:
                scaled = torch.from_numpy(scale_of[clip.speaker].apply(frames[clip.clip_id]))
                logits = checkpoint.net({"filterbanks": Padded(scaled[None], torch.tensor([len(scaled)]))})
                of_fold.append(({1.5: 0, 3.0: 1, 4.5: 2}[clip.activation or 0], int(logits.argmax())))
        assert uar(*zip(*of_fold, strict=True)) == pytest.approx(checkpoint.card.measures["test_uar"])
        truth += [one for one, _ in of_fold]
        said += [other for _, other in of_fold]
    row = evaluated(clips, sounds, {}, run).rows[0]
    assert (row.label, row.condition, row.clips) == ("activation", "clean", 24)
    assert row.uar == pytest.approx(uar(truth, said))


def test_the_same_sound_again_changes_nothing(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    rows = evaluated(clips, sounds, conditions(), run).rows
    changes = [row.change for row in rows if row.condition == "identical"]
    assert [(change.value, change.lower, change.upper, change.p) for change in changes if change] == [(0, 0, 0, 1)] * 2


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
    assert row.change is not None
    assert (row.clips, row.refused, row.change.value) == (24 - len(short), len(short), 0)
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
    def uars() -> dict[str, list[float]]:
        rows = evaluated(clips, sounds, conditions(), run).rows
        return {name: [row.uar for row in rows if row.condition == name] for name in ("clean", "nat-co-0db")}

    clean = uars()
    for path in run.rglob("card.json"):
        path.write_text(path.read_text().replace('"znorm_stats": "clean"', '"znorm_stats": "same"'))
    same = uars()
    assert same["clean"] == clean["clean"]
    assert same["nat-co-0db"] != clean["nat-co-0db"]


def test_other_clips_than_those_of_the_run_are_refused(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    with pytest.raises(OtherClips, match="under a new name"):
        evaluated([replace(clips[0], valence=2.0), *clips[1:]], sounds, {}, run)


def test_a_folder_without_a_run_or_with_a_mixed_one_is_refused(
    run: Path, clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointMissing):
        evaluated(clips, sounds, {}, tmp_path / "nothing")
    card = run / "valence" / "seed-1" / "fold-0" / "card.json"
    card.write_text(card.read_text().replace('"log_floor": 1e-10', '"log_floor": 1e-5'))
    with pytest.raises(MixedRun, match="one run"):
        evaluated(clips, sounds, {}, run)
