"""Samples and Speech; levels, mixing at an SNR, reading and writing sound."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipelines.clip import Clip, Phone, Word
from pipelines.whole_file import write_whole

#: float32 in [-1, 1], shape (time,).
Samples: TypeAlias = NDArray[np.float32]

ACTIVE_RANGE_DB = 30.0  # P.56 counts what lies within 16 dB of the active level, about 30 dB below the loudest frame
FRAME = 320  # samples: 20 ms at 16 kHz
SILENCE = 10 ** (-80 / 20)  # a file whose peak lies below -80 dB of full scale holds no speech
PCM_STEPS = 32768  # 16 bits
FULL_SCALE = 1 - 1 / PCM_STEPS  # the largest sample that 16 bits can hold
LOUDNESS_BLOCK_S = 0.4
LFS_POINTER = b"version https://git-lfs"
NO_SOUND_FILE = 1  # libsndfile's code for a format that it doesn't know, as that of videos


class SoundUnreadable(ValueError):
    """A file holds no usable sound: which file, and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[SoundUnreadable], tuple[Path, str]]:
        return type(self), (self.path, self.reason)  # so that it survives the way back from a worker process


@dataclass(frozen=True)
class Speech:
    """A clip as sound, with the times of its words and phones, and who says it in which language."""

    samples: Samples
    sample_rate_hz: int
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    clip_id: str = ""
    speaker: str = ""
    language: str = "und"

    @property
    def length_s(self) -> float:
        """How long it sounds, in seconds."""
        return len(self.samples) / self.sample_rate_hz

    @cached_property
    def level(self) -> float:
        """The active level of its samples (see `active_rms`), measured once for all noises that are mixed into it."""
        return active_rms(self.samples)


def rms(samples: Samples) -> float:
    """Root mean square of samples, 0 where there are none.

    >>> rms(np.array([0.5, -0.5], dtype=np.float32))
    0.5
    """
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def frame_powers(samples: Samples) -> NDArray[np.float64]:
    """Mean power of each whole or begun frame of 20 ms (at 16 kHz), shape (frames,)."""
    rest = len(samples) % FRAME
    frames = samples[: len(samples) - rest].reshape(-1, FRAME)
    powers = np.empty(len(frames) + bool(rest))
    # In the precision of the samples: a float64 copy of a clip takes longer than all the rest of a mixture.
    np.divide(np.einsum("ij,ij->i", frames, frames), FRAME, out=powers[: len(frames)])
    if rest:
        powers[-1] = np.dot(samples[-rest:], samples[-rest:]) / rest
    return powers


def active_rms(samples: Samples) -> float:
    """RMS of what sounds: of the frames within 30 dB of the loudest one; 0 for silence.

    Pauses in speech and the silent padding of short sounds leave it as it is, unlike `rms`.

    >>> sound = np.full(3200, 0.25, dtype=np.float32)
    >>> padded = np.concatenate([sound, np.zeros(16000, dtype=np.float32)])
    >>> active_rms(padded), round(rms(padded), 3)
    (0.25, 0.102)
    """
    powers = frame_powers(samples)
    if not len(powers) or powers.max() == 0:
        return 0.0
    sounding = powers >= powers.max() * 10 ** (-ACTIVE_RANGE_DB / 10)
    energy, count = float(powers[sounding].sum()) * FRAME, int(np.count_nonzero(sounding)) * FRAME
    absent = -len(samples) % FRAME
    if absent and sounding[-1]:  # the last frame is a part of one
        energy, count = energy - float(powers[-1]) * absent, count - absent
    return math.sqrt(energy / count)


def gain_for_snr(speech: Samples, noise: Samples, snr_db: float) -> float:
    """The factor that brings noise to an SNR below speech, by their active levels.

    Raises:
        ValueError: speech or noise is silent, so no ratio can be set.
    """
    return gain_below(active_rms(speech), noise, snr_db)


def gain_below(speech_level: float, noise: Samples, snr_db: float) -> float:
    """The factor that brings noise to an SNR below speech whose active level is known already.

    Raises:
        ValueError: speech or noise is silent, so no ratio can be set.
    """
    noise_level = active_rms(noise)
    if speech_level == 0 or noise_level == 0:
        silent = "speech" if speech_level == 0 else "noise"
        raise ValueError(f"the {silent} is silent, so no SNR can be set; expected sound in both")
    return float(speech_level / noise_level * 10 ** (-snr_db / 20))


