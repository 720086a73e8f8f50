"""Sounds of the surroundings behind speech: natural, human, interior (ENV conditions, paper section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from pipelines.audio import Samples, Speech, active_rms, frame_powers, gain_for_snr
from pipelines.clip import Params
from pipelines.joining import loop
from pipelines.noises.base import Noise, NoiseRefused, number, text
from pipelines.sounds.base import FAMILIES, Family, SoundBank

Position: TypeAlias = Literal["st", "co"]

SNRS_DB = (20.0, 10.0, 0.0)  # section 4.1, of the noises that run through the whole utterance
START_SNR_DB = 10.0  # the paper gives none for noises at the start; this is the middle of its three
START_SHARE = 0.5  # of the utterance, after which a noise at its start has faded out; the paper gives none
SHORTEST_S = 0.1  # below this no ratio of levels means anything
LEAD_S = 0.1  # a sound begins this long before one of its loud moments
LOUD_DB = 12.0  # moments this close to the loudest count as loud


@dataclass(frozen=True)
class Background(Noise):
    """A sound of one family behind the speech: throughout (`co`), or from its start until it fades out (`st`).

    The ratio compares active levels. For `st` it holds at the start, before the fade.
    """

    sounds_of: Family
    position: Position
    ratio_db: float
    kind: ClassVar[str] = "environmental"

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which sound, from which moment on, at which ratio, and the length of its fade."""
        if speech.length_s < SHORTEST_S:
            raise NoiseRefused(f"the clip lasts {speech.length_s:.3f} s; background needs {SHORTEST_S} s or more")
        if active_rms(speech.samples) == 0:
            raise NoiseRefused("the clip is silent, so no signal-to-noise ratio can be set")
        sound = sounds.draw(self.sounds_of, rng, speech.sample_rate_hz)
        return {
            "sound_id": sound.sound_id,
            "category": sound.category,
            "offset_s": _start(sounds.samples(sound.sound_id, speech.sample_rate_hz), speech.sample_rate_hz, rng),
            "snr_db": self.ratio_db,
            "fade_s": round(speech.length_s * START_SHARE, 6) if self.position == "st" else None,
        }

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """Speech plus the sound, looped with cross-fades or cut to the length of the speech; shape (time,)."""
        rate_hz, length = speech.sample_rate_hz, len(speech.samples)
        fade_s = None if params["fade_s"] is None else number(params, "fade_s")
        sound = sounds.samples(text(params, "sound_id"), rate_hz)
        start = min(round(number(params, "offset_s") * rate_hz), len(sound) - 1)
        sounding = length if fade_s is None else min(length, max(1, round(fade_s * rate_hz)))
        noise = loop(sound, rate_hz, sounding, start=start)
        gain = gain_for_snr(speech.samples, noise, number(params, "snr_db"))
        if fade_s is not None:
            noise *= np.cos(np.linspace(0, np.pi / 2, sounding, dtype=np.float32)) ** 2
        mixed = speech.samples.copy()
        mixed[:sounding] += noise * np.float32(gain)
        return mixed

    @property
    def snr_db(self) -> float:
        """Speech over noise in dB, by active levels."""
        return self.ratio_db

    @property
    def family(self) -> str:
        """`nat`, `hum` or `int`."""
        return self.sounds_of


def _start(sound: Samples, sample_rate_hz: int, rng: np.random.Generator) -> float:
    """Seconds into a sound at which to begin: shortly before a loud moment, never in a pause of its own."""
    powers = frame_powers(sound)
    loud = np.flatnonzero(powers >= powers.max() * 10 ** (-LOUD_DB / 10))
    moment_s = float(rng.choice(loud)) * len(sound) / len(powers) / sample_rate_hz
    return round(max(0.0, moment_s - LEAD_S), 6)


STUDY: dict[str, Noise] = {
    **{f"{family}-st": Background(family, "st", START_SNR_DB) for family in FAMILIES},
    **{f"{family}-co-{snr_db:.0f}db": Background(family, "co", snr_db) for family in FAMILIES for snr_db in SNRS_DB},
}
