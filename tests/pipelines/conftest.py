"""Small corpora and sound banks, made on the spot."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Phone, Word
from pipelines.corpora.base import Problem
from pipelines.corpora.demo import DemoCorpus
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import make_demo_corpus
from pipelines.sounds.base import JoinedSounds, Sound, SoundBank
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


#: A sentence in which every kind of word and letter that noises drop occurs, phone by phone in ARPAbet: words of the
#: set {a, the, an, so, like, and}, h before a vowel, nd and t between consonants, r after a vowel, and a final ng.
SENTENCE = (
    ("so", "S OW"), ("he", "HH IY"), ("and", "AE N D"), ("the", "DH AH"), ("dog", "D AO G"), ("left", "L EH F T"),
    ("the", "DH AH"), ("hard", "HH AA R D"), ("running", "R AH N IH NG"),
)  # fmt: skip
PHONE_S, GAP_S, EDGE_S = 0.08, 0.05, 0.15
SPEAKER = "anna"  # who says the sentence, and whose fillers are in the bank


def aligned() -> tuple[tuple[Word, ...], tuple[Phone, ...], float]:
    """The words and phones of the sentence, with pauses at its ends and between its words; and how long it lasts."""
    words, phones, now_s = [], [], EDGE_S
    for text, symbols in SENTENCE:
        start_s = now_s
        for symbol in symbols.split():
            phones.append(Phone(symbol, round(now_s, 4), round(now_s + PHONE_S, 4)))
            now_s += PHONE_S
        words.append(Word(text, round(start_s, 4), round(now_s, 4)))
        now_s += GAP_S
    return tuple(words), tuple(phones), round(now_s - GAP_S + EDGE_S, 4)


@pytest.fixture(scope="session")
def speech() -> Speech:
    words, phones, length_s = aligned()
    return Speech(spoken(length_s), RATE_HZ, words, phones, clip_id="anna-1", speaker=SPEAKER, language="en")


@pytest.fixture(scope="session")
def sounds_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_sounds(tmp_path_factory.mktemp("bank") / "sounds", seed=1, variants=1)


class SaidByMany(SoundBank):
    """What a corpus gives a study beside its clips: fillers and speech of several speakers, who are named."""

    def __init__(
        self, root: Path, speakers: tuple[str, ...] = (SPEAKER, "ben", "clara", "dora", "emil", "finn")
    ) -> None:
        super().__init__(root)
        self.speakers_here = speakers
        for number, speaker in enumerate(speakers):
            soundfile.write(root / f"{speaker}.wav", spoken(2.0, seed=number), RATE_HZ)

    def listed(self) -> Iterator[Sound | Problem]:
        for name in self.speakers_here:
            path = self.root / f"{name}.wav"
            yield Sound(f"{name}-uh", path, "filler", "uh", 0.5, 0.8, speaker=name, clip_id=f"{name}-9")
            yield Sound(f"{name}-um", path, "filler", "um", 1.1, 1.5, speaker=name, clip_id=f"{name}-9")
            yield Sound(f"{name}-speech", path, "speech", "speech", speaker=name, clip_id=f"{name}-9")


@pytest.fixture(scope="session")
def sounds(sounds_root: Path, tmp_path_factory: pytest.TempPathFactory) -> SoundBank:
    """A joined bank with sounds of every family."""
    return JoinedSounds([DemoSounds(sounds_root), SaidByMany(tmp_path_factory.mktemp("said"))])


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
