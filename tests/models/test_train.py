"""Training: a net for each label, seed and fold, and honest about what it can't learn from."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.checkpoint import WEIGHTS, load_checkpoint, run_folders, weights_of
from models.experiment import Experiment, SettingsWrong
from models.hearing.batches import Version
from models.labelling import NoClips, UnlabelledClips
from models.training.course import Best, Course, Epoch, LossNotFinite
from models.training.machine import Machine
from models.training.run import OtherRun, RunUnreadable, SoundsMissing
from models.training.train import TrainEvent, train
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.sound_file import SoundUnreadable
from pipelines.sounds.base import SoundBank

Change = Callable[..., Experiment]


def trained_into(folder: Path, clips: list[Clip], experiment: Experiment, seed: int = 1) -> list[TrainEvent]:
    return list(train(clips, experiment, folder, seed=seed, command="earwitness train"))


def weights_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob(WEIGHTS))}


def test_a_net_for_each_label_and_fold_is_saved_with_its_card(trained: Path, clips: list[Clip]) -> None:
    assert list(weights_in(trained)) == [
        f"{label}/seed-1/fold-{fold}/net.safetensors" for label in ("activation", "valence") for fold in (0, 1)
    ]
    card = load_checkpoint(trained / "valence" / "seed-1" / "fold-1").card
    assert (card.label, card.classes, card.seed, card.fold) == ("valence", ("low", "mid", "high"), 1, 1)
    assert card.command == "earwitness train"
    assert card.simulated is False
    assert sorted(card.train_clips + card.validation_clips + card.test_clips) == sorted(c.clip_id for c in clips)
    assert card.versions["torch"] == torch.__version__.split("+")[0] or card.versions["torch"] == torch.__version__


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(
    trained: Path, clips: list[Clip], tiny: Experiment, tmp_path: Path
) -> None:
    trained_into(tmp_path / "again", clips, tiny)
    trained_into(tmp_path / "other", clips, tiny, seed=2)
    assert weights_in(tmp_path / "again") == weights_in(trained)
    assert weights_in(tmp_path / "other") != weights_in(trained)


def test_training_goes_on_with_the_next_fold_after_a_stop(
    trained: Path, clips: list[Clip], tiny: Experiment, tmp_path: Path
) -> None:
    first = train(clips, tiny, tmp_path / "run", seed=1, command="earwitness train")
    while next(first).stage != "fold":
        pass
    next(first)  # the second fold has begun
    del first
    events = trained_into(tmp_path / "run", clips, tiny)
    assert [event.stage for event in events if event.stage in ("fold", "resumed")] == ["resumed", *["fold"] * 3]
    assert weights_in(tmp_path / "run") == weights_in(trained)


def test_progress_rises_to_its_total(clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path) -> None:
    events = trained_into(tmp_path / "run", clips, change(tiny, labels=["valence"], training__patience=2))
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total == 2 * tiny.training.epochs_max
    assert all(event.epoch and math.isfinite(event.epoch.loss) for event in events if event.stage == "epoch")


def test_the_nets_learn_what_can_be_heard(many_clips: list[Clip], tmp_path: Path) -> None:
    design = {"labels": ["activation"], "folds": {"folds": 2}, "training": {"epochs_max": 12, "batch": 8}}
    trained_into(tmp_path, many_clips, Experiment.model_validate(design))
    for fold in (0, 1):
        measures = load_checkpoint(tmp_path / "activation" / "seed-1" / f"fold-{fold}").card.measures
        assert measures["test_uar"] > 0.8  # chance is 1/3


def test_torch_has_its_threads_back_afterwards(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    before = torch.get_num_threads()
    one = change(tiny, labels=["valence"], training__epochs_max=1)
    events = train(clips, one, tmp_path, seed=1, command="x", machine=Machine(threads=before + 1))
    during = {torch.get_num_threads() for event in events if event.stage == "epoch"}
    assert (during, torch.get_num_threads()) == ({before + 1}, before)


def test_early_stopping_brings_the_best_weights_back(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([3.0, 2.0, 2.5, 2.2, 1.0])
    seen: list[bytes] = []
    really_ask = Course.ask

    def scripted(self: Course, versions: Sequence[Version]) -> tuple[float, float]:
        if len(seen) < 4:
            seen.append(weights_of(self.net))
            return next(losses), 0.5
        return really_ask(self, versions)

    monkeypatch.setattr(Course, "ask", scripted)
    experiment = change(tiny, labels=["valence"], training__epochs_max=20, training__patience=2)
    events = train(clips, experiment, tmp_path / "run", seed=1, command="x")
    fold = next(event for event in events if event.stage == "fold")
    assert "best epoch 2" in fold.sentence
    assert len(seen) == 4  # epochs 3 and 4 were no better, so there was no epoch 5
    assert (tmp_path / "run" / "valence" / "seed-1" / "fold-0" / WEIGHTS).read_bytes() == seen[1]


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=12))
def test_the_best_epoch_is_the_first_of_the_lowest_loss(losses: list[float]) -> None:
    best, net = Best(), torch.nn.Linear(1, 1)
    for number, loss in enumerate(losses, start=1):
        best.beaten_by(Epoch(number, 0.0, loss, 0.0, 0.1), net)  # type: ignore[arg-type]
    assert best.number == losses.index(min(losses)) + 1


def test_a_loss_that_is_no_number_stops_with_a_sentence(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    wild = change(tiny, training__learning_rate=9.9, training__optimiser="sgd", training__weight_decay=0.99)
    with pytest.raises(LossNotFinite, match=r"activation, seed 1, fold 0 became (nan|inf) in epoch \d.*rate below 9.9"):
        trained_into(tmp_path / "run", clips, change(wild, training__epochs_max=200, training__patience=200))


def test_clips_without_ratings_are_refused_with_their_names(
    clips: list[Clip], tiny: Experiment, tmp_path: Path
) -> None:
    unrated = [replace(clips[0], valence=None), *clips[1:]]
    with pytest.raises(UnlabelledClips, match=r"1 of 24 clips have no rating of valence \(s0-0\)"):
        trained_into(tmp_path / "run", unrated, tiny)
    assert not (tmp_path / "run").exists()
    with pytest.raises(NoClips):
        trained_into(tmp_path / "run", [], tiny)


def test_a_clip_without_its_sound_is_refused(clips: list[Clip], tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(SoundUnreadable, match="does not exist"):
        trained_into(tmp_path / "run", [replace(clips[0], path=tmp_path / "gone.wav"), *clips[1:]], tiny)


def test_a_folder_with_another_run_is_refused(run: Path, clips: list[Clip], tiny: Experiment, change: Change) -> None:
    with pytest.raises(OtherRun, match="another settings"):
        trained_into(run, clips, change(tiny, training__batch=5))
    with pytest.raises(OtherRun, match="another folds, another settings"):
        trained_into(run, clips, change(tiny, folds__folds=3))
    with pytest.raises(OtherRun, match="another seed"):
        trained_into(run, clips, tiny, seed=2)
    with pytest.raises(OtherRun, match="another clips"):
        trained_into(run, [replace(clips[0], activation=5.0), *clips[1:]], tiny)
    (run / "run.json").write_text("{")
    with pytest.raises(RunUnreadable, match="train again"):
        trained_into(run, clips, tiny)


def test_simulated_speech_is_marked_on_the_card(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    made_up = [replace(clip, simulated=True) for clip in clips]
    trained_into(tmp_path / "run", made_up, change(tiny, labels=["valence"], training__epochs_max=1))
    card = tmp_path / "run" / "valence" / "seed-1" / "fold-0" / "card.json"
    assert json.loads(card.read_text())["simulated"] is True


def test_a_setting_that_the_net_does_not_have_is_refused_before_anything_is_heard(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    with pytest.raises(SettingsWrong, match="no_such_setting"):
        trained_into(tmp_path / "run", clips, change(tiny, net_settings={"no_such_setting": 3}))
    assert not (tmp_path / "run").exists()


def test_noise_without_a_sound_bank_is_refused_before_anything_is_heard(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    noisy = change(tiny, augment__conditions=("nat-st",))
    with pytest.raises(SoundsMissing, match="heard in nat-st, and there is no sound bank"):
        list(train(clips, noisy, tmp_path / "run", seed=1, command="x", conditions=study_conditions()))
    assert not (tmp_path / "run").exists()


def test_the_order_in_which_clips_are_read_changes_nothing(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    short = change(tiny, labels=("valence",), training__epochs_max=2)
    trained_into(tmp_path / "one", clips, short)
    trained_into(tmp_path / "other", clips[::-1], short)
    assert weights_in(tmp_path / "one") == weights_in(tmp_path / "other")


def test_a_net_that_another_process_trained_meanwhile_is_taken_as_it_is(
    clips: list[Clip], tiny: Experiment, change: Change, tmp_path: Path
) -> None:
    short = change(tiny, labels=("valence",), training__epochs_max=2)
    first = train(clips, short, tmp_path, seed=1, command="first")
    second = train(clips, short, tmp_path, seed=1, command="second")
    assert [next(second).stage, next(first).stage] == ["clips", "clips"]  # both find all nets missing
    list(first)
    assert {event.stage for event in second} == {"fold"}
    assert load_checkpoint(tmp_path / "valence" / "seed-1" / "fold-0").card.command == "first"


def test_a_run_whose_sounds_have_changed_does_not_go_on(
    clips: list[Clip], tiny: Experiment, change: Change, make_sounds: Callable[..., SoundBank], tmp_path: Path
) -> None:
    noisy = change(tiny, augment__conditions=("nat-st",), labels=("valence",), training__epochs_max=1)
    told = {"seed": 1, "command": "x", "conditions": study_conditions()}
    list(train(clips, noisy, tmp_path, sounds=make_sounds(each=3), **told))
    with pytest.raises(OtherRun, match="another sound;"):
        list(train(clips, noisy, tmp_path, sounds=make_sounds(each=2), **told))


def test_nets_of_another_run_are_not_taken_for_done(
    clips: list[Clip], run: Path, tiny: Experiment, change: Change
) -> None:
    (run / "run.json").unlink()
    with pytest.raises(OtherRun, match=r"fold-0 holds a run with another settings"):
        trained_into(run, clips, change(tiny, training__learning_rate=0.5))


def test_a_copy_of_a_net_beside_it_is_none_of_the_run(run: Path) -> None:
    place = run / "valence" / "seed-1" / "fold-0"
    shutil.copytree(place, place.with_name("fold-0 copy"))
    assert len(run_folders(run)) == 4
