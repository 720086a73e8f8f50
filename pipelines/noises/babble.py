"""Other people talking behind the speech (beyond the paper; babble noise of studies of recognition in noise)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech, active_rms, gain_below
from pipelines.clip import Params
from pipelines.joining import begin_loudly, loop
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, numbers, texts
from pipelines.sounds.base import Sound, SoundBank

SNRS_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 20.0)
TALKERS = 4  # from about four on, single words are hardly understood any more
SHORTEST_S = 0.1


@dataclass(frozen=True)
class Babble(Noise):
    """Several people at once behind the whole utterance.

    Recordings of the family `babble` where a bank has them; else as many `talkers` as are asked for, from the family
    `speech`, all at one active level, and none of them the speaker of the clip. The ratio compares active levels.
    """

    snr_db: Annotated[float, Field(ge=-40, le=60)]
    talkers: Annotated[int, Field(ge=2, le=32)] = TALKERS
    kind: ClassVar[str] = "environmental"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:
        """Too short a clip, or too few people to talk behind it."""
        if spoken.length_s < SHORTEST_S:
            return f"the clip lasts {spoken.length_s:.3f} s; babble needs {SHORTEST_S} s or more"
        if sounds.sounds("babble"):
            return None
        others = len(self._others(spoken, sounds))
        if others < self.talkers:
            return (
                f"the sound banks hold no sound of the family 'babble', and speech of {others} speakers beside "
                f"{spoken.speaker or 'the clip'}; babble needs {self.talkers}"
            )
        return None

    @staticmethod
    def _others(spoken: Spoken, sounds: SoundBank) -> list[str]:
        return [speaker for speaker in sounds.speakers("speech") if speaker != spoken.speaker]

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which sounds, and from which moment on each of them."""
        if speech.level == 0:
            raise NoiseRefused("the clip is silent, so no signal-to-noise ratio can be set")
        rate_hz = speech.sample_rate_hz
        if sounds.sounds("babble"):
            drawn: list[Sound] = [sounds.draw("babble", rng, rate_hz)]
        else:
            speakers = rng.choice(self._others(speech, sounds), self.talkers, replace=False).tolist()
            drawn = [sounds.draw("speech", rng, rate_hz, sounds.sounds("speech", speaker)) for speaker in speakers]
        loud = [sounds.loud_moments(sound.sound_id, rate_hz) for sound in drawn]
        return {
            "sound_ids": [sound.sound_id for sound in drawn],
            "offsets_s": [begin_loudly(moments, rate_hz, speech.length_s, rng) for moments in loud],
            "snr_db": self.snr_db,
        }

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """Speech plus the talkers, each looped with cross-fades or cut to its length; shape (time,)."""
        rate_hz, length = speech.sample_rate_hz, len(speech.samples)
        babble = np.zeros(length, dtype=np.float32)
        for sound_id, offset_s in zip(texts(params, "sound_ids"), numbers(params, "offsets_s"), strict=True):
            sound = sounds.samples(sound_id, rate_hz)
            talker = loop(sound, rate_hz, length, start=min(round(offset_s * rate_hz), len(sound) - 1))
            babble += talker / np.float32(active_rms(talker))
        babble *= np.float32(gain_below(speech.level, babble, number(params, "snr_db")))
        return speech.samples + babble

    @property
    def nominal_snr_db(self) -> float:
        """Speech over babble in dB, by active levels."""
        return self.snr_db

    @property
    def family(self) -> str:
        """`babble`."""
        return "babble"


STUDY: dict[str, Noise] = {f"babble-co-{snr_db:.0f}db": Babble(snr_db) for snr_db in SNRS_DB}
