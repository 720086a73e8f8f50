"""An "uh" or "um" of the same speaker in the middle of a sentence (Filler, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech, active_rms
from pipelines.clip import Params
from pipelines.joining import loop
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number, text
from pipelines.sounds.base import Sound, SoundBank
from pipelines.splicing import REACH_S, put_in, quietest

LONG_PAUSE_S = 0.75  # before and after the filler of `filler-l`; the paper says "a long pause" and gives no length
MIDDLE_SHARE = 1 / 3  # of the utterance, round its middle, in which a gap between words is drawn; the paper gives none
TONE_S = 0.1  # of the clip's own quietest moment, repeated: a pause of zeros sounds like a broken line
QUIET_DB = 15.0  # a moment counts as quiet this far below the speech; a clip without one has pauses of zeros


@dataclass(frozen=True)
class Filler(Noise):
    """Put a filler of the same speaker between two words near the middle, with a pause on either side or none.

    The fillers come from the corpus itself (`pipelines.fillers`): from other clips of the speaker, and from this very
    clip only where there are no others. Each is brought to the active level of the speech, plus `level_db`.
    """

    pause_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    level_db: Annotated[float, Field(ge=-40, le=20)] = 0.0
    middle_share: Annotated[float, Field(ge=0, le=1)] = MIDDLE_SHARE

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:
        """Fewer than two words in time, or no filler of its speaker."""
        if len(spoken.words) < 2:
            found = f"an alignment of {len(spoken.words)} words"
            return f"the clip has {found}; a filler goes between two words, as a forced aligner gives their times"
        if not sounds.sounds("filler", spoken.speaker):
            return (
                f"alignments and sound banks have {len(sounds.sounds('filler'))} fillers and none of them is by "
                f'speaker {spoken.speaker!r}; a filler such as "uh" has to be of the same speaker'
            )
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        """Which filler, and between which words."""
        if active_rms(speech.samples) == 0:
            raise NoiseRefused("the clip is silent, so that no filler can be brought to its level; expected speech")
        filler = sounds.draw("filler", rng, speech.sample_rate_hz, among=_fillers_for(speech, sounds))
        before, at = self._gap(speech, rng)
        return {
            "sound_id": filler.sound_id,
            "category": filler.category,
            "after_word": before,
            "at_s": round(at / speech.sample_rate_hz, 6),
            "pause_s": self.pause_s,
            "level_db": self.level_db,
            "tone_start_s": _quiet_start_s(speech),
        }

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        """The speech with the filler in it; shape (time + 2 x round(pause) + filler,)."""
        rate_hz = speech.sample_rate_hz
        filler = sounds.samples(text(params, "sound_id"), rate_hz)
        gain = active_rms(speech.samples) / active_rms(filler) * 10 ** (number(params, "level_db") / 20)
        filler = filler * np.float32(gain)
        tone_start_s = None if params["tone_start_s"] is None else number(params, "tone_start_s")
        pause = _pause(speech, round(number(params, "pause_s") * rate_hz), tone_start_s)
        inserted = [pause, filler, pause] if len(pause) else [filler]
        return put_in(speech.samples, round(number(params, "at_s") * rate_hz), inserted, rate_hz)

    @property
    def family(self) -> str:
        """`filler`."""
        return "filler"

    def _gap(self, speech: Speech, rng: np.random.Generator) -> tuple[str, int]:
        """The word after which the filler comes, and the sample at which it is put in."""
        words = sorted(speech.words, key=lambda word: word.start_s)
        begin_s, end_s = words[0].start_s, max(word.end_s for word in words)
        reach_s = self.middle_share * (end_s - begin_s) / 2
        gaps = [(one, (one.end_s + following.start_s) / 2, following.start_s) for one, following in pairwise(words)]
        off_s = [abs(at_s - (begin_s + end_s) / 2) for _, at_s, _ in gaps]
        near = [gap for gap, off in zip(gaps, off_s, strict=True) if off <= max(reach_s, min(off_s))]
        word, at_s, next_s = near[int(rng.integers(len(near)))]
        rate_hz = speech.sample_rate_hz
        reach = round(max(REACH_S, (next_s - word.end_s) / 2) * rate_hz)
        return word.text, quietest(speech.samples, min(round(at_s * rate_hz), len(speech.samples)), reach, rate_hz)


def _fillers_for(speech: Speech, sounds: SoundBank) -> list[Sound]:
    """The speaker's fillers from other clips; those of the clip itself where there are no others."""
    fillers = sounds.sounds("filler", speech.speaker)
    return [sound for sound in fillers if sound.clip_id != speech.clip_id] or list(fillers)


def _quiet_start_s(speech: Speech) -> float | None:
    """When the quietest 0.1 s of the clip begin, or None where even these are no pause."""
    length = round(TONE_S * speech.sample_rate_hz)
    if len(speech.samples) < length:
        return None
    sums = np.concatenate([[0.0], np.cumsum(np.square(speech.samples, dtype=np.float64))])
    powers = (sums[length:] - sums[:-length]) / length
    start = int(np.argmin(powers))
    if powers[start] > active_rms(speech.samples) ** 2 * 10 ** (-QUIET_DB / 10):
        return None
    return round(start / speech.sample_rate_hz, 6)


def _pause(speech: Speech, length: int, tone_start_s: float | None) -> Samples:
    """A pause as the clip's own pauses sound; zeros where it has none; shape (length,)."""
    if tone_start_s is None or not length:
        return np.zeros(length, dtype=np.float32)
    rate_hz = speech.sample_rate_hz
    start = round(tone_start_s * rate_hz)
    return loop(speech.samples[start : start + round(TONE_S * rate_hz)], rate_hz, length)


STUDY: dict[str, Noise] = {"filler-s": Filler(), "filler-l": Filler(pause_s=LONG_PAUSE_S)}
