"""Cut pieces out of speech, put others in and append them, without a click and to the exact sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipelines.audio import Samples
from pipelines.clip import Param

#: A stretch of a sound: its first sample, and the first that no longer belongs to it.
Span: TypeAlias = tuple[int, int]

FADE_S = 0.006  # of a cross-fade, half of it on either side of the joint: no click, and nothing heard of what was cut
REACH_S = 0.005  # by how far an edge moves to a quieter or better fitting place: half a period of a voice of 100 Hz


@dataclass(frozen=True)
class Piece:
    """What is heard of a sound: from sample `start` to sample `end`. What lies beyond serves the cross-fades."""

    samples: Samples
    start: int
    end: int

    @classmethod
    def whole(cls, samples: Samples) -> Piece:
        """All of a sound."""
        return cls(samples, 0, len(samples))

    def __len__(self) -> int:
        return self.end - self.start


def joined(pieces: Sequence[Piece], sample_rate_hz: int) -> Samples:
    """Pieces one after the other, cross-faded over 6 ms at each joint; shape (sum of their lengths,).

    A joint lies in the middle of its cross-fade, in which either sound goes on beyond its edge. A sound that begins or
    ends at the joint has nothing beyond, and is faded over 6 ms of its own. At every sample the weights of the pieces
    are 0 or more and add up to 1, so the result is nowhere louder than the loudest of what sounds there, and two
    neighbouring pieces of one sound are as they were. The very beginning and end are left as they are.

    >>> ramp = np.arange(6, dtype=np.float32)
    >>> joined([Piece(ramp, 0, 2), Piece(ramp, 2, 6)], sample_rate_hz=400).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    half = max(1, round(FADE_S * sample_rate_hz / 2))
    joints = np.cumsum([0, *map(len, pieces)]).tolist()
    length, last = joints[-1], len(pieces) - 1
    result = np.zeros(length)
    for number, (piece, (start, end)) in enumerate(zip(pieces, pairwise(joints), strict=True)):
        times = np.arange(max(0, start - half), min(length, end + half))
        weights = np.ones(len(times)) if number == 0 else _risen(times - start, half)
        if number < last:
            weights -= _risen(times - end, half)
        begins = number > 0 and pieces[number - 1].samples is not piece.samples
        ends = number < last and pieces[number + 1].samples is not piece.samples
        sound = _softened(piece, half, begins=begins, ends=ends)
        places = times - start + piece.start
        there = (places >= 0) & (places < len(sound))
        result[times[there]] += weights[there] * sound[places[there]]
    return result.astype(np.float32)


def _risen(times: NDArray[np.int64], half: int) -> NDArray[np.float64]:
    """The share that has faded in at samples counted from a joint: 0 before, 1 after, half a cosine between."""
    return np.asarray(np.sin(np.pi / 4 * (1 + np.clip((times + 0.5) / half, -1, 1))) ** 2)


def _softened(piece: Piece, half: int, *, begins: bool, ends: bool) -> Samples:
    """The sound of a piece, faded where it begins or ends so near a joint that it can't fill the cross-fade."""
    sound, ramp = piece.samples, _risen(np.arange(-half, half), half)
    if begins and piece.start < half:
        sound = sound.copy()
        sound[: 2 * half] *= ramp[: len(sound)]
    if ends and len(piece.samples) - piece.end < half:
        sound = sound.copy()
        sound[max(0, len(sound) - 2 * half) :] *= ramp[: len(sound)][::-1]
    return sound


def cut_out(samples: Samples, cuts: Sequence[Span], sample_rate_hz: int) -> Samples:
    """Samples without some spans of them; shape (time - sum of the spans,).

    Args:
        samples: shape (time,).
        cuts: in order, within the samples, and none overlapping another.
        sample_rate_hz: of the samples.

    Raises:
        ValueError: the spans are not so.
    """
    edges = [0, *(edge for cut in cuts for edge in cut), len(samples)]
    if edges != sorted(edges):
        raise ValueError(f"the cuts are {list(cuts)}; expected them in order, apart, and within {len(samples)} samples")
    return joined(
        [Piece(samples, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)], sample_rate_hz
    )


def put_in(samples: Samples, at: int, inserted: Sequence[Samples], sample_rate_hz: int) -> Samples:
    """Samples with sounds put in, one after the other, before sample `at`; shape (time + sum of theirs,)."""
    before, after = Piece(samples, 0, at), Piece(samples, at, len(samples))
    return joined([before, *map(Piece.whole, inserted), after], sample_rate_hz)


