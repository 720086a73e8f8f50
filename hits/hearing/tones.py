"""The sound check: a few tones, whose number nobody knows who does not hear them."""

from __future__ import annotations

import numpy as np

from hits.hearing.wav import SAMPLE_RATE_HZ, as_wav, faded, times_s

FEWEST, MOST = 2, 5
LENGTH_S = 4.5  # of the file, whatever the number
TONE_S = 0.3
RAMP_S = 0.03
FIRST_AT_S = (0.1, 0.4)
GAP_S = (0.25, 0.6)
PITCHES_HZ = (392.0, 494.0, 622.0, 784.0, 988.0)  # four semitones apart; small loudspeakers play all of them
PEAK = 0.12  # about as loud as speech


def draw_tones(rng: np.random.Generator, before: int | None = None) -> int:
    """How many tones are played next, another number than before."""
    return int(rng.choice([count for count in range(FEWEST, MOST + 1) if count != before]))


def tones_wav(count: int, seed: int) -> bytes:
    """Some tones of pitches and gaps of their own, as a WAV file; the same seed gives the same bytes.

    Args:
        count: how many tones, `FEWEST` to `MOST`.
        seed: of pitches, gaps and dither.

    Raises:
        ValueError: so many tones do not fit.
    """
    if not FEWEST <= count <= MOST:
        raise ValueError(f"{count} tones: choose {FEWEST} to {MOST}")
    rng = np.random.default_rng(seed)
    samples = np.zeros(len(times_s(LENGTH_S)))
    at_s = rng.uniform(*FIRST_AT_S)
    for pitch_hz in rng.permutation(PITCHES_HZ)[:count]:
        tone = PEAK * faded(np.sin(2 * np.pi * pitch_hz * times_s(TONE_S)), RAMP_S)
        start = round(at_s * SAMPLE_RATE_HZ)
        samples[start : start + len(tone)] = tone
        at_s += TONE_S + rng.uniform(*GAP_S)
    return as_wav(samples, rng)
