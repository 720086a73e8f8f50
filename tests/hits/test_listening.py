"""Was it heard, was it answered, was attention paid?"""

import math

import pytest

from hits.judgment import Said, WrongAnswer
from hits.listening import Listened, Listening, NotHeard, require_heard
from hits.quality import Quality, check_passed, is_trusted

LENGTHS_S = (2.0, 3.0)


@pytest.mark.parametrize(
    ("first_s", "second_s", "elapsed_s", "says"),
    [
        (1.0, 3.0, 9.0, "first clip"),
        (2.0, 1.0, 9.0, "second clip"),
        (2.0, 3.0, 3.0, "sooner"),
        (math.nan, 3.0, 9.0, "first clip"),
        (-5.0, 3.0, 9.0, "first clip"),
    ],
)
def test_what_was_not_heard_is_said_kindly(first_s: float, second_s: float, elapsed_s: float, says: str) -> None:
    with pytest.raises(NotHeard, match=says):
        require_heard(Listened(first_s, second_s), LENGTHS_S, elapsed_s, Listening())


def test_a_replay_counts_and_a_long_pause_does_no_harm() -> None:
    require_heard(Listened(6.0, 3.0), LENGTHS_S, elapsed_s=3600.0, rule=Listening())


def test_both_the_same_needs_no_ratings_and_takes_none() -> None:
    assert not Said("same", "same").different
    with pytest.raises(WrongAnswer, match="both were answered the same"):
        Said("same", "same", activation_rating=3)


@pytest.mark.parametrize("rating", [None, 0, 6])
def test_a_difference_needs_two_ratings_from_one_to_five(rating: int | None) -> None:
    with pytest.raises(WrongAnswer, match="how unpleasant or pleasant"):
        Said("different", "same", 3, rating)


def test_who_rates_both_clips_rates_them_in_both_dimensions_whatever_was_said() -> None:
    assert Said("same", "same", 3, 3, 2, 5).rates_both
    assert not Said("different", "same", 3, 3).rates_both
    for ratings in ((3, 3, 2, None), (3, None, 2, 5), (None, 3, 2, 5), (None, None, 2, 5), (3, 3, 2, 9)):
        with pytest.raises(WrongAnswer, match="Please also show"):
            Said("same", "same", *ratings)


def test_manikins_take_whole_numbers_and_the_slider_what_lies_between() -> None:
    assert Said("different", "same", 2.35, 5.0, scale="slider").activation_rating == 2.35
    with pytest.raises(WrongAnswer, match="how calm or excited"):
        Said("different", "same", 2.35, 5.0)
    for beyond in (0.99, 5.01, math.nan):
        with pytest.raises(WrongAnswer, match="how calm or excited"):
            Said("different", "same", beyond, 5.0, scale="slider")


def test_an_unanswered_question_is_named() -> None:
    with pytest.raises(WrongAnswer, match="equally pleasant"):
        Said("same", "")  # type: ignore[arg-type]


def test_identical_checks_want_same_and_obvious_ones_different() -> None:
    same, different = Said("same", "same"), Said("different", "same", 3, 3)
    assert check_passed("identical", same)
    assert not check_passed("identical", different)
    assert check_passed("obvious", different)
    assert not check_passed("obvious", same)


def test_one_slip_costs_nobody_the_study() -> None:
    assert is_trusted(2, 3, Quality())
    assert not is_trusted(1, 4, Quality())
