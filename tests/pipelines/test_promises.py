"""The shipped checks: ours pass them (noises do in test_noises.py), and what breaks a promise does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import pipelines.corpora
import pipelines.sounds
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params, Word
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.noises.base import Noise, number
from pipelines.promises import PromiseBroken, check_corpus, check_noise, check_sounds
from pipelines.sounds.base import Sound, SoundBank, SoundsNotFound
from pipelines.variants import load, own_names
from tests.pipelines.banks import LAYOUTS
from tests.pipelines.test_corpora import make


@pytest.mark.parametrize("name", own_names(pipelines.corpora))
def test_our_corpora_pass(name: str, tmp_path: Path) -> None:
    check_corpus(load(pipelines.corpora, name, Corpus), make(name, tmp_path))


@pytest.mark.parametrize("name", own_names(pipelines.sounds))
def test_our_sound_banks_pass(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    check_sounds(load(pipelines.sounds, name, SoundBank), LAYOUTS[name](tmp_path, request))


@dataclass(frozen=True)
class Tilted(Noise):
    """A noise that can be broken in any way."""

    breaks: Callable[[Samples, Params], Samples] = lambda samples, params: samples
    drawn: Callable[[np.random.Generator], Any] = lambda rng: {"gain": float(rng.uniform(0.4, 0.6))}
    lack: str | None = None
    snr_db: float | None = None

    def lacks(self, spoken: object, sounds: SoundBank) -> str | None:
        return self.lack if getattr(spoken, "length_s", 0) > 1 else None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        params: Params = self.drawn(rng)
        return params

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        return self.breaks(speech.samples * np.float32(number(params, "gain")), params)

    @property
    def nominal_snr_db(self) -> float | None:
        return self.snr_db


def outside_chance(samples: Samples, params: Params) -> Samples:
    return samples + np.float32(1e-3 * np.random.default_rng().standard_normal())


class InPlace(Tilted):
    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        speech.samples[:] *= np.float32(0.9)
        return speech.samples.copy()


def divided_by_its_level(samples: Samples, params: Params) -> Samples:
    with np.errstate(all="ignore"):
        return samples / np.abs(samples).max()


def nothing_at_48_khz(samples: Samples, params: Params) -> Samples:
    return samples * np.float32(np.nan) if len(samples) > 100_000 else samples


BROKEN_NOISES = {
    "two sounds for one seed": Tilted(drawn=lambda rng: {"gain": float(np.random.default_rng().uniform())}),
    "two sounds (for one seed|of the same params)": Tilted(outside_chance),
    "which JSON reads back as": Tilted(drawn=lambda rng: {"gain": 0.5, "shape": (1, 2)}),
    "float64 samples; expected float32": Tilted(lambda samples, params: samples.astype(np.float64)),
    "expected \\(time,\\)": Tilted(lambda samples, params: samples[:, None]),
    "NaN or infinite": Tilted(lambda samples, params: samples * np.float32(np.inf)),
    "gave silence": Tilted(lambda samples, params: np.zeros_like(samples)),
    "(changed the speech that it was given|two sounds)": InPlace(),
    "which the bank does not have": Tilted(drawn=lambda rng: {"gain": 0.5, "sound_ids": ["kazoo"]}),
    "claims 5.0 dB over silence": Tilted(snr_db=5.0),
    "of silence; raise NoiseRefused": Tilted(divided_by_its_level),
    "at 48000 Hz": Tilted(nothing_at_48_khz),
    "NaN or infinity for 100 samples": Tilted(
        lambda samples, params: samples if len(samples) > 100 else samples * np.float32(np.nan)
    ),
}


@pytest.mark.parametrize(("said", "noise"), BROKEN_NOISES.items(), ids=BROKEN_NOISES.keys())
def test_a_noise_that_breaks_a_promise_is_told_which(
    said: str, noise: Noise, speech: Speech, sounds: SoundBank
) -> None:
    own = replace(speech, samples=speech.samples.copy())

    with pytest.raises(PromiseBroken, match=said), np.errstate(all="ignore"):
        check_noise(noise, own, sounds)


def test_the_noise_that_breaks_nothing_passes(speech: Speech, sounds: SoundBank) -> None:
    check_noise(Tilted(), speech, sounds)


class Few(Corpus):
    """A corpus of one folder of wav files, which can be broken in any way."""

    def __init__(self, root: Path, **changes: Any) -> None:
        super().__init__(root)
        self.changes = changes
        if not any(root.glob("*.wav")):
            raise CorpusNotFound("Few", root, "expected wav files")

    def listed(self) -> Iterator[Clip | Problem]:
        for path in sorted(self.root.glob("*.wav")):
            yield replace(Clip(path.stem, path, "anna", activation=3.0, ratings="measured"), **self.changes)


class Credulous(Few):
    def __init__(self, root: Path) -> None:
        Corpus.__init__(self, root)
        self.changes = {}


class Forgetful(Few):
    """Leaves a file out without a word when it can't be read."""

    def listed(self) -> Iterator[Clip | Problem]:
        return (clip for clip in super().listed() if isinstance(clip, Clip) and clip.path.stat().st_size)


