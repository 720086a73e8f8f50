"""Sounds of the surroundings behind speech: natural, human, interior (ENV conditions, paper section 4.1), and more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, Field

from pipelines.audio import FRAME, Samples, Speech, gain_below
from pipelines.clip import Params
from pipelines.joining import begin_loudly, loop
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, text
from pipelines.sounds.base import FAMILIES, Family, SoundBank

#: Starts with the utterance and fades out; throughout; a short blip; a medium stretch.
Position: TypeAlias = Literal["st", "co", "sh", "me"]

SNRS_DB = (20.0, 10.0, 0.0)  # section 4.1, of noises that run through the whole utterance
PART_SNR_DB = 10.0  # the paper gives none for the other positions; this is the middle of its three
#: How much of the utterance they cover, and how they begin and end: the paper gives neither.
START_SHARE = 0.5
MEDIUM_SHARE = 0.5
BLIP_SHARE, BLIP_S = 0.25, 0.4  # a quarter, but in a long utterance no longer than a knock or a cough
EDGE_S = 0.02
#: Beyond the paper: other families, at the levels of a study of recognition in noise (-10 to 5 dB) and the usual ones.
MORE_FAMILIES: tuple[Family, ...] = ("music", "transportation")
MORE_SNRS_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 20.0)
SHORTEST_S = 0.1  # below this no ratio of levels means anything
EMOTIONAL = ("laugh", "cry", "baby-cry")  # noises of their own: they change what people hear (section 4.2)


def _no_emotion(family: Family) -> Family:
    if family in EMOTIONAL:
        raise ValueError(f"{family} changes what people hear and is no background; it is a noise of its own")
    return family


@dataclass(frozen=True)
class Background(Noise):
    """A sound of one family behind the speech.

    It lasts for `share` of the utterance, but no longer than `longest_s`: from the start, fading out over the last
    `fade_share` of it (`st`), anywhere (`sh`, `me`), or throughout (`co`, whatever the share is).

    The ratio compares active levels, of the whole speech and of what is heard of the sound; for `st` before its fade.
    """

    sounds_of: Annotated[Family, AfterValidator(_no_emotion)]
    position: Position
    snr_db: Annotated[float, Field(ge=-40, le=60)]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    longest_s: Annotated[float, Field(ge=SHORTEST_S)] | None = None
    #: Of what is heard of a sound at the start; 1 lets it fade as soon as it has begun.
    fade_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    #: Over which a sound that begins or ends within the utterance rises and falls.
    edge_s: Annotated[float, Field(ge=0, le=1)] = EDGE_S
    kind: ClassVar[str] = "environmental"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:
        """Too short a clip, or a bank without such sounds."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; background needs {SHORTEST_S} s or more"
        if not sounds.sounds(self.sounds_of):
            return f"the sound banks hold no sound of the family {self.sounds_of!r}; name one that does"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which sound, from which moment on, where it begins in the utterance and how long it lasts."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no signal-to-noise ratio can be set")
        rate_hz = speech.sample_rate_hz
        sound = sounds.draw(self.sounds_of, rng, rate_hz)
        sounding = self._sounding(speech)
        latest = 0 if self.position in ("st", "co") else (len(speech.samples) - sounding) // FRAME
        loud = sounds.loud_moments(sound.sound_id, rate_hz)
        return {
            "sound_id": sound.sound_id,
            "category": sound.category,
            "offset_s": begin_loudly(loud, rate_hz, sounding / rate_hz, rng),
            "snr_db": self.snr_db,
            # On the frames by which levels are measured, so that the ratio is the same wherever it is measured.
            "start_s": int(rng.integers(latest + 1)) * FRAME / rate_hz,
            "length_s": sounding / rate_hz,
            "fade_s": sounding * self.fade_share / rate_hz if self.position == "st" else 0.0,
            "edge_s": min(self.edge_s, sounding / rate_hz / 2) if self.position in ("sh", "me") else 0.0,
        }

    def _sounding(self, speech: Speech) -> int:
        """How many samples of the sound are heard; within the utterance whole frames of them, as levels count them."""
        if self.position == "co":
            return len(speech.samples)
        wanted_s = max(SHORTEST_S, min(speech.length_s * self.share, self.longest_s or speech.length_s))
        wanted = round(wanted_s * speech.sample_rate_hz)
        return min(len(speech.samples), wanted if self.position == "st" else -(-wanted // FRAME) * FRAME)

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """Speech plus the sound, looped with cross-fades or cut to the length it takes; shape (time,)."""
        noise, start = self._noise(speech, params, sounds)
        if len(noise) == len(speech.samples):
            return np.add(noise, speech.samples, out=noise)
        mixed = speech.samples.copy()
        mixed[start : start + len(noise)] += noise
        return mixed

    def added(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The sound alone, silent where nothing of it is heard; shape (time,)."""
        noise, start = self._noise(speech, params, sounds)
        if len(noise) == len(speech.samples):
            return noise
        alone = np.zeros_like(speech.samples)
        alone[start : start + len(noise)] = noise
        return alone

    def _noise(self, speech: Speech, params: Params, sounds: SoundBank) -> tuple[Samples, int]:
        """What is heard of the sound, at its level, and the sample of the speech with which it begins."""
        rate_hz = speech.sample_rate_hz
        sound = sounds.samples(text(params, "sound_id"), rate_hz)
        offset, start, length, fade, edge = (
            round(number(params, name) * rate_hz) for name in ("offset_s", "start_s", "length_s", "fade_s", "edge_s")
        )
        noise = loop(sound, rate_hz, length, start=min(offset, len(sound) - 1))
        if edge:
            noise[:edge] *= _falling(edge)[::-1]
            noise[-edge:] *= _falling(edge)
        noise *= np.float32(gain_below(speech.level, noise, number(params, "snr_db")))
        if fade:
            noise[-fade:] *= _falling(fade)
        return noise, start

    @property
    def nominal_snr_db(self) -> float:
        """Speech over noise in dB, by active levels."""
        return self.snr_db

    @property
    def family(self) -> str:
        """That of its sounds: `nat`, `hum`, `int`, `music`, `transportation` ..."""
        return self.sounds_of


@lru_cache(maxsize=128)  # the same sound and others are tried on a clip again and again
def _falling(length: int) -> Samples:
    """From 1 to 0 as the square of a cosine, shape (length,), read-only."""
    falling = np.cos(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    falling.flags.writeable = False
    return falling


STUDY: dict[str, Noise] = {
    **{f"{family}-st": Background(family, "st", PART_SNR_DB, START_SHARE) for family in FAMILIES},
    **{f"{family}-co-{snr_db:.0f}db": Background(family, "co", snr_db) for family in FAMILIES for snr_db in SNRS_DB},
    **{f"{family}-sh": Background(family, "sh", PART_SNR_DB, BLIP_SHARE, BLIP_S) for family in FAMILIES},
    **{f"{family}-me": Background(family, "me", PART_SNR_DB, MEDIUM_SHARE) for family in FAMILIES},
    **{
        f"{family}-co-{snr_db:.0f}db": Background(family, "co", snr_db)
        for family in MORE_FAMILIES
        for snr_db in MORE_SNRS_DB
    },
}
