"""Rooms: the same by number everywhere, aligned on their direct sound, and convolved exactly."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from pipelines.rooms import (
    SOUND_M_PER_S,
    WALL_M,
    Impulse,
    NoRoomForTwo,
    Ranges,
    Room,
    RoomImpossible,
    direct_sound,
    from_direct,
    heard_in,
    impulse_of,
    lead,
    measured_impulse,
    room_by_number,
)

RATE_HZ = 16000
RANGES = Ranges((3, 8), (3, 6), (2.4, 3.5), (0.2, 0.6), (1, 3))
OFFICE = Room((5.0, 4.0, 2.7), 0.3, (1.0, 1.5, 1.2), (3.2, 2.0, 1.4))
AGAIN = """
import hashlib
from pipelines.rooms import Ranges, impulse_of, room_by_number
room = room_by_number(3, Ranges((3, 8), (3, 6), (2.4, 3.5), (0.2, 0.6), (1, 3)))
print(hashlib.sha256(impulse_of(room, 16000).samples.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("number", range(40))
def test_rooms_lie_in_their_ranges(number: int) -> None:
    room = room_by_number(number, RANGES)

    for side, (least, most) in zip(room.size_m, (RANGES.length_m, RANGES.width_m, RANGES.height_m), strict=True):
        assert least <= side <= most
    assert RANGES.rt60_s[0] <= room.rt60_s <= RANGES.rt60_s[1]
    assert RANGES.distance_m[0] <= room.distance_m <= RANGES.distance_m[1]
    for place in (room.source_m, room.microphone_m):
        assert all(WALL_M <= at <= side - WALL_M for at, side in zip(place, room.size_m, strict=True))


def test_a_number_is_the_same_room_with_the_same_bytes_in_another_process() -> None:
    here = hashlib.sha256(impulse_of(room_by_number(3, RANGES), RATE_HZ).samples.tobytes()).hexdigest()

    there = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True).stdout.strip()

    assert there == here
    assert room_by_number(4, RANGES) != room_by_number(3, RANGES)


def test_threads_that_others_asked_for_change_no_byte_and_stay() -> None:
    import pyroomacoustics

    first = impulse_of(OFFICE, RATE_HZ).samples.copy()
    before = pyroomacoustics.constants.get("num_threads")
    impulse_of.cache_clear()
    pyroomacoustics.constants.set("num_threads", 3)
    try:
        np.testing.assert_array_equal(impulse_of(OFFICE, RATE_HZ).samples, first)
        assert pyroomacoustics.constants.get("num_threads") == 3
    finally:
        pyroomacoustics.constants.set("num_threads", before)


def test_a_room_is_computed_once() -> None:
    assert impulse_of(OFFICE, RATE_HZ) is impulse_of(OFFICE, RATE_HZ)


@pytest.mark.parametrize("rt60_s", [0.25, 0.5])
def test_sound_dies_away_as_fast_as_asked(rt60_s: float) -> None:
    impulse = impulse_of(Room(OFFICE.size_m, rt60_s, OFFICE.source_m, OFFICE.microphone_m), RATE_HZ).samples
    left_db = 10 * np.log10(np.cumsum(impulse[::-1].astype(np.float64) ** 2)[::-1] / np.sum(impulse**2, dtype=float))
    at_5, at_25 = (int(np.argmax(left_db < -level)) for level in (5, 25))  # the T20 of ISO 3382

    assert (at_25 - at_5) / RATE_HZ * 3 == pytest.approx(rt60_s, rel=0.3)  # Sabine's formula is no closer


@pytest.mark.parametrize("number", range(8))
def test_the_direct_sound_is_found_where_geometry_puts_it(number: int) -> None:
    room = room_by_number(number, RANGES)
    impulse = impulse_of(room, RATE_HZ)
    later = np.concatenate([np.zeros(321, dtype=np.float32), impulse.samples])

    assert abs(direct_sound(impulse.samples) - lead(RATE_HZ)) <= 1
    assert direct_sound(later) == direct_sound(impulse.samples) + 321
    assert room.distance_m / SOUND_M_PER_S < 0.01


def test_what_comes_before_the_direct_sound_and_below_60_db_is_cut() -> None:
    raw = np.zeros(9000, dtype=np.float32)
    raw[1000], raw[1500], raw[8000] = 1.0, 0.1, 1e-4

    impulse = from_direct(raw, 1000, RATE_HZ)

    assert direct_sound(impulse.samples) == lead(RATE_HZ)
    assert len(impulse.samples) == lead(RATE_HZ) + 501
    assert not impulse.samples.flags.writeable


def test_an_impulse_response_that_begins_at_once_is_led_in() -> None:
    raw = np.array([1.0, 0.5, 0.25], dtype=np.float32)

    assert from_direct(raw, 0, RATE_HZ).samples[lead(RATE_HZ)] == 1.0


def test_a_measured_room_is_prepared_once_by_what_it_holds() -> None:
    recording = np.concatenate([np.zeros(700), [1.0, 0.3, 0.2]]).astype(np.float32)

    assert measured_impulse(recording, RATE_HZ) is measured_impulse(recording.copy(), RATE_HZ)
    assert measured_impulse(recording, RATE_HZ) is not measured_impulse(recording * 2, RATE_HZ)


@given(length=st.integers(1, 90_000), tail=st.integers(1, 30_000), seed=st.integers(0, 1000))
def test_block_by_block_is_the_convolution(length: int, tail: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(length).astype(np.float32)
    impulse = rng.standard_normal(lead(RATE_HZ) + tail).astype(np.float32)

    heard = heard_in(Impulse(impulse, RATE_HZ), samples)

    expected = fftconvolve(samples.astype(np.float64), impulse.astype(np.float64))[lead(RATE_HZ) :]
    assert heard.dtype == np.float32
    assert heard.shape == expected.shape
    np.testing.assert_allclose(heard, expected, atol=1e-4 * max(1.0, float(np.abs(expected).max())))


def test_a_cathedral_will_do_too() -> None:
    rng = np.random.default_rng(0)
    impulse, samples = (rng.standard_normal(length).astype(np.float32) for length in (1_000_000, 50_000))

    heard = heard_in(Impulse(impulse, RATE_HZ), samples)

    assert len(heard) == 1_050_000 - 1 - lead(RATE_HZ)


def test_places_and_walls_that_can_not_be_are_refused() -> None:
    with pytest.raises(NoRoomForTwo, match=r"a room of .* m has no two places 20 to 30 m apart"):
        room_by_number(1, Ranges((3, 8), (3, 6), (2.4, 3.5), (0.2, 0.6), (20, 30)))
    with pytest.raises(NoRoomForTwo):
        room_by_number(1, Ranges((0.5, 0.6), (3, 6), (2.4, 3.5), (0.2, 0.6), (1, 3)))
    with pytest.raises(RoomImpossible, match="absorb more than everything"):
        impulse_of(Room((40.0, 40.0, 20.0), 0.1, (1.0, 1.0, 1.0), (2.0, 2.0, 1.0)), RATE_HZ)
    with pytest.raises(RoomImpossible, match=r"reflected \d+ times, of at most 150"):
        impulse_of(Room((2.0, 2.0, 2.4), 2.0, (0.6, 0.6, 1.0), (1.4, 1.4, 1.0)), RATE_HZ)
