"""Sound files: read as samples, whole or in pieces, and written in 16 bits, whole or not at all."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipelines.audio import PCM_STEPS, Samples, Speech
from pipelines.clip import Clip
from pipelines.whole_file import write_whole

SILENCE = 10 ** (-80 / 20)  # a file whose peak lies below -80 dB of full scale holds no speech
LFS_POINTER = b"version https://git-lfs"
NO_SOUND_FILE = 1  # libsndfile's code for a format that it doesn't know, as that of videos


class SoundUnreadable(ValueError):
    """A file holds no usable sound: which file, and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[SoundUnreadable], tuple[Path, str]]:
        return type(self), (self.path, self.reason)  # so that it survives the way back from a worker process


def read_sound(path: Path, sample_rate_hz: int | None, start_s: float = 0.0, end_s: float | None = None) -> Samples:
    """A sound file, or a piece of it, as samples at a rate; several channels become their mean; shape (time,).

    Args:
        path: any format that libsndfile reads, or a video that FFmpeg reads.
        sample_rate_hz: of the samples that are given; None leaves the rate of the file.
        start_s: where the piece begins, in seconds.
        end_s: where it ends; None for the end of the file.

    Raises:
        SoundUnreadable: missing, empty, a Git LFS pointer, corrupt, truncated, silent, or not finite; or the piece
            lies outside the file.
    """
    mono, own_rate_hz = _read_mono(path, start_s, end_s)
    if sample_rate_hz is not None and own_rate_hz != sample_rate_hz:
        mono = librosa.resample(mono, orig_sr=own_rate_hz, target_sr=sample_rate_hz)
    return np.ascontiguousarray(mono, dtype=np.float32)


def sound_length_s(path: Path, start_s: float = 0.0, end_s: float | None = None) -> float:
    """How long a sound file or a piece of it lasts, in seconds; all of it is read, so a broken one is found out.

    Raises:
        SoundUnreadable: as `read_sound`.
    """
    mono, own_rate_hz = _read_mono(path, start_s, end_s)
    return len(mono) / own_rate_hz


def _read_mono(path: Path, start_s: float, end_s: float | None) -> tuple[Samples, int]:
    refuse_without_sound(path)
    try:
        mono, own_rate_hz = _piece_of_sound_file(path, start_s, end_s)
    except soundfile.LibsndfileError as error:
        if error.code != NO_SOUND_FILE:
            reason = f"can't be read as sound ({error.error_string}); fetch the file again"
            raise SoundUnreadable(path, reason) from error
        mono, own_rate_hz = _piece_of_video(path, start_s, end_s)
    except OSError as error:
        raise SoundUnreadable(path, f"can't be read as sound ({error}); fetch the file again") from error
    if not np.isfinite(mono).all():
        raise SoundUnreadable(path, "holds samples that are not numbers (NaN or infinite); leave it out")
    if np.abs(mono).max() < SILENCE:
        raise SoundUnreadable(path, "is silent (no sample above -80 dB of full scale); leave it out")
    return mono, own_rate_hz


def _piece_of_sound_file(path: Path, start_s: float, end_s: float | None) -> tuple[Samples, int]:
    # Opened by its name, libsndfile would take a `._name` that macOS left beside a video for a part of the file.
    with path.open("rb") as raw, soundfile.SoundFile(raw.fileno(), closefd=False) as file:
        own_rate_hz = int(file.samplerate)
        first, promised = _bounds(path, (file.frames, own_rate_hz), start_s, end_s)
        file.seek(first)
        channels = file.read(promised, dtype="float32", always_2d=True)  # (time, channels)
    if len(channels) < promised:
        raise SoundUnreadable(path, f"is cut off: {len(channels)} of {promised} samples are there; fetch it again")
    return channels.mean(axis=1), own_rate_hz


def _piece_of_video(path: Path, start_s: float, end_s: float | None) -> tuple[Samples, int]:
    from pipelines.video_sound import VideoUnreadable, video_sound

    try:
        whole, own_rate_hz = video_sound(path, path.stat().st_mtime_ns)
    except VideoUnreadable as error:
        raise SoundUnreadable(path, str(error)) from error
    first, promised = _bounds(path, (len(whole), own_rate_hz), start_s, end_s)
    return whole[first : first + promised].copy(), own_rate_hz