def soft_ended(samples: Samples, fade: int) -> Samples:
    """A copy of samples whose last `fade` samples (or all of them, if there are fewer) fall to silence."""
    faded = samples.copy()
    tail = faded[max(0, len(faded) - fade) :]
    tail *= np.cos(np.linspace(0, np.pi / 2, len(tail), dtype=np.float32)) ** 2
    return faded


def apart(spans: Iterable[Span], gap: int) -> list[Span]:
    """Spans in order, those that overlap or lie no more than `gap` samples apart taken as one.

    >>> apart([(50, 60), (10, 20), (18, 30)], gap=5)
    [(10, 30), (50, 60)]
    """
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def fitted_cuts(samples: Samples, cuts: Iterable[Span], sample_rate_hz: int) -> list[Span]:
    """Cuts at places that are joined inaudibly, each edge 5 ms or less from where it was.

    A cut begins at the quietest place near its start, and ends where the sound is most like that at its beginning, so
    that a voice goes on at about the phase at which it was left. Cuts that lie closer together than a cross-fade become
    one; no edge moves by more than a third of the way to its neighbours.

    Args:
        samples: shape (time,).
        cuts: within the samples, in any order.
        sample_rate_hz: of the samples.
    """
    spans = apart(cuts, round(FADE_S * sample_rate_hz))
    edges = [0, *(edge for span in spans for edge in span), len(samples)]
    reach = round(REACH_S * sample_rate_hz)
    rooms = [min(reach, (at - before) // 3, (after - at) // 3) for before, at, after in _threes(edges)]
    fitted = []
    for (start, end), room, room_at_end in zip(spans, rooms[::2], rooms[1::2], strict=True):
        begun = quietest(samples, start, room, sample_rate_hz)
        fitted.append((begun, _most_alike(samples, begun, (end - room_at_end, end + room_at_end), sample_rate_hz)))
    return fitted


def cuts_at(samples: Samples, times_s: Iterable[tuple[float, float]], sample_rate_hz: int) -> list[Span]:
    """Fitted cuts where words or phones are spoken, from and to these times; those behind the sound's end are none."""
    end = len(samples)
    spans = ((round(from_s * sample_rate_hz), min(end, round(to_s * sample_rate_hz))) for from_s, to_s in times_s)
    return fitted_cuts(samples, [span for span in spans if span[0] < span[1]], sample_rate_hz)


def written_cuts(cuts: Sequence[Span], sample_rate_hz: int) -> dict[str, Param]:
    """Cuts as parameters that can be written down, in seconds."""
    return {
        "cut_starts_s": in_seconds([start for start, _ in cuts], sample_rate_hz),
        "cut_ends_s": in_seconds([end for _, end in cuts], sample_rate_hz),
    }


def _threes(edges: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    return zip(edges, edges[1:], edges[2:], strict=False)


def quietest(samples: Samples, at: int, reach: int, sample_rate_hz: int) -> int:
    """The sample, no more than `reach` from `at`, round which 6 ms sound least; the nearest of several such."""
    first, last = max(0, at - reach), min(len(samples), at + reach)
    half = max(1, round(FADE_S * sample_rate_hz / 2))
    near = samples[max(0, first - half) : last + half].astype(np.float64)
    padded = np.pad(near, (max(0, half - first), max(0, last + half - len(samples))))
    energies = np.concatenate([[0.0], np.cumsum(np.square(padded))])
    heard = energies[2 * half :] - energies[: -2 * half]  # round each of the samples from first to last
    candidates = np.arange(first, last + 1)
    return int(candidates[np.lexsort((np.abs(candidates - at), heard))[0]])


def _most_alike(samples: Samples, place: int, within: Span, sample_rate_hz: int) -> int:
    """The sample from `within[0]` to `within[1]` round which 6 ms differ least from those round `place`."""
    half = max(1, round(FADE_S * sample_rate_hz / 2))
    padded = np.pad(samples.astype(np.float64), half)
    here = padded[place : place + 2 * half]
    there = np.lib.stride_tricks.sliding_window_view(padded[within[0] : within[1] + 2 * half], 2 * half)
    return within[0] + int(np.argmin(np.square(there - here).sum(axis=1)))


def in_seconds(places: Iterable[int], sample_rate_hz: int) -> list[Param]:
    """Samples as seconds, exact enough to find the very sample again up to 192 kHz."""
    return [round(place / sample_rate_hz, 6) for place in places]


def spans_between(starts_s: Sequence[float], ends_s: Sequence[float], sample_rate_hz: int) -> list[Span]:
    """Spans of samples from where they start and end in seconds.

    Raises:
        ValueError: there are more starts than ends, or fewer.
    """
    return [
        (round(start_s * sample_rate_hz), round(end_s * sample_rate_hz))
        for start_s, end_s in zip(starts_s, ends_s, strict=True)
    ]