def mix_at_snr(speech: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise to speech at a signal-to-noise ratio.

    The noise is looped or cut to the length of the speech, never the other way round. The result may exceed
    [-1, 1]: see `fit_to_full_scale`.

    Args:
        speech: shape (time,), not silent.
        noise: shape (any_time,), not silent.
        snr_db: ratio of the two active RMS levels in dB; lower is noisier.

    Raises:
        ValueError: the speech or the noise is silent, so no ratio can be set.

    >>> speech = np.full(4, 0.5, dtype=np.float32)
    >>> mixed = mix_at_snr(speech, np.ones(2, dtype=np.float32), snr_db=20.0)
    >>> round(rms(speech) / rms(mixed - speech))  # 20 dB is a factor of ten
    10
    """
    beside = np.resize(noise, len(speech)) if len(noise) else np.zeros_like(speech)
    return (speech + beside * gain_for_snr(speech, beside, snr_db)).astype(np.float32)


def fit_to_full_scale(samples: Samples) -> tuple[Samples, float]:
    """Samples turned down so far that 16 bits hold them, and the gain in dB (0 or below) that this took.

    >>> fitted, gain_db = fit_to_full_scale(np.array([2.0, -1.0], dtype=np.float32))
    >>> round(gain_db, 1), bool(abs(fitted).max() < 1)
    (-6.0, True)
    """
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak <= FULL_SCALE:
        return samples.astype(np.float32), 0.0
    factor = FULL_SCALE / peak
    return np.clip(samples * factor, -FULL_SCALE, FULL_SCALE).astype(np.float32), float(20 * np.log10(factor))


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
    first = round(start_s * rate_hz)
    promised = (frames if end_s is None else min(frames, round(end_s * rate_hz))) - first
    if first < 0 or promised <= 0:
        length_s = frames / rate_hz
        raise SoundUnreadable(path, f"lasts {length_s:.3f} s; expected a piece from {start_s} s to {end_s} s")
    return first, promised


def refuse_without_sound(path: Path) -> None:
    """See at a glance, without decoding it, whether a file can hold sound.

    Raises:
        SoundUnreadable: it is missing, empty, a Git LFS pointer, or shorter than its header promises.
    """
    if not path.is_file():
        raise SoundUnreadable(path, "does not exist; expected a sound file")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise SoundUnreadable(path, "is empty (0 bytes); fetch the file again")
    if head.startswith(LFS_POINTER):
        raise SoundUnreadable(path, "is a Git LFS pointer, not the sound; run `git lfs pull` where it came from")
    if head.startswith(b"RIFF"):
        promised = int.from_bytes(head[4:8], "little") + 8
        # Programs that write to a pipe leave 0 or the largest number here; libsndfile silently takes what is there.
        if size + 1 < promised < 0xFFFFFF00:
            raise SoundUnreadable(path, f"is cut off: {size} of {promised} bytes are there; fetch it again")


def to_pcm16(samples: Samples) -> NDArray[np.int16]:
    """Samples as the 16-bit whole numbers that are written and hashed, shape (time,)."""
    return np.clip(np.round(samples * PCM_STEPS), -PCM_STEPS, PCM_STEPS - 1).astype("<i2")


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


def loudness_lufs(samples: Samples, sample_rate_hz: int) -> float | None:
    """Integrated loudness by ITU-R BS.1770-4, in LUFS to a hundredth.

    None for sound shorter than the 0.4 s over which it is defined, or so soft that its gate lets nothing pass.
    """
    from pyloudnorm import Meter

    if len(samples) < LOUDNESS_BLOCK_S * sample_rate_hz:
        return None
    with np.errstate(divide="ignore"):  # blocks of silence are minus infinity, which the gate drops
        lufs = Meter(sample_rate_hz, block_size=LOUDNESS_BLOCK_S).integrated_loudness(samples)
    return round(float(lufs), 2) if np.isfinite(lufs) else None