def _bounds(path: Path, held: tuple[int, int], start_s: float, end_s: float | None) -> tuple[int, int]:
    """The first sample of a piece and how many there are, in a file that holds so many samples at such a rate."""
    frames, rate_hz = held
    if not frames:
        raise SoundUnreadable(path, "holds no samples at all; fetch the file again, or leave it out")
    # Compared before they are rounded, since seconds beyond all measure make no whole number.
    first = round(min(frames, start_s * rate_hz))
    promised = (frames if end_s is None else round(min(frames, end_s * rate_hz))) - first
    if first < 0 or promised <= 0:
        length_s = frames / rate_hz
        raise SoundUnreadable(path, f"lasts {length_s:.3f} s; expected a piece from {start_s} s to {end_s} s")
    return first, promised


def refuse_without_sound(path: Path) -> None:
    """See at a glance, without decoding it, whether a file can hold sound.

    Raises:
        SoundUnreadable: it is missing, forbidden, empty, a Git LFS pointer, or shorter than its header promises.
    """
    try:
        if not path.is_file():
            raise SoundUnreadable(path, "does not exist; expected a sound file")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise SoundUnreadable(path, f"can't be opened ({error.strerror}); see to its name and permissions") from error
    if not head:
        raise SoundUnreadable(path, "is empty (0 bytes); fetch the file again")
    if head.startswith(LFS_POINTER):
        raise SoundUnreadable(path, "is a Git LFS pointer, not the sound; run `git lfs pull` where it came from")
    if head.startswith(b"RIFF"):
        promised = int.from_bytes(head[4:8], "little") + 8
        # Programs that write to a pipe leave 0 or the largest number here; libsndfile silently takes what is there.
        if size + 1 < promised < 0xFFFFFF00:
            raise SoundUnreadable(path, f"is cut off: {size} of {promised} bytes are there; fetch it again")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_pcm16(samples: Samples) -> NDArray[np.int16]:
    """Samples as the 16-bit whole numbers that are written and hashed, shape (time,)."""
    return np.clip(np.round(samples * PCM_STEPS), -PCM_STEPS, PCM_STEPS - 1).astype("<i2")


def is_silent(samples: Samples) -> bool:
    """Whether samples, written in 16 bits, are what `read_sound` refuses as silent; so are no samples at all."""
    return int(np.abs(to_pcm16(samples).astype(np.int32)).max(initial=0)) < SILENCE * PCM_STEPS


def sha256_of(samples: Samples) -> str:
    """SHA-256 of the samples in 16 bits: the same for every lossless encoding of the sound."""
    return hashlib.sha256(to_pcm16(samples).tobytes()).hexdigest()


def write_flac(path: Path, samples: Samples, sample_rate_hz: int) -> None:
    """Write samples as 16-bit FLAC; the same samples give the same bytes; the file is there whole or not at all.

    Raises:
        DiskFull: there is no room for it.
    """
    write_whole(path, flac_bytes(samples, sample_rate_hz))


def flac_bytes(samples: Samples, sample_rate_hz: int) -> bytes:
    """Samples as a 16-bit FLAC file; the same samples give the same bytes."""
    return _encoded(samples, sample_rate_hz, "FLAC")


def write_wav(path: Path, samples: Samples, sample_rate_hz: int) -> None:
    """Write samples as 16-bit WAV, as `write_flac` does.

    Raises:
        DiskFull: there is no room for it.
    """
    write_whole(path, _encoded(samples, sample_rate_hz, "WAV"))


def _encoded(samples: Samples, sample_rate_hz: int, container: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, to_pcm16(samples), sample_rate_hz, format=container, subtype="PCM_16")
    return file.getvalue()


def load_speech(clip: Clip, sample_rate_hz: int) -> Speech:
    """A clip as sound at a rate, with the times of its words and phones.

    Raises:
        SoundUnreadable: its file holds no usable sound.
    """
    samples = read_sound(clip.path, sample_rate_hz, clip.start_s, clip.end_s)
    return Speech(samples, sample_rate_hz, clip.words, clip.phones, clip.clip_id, clip.speaker, clip.language)
