"""Adaptive filling."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hits.allocate import Standing, fill, votes_missing, votes_open
from hits.batch import Hits


def standing(number: int, **known: int) -> Standing:
    return Standing(f"p{number}", f"c{number}", "study", **known)


def test_two_of_three_that_agree_decide_a_pair() -> None:
    assert votes_missing(standing(1, votes=2), 3) == 0
    assert votes_missing(standing(1, votes=2, activation_different=2, valence_different=2), 3) == 0


def test_a_split_in_one_dimension_asks_for_the_last_vote() -> None:
    assert votes_missing(standing(1, votes=2, valence_different=1), 3) == 1
    assert votes_missing(standing(1, votes=3, activation_different=1, valence_different=2), 3) == 0


def test_a_reserved_vote_is_not_handed_out_again() -> None:
    assert votes_open(standing(1, votes=1, reserved=1), 3) == 0


@given(
    votes_per_pair=st.integers(1, 9),
    answers=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=9),
)
def test_asking_one_by_one_ends_with_a_certain_majority_within_the_votes(
    votes_per_pair: int, answers: list[tuple[bool, bool]]
) -> None:
    votes = activation = valence = 0
    for different in answers:
        if (
            votes_missing(
                standing(1, votes=votes, activation_different=activation, valence_different=valence), votes_per_pair
            )
            == 0
        ):
            break
        votes += 1
        activation += different[0]
        valence += different[1]
    now = standing(1, votes=votes, activation_different=activation, valence_different=valence)
    assert votes <= votes_per_pair
    if votes_missing(now, votes_per_pair) == 0:
        for same, other in now.votes_by_dimension:
            assert votes == votes_per_pair or max(same, other) > votes_per_pair / 2
    else:
        assert votes == len(answers)


def test_a_worker_never_meets_a_pair_twice_nor_a_decided_one() -> None:
    standings = [standing(1), standing(2, votes=2), standing(3)]
    slots = fill(standings, frozenset({"p1"}), Hits(checks_per_hit=0), np.random.default_rng(0))
    assert [slot.pair_id for slot in slots] == ["p3"]


def test_nothing_open_means_no_trials_and_no_lonely_check() -> None:
    check = Standing("k", "ck", "check")
    assert fill([standing(1, votes=2), check], frozenset(), Hits(), np.random.default_rng(0)) == []


def test_pairs_near_their_decision_come_first() -> None:
    standings = [*(standing(n) for n in range(20)), standing(99, votes=1)]
    design = Hits(trials_per_hit=3, checks_per_hit=0)
    for seed in range(10):
        assert "p99" in {slot.pair_id for slot in fill(standings, frozenset(), design, np.random.default_rng(seed))}


def test_a_hit_is_filled_to_its_room_with_its_checks_among_it() -> None:
    standings = [*(standing(n) for n in range(30)), *(Standing(f"k{n}", f"ck{n}", "check") for n in range(3))]
    slots = fill(standings, frozenset(), Hits(trials_per_hit=10, checks_per_hit=2), np.random.default_rng(0))
    assert len(slots) == 10
    assert sum(slot.role == "check" for slot in slots) == 2


def test_repeats_stand_among_the_trials_and_nowhere_in_particular() -> None:
    standings = [*(standing(n) for n in range(30)), *(Standing(f"k{n}", f"ck{n}", "check") for n in range(3))]
    design, places = Hits(trials_per_hit=5, checks_per_hit=1, repeats_per_hit=1), Counter()
    for seed in range(400):
        slots = fill(standings, frozenset({"p1"}), design, np.random.default_rng(seed), again=["p1"])
        assert sorted(slot.role for slot in slots) == ["check", "repeat", "study", "study", "study"]
        assert next(slot.pair_id for slot in slots if slot.role == "repeat") == "p1"
        places.update((slot.role, place) for place, slot in enumerate(slots))
    for role in ("check", "repeat"):
        seen = [places[role, place] for place in range(5)]
        assert min(seen) > 55  # 80 are expected, with a standard deviation of 8
        assert max(seen) < 105


def test_where_there_is_nothing_to_repeat_an_open_pair_takes_its_place() -> None:
    design = Hits(trials_per_hit=4, checks_per_hit=0, repeats_per_hit=2)
    slots = fill([standing(n) for n in range(9)], frozenset(), design, np.random.default_rng(0))
    assert [slot.role for slot in slots] == ["study"] * 4


def test_a_clip_is_repeated_only_when_no_other_is_left() -> None:
    standings = [Standing(f"p{n}", f"c{n % 3}", "study") for n in range(9)]
    slots = fill(standings, frozenset(), Hits(trials_per_hit=3, checks_per_hit=0), np.random.default_rng(0))
    assert {int(slot.pair_id[1:]) % 3 for slot in slots} == {0, 1, 2}
    assert len(fill(standings, frozenset(), Hits(trials_per_hit=8, checks_per_hit=0), np.random.default_rng(0))) == 8
