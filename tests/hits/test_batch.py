"""How trials are cut into HITs."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.batch import Hits, TooFewPairs, cut, open_hits, open_hits_needed, rate_of, with_repeats
from hits.judgment import Slot
from pipelines.clip import Pair

Make = Callable[..., Pair]


def cut_some(make_pair: Make, design: Hits, pairs: int = 25, checks: int = 4, clips: int = 5):
    asked = [make_pair(number, clip=number % clips) for number in range(pairs)]
    return cut([*asked, *(make_pair(n, "check") for n in range(checks))], design, np.random.default_rng(0))


def test_every_pair_stands_in_exactly_one_hit(make_pair: Make) -> None:
    hits = cut_some(make_pair, Hits(policy="fixed"))
    counts = Counter(slot.pair_id for hit in hits for slot in hit.slots if slot.role != "check")
    assert set(counts.values()) == {1}
    assert len(counts) == 25


def test_every_hit_has_its_checks_and_all_its_votes(make_pair: Make) -> None:
    for hit in cut_some(make_pair, Hits(policy="fixed", checks_per_hit=2)):
        assert sum(slot.role == "check" for slot in hit.slots) == 2
        assert hit.assignments_wanted == 3


def test_checks_do_not_always_stand_at_the_end(make_pair: Make) -> None:
    hits = cut_some(make_pair, Hits(policy="fixed"), pairs=90, checks=9)
    places = {[slot.role for slot in hit.slots].index("check") for hit in hits}
    assert len(places) > 3


def test_a_clip_is_heard_once_a_hit_where_that_is_possible(make_pair: Make) -> None:
    pairs = [make_pair(number, clip=number % 10) for number in range(40)]
    design = Hits(policy="fixed", trials_per_hit=4, checks_per_hit=0)
    for hit in cut(pairs, design, np.random.default_rng(1)):
        clips = [int(slot.pair_id.removeprefix("study")) % 10 for slot in hit.slots]
        assert len(set(clips)) == len(clips)


def test_balanced_order_shows_both_orders_and_the_paper_only_one(make_pair: Make) -> None:
    balanced = cut_some(make_pair, Hits(policy="fixed", first_clip="balanced"))
    assert {slot.order for hit in balanced for slot in hit.slots} == {"original-first", "noisy-first"}
    assert {s.order for hit in cut_some(make_pair, Hits(policy="fixed")) for s in hit.slots} == {"original-first"}


def test_room_for_repeats_is_left_and_paid_though_who_comes_decides_what_stands_there(make_pair: Make) -> None:
    for hit in cut_some(make_pair, Hits(policy="fixed", trials_per_hit=10, repeats_per_hit=3)):
        assert len(hit.slots) + 3 == hit.trials_per_hit <= 10


def test_repeats_are_put_among_slots_that_keep_their_order_and_never_show_a_pair_twice() -> None:
    slots = [Slot(f"p{number}", "study") for number in range(4)]
    design = Hits(policy="fixed", repeats_per_hit=2)
    for seed in range(20):
        mixed = with_repeats(slots, ["p1", "old", "older", "oldest"], design, np.random.default_rng(seed))
        assert [slot for slot in mixed if slot.role == "study"] == slots
        assert len({slot.pair_id for slot in mixed}) == len(mixed) == 6
    assert with_repeats(slots, [], design, np.random.default_rng(0)) == slots


def test_which_clips_are_rated_is_drawn_with_the_share_that_the_design_asks_for() -> None:
    rng = np.random.default_rng(0)
    drawn = [rate_of(Hits(rate="both", rate_both_share=0.3), rng) for _ in range(4000)]
    assert drawn.count("both") / 4000 == pytest.approx(0.3, abs=0.03)
    assert rate_of(Hits(), rng) == "noisy-if-different"


def test_no_pairs_and_no_checks_are_refused_with_what_to_do(make_pair: Make) -> None:
    with pytest.raises(TooFewPairs, match="pairs make"):
        cut([], Hits(policy="fixed"), np.random.default_rng(0))
    with pytest.raises(TooFewPairs, match=r"checks_per_hit is 1.*pairs\.checks"):
        cut([make_pair(1)], Hits(policy="fixed"), np.random.default_rng(0))


@given(votes=st.integers(0, 5000), out=st.integers(0, 5000), room=st.integers(1, 30))
def test_the_hits_that_are_missing_hold_the_open_votes_and_not_a_hit_more(votes: int, out: int, room: int) -> None:
    needed = open_hits_needed(votes, out, Hits(trials_per_hit=room, checks_per_hit=0))
    assert needed * room + out >= votes
    assert needed == 0 or (needed - 1) * room + out < votes


def test_open_hits_are_numbered_on() -> None:
    assert [hit.hit_id for hit in open_hits(7, 2, Hits())] == ["hit-00007", "hit-00008"]
