"""Levels, mixing, and sound files of every kind of badness."""

import errno
import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.audio import active_rms, fit_to_full_scale, mix_at_snr, rms
from pipelines.sound_file import SoundUnreadable, is_silent, read_sound, sha256_of, sound_length_s, write_flac
from pipelines.whole_file import DiskFull

RATE_HZ = 16000
tone = (0.5 * np.sin(np.arange(RATE_HZ) / 10)).astype(np.float32)
audible = arrays(np.float32, st.integers(1, 2000), elements=st.floats(2**-6, 1, width=32))


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """A disk that takes no more than `size` bytes a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@given(speech=audible, noise=audible, snr_db=st.floats(-10, 40))
def test_the_mixture_has_the_ratio_that_was_asked_for(speech, noise, snr_db) -> None:
    added = mix_at_snr(speech.astype(np.float64), noise.astype(np.float64), snr_db) - speech.astype(np.float64)

    beside = np.resize(noise, len(speech)).astype(np.float64)
    gain = rms(added) / rms(beside)
    assert 20 * np.log10(active_rms(speech) / (gain * active_rms(beside))) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("silent", ["speech", "noise"])
def test_silence_has_no_ratio(silent: str) -> None:
    parts = {"speech": tone, "noise": tone} | {silent: np.zeros(100, dtype=np.float32)}

    with pytest.raises(ValueError, match=f"the {silent} is silent"):
        mix_at_snr(**parts, snr_db=10)


@given(samples=arrays(np.float32, st.integers(0, 500), elements=st.floats(-100, 100, width=32)))
def test_what_is_fitted_fits_in_16_bits_and_says_what_it_took(samples) -> None:
    fitted, gain_db = fit_to_full_scale(samples)

    assert gain_db <= 0
    assert np.abs(fitted).max(initial=0) < 1
    np.testing.assert_allclose(fitted, samples * 10 ** (gain_db / 20), atol=1e-4)


def test_pauses_leave_the_active_level_as_it_is() -> None:
    assert active_rms(np.concatenate([tone, np.zeros_like(tone)])) == pytest.approx(active_rms(tone), rel=1e-3)


def test_stereo_at_48_khz_becomes_mono_at_16(tmp_path: Path) -> None:
    seconds = np.arange(48000) / 48000
    left = 0.4 * np.sin(2 * np.pi * 440 * seconds)
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, np.zeros_like(left)], axis=1), 48000)

    samples = read_sound(tmp_path / "stereo.wav", RATE_HZ)

    assert samples.shape == (RATE_HZ,)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.2, abs=0.01)
    assert np.argmax(np.abs(np.fft.rfft(samples))) == 440
    assert sound_length_s(tmp_path / "stereo.wav") == 1.0


def _write_nothing(path: Path) -> None:
    soundfile.write(path, np.zeros(0, dtype=np.float32), RATE_HZ)


def _write_cut_off(path: Path) -> None:
    soundfile.write(path, tone, RATE_HZ)
    path.write_bytes(path.read_bytes()[:5000])


def _write_cut_off_flac(path: Path) -> None:
    soundfile.write(path, tone, RATE_HZ, format="FLAC")
    path.write_bytes(path.read_bytes()[:5000])


BAD = {
    "does not exist": lambda path: None,
    "is empty": lambda path: path.write_bytes(b""),
    "Git LFS pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "can't be read as sound": lambda path: path.write_bytes(b"RIFF\x04\x00\x00\x00WAVEnothing of the kind"),
    "can't be read as sound (?s:.)*": lambda path: path.write_bytes(b"\x00\x01\x02" * 100),
    "holds no samples": _write_nothing,
    "is cut off": _write_cut_off,
    "(is cut off|can't be read)": _write_cut_off_flac,
    "is silent": lambda path: soundfile.write(path, np.zeros(RATE_HZ), RATE_HZ),
    "see to its name": lambda path: path.symlink_to("n" * 300),
    "not numbers": lambda path: soundfile.write(path, np.full(99, np.nan), RATE_HZ, subtype="FLOAT"),
}


@pytest.mark.parametrize(("reason", "write"), BAD.items(), ids=BAD.keys())
def test_a_bad_file_is_refused_in_a_sentence_that_names_it(tmp_path: Path, reason: str, write) -> None:
    path = tmp_path / "bad.wav"
    write(path)

    with pytest.raises(SoundUnreadable, match=reason) as refused:
        read_sound(path, RATE_HZ)

    assert str(path) in str(refused.value)


@pytest.mark.parametrize("piece", [(1e308, None), (0.0, 1e308), (1e308, 1.5e308)])
def test_seconds_beyond_all_measure_lie_outside_the_file_or_at_its_end(tmp_path: Path, piece) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone, RATE_HZ)

    if piece[0] == 0:
        assert len(read_sound(path, RATE_HZ, *piece)) == len(tone)
    else:
        with pytest.raises(SoundUnreadable, match=r"lasts 1\.000 s; expected a piece"):
            read_sound(path, RATE_HZ, *piece)


@given(samples=arrays(np.float32, st.integers(1, 50), elements=st.floats(-(2**-12), 2**-12, width=32)))
def test_silent_is_what_is_refused_once_it_was_written(tmp_path_factory: pytest.TempPathFactory, samples) -> None:
    path = tmp_path_factory.mktemp("soft") / "soft.flac"
    write_flac(path, samples, RATE_HZ)

    if is_silent(samples):
        with pytest.raises(SoundUnreadable, match="is silent"):
            read_sound(path, RATE_HZ)
    else:
        read_sound(path, RATE_HZ)


def test_flac_holds_exactly_what_is_hashed_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", tone, RATE_HZ)
    write_flac(tmp_path / "b.flac", tone, RATE_HZ)

    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()
    assert sha256_of(read_sound(tmp_path / "a.flac", RATE_HZ)) == sha256_of(tone)
    assert soundfile.info(tmp_path / "a.flac").subtype == "PCM_16"


def test_a_full_disk_leaves_what_was_there_and_no_part_of_what_was_not(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", tone, RATE_HZ)
    before = (tmp_path / "a.flac").read_bytes()

    with files_up_to(1000), pytest.raises(DiskFull, match=r"no room left to write .*a\.flac.*again"):
        write_flac(tmp_path / "a.flac", tone * 0.5, RATE_HZ)

    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]
    assert (tmp_path / "a.flac").read_bytes() == before


@pytest.mark.parametrize("error", [DiskFull(Path("x")), SoundUnreadable(Path("x"), "is silent")])
def test_errors_come_back_whole_from_a_worker_process(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_other_errors_of_the_disk_keep_their_own_words(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError) as failed:  # a folder stands where the file should go
        write_flac(tmp_path / "folder", tone, RATE_HZ)

    assert failed.value.errno in (errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)
