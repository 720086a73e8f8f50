"""Cuts, insertions and joints: exact to the sample, and without a click."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.audio import Samples
from pipelines.sound_file import read_sound
from pipelines.splicing import FADE_S, REACH_S, Piece, apart, cut_out, fitted_cuts, joined, put_in, quietest
from tests.pipelines.conftest import spoken

RATE_HZ = 16000
FADE = round(FADE_S * RATE_HZ)
voice = spoken(1.0)


@st.composite
def spans(draw: st.DrawFn, length: int = len(voice)) -> list[tuple[int, int]]:
    """Spans of a sound in order and apart; empty ones and such as touch, too."""
    edges = sorted(draw(st.lists(st.integers(0, length), max_size=12)))
    return list(zip(edges[::2], edges[1::2], strict=False))


def largest_jump(samples: Samples) -> float:
    return float(np.abs(np.diff(samples.astype(np.float64))).max(initial=0))


def jump_allowed(samples: Samples) -> float:
    """A mixture jumps no more than what is mixed, and its weights move by pi / 2 / FADE a sample at most."""
    return largest_jump(samples) + np.pi / 2 / FADE * float(np.ptp(samples)) + 1e-6


@given(cuts=spans())
def test_what_is_removed_and_what_is_kept_make_the_whole(cuts: list[tuple[int, int]]) -> None:
    kept = cut_out(voice, cuts, RATE_HZ)

    assert len(kept) + sum(end - start for start, end in cuts) == len(voice)


@given(cuts=spans())
def test_every_kept_sample_is_there_once_and_in_its_place(cuts: list[tuple[int, int]]) -> None:
    numbered = np.arange(1, len(voice) + 1, dtype=np.float32)
    belongs = np.ones(len(voice), dtype=bool)
    for start, end in cuts:
        belongs[start:end] = False
    joints = np.cumsum(belongs)[[at - 1 for cut in cuts for at in cut if at]]
    far = np.ones(belongs.sum(), dtype=bool)
    for joint in joints:
        far[max(0, joint - FADE) : joint + FADE] = False

    np.testing.assert_array_equal(cut_out(numbered, cuts, RATE_HZ)[far], numbered[belongs][far])


@given(cuts=spans())
def test_a_cut_never_clicks_and_is_never_louder(cuts: list[tuple[int, int]]) -> None:
    kept = cut_out(voice, cuts, RATE_HZ)

    assert largest_jump(kept) <= jump_allowed(voice)
    assert np.abs(kept).max(initial=0) <= np.abs(voice).max() + 1e-6


@given(edges=st.lists(st.integers(0, len(voice)), max_size=8))
def test_a_sound_taken_apart_and_joined_is_the_same_sound(edges: list[int]) -> None:
    places = [0, *sorted(edges), len(voice)]

    whole = joined([Piece(voice, start, end) for start, end in pairwise(places)], RATE_HZ)

    np.testing.assert_allclose(whole, voice, atol=1e-7)


@given(at=st.integers(0, len(voice)), lengths=st.lists(st.integers(0, 2000), max_size=3))
def test_what_is_put_in_adds_its_length_and_never_clicks(at: int, lengths: list[int]) -> None:
    inserted = [np.full(length, 0.2, dtype=np.float32) for length in lengths]  # each begins and ends with a step

    longer = put_in(voice, at, inserted, RATE_HZ)

    assert len(longer) == len(voice) + sum(lengths)
    assert largest_jump(longer) <= jump_allowed(voice)
    np.testing.assert_allclose(longer[: max(0, at - FADE)], voice[: max(0, at - FADE)], atol=1e-7)
    np.testing.assert_allclose(longer[len(longer) - len(voice) + at + FADE :], voice[at + FADE :], atol=1e-7)


@pytest.mark.parametrize(
    "cuts", [[(5, 3)], [(10, 20), (15, 30)], [(20, 30), (0, 10)], [(0, len(voice) + 1)], [(-1, 4)]]
)
def test_cuts_that_overlap_or_lie_outside_are_refused(cuts: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="expected them in order, apart, and within 16000 samples"):
        cut_out(voice, cuts, RATE_HZ)


@given(cuts=spans())
def test_edges_move_by_milliseconds_and_stay_in_order(cuts: list[tuple[int, int]]) -> None:
    before, after = apart(cuts, FADE), fitted_cuts(voice, cuts, RATE_HZ)

    moved = np.abs(np.subtract(before, after)) if before else np.zeros(1)
    assert moved.max() <= REACH_S * RATE_HZ
    edges = [edge for cut in after for edge in cut]
    assert edges == sorted(edges)
    assert len(cut_out(voice, after, RATE_HZ)) >= 0  # is not refused


@given(at=st.integers(0, len(voice)), reach=st.integers(0, 400))
def test_the_quietest_place_is_near_and_no_louder(at: int, reach: int) -> None:
    def level(place: int) -> float:
        return float(np.square(voice[max(0, place - FADE // 2) : place + FADE // 2], dtype=np.float64).sum())

    found = quietest(voice, at, reach, RATE_HZ)

    assert abs(found - at) <= reach
    assert 0 <= found <= len(voice)
    assert level(found) <= level(at) + 1e-9


def test_a_cut_in_a_steady_voice_goes_on_at_the_same_phase() -> None:
    tone = np.sin(2 * np.pi * 130 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    rough, fine = (
        cut_out(tone, [(4000, 6060)], RATE_HZ),
        cut_out(tone, fitted_cuts(tone, [(4000, 6060)], RATE_HZ), RATE_HZ),
    )

    def unlike_a_tone(samples: Samples) -> float:
        """The largest second difference, which a jump of the phase drives up."""
        return float(np.abs(np.diff(samples.astype(np.float64), n=2)).max())

    assert unlike_a_tone(fine) < 1.05 * unlike_a_tone(tone) < unlike_a_tone(rough)


def test_cuts_in_real_speech_never_jump_more_than_the_speech_around(real_data: Path) -> None:
    rng = np.random.default_rng(0)
    for path in sorted((real_data / "emodb" / "wav").glob("*.wav"))[::20]:
        samples = read_sound(path, RATE_HZ)
        for start, length in zip(rng.integers(800, len(samples) - 4000, 20), rng.integers(480, 2400, 20), strict=True):
            ((start, end),) = fitted_cuts(samples, [(int(start), int(start + length))], RATE_HZ)
            kept = cut_out(samples, [(start, end)], RATE_HZ)
            around = max(largest_jump(samples[start - 320 : start + 320]), largest_jump(samples[end - 320 : end + 320]))
            assert largest_jump(kept[start - FADE : start + FADE]) <= 1.1 * around
