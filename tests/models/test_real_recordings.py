"""Nets on real speech under real sounds, where they are at hand."""

from __future__ import annotations

from pathlib import Path

from models.attacking.report import run_attack
from models.attacks.base import AttackDesign
from models.evaluating.evaluate import evaluate
from models.experiment import Experiment
from models.training.train import train
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.corpora.emodb import EmoDB
from pipelines.sounds.esc50 import Esc50


def test_a_net_learns_activation_from_emodb_and_real_noise_fools_it(real_data: Path, tmp_path: Path) -> None:
    clips = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)]
    sounds = Esc50(real_data / "ESC-50")
    experiment = Experiment.model_validate(
        {"labels": ["activation"], "folds": {"folds": 2}, "training": {"epochs_max": 25}}
    )
    for _ in train(clips, experiment, tmp_path, seed=1, command="earwitness train"):
        pass

    conditions = {"int-co-0db": study_conditions()["int-co-0db"]}
    *_, evaluated = evaluate(clips, sounds, conditions, tmp_path, seed=1, command="earwitness evaluate")
    assert evaluated.evaluation is not None
    clean, noisy = evaluated.evaluation.rows
    assert clean.uar > 0.6
    assert noisy.change is not None
    assert noisy.change.value < -0.05

    design = AttackDesign(queries=(1, 25), clips=10)
    *_, attacked = run_attack(clips, sounds, None, design, tmp_path, seed=1, command="earwitness attack")
    assert attacked.result is not None
    first, last = (rate.p_if for rate in attacked.result.rates if not rate.setting.corr)
    assert first == 0.0 < last  # the first question is at 0 dB, where nothing counts as a success
