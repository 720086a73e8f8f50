"""One figure from two numbers: every step of both scales is another drawing, in order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotate.manikin import ENDS, STEPS, Dimension, figure
from hits.judgment import RATINGS


def numbers(path: str) -> list[float]:
    """All numbers of a path, in order."""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


@pytest.mark.parametrize("dimension", list(ENDS))
def test_five_steps_are_five_drawings_with_a_name_each(dimension: Dimension) -> None:
    assert len({figure(dimension, step) for step in RATINGS}) == len(RATINGS)
    assert len(set(STEPS[dimension])) == len(RATINGS)


def test_the_mouth_turns_from_a_frown_to_a_smile() -> None:
    bends = []
    for step in RATINGS:
        _, corner_y, _, middle_y, _, _ = numbers(figure("valence", step).mouth)
        bends.append(middle_y - corner_y)  # below zero: a frown
    assert bends == sorted(bends)
    assert bends[0] < 0 == bends[2] < bends[4]


def test_the_burst_grows_and_the_eyes_open_with_activation() -> None:
    figures = [figure("activation", step) for step in RATINGS]
    widths = [max(numbers(one.burst)[0::2]) - min(numbers(one.burst)[0::2]) for one in figures]
    assert widths == sorted(set(widths))
    assert [one.eye_height for one in figures] == sorted({one.eye_height for one in figures})
    assert figures[0].motion == ""
    assert len(figures[4].motion) > len(figures[3].motion) > 0


@given(dimension=st.sampled_from(list(ENDS)), steps=st.integers(2, 21), data=st.data())
def test_every_figure_of_every_scale_stays_on_its_sheet(dimension: Dimension, steps: int, data: st.DataObject) -> None:
    one = figure(dimension, data.draw(st.integers(1, steps)), steps)
    for path in (one.mouth, one.brows, one.burst, one.motion):
        assert all(0 <= number <= 96 for number in numbers(path))


def test_a_step_that_is_not_on_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="step 6 of a scale of 5"):
        figure("valence", 6)
