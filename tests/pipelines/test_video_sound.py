"""Sound out of video files, as speech of a corpus."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.sound_file import SoundUnreadable, load_speech, read_sound, sound_length_s
from pipelines.video_sound import TOLERANCE_S
from tests.pipelines.layouts.video import write_video

#: File name, codec of the picture, codec of the sound.
KINDS = [
    ("a.avi", "mpeg4", "pcm_s16le"),
    ("a.avi", "mpeg4", "libmp3lame"),
    ("a.mp4", "libx264", "aac"),
    ("a.mp4", "mpeg4", "aac"),
    ("a.flv", "flv1", "libmp3lame"),
    ("a.mpg", "mpeg1video", "mp2"),
    ("a.mkv", "mpeg4", "libopus"),
    ("a.mov", "mpeg4", "pcm_s16le"),
]
kinds = pytest.mark.parametrize(("name", "picture", "sound"), KINDS, ids=["-".join(kind[1:]) for kind in KINDS])


def pitch_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


@kinds
def test_sound_of_a_video_comes_at_its_own_rate_level_and_length(
    tmp_path: Path, name: str, picture: str, sound: str
) -> None:
    write_video(tmp_path / name, 2.0, picture=picture, sound=sound)

    samples = read_sound(tmp_path / name, None)

    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(2.0 * 48000, abs=0.05 * 48000)  # codecs count whole frames
    assert pitch_hz(samples[24000:72000], 48000) == pytest.approx(127, abs=1)
    assert np.abs(samples[24000:72000]).max() == pytest.approx(0.3, abs=0.03)


@kinds
def test_a_piece_of_a_video_is_that_piece(tmp_path: Path, name: str, picture: str, sound: str) -> None:
    write_video(tmp_path / name, 1.0, picture=picture, sound=sound)

    piece = read_sound(tmp_path / name, None, 0.25, 0.75)

    np.testing.assert_array_equal(piece, read_sound(tmp_path / name, None)[12000:36000])
    assert sound_length_s(tmp_path / name, 0.25, 0.75) == 0.5


def test_a_piece_can_be_changed_without_changing_the_next(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi")
    first = read_sound(tmp_path / "a.avi", None, 0.25, 0.75)
    before = first.copy()

    first *= 0

    np.testing.assert_array_equal(read_sound(tmp_path / "a.avi", None, 0.25, 0.75), before)


def test_a_piece_of_a_video_that_was_written_anew_is_the_new_one(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", 1.0)
    assert sound_length_s(tmp_path / "a.avi", 0.5, 9.0) == pytest.approx(0.5, abs=0.05)

    write_video(tmp_path / "a.avi", 3.0)

    assert sound_length_s(tmp_path / "a.avi", 0.5, 9.0) == pytest.approx(2.5, abs=0.05)


def test_a_clip_in_a_video_becomes_speech_at_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 1.0, sound="aac")

    speech = load_speech(Clip("c", tmp_path / "a.mp4", "anna", language="en"), 16000)

    assert speech.sample_rate_hz == 16000
    assert speech.length_s == pytest.approx(1.0, abs=0.05)
    assert pitch_hz(speech.samples, 16000) == pytest.approx(127, abs=1.5)


@pytest.mark.parametrize("name", ["a.avi", "a.mp4"])
def test_a_video_without_sound_is_refused(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / name, sound=None)

    with pytest.raises(SoundUnreadable, match=r"a\.\w+ has no sound track \(it holds video\); leave it out"):
        read_sound(tmp_path / name, None)


@pytest.mark.parametrize(
    ("name", "picture", "sound", "reason"),
    [
        ("a.avi", "mpeg4", "pcm_s16le", "is cut off: .* bytes are there"),
        ("a.mp4", "mpeg4", "aac", "can't be read as sound or video"),  # its table of contents stands at the end
        ("a.flv", "flv1", "libmp3lame", "is cut off: it ends after"),
        ("a.mkv", "mpeg4", "libopus", "is cut off: it ends after"),
    ],
)
def test_half_a_video_is_refused(tmp_path: Path, name: str, picture: str, sound: str, reason: str) -> None:
    write_video(tmp_path / name, 2.0, picture=picture, sound=sound)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(SoundUnreadable, match=reason):
        sound_length_s(tmp_path / name)


def test_half_a_video_with_its_contents_in_front_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 4.0, sound="aac", faststart=True)
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])

    with pytest.raises(SoundUnreadable, match=r"is cut off: \d\.\d\d of 4\.00 s of sound are there"):
        sound_length_s(tmp_path / "a.mp4")


@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.avi", "libmp3lame")])
def test_a_video_with_damaged_sound_is_refused(tmp_path: Path, name: str, sound: str) -> None:
    write_video(tmp_path / name, 2.0, sound=sound)
    content = np.frombuffer((tmp_path / name).read_bytes(), dtype=np.uint8).copy()
    quarter, rng = len(content) // 4, np.random.default_rng(0)
    content[quarter : 3 * quarter : 50] = rng.integers(256, size=len(content[quarter : 3 * quarter : 50]))
    (tmp_path / name).write_bytes(content.tobytes())

    with pytest.raises(SoundUnreadable, match="is damaged"):
        read_sound(tmp_path / name, None)


def test_sound_far_beyond_full_scale_is_damage(tmp_path: Path) -> None:
    write_video(tmp_path / "loud.mkv", sound="pcm_f32le", peak=1.5)
    write_video(tmp_path / "absurd.mkv", sound="pcm_f32le", peak=20)

    assert np.abs(read_sound(tmp_path / "loud.mkv", None)).max() > 1.4
    with pytest.raises(SoundUnreadable, match="is damaged: its sound decodes to 20 times full scale"):
        read_sound(tmp_path / "absurd.mkv", None)


def test_a_piece_outside_a_video_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", 1.0)

    with pytest.raises(SoundUnreadable, match=r"lasts 1\.\d+ s; expected a piece from 5\.0 s"):
        read_sound(tmp_path / "a.avi", None, 5.0, 6.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=400), name=st.sampled_from(["x.avi", "x.mp4", "x.wav", "x.mpg"]))
def test_any_bytes_are_sound_or_a_sentence(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)

    samples, sentence = np.zeros(1), str(tmp_path / name)
    try:
        samples = read_sound(tmp_path / name, None)
    except SoundUnreadable as error:
        sentence = str(error)

    assert np.isfinite(samples).all()
    assert str(tmp_path / name) in sentence


def test_real_talking_faces_are_heard(real_data: Path) -> None:
    videos = sorted((real_data / "GRID").rglob("*.mpg"))

    lengths_s = [sound_length_s(video) for video in videos]

    assert len(videos) == 11
    assert lengths_s == pytest.approx([2.98] * 11, abs=0.01)


def test_a_real_recording_with_an_actor_is_heard(real_data: Path) -> None:
    speech = read_sound(real_data / "RAVDESS-sample" / "Actor_01" / "01-01-01-01-01-01-01.mp4", 16000)

    assert len(speech) / 16000 == pytest.approx(3.31, abs=TOLERANCE_S)
    assert 0.01 < np.abs(speech).max() < 1
