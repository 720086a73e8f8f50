"""Nets on real speech under real sounds, where they are at hand."""

from __future__ import annotations

from pathlib import Path

from models.attacking.attack import attack_run
from models.attacking.design import AttackDesign
from models.attacking.ground import AttackGround
from models.attacking.rates import success_rates
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

    conditions = {f"{family}-co-20db": study_conditions()[f"{family}-co-20db"] for family in ("nat", "hum", "int")}
    design = AttackDesign(queries=(1, 25), clips=10, beside=())
    ground = AttackGround(clips, conditions, sounds, None, design, seed=1, command="earwitness attack")
    *_, attacked = attack_run(ground, tmp_path)
    assert attacked.result is not None
    tables = attacked.result.tables
    rates = success_rates(tables.queries, tables.clips, 10.0, (1, 25), after=False)
    first, last = (rates[~rates["corr"] & (rates["k"] == k)]["p_if"].item() for k in (1, 25))
    assert first == 0.0 < last  # the first question is at 0 dB, where nothing counts as a success
