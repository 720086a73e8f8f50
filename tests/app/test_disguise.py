"""Nothing about the files that a worker gets tells an identical pair from another."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from app.annotate.disguise import BLOCK_BYTES, disguised


def written(path: Path, length: int, loud: float = 0.3) -> Path:
    soundfile.write(path, loud * np.sin(np.arange(length) / 9), 16000, subtype="PCM_16")
    return path


def samples_of(sound: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(sound), dtype="int16")[0].astype(int)


def test_the_same_clip_twice_gives_two_files_of_one_size(tmp_path: Path) -> None:
    clip = written(tmp_path / "c.flac", 20_000)

    first, second = (disguised(clip, 1.25, "key", f"t1/{which}") for which in ("first", "second"))

    assert first != second
    assert len(first) == len(second)
    assert sum(a != b for a, b in zip(first, second, strict=True)) > 5000


def test_what_was_added_lies_within_one_step_of_16_bits_and_every_sample_is_there(tmp_path: Path) -> None:
    clip = written(tmp_path / "c.flac", 20_000, loud=0.99)
    plain = soundfile.read(clip, dtype="int16")[0].astype(int)

    heard = samples_of(disguised(clip, 1.25, "key", "t1/first"))

    assert len(heard) == len(plain)
    assert np.abs(heard - plain).max() == 1
    assert abs((heard - plain).mean()) < 0.03


def test_samples_at_full_scale_stay_what_they_are(tmp_path: Path) -> None:
    loudest = np.tile([-32768, 32767], 5000).astype(np.int16)
    soundfile.write(tmp_path / "c.wav", loudest, 16000, subtype="PCM_16")

    np.testing.assert_array_equal(samples_of(disguised(tmp_path / "c.wav", 1.0, "key", "t1/first")), loudest)


def test_a_second_request_gets_the_same_and_another_study_or_trial_another(tmp_path: Path) -> None:
    clip = written(tmp_path / "c.flac", 2_000)
    once = disguised(clip, 1.0, "key", "t1/first")

    assert once == disguised(clip, 1.0, "key", "t1/first")
    assert once != disguised(clip, 1.0, "other", "t1/first")
    assert once != disguised(clip, 1.0, "key", "t2/first")


@given(first=st.integers(1, 40_000), second=st.integers(1, 40_000))
def test_both_clips_of_a_pair_are_of_one_size_whatever_their_lengths(
    tmp_path_factory: pytest.TempPathFactory, first: int, second: int
) -> None:
    folder = tmp_path_factory.mktemp("pair")
    longest_s = max(first, second) / 16000

    sizes = {
        len(disguised(written(folder / f"{name}.flac", length), longest_s, "key", name))
        for name, length in (("a", first), ("b", second))
    }

    assert len(sizes) == 1
    assert sizes.pop() % BLOCK_BYTES == 0


def test_a_clip_that_is_gone_or_broken_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "broken.flac").write_bytes(b"not a sound")

    for name in ("broken.flac", "absent.flac"):
        with pytest.raises(OSError, match="can't be read as sound"):
            disguised(tmp_path / name, 1.0, "key", "t1/first")
