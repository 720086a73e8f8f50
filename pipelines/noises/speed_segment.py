"""A stretch of the utterance spoken faster, at the same pitch (SpeedSeg, paper section 4.2)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from pipelines.audio import Samples, Speech, active_rms, rms
from pipelines.clip import Params, Phone, Word
from pipelines.noises.base import Noise, NoiseRefused, Spoken, number
from pipelines.sounds.base import SoundBank
from pipelines.splicing import REACH_S, Piece, Span, joined, quietest
from pipelines.stretching import stretch, stretched_length

SPEED = 1.25  # section 4.2
LARGEST_SHARE = 0.25  # of the clip; section 6
SMALLEST_SHARE = 0.1  # of the clip; the paper gives none, and of less a change of speed is hardly to be heard
SHORTEST_S = 0.1  # of a segment, for the same reason
CELL_S = 0.05  # without an alignment, the quietest moment of every 50 ms can be an edge
MARGIN_S = 0.1  # on either side that is stretched with the segment, so that the cross-fades have something to fade
SOUNDING_DB = 20.0  # a segment this far below the speech is a pause, and nobody hears a pause go faster


@dataclass(frozen=True)
class SpeedSegment(Noise):
    """Speak a random stretch at another speed; above 1 is faster. The pitch stays, and so does all the rest.

    The stretch begins with a word and ends with one where the clip has an alignment of words that leaves a choice,
    with phones where it has phones that do, and else at quiet moments; edges move by 5 ms at most to a quieter place.
    """

    speed: Annotated[float, Field(ge=0.25, le=4)] = SPEED
    largest_share: Annotated[float, Field(gt=0, le=1)] = LARGEST_SHARE
    smallest_share: Annotated[float, Field(ge=0, lt=1)] = SMALLEST_SHARE

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Too short for a segment."""
        needed_s = SHORTEST_S / self.largest_share
        if spoken.length_s < needed_s:
            return (
                f"the clip lasts {spoken.length_s:.3f} s; a segment of {SHORTEST_S} s that is no more than "
                f"{self.largest_share:.0%} of it needs {needed_s:.1f} s or more"
            )
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Which segment, drawn evenly among all that fit."""
        for starts, ends in (_edges(speech, speech.words), _edges(speech, speech.phones), _quiet_moments(speech)):
            segments = self._fitting(starts, ends, speech)
            for place in rng.permutation(len(segments)).tolist():
                start, end = segments[place]
                level = rms(speech.samples[start:end])
                if level > 0 and level >= active_rms(speech.samples) * 10 ** (-SOUNDING_DB / 20):
                    rate_hz = speech.sample_rate_hz
                    return {
                        "speed": self.speed,
                        "start_s": round(start / rate_hz, 6),
                        "end_s": round(end / rate_hz, 6),
                    }
        shares = f"{self.smallest_share:.0%} to {self.largest_share:.0%} of the clip's {speech.length_s:.3f} s"
        raise NoiseRefused(f"no stretch of {shares} holds speech between two words, phones or quiet moments")

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech with the segment at its speed; shape (time - segment + round(segment / speed),)."""
        rate_hz, samples, speed = speech.sample_rate_hz, speech.samples, number(params, "speed")
        start, end = round(number(params, "start_s") * rate_hz), round(number(params, "end_s") * rate_hz)
        margin = round(MARGIN_S * rate_hz)
        before = min(margin, start)
        surrounded = stretch(samples[start - before : end + margin], rate_hz, speed)
        first = stretched_length(before, speed)
        length = stretched_length(end - start, speed)
        surrounded = np.pad(surrounded, (0, max(0, first + length - len(surrounded))), mode="edge")
        segment = Piece(surrounded, first, first + length)
        return joined([Piece(samples, 0, start), segment, Piece(samples, end, len(samples))], rate_hz)

    @property
    def family(self) -> str:
        """`speed-segment`."""
        return "speed-segment"

    def _fitting(self, starts: Sequence[int], ends: Sequence[int], speech: Speech) -> list[Span]:
        """The segments from a start to an end that are neither too short nor too long."""
        length = len(speech.samples)
        shortest = max(SHORTEST_S * speech.sample_rate_hz, self.smallest_share * length)
        longest = self.largest_share * length
        return [
            (start, end)
            for start in starts
            for end in ends[bisect_left(ends, start + shortest) : bisect_right(ends, start + longest)]
        ]


def _edges(speech: Speech, timed: Sequence[Word | Phone]) -> tuple[list[int], list[int]]:
    """Where words or phones begin and where they end, each moved to a quiet place nearby; both in order."""
    rate_hz, length = speech.sample_rate_hz, len(speech.samples)
    reach = round(REACH_S * rate_hz)

    def moved(times_s: list[float]) -> list[int]:
        places = {min(length, round(time_s * rate_hz)) for time_s in times_s}
        return sorted({quietest(speech.samples, place, reach, rate_hz) for place in places})

    return moved([one.start_s for one in timed]), moved([one.end_s for one in timed])


def _quiet_moments(speech: Speech) -> tuple[list[int], list[int]]:
    """The quietest moment of every 50 ms, as places to begin and as places to end; both in order."""
    cell = round(CELL_S * speech.sample_rate_hz)
    middles = range(cell // 2, len(speech.samples), cell)
    moments = sorted({quietest(speech.samples, middle, cell // 2, speech.sample_rate_hz) for middle in middles})
    return moments, moments


STUDY: dict[str, Noise] = {"speed-segment": SpeedSegment()}
