"""The ears of simulated listeners: what they make of a sound that they downloaded, with headphones or without."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import soundfile

from hits.hearing.headphones import INTERVAL_S, PITCH_BAND, PITCH_HZ, STARTS_S
from hits.hearing.wav import Samples

WINDOW_S = 0.02
AUDIBLE_RMS = 0.01  # of full scale: 40 dB below it
SHORTEST_TONE_S = 0.1
APART = 0.5  # difference of interaural correlation, of at most 2, that is heard


@dataclass(frozen=True)
class Ears:
    """Two ears: apart under headphones, or both before the same loudspeakers, whose sound meets in the air."""

    headphones: bool = True

    def count_tones(self, wav: bytes) -> int:
        """How many tones stand out of silence, by their envelope."""
        sound, sample_rate_hz = self._hear(wav)
        window = round(WINDOW_S * sample_rate_hz)
        whole = sound[: len(sound) // window * window].mean(axis=1).reshape(-1, window)
        audible = np.sqrt(np.mean(whole**2, axis=1)) > AUDIBLE_RMS
        return sum(1 for loud, run in groupby(audible) if loud and len(list(run)) * WINDOW_S >= SHORTEST_TONE_S)

    def quietest(self, wav: bytes) -> int:
        """Which of three is the quietest, 1 to 3, by the level in both ears."""
        levels = [float(np.mean(part**2)) for part in self._three(wav)]
        return 1 + levels.index(min(levels))

    def faint_tone(self, wav: bytes, rng: np.random.Generator) -> int:
        """Which of three has a pitch that only two ears together hear, 1 to 3; a guess where none stands out."""
        agreeing = sorted((_agreement(part), place) for place, part in enumerate(self._three(wav), start=1))
        if agreeing[1][0] - agreeing[0][0] < APART:
            return int(rng.integers(1, 4))
        return agreeing[0][1]

    def _three(self, wav: bytes) -> list[Samples]:
        sound, sample_rate_hz = self._hear(wav)
        starts = (round(start_s * sample_rate_hz) for start_s in STARTS_S)
        return [sound[start : start + round(INTERVAL_S * sample_rate_hz)] for start in starts]

    def _hear(self, wav: bytes) -> tuple[Samples, int]:
        """What arrives at both ears, shape (time, ears)."""
        sound, sample_rate_hz = soundfile.read(io.BytesIO(wav), always_2d=True)
        if sound.shape[1] == 1 or not self.headphones:
            sound = np.repeat(sound.mean(axis=1, keepdims=True), 2, axis=1)
        return sound, sample_rate_hz


def _agreement(part: Samples) -> float:
    """Correlation of both ears in the band that may be turned round, -1 to 1."""
    frequencies_hz = np.fft.rfftfreq(len(part), INTERVAL_S / len(part))
    left, right = np.fft.rfft(part, axis=0)[np.abs(frequencies_hz - PITCH_HZ) <= PITCH_BAND * PITCH_HZ].T
    power = np.sum(np.abs(left) ** 2) * np.sum(np.abs(right) ** 2)
    return float(np.real(np.vdot(left, right)) / np.sqrt(power)) if power else 1.0
