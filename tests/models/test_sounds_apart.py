"""Training may be kept from a share of each family's recordings, which are then left for tests and attacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.checkpoint import load_card
from models.experiment import Augment, Experiment
from models.training.augmentation import attackers_sounds, training_sounds
from models.training.run import OtherRun, Run, identity, plan_run
from models.training.train import train
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.sound_file import write_flac
from pipelines.sounds.base import SoundBank
from pipelines.sounds.folder import TABLE, SoundFolder
from tests.models.conftest import RATE_HZ, tone

Change = Callable[..., Experiment]
CONDITIONS = {name: condition(name) for name in ("nat-co-0db", "hum-co-10db", "fade-in")}
HALF = {"conditions": list(CONDITIONS), "sounds_share": 0.5}


class Noting(SoundFolder):
    """A folder that notes which of its sounds were decoded."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.heard: set[str] = set()

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        self.heard.add(sound_id)
        return super().samples(sound_id, sample_rate_hz)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of each family, each cut into two sounds."""
    root = tmp_path_factory.mktemp("bank")
    rows = ["file,family,start_s,end_s"]
    for family, hz in (("nat", 150), ("hum", 600)):
        for number in range(6):
            write_flac(root / f"{family}{number}.flac", tone(hz + 40 * number, 1.2, 0.3, number), RATE_HZ)
            rows += [f"{family}{number}.flac,{family},{start},{start + 0.6}" for start in (0.0, 0.6)]
    (root / TABLE).write_text("\n".join(rows) + "\n")
    return root


def planned(clips: list[Clip], experiment: Experiment, bank: SoundBank, run: Path = Path("unused")) -> Run:
    return plan_run(clips, experiment, run, seed=1, command="x", conditions=CONDITIONS, sounds=bank)


def recordings(bank: SoundBank) -> dict[str, set[str]]:
    return {family: {sound.recording for sound in bank.sounds(family)} for family in ("nat", "hum")}


def test_training_never_hears_a_recording_that_is_left_for_the_attacker(
    clips: list[Clip], tiny: Experiment, change: Change, folder: Path, tmp_path: Path
) -> None:
    bank = Noting(folder)
    one = change(tiny, training__epochs_max=1, labels=["activation"], augment=HALF)
    for _ in train(
        clips, one, tmp_path / "run", seed=1, command="x", conditions=CONDITIONS, sounds=bank, cache=tmp_path / "cache"
    ):
        pass
    card = load_card(tmp_path / "run" / "activation" / "seed-1" / "fold-0")
    assert card.heard["nat-co-0db"] > 0
    mine, theirs = (recordings(part) for part in (
        training_sounds(one, SoundFolder(folder), 1) or bank,
        attackers_sounds(card.experiment, SoundFolder(folder), card.study_seed),
    ))  # fmt: skip
    heard = {bank.sound(sound_id).recording for sound_id in bank.heard}
    assert heard == mine["nat"] | mine["hum"]  # both of the cuts of each, by chance
    for family in ("nat", "hum"):
        assert len(mine[family]) == len(theirs[family]) == 3
        assert not mine[family] & theirs[family]


def test_other_shares_are_other_runs_where_sounds_are_heard(
    clips: list[Clip], tiny: Experiment, change: Change, folder: Path
) -> None:
    bank = SoundFolder(folder)
    found = {
        share: identity(planned(clips, change(tiny, augment={**HALF, "sounds_share": share}), bank))
        for share in (1.0, 0.5, 0.34)
    }
    assert len(set(found.values())) == 3
    clean = {
        share: identity(planned(clips, change(tiny, augment={"sounds_share": share}), bank)) for share in (1.0, 0.5)
    }
    assert len(set(clean.values())) == 1


def test_a_run_that_hears_all_sounds_is_what_it_was_before_there_was_a_choice(
    clips: list[Clip], tiny: Experiment, change: Change, folder: Path, tmp_path: Path
) -> None:
    bank, place = SoundFolder(folder), tmp_path / "run"
    all_of_it = {"conditions": list(CONDITIONS)}
    short = change(tiny, training__epochs_max=1, labels=["activation"], augment=all_of_it)
    for _ in train(clips, short, place, seed=1, command="x", conditions=CONDITIONS, sounds=bank):
        pass
    assert set(json.loads((place / "run.json").read_text())["augmentation"]) == {
        "conditions",
        "probability",
        "per_clip",
    }
    for path in place.rglob("card.json"):  # as cards were
        card = json.loads(path.read_text())
        del card["experiment"]["augment"]["sounds_share"]
        path.write_text(json.dumps(card))
    told = change(short, augment={**all_of_it, "sounds_share": 1.0})
    first = next(train(clips, told, place, seed=1, command="x", conditions=CONDITIONS, sounds=bank))
    assert first.stage == "resumed"
    apart = change(short, augment=HALF)
    with pytest.raises(OtherRun, match="another sound, another augmentation"):
        next(train(clips, apart, place, seed=1, command="x", conditions=CONDITIONS, sounds=bank))


def test_without_a_share_the_attacker_has_the_whole_bank(tiny: Experiment, folder: Path) -> None:
    bank = SoundFolder(folder)
    assert attackers_sounds(tiny, bank, 1) is bank
    assert training_sounds(tiny, bank, 1) is bank
    assert training_sounds(tiny, None, 1) is None


@pytest.mark.parametrize("share", [0.0, 1.5, -0.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValidationError, match="sounds_share"):
        Augment(sounds_share=share)
