"""Small corpora and sound banks, made on the spot."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.audio import Samples, Speech
from pipelines.clip import Clip
from pipelines.corpora.demo import DemoCorpus
from pipelines.demo_sounds import make_demo_sounds
from pipelines.demo_speech import make_demo_corpus
from pipelines.sounds.base import SoundBank
from pipelines.sounds.demo import DemoSounds

RATE_HZ = 16000


def spoken(length_s: float = 1.2, seed: int = 0, sample_rate_hz: int = RATE_HZ) -> Samples:
    """A voice-like sound: a gliding tone with harmonics in syllables, and pauses between them."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(round(length_s * sample_rate_hz)) / sample_rate_hz
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * seconds)) / sample_rate_hz
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 3 * seconds), 0, 1)
    return (0.15 * voice * syllables + 1e-4 * rng.standard_normal(len(seconds))).astype(np.float32)


@pytest.fixture(scope="session")
def speech() -> Speech:
    return Speech(spoken(), RATE_HZ)


@pytest.fixture(scope="session")
def sounds_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_sounds(tmp_path_factory.mktemp("bank") / "sounds", seed=1, variants=1)


@pytest.fixture(scope="session")
def sounds(sounds_root: Path) -> SoundBank:
    return DemoSounds(sounds_root)


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")
    return make_demo_corpus(tmp_path_factory.mktemp("corpus") / "demo", seed=1, speakers=2, sentences=1)


@pytest.fixture(scope="session")
def demo_clips(demo_root: Path) -> list[Clip]:
    return [clip for clip in DemoCorpus(demo_root).read() if isinstance(clip, Clip)]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Eight clips of two speakers, each with low and high activation."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number in range(8):
        path = folder / f"c{number}.wav"
        soundfile.write(path, spoken(0.5 + 0.05 * number, seed=number), RATE_HZ)
        speaker, gender = ("anna", "female") if number % 4 < 2 else ("ben", "male")
        made.append(
            Clip(
                f"c{number}",
                path,
                speaker,
                gender,
                length_s=0.5 + 0.05 * number,
                activation=1.5 if number % 2 else 4.5,
                valence=3.0,
                ratings="measured",
            )
        )
    return made


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("EARWITNESS_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no real recordings: EARWITNESS_TEST_DATA does not name their folder")
    return Path(folder)
