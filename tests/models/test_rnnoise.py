"""RNNoise's library: found in three places, opened on first use, and heard on speech-like and on real sound."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from models.denoisers.rnnoise import library as rnnoise_library
from models.denoisers.rnnoise.library import (
    FRAME,
    VARIABLE,
    Rnnoise,
    RnnoiseBroken,
    RnnoiseNotFound,
    library_file,
    rnnoise,
)
from models.denoisers.rnnoise.rnnoise import RnNoise, RnNoiseSettings
from pipelines.audio import Samples, Speech, active_rms
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.emodb import EmoDB
from pipelines.sound_file import read_sound
from pipelines.sounds.esc50 import Esc50

RATE_HZ = 16_000


@pytest.fixture
def library() -> Rnnoise:
    try:
        return rnnoise()
    except RnnoiseNotFound as error:
        pytest.skip(str(error))


def snr_db(clean: Samples, heard: Samples) -> float:
    """What lies along the clean sound over all else."""
    share = float(heard @ clean) / float(clean @ clean)
    rest = heard - share * clean
    return float(10 * np.log10(share**2 * float(clean @ clean) / float(rest @ rest)))


def test_nowhere_is_a_sentence_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(rnnoise_library, "_brought_by_package", lambda: None)
    monkeypatch.setattr(rnnoise_library, "find_library", lambda name: None)

    with pytest.raises(RnnoiseNotFound, match=rf"{VARIABLE}.*pyrnnoise.*pip install --no-deps"):
        library_file()


@pytest.mark.parametrize("file", ["Makefile", "README.md", "docs/denoising.md"])
def test_what_installs_it_is_said_where_people_look(file: str) -> None:
    written = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")

    assert rnnoise_library.INSTALL in written.replace("'", "").replace("--quiet ", "")


def test_the_environment_comes_before_the_package_and_that_before_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rnnoise_library, "find_library", lambda name: "systems.so")
    monkeypatch.setattr(rnnoise_library, "_brought_by_package", lambda: None)
    assert library_file() == "systems.so"
    monkeypatch.setattr(rnnoise_library, "_brought_by_package", lambda: "packages.so")
    assert library_file() == "packages.so"
    monkeypatch.setenv(VARIABLE, "named.so")
    assert library_file() == "named.so"


def test_a_package_that_is_not_installed_brings_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rnnoise_library, "DISTRIBUTION", "earwitness-brings-no-such-package")

    assert rnnoise_library._brought_by_package() is None


def test_a_file_that_is_no_library_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "librnnoise.so"
    with pytest.raises(RnnoiseBroken, match=r"librnnoise\.so can't be used"):
        Rnnoise(str(file))
    file.write_text("no library")
    with pytest.raises(RnnoiseBroken, match=r"librnnoise\.so can't be used"):
        Rnnoise(str(file))


def test_another_library_is_a_sentence() -> None:
    from ctypes.util import find_library

    file = find_library("m") or pytest.skip("this system names no library of mathematics")
    with pytest.raises(RnnoiseBroken, match="it has no rnnoise_get_frame_size, rnnoise_create"):
        Rnnoise(file)


def test_what_comes_out_is_in_time_with_what_went_in(library: Rnnoise) -> None:
    clean = rnnoise_library._probe()
    noisy = clean + np.random.default_rng(1).normal(0, 0.01, len(clean)).astype(np.float32)

    heard = library.denoise(noisy)

    lags = range(-2 * FRAME, 2 * FRAME + 1, 60)
    assert max(lags, key=lambda lag: float(np.roll(heard, -lag) @ clean)) == 0


def test_steady_noise_gets_less_in_speech_and_much_less_in_pauses(library: Rnnoise) -> None:
    speaking = rnnoise_library._probe()[::3]
    clean = np.concatenate([speaking, np.zeros(8000, np.float32)])
    noise = np.random.default_rng(2).normal(0, 1, len(clean)).astype(np.float32)
    noisy = clean + noise * np.float32(active_rms(speaking))  # at 0 dB

    heard = RnNoise(RnNoiseSettings()).denoise(noisy, RATE_HZ)

    assert snr_db(clean, heard) > snr_db(clean, noisy) + 2
    assert active_rms(heard[-4000:]) < active_rms(noisy[-4000:]) / 10


def test_a_mix_lies_between_the_sound_and_the_denoised_one(library: Rnnoise) -> None:
    noisy = np.random.default_rng(3).normal(0, 0.1, 8000).astype(np.float32)
    none, half, whole = (RnNoise(RnNoiseSettings(mix=mix)).denoise(noisy, RATE_HZ) for mix in (0, 0.5, 1))

    np.testing.assert_array_equal(none, noisy)
    np.testing.assert_allclose(half, (noisy + whole) / 2, atol=1e-6)


def test_it_travels_to_another_process_and_says_the_same_there(library: Rnnoise) -> None:
    from joblib import Parallel, delayed

    noisy = np.random.default_rng(4).normal(0, 0.1, 4800).astype(np.float32)
    denoiser = pickle.loads(pickle.dumps(RnNoise(RnNoiseSettings())))

    (elsewhere,) = Parallel(n_jobs=2)(delayed(denoiser.denoise)(sound, RATE_HZ) for sound in [noisy])

    np.testing.assert_array_equal(elsewhere, denoiser.denoise(noisy, RATE_HZ))


def test_real_noise_behind_real_speech_gets_less(real_data: Path, library: Rnnoise) -> None:
    sounds, denoiser, noise = Esc50(real_data / "ESC-50"), RnNoise(RnNoiseSettings()), condition("int-co-0db")
    clips = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)][::60]
    gains_db = []
    for number, clip in enumerate(clips):
        clean = read_sound(clip.path, RATE_HZ)
        speech = Speech(clean, RATE_HZ)
        noisy = noise.apply(speech, noise.draw(speech, sounds, np.random.default_rng(number)), sounds)
        heard = denoiser.denoise(noisy, RATE_HZ)
        assert len(heard) == len(noisy)
        gains_db.append(snr_db(clean, heard) - snr_db(clean, noisy))

    assert np.median(gains_db) > 2  # at 10 dB and more, what it does to the speech weighs as much as the noise


@pytest.mark.parametrize("error", [RnnoiseNotFound(), RnnoiseBroken("x.so", "it is empty")], ids=["none", "broken"])
def test_what_is_wrong_with_the_library_survives_the_way_back_from_a_worker_process(error: Exception) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))
