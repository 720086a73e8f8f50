"""A tiny corpus of tones and a sound bank of hums, for the tests of the nets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from analysis.verdicts import Verdict
from analysis.whitelist import Whitelist
from models.denoisers.rnnoise.library import VARIABLE, rnnoise
from models.experiment import Experiment
from models.training.train import train
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.base import Problem
from pipelines.sound_file import write_flac
from pipelines.sounds.base import FAMILIES, Family, Sound, SoundBank
from tests.whitelists import verdict, whitelist

RATE_HZ = 16000
TINY = Experiment.model_validate(
    {
        "net_settings": {"channels": 8, "gru_width": 8, "dense_width": 8, "gru_layers": 1},
        "folds": {"folds": 2},
        "training": {"epochs_max": 8, "patience": 8, "batch": 4, "learning_rate": 0.005},
    }
)


def changed(experiment: Experiment, **changes: object) -> Experiment:
    """An experiment with other settings; those of a section by `section__setting`."""
    told = experiment.model_dump(exclude_unset=True)
    for name, value in changes.items():
        section, _, setting = name.partition("__")
        if setting:
            told.setdefault(section, {})[setting] = value
        else:
            told[section] = value
    return Experiment.model_validate(told)


def tone(hz: float, length_s: float, level: float, seed: int) -> Samples:
    """A wavering tone in a little hiss; shape (time,)."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    wave = level * np.sin(2 * np.pi * hz * seconds) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * seconds))
    return (wave + rng.normal(0, 0.003, len(seconds))).astype(np.float32)


def tones(folder: Path, speakers: int = 4, each: int = 6) -> list[Clip]:
    """Clips whose activation is heard in their pitch, and valence in their loudness."""
    clips = []
    for speaker in range(speakers):
        for number in range(each):
            activation, valence = number % 3, (number // 2) % 3
            clip_id = f"s{speaker}-{number}"
            path = folder / f"{clip_id}.flac"
            samples = tone(
                [250, 900, 2500][activation] * (1 + 0.03 * speaker),
                0.4 + 0.07 * number,
                [0.05, 0.15, 0.4][valence],
                number,
            )
            write_flac(path, samples, RATE_HZ)
            clips.append(
                Clip(
                    clip_id,
                    path,
                    f"speaker-{speaker}",
                    length_s=len(samples) / RATE_HZ,
                    activation=[1.5, 3.0, 4.5][activation],
                    valence=[1.5, 3.0, 4.5][valence],
                    ratings="measured",
                )
            )
    return clips


class Hums(SoundBank):
    """Three sounds of each family, made on the spot."""

    def __init__(self, families: Sequence[Family] = FAMILIES, each: int = 3) -> None:
        super().__init__(Path("hums"))
        self.offered, self.each = families, each

    def listed(self) -> Iterator[Sound | Problem]:
        return iter(())  # no files

    def sounds(self, family: Family, speaker: str | None = None) -> tuple[Sound, ...]:
        if family not in self.offered or speaker is not None:
            return ()
        return tuple(Sound(f"{family}-{n}", Path(f"{family}-{n}"), family, "hum") for n in range(self.each))

    def sound(self, sound_id: str) -> Sound:
        return {sound.sound_id: sound for family in self.offered for sound in self.sounds(family)}[sound_id]

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        family, number = sound_id.split("-")
        hz = {"nat": 150, "hum": 600, "int": 3000}[family] * (1 + int(number) / 5)
        return tone(hz, 0.7, 0.3, int(number))


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tones(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="session")
def many_clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tones(tmp_path_factory.mktemp("many-tones"), each=18)


@pytest.fixture(scope="session")
def sounds() -> Hums:
    return Hums()


def whitelist_of(verdicts: Mapping[str, Verdict], *, simulated: bool = True) -> Whitelist:
    """A whitelist with these verdicts."""
    judged = [
        verdict(name, said, said, family=condition(name).family, snr_db=condition(name).nominal_snr_db)
        for name, said in verdicts.items()
    ]
    return whitelist(*judged, study="tones", simulated=simulated)


@pytest.fixture(scope="session")
def tiny() -> Experiment:
    return TINY


@pytest.fixture(scope="session")
def change() -> Callable[..., Experiment]:
    return changed


@pytest.fixture(scope="session")
def make_whitelist() -> Callable[..., Whitelist]:
    return whitelist_of


@pytest.fixture(scope="session")
def make_sounds() -> Callable[..., Hums]:
    return Hums


@pytest.fixture(scope="session")
def trained(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run; copy it before changing anything."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    for _ in train(clips, TINY, folder, seed=1, command="earwitness train"):
        pass
    return folder


@pytest.fixture
def no_rnnoise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine whose library of RNNoise is gone."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone.so"))
    rnnoise.cache_clear()
    yield
    rnnoise.cache_clear()


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(trained, tmp_path / "run"))
