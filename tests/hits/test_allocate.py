"""Adaptive filling."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hits.allocate import Standing, fill, votes_free, votes_wanted
from hits.batch import Hits


def standing(number: int, **known: Any) -> Standing:
    return Standing(f"p{number}", f"c{number}", "study", **known)


def design(votes_per_pair: int = 3, **more: object) -> Hits:
    return Hits(votes_per_pair=votes_per_pair, **more)  # type: ignore[arg-type]


LEAD = design(7, vote_rule="lead")


def test_two_of_three_that_agree_decide_a_pair() -> None:
    assert votes_wanted(standing(1, votes=2), design()) == 0
    assert votes_wanted(standing(1, votes=2, activation_different=2, valence_different=2), design()) == 0


def test_a_split_in_one_dimension_asks_for_the_last_vote() -> None:
    assert votes_wanted(standing(1, votes=2, valence_different=1), design()) == 1
    assert votes_wanted(standing(1, votes=3, activation_different=1, valence_different=2), design()) == 0


def test_of_two_votes_one_different_is_enough_since_a_tie_counts_as_changed() -> None:
    assert votes_wanted(standing(1, votes=1, activation_different=1, valence_different=1), design(2)) == 0
    assert votes_wanted(standing(1, votes=1), design(2)) == 1


def test_a_reserved_vote_is_not_handed_out_again() -> None:
    assert votes_free(standing(1, votes=1, reserved=1), design()) == 0


def test_under_the_lead_rule_one_same_is_enough_and_different_has_to_lead() -> None:
    assert votes_wanted(standing(1), LEAD) == 1
    assert votes_wanted(standing(1, votes=1, activation_leads=(-1, -1), valence_leads=(-1, -1)), LEAD) == 0
    split = {"activation_leads": (-1, -1), "valence_leads": (1, 2), "valence_different": 2}
    assert votes_wanted(standing(1, votes=2, **split), LEAD) == 1
    led = {"activation_leads": (-1, -1), "valence_leads": (1, 3), "valence_different": 3}
    assert votes_wanted(standing(1, votes=3, **led), LEAD) == 0


def test_a_dimension_that_was_decided_stays_so_whatever_is_said_while_the_other_is_open() -> None:
    later = {"activation_different": 3, "activation_leads": (-1, 2), "valence_different": 4, "valence_leads": (1, 3)}
    assert votes_wanted(standing(1, votes=4, **later), LEAD) == 0


@given(
    votes_per_pair=st.integers(1, 9),
    lead=st.integers(0, 5),
    answers=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=9),
)
def test_asking_one_by_one_ends_where_the_rule_says_something_of_both_dimensions(
    votes_per_pair: int, lead: int, answers: list[tuple[bool, bool]]
) -> None:
    rule = design(max(votes_per_pair, lead), **({"vote_rule": "lead", "lead": lead} if lead else {}))
    for count in range(len(answers) + 1):
        said = [[one[dimension] for one in answers[:count]] for dimension in (0, 1)]
        decided = [rule.votes.outcome(votes) is not None for votes in said]
        wanted = votes_wanted(after(*said), rule)
        assert (wanted == 0) == all(decided)
        if all(decided):
            return
        assert count + wanted <= rule.votes_per_pair


def after(activation: list[bool], valence: list[bool]) -> Standing:
    """Where a pair stands after some votes."""
    leads = [np.cumsum([1 if vote else -1 for vote in votes], dtype=int) for votes in (activation, valence)]
    ends = [(int(lead.min(initial=0)), int(lead.max(initial=0))) for lead in leads]
    counts = {"activation_different": sum(activation), "valence_different": sum(valence)}
    return standing(1, votes=len(valence), activation_leads=ends[0], valence_leads=ends[1], **counts)


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


def test_spare_pairs_fill_what_room_is_left_however_near_they_are_to_their_decision() -> None:
    standings = [standing(1), standing(2), standing(3, votes=1), standing(4, votes=1)]
    spare = frozenset({"p3", "p4"})
    for room, most in ((2, {"p1", "p2"}), (3, {"p1", "p2", "p3", "p4"})):
        slots = fill(
            standings,
            frozenset(),
            Hits(trials_per_hit=room, checks_per_hit=0),
            np.random.default_rng(0),
            spare=spare,
        )
        assert len(slots) == room
        assert {"p1", "p2"} <= {slot.pair_id for slot in slots} <= most


def test_nobody_is_asked_about_spare_pairs_alone() -> None:
    left = [standing(1), standing(2, votes=2), standing(3)]
    spare = frozenset({"p3"})
    assert fill(left, frozenset({"p1"}), Hits(), np.random.default_rng(0), spare=spare) == []
    assert len(fill(left, frozenset(), Hits(), np.random.default_rng(0), spare=spare)) == 2
