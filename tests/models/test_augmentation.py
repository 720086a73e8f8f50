"""Training clips are heard in noise that was asked for, and in no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.whitelist import Whitelist
from models.checkpoint import load_card
from models.experiment import Augment, Experiment
from models.hearing.batches import Version
from models.hearing.heard import CLEAN
from models.labelling import LabelName
from models.training.augmentation import ConditionsUnknown, NothingToAugmentWith, WhitelistMissing, augmented, drawn
from models.training.run import Run, plan_run
from models.training.train import train
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params
from pipelines.conditions import condition
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sounds.base import SoundBank
from tests.whitelists import verdict, whitelist

Change = Callable[..., Experiment]
NAMES = ("nat-co-20db", "nat-co-10db", "nat-co-0db", "fade-in", "identical")
CONDITIONS = {name: condition(name) for name in NAMES}
JUDGED = whitelist(
    verdict("nat-co-20db", "SAFE", "SAFE", family="nat", snr_db=20.0),
    verdict("nat-co-10db", "SAFE", "UNSAFE", family="nat", snr_db=10.0),
    verdict("nat-co-0db", "UNSAFE", "UNSAFE", family="nat", snr_db=0.0),
    verdict("fade-in", "UNDECIDED", "SAFE", family="fade"),
    simulated=False,
)


def chosen(label: LabelName, **told: Any) -> tuple[str, ...]:
    return augmented(Augment(**told), label, CONDITIONS, JUDGED)


def test_a_net_hears_what_is_safe_in_its_own_label_alone() -> None:
    assert chosen("activation", conditions="whitelist") == ("nat-co-20db", "nat-co-10db")
    assert chosen("valence", conditions="whitelist") == ("nat-co-20db", "fade-in")
    assert chosen("emotion", conditions="whitelist") == ("nat-co-20db",)


def test_everything_nothing_and_names_are_taken_as_they_are() -> None:
    assert chosen("valence", conditions="nothing") == ()
    assert chosen("valence", conditions="everything") == NAMES
    assert chosen("valence", conditions=("identical", "nat-co-0db")) == ("nat-co-0db", "identical")


def test_what_is_held_out_is_never_heard() -> None:
    assert chosen("valence", conditions="everything", without=("fade-in", "nat-co-0db")) == (
        "nat-co-20db",
        "nat-co-10db",
        "identical",
    )


def test_limits_of_snr_leave_noises_without_one() -> None:
    assert chosen("valence", conditions="everything", snr_min_db=10.0) == NAMES[:2] + NAMES[3:]
    assert chosen("valence", conditions="everything", snr_min_db=5, snr_max_db=15) == NAMES[1:2] + NAMES[3:]


@pytest.mark.parametrize(
    ("told", "error", "sentence"),
    [
        ({"conditions": ("fade",)}, ConditionsUnknown, "no condition 'fade' .* known are: nat-co-20db, "),
        ({"conditions": "everything", "without": ("x", "y")}, ConditionsUnknown, "no condition 'x', 'y'"),
        (
            {"conditions": ("fade-in",), "without": ("fade-in",)},
            NothingToAugmentWith,
            "no condition is left for valence",
        ),
        ({"conditions": "whitelist", "snr_min_db": 30, "without": ("fade-in",)}, NothingToAugmentWith, "widen them"),
    ],
)
def test_a_wish_that_cannot_be_met_is_a_sentence(told: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        chosen("valence", **told)


def test_a_missing_whitelist_is_a_sentence() -> None:
    with pytest.raises(WhitelistMissing, match="`earwitness certify` writes one"):
        augmented(Augment(conditions="whitelist"), "valence", CONDITIONS, None)


@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 99))
def test_as_many_are_drawn_as_were_asked_for_in_their_own_order(count: int, per_clip: int, seed: int) -> None:
    names = tuple(str(number) for number in range(count))
    found = drawn(names, per_clip, np.random.default_rng(seed))
    assert len(found) == (min(per_clip, count) or count)
    assert list(found) == sorted(set(found))


@dataclass(frozen=True)
class OnlyLong(Noise):
    """Refuses short clips and leaves the others as they are."""

    longer_than_s: float = 0.6

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        if speech.length_s < self.longer_than_s:
            raise NoiseRefused(f"the clip lasts {speech.length_s:.2f} s only")
        return {}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return speech.samples


def planned(clips: list[Clip], experiment: Experiment, sounds: SoundBank) -> Run:
    found = CONDITIONS | {"only-long": OnlyLong()}
    return plan_run(clips, experiment, Path("unused"), sounds=sounds, conditions=found, seed=1, command="x")


def versions(run: Run, epoch: int | None = None) -> list[Version]:
    job, material = run.jobs[0], run.source.material()
    return run.versions(job, job.fold.train, material, None if epoch is None else run.rng(job, "epoch", epoch))


def test_clips_that_refuse_a_noise_are_heard_clean_alone(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank
) -> None:
    run = planned(clips, change(tiny, augment={"conditions": ["only-long"]}), sounds)
    long = {clip.clip_id for clip in clips if clip.length_s >= 0.6}
    noisy = {version.clip_id for version in versions(run) if version.condition == "only-long"}
    train_clips = set(run.folds[0].train)
    assert noisy == train_clips & long != train_clips
    assert {version.clip_id for version in versions(run) if version.condition == CLEAN} == train_clips


def test_the_share_of_noisy_versions_over_epochs_is_the_probability(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank
) -> None:
    run = planned(clips, change(tiny, augment={"conditions": ["fade-in", "identical"], "probability": 0.3}), sounds)
    job, material = run.jobs[0], run.source.material()
    counts: Counter[bool] = Counter()
    epochs = [run.versions(job, job.fold.train, material, run.rng(job, "epoch", number)) for number in range(1, 101)]
    for heard in epochs:
        counts.update(version.condition == CLEAN for version in heard)
    clips_heard = len(job.fold.train)
    assert counts[True] == 100 * clips_heard  # clean ones always
    assert counts[False] / (100 * 2 * clips_heard) == pytest.approx(0.3, abs=0.04)
    assert epochs[0] != epochs[1]


def test_what_a_clip_is_heard_in_is_drawn_once_for_all_folds_and_seeds(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank
) -> None:
    augment = {"conditions": ["fade-in", "identical", "nat-co-20db"], "per_clip": 1}
    run = planned(clips, change(tiny, augment=augment, seeds=[1, 2], folds__folds=3), sounds)
    material = run.source.material()
    heard: dict[str, set[str]] = {}
    for job in run.jobs:
        for version in run.versions(job, job.fold.train, material):
            if version.condition != CLEAN:
                heard.setdefault(version.clip_id, set()).add(version.condition)
    assert {len(conditions) for conditions in heard.values()} == {1}
    assert len(set.union(*heard.values())) == 3  # and not the same for all


def test_the_card_names_what_was_heard_and_whether_listeners_were_simulated(
    clips: list[Clip], tiny: Experiment, change: Change, sounds: SoundBank, tmp_path: Path
) -> None:
    one = change(tiny, training__epochs_max=1, augment={"conditions": "whitelist"})
    for simulated in (True, False):
        listeners: Whitelist = JUDGED.model_copy(update={"simulated": simulated})
        folder = tmp_path / str(simulated)
        for _ in train(
            clips, one, folder, seed=1, command="x", conditions=CONDITIONS, sounds=sounds, whitelist=listeners
        ):
            pass
        card = load_card(folder / "valence" / "seed-1" / "fold-0")
        assert card.augmented == ("nat-co-20db", "fade-in")
        assert load_card(folder / "activation" / "seed-1" / "fold-0").augmented == ("nat-co-20db", "nat-co-10db")
        assert card.simulated is simulated