class Fickle(Few):
    def listed(self) -> Iterator[Clip | Problem]:
        name = str(np.random.default_rng().integers(10**9))
        return (replace(clip, speaker=name) for clip in super().listed() if isinstance(clip, Clip))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "few"
    root.mkdir()
    for place in range(3):
        samples = 0.3 * np.sin(np.arange(12000) / (10 + place))
        soundfile.write(root / f"rain{place}.wav", samples, 16000)
    return root


BROKEN_CORPORA: dict[str, Callable[[Path], Corpus]] = {
    "has the speaker ''": lambda root: Few(root, speaker=""),
    r"is rated \[7.0\]; expected 1 to 5": lambda root: Few(root, activation=7.0),
    "says of its ratings 'none'": lambda root: Few(root, ratings="none"),
    "is clip same once more": lambda root: Few(root, clip_id="same"),
    "words or phones out of order": lambda root: Few(root, words=(Word("b", 0.4, 0.5), Word("a", 0.1, 0.2))),
    "the empty folder .* was taken for one": Credulous,
    "gave 0 problems and 2 clips; expected one problem": Forgetful,
    "read differently the second time": Fickle,
}


@pytest.mark.parametrize(("said", "open_corpus"), BROKEN_CORPORA.items(), ids=BROKEN_CORPORA.keys())
def test_a_corpus_that_breaks_a_promise_is_told_which(
    said: str, open_corpus: Callable[[Path], Corpus], folder: Path
) -> None:
    check_corpus(Few, folder)

    with pytest.raises(PromiseBroken, match=said):
        check_corpus(open_corpus, folder)


class FewSounds(SoundBank):
    """A bank of one folder of wav files, which can be broken in any way."""

    def __init__(self, root: Path, **changes: Any) -> None:
        super().__init__(root)
        self.changes = changes
        if not any(root.glob("*.wav")):
            raise SoundsNotFound("few", root, "expected wav files")

    def listed(self) -> Iterator[Sound | Problem]:
        for path in sorted(self.root.glob("*.wav")):
            yield replace(Sound(path.stem, path, "nat", "rain"), **self.changes)


class AnyFolder(FewSounds):
    def __init__(self, root: Path) -> None:
        SoundBank.__init__(self, root)
        self.changes = {}


class Echo(FewSounds):
    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        return super().samples(sound_id, 16000)


BROKEN_BANKS: dict[str, Callable[[Path], SoundBank]] = {
    "gave no sound at all": lambda root: FewSounds(root, category="crying"),
    "the empty folder .* was taken for one": AnyFolder,
    "expected half as many": Echo,
}


@pytest.mark.parametrize(("said", "open_bank"), BROKEN_BANKS.items(), ids=BROKEN_BANKS.keys())
def test_a_bank_that_breaks_a_promise_is_told_which(
    said: str, open_bank: Callable[[Path], SoundBank], folder: Path
) -> None:
    check_sounds(FewSounds, folder)

    with pytest.raises(PromiseBroken, match=said):
        check_sounds(open_bank, folder)
