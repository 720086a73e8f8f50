"""Samples and Speech; their levels, mixing at an SNR, loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipelines.clip import Phone, Word

#: float32 in [-1, 1], shape (time,).
Samples: TypeAlias = NDArray[np.float32]

ACTIVE_RANGE_DB = 30.0  # P.56 counts what lies within 16 dB of the active level, about 30 dB below the loudest frame
FRAME = 320  # samples: 20 ms at 16 kHz
PCM_STEPS = 32768  # 16 bits
FULL_SCALE = 1 - 1 / PCM_STEPS  # the largest sample that 16 bits can hold
LOUDNESS_BLOCK_S = 0.4


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

    @cached_property
    def peak(self) -> float:
        """The largest of its samples, in either direction; 0 where there are none."""
        return float(np.abs(self.samples).max(initial=0.0))


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
