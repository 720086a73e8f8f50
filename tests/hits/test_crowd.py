"""The crowd of a rehearsal: the same by the same seed, mixed as it was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hits.crowd import Crowd, arrivals
from hits.judgment import Said
from hits.listeners import say


def test_the_same_seed_sends_the_same_people_at_the_same_times() -> None:
    crowd = Crowd(workers=20)
    assert list(arrivals(crowd, 1)) == list(arrivals(crowd, 1)) != list(arrivals(crowd, 2))


def test_who_comes_is_mixed_as_the_shares_say() -> None:
    crowd = Crowd(workers=2000, lazy_share=0.2, spammer_share=0.1, drop_out_share=0.3, two_tabs_share=0.5)
    came = [listener for _, listener in arrivals(crowd, 0)]
    assert np.mean([one.lazy for one in came]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([one.careless for one in came]) == pytest.approx(0.1, abs=0.03)
    assert np.mean([one.listens for one in came]) == pytest.approx(0.7, abs=0.03)
    assert np.mean([one.leaves_after is not None for one in came]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([one.two_tabs for one in came]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([one.hits_at_most for one in came]) == pytest.approx(crowd.hits_per_worker, rel=0.1)


def test_so_many_come_in_an_hour() -> None:
    *_, (last_s, _listener) = arrivals(Crowd(workers=1000, arrivals_per_hour=50), 3)
    assert last_s / 3600 == pytest.approx(20, rel=0.1)


def test_one_share_changes_nobody_else() -> None:
    before, after = (list(arrivals(Crowd(workers=50, drop_out_share=share), 5)) for share in (0.0, 1.0))
    assert [(at, one.lazy, one.sensitivity) for at, one in before] == [
        (at, one.lazy, one.sensitivity) for at, one in after
    ]


def test_a_lazy_worker_says_same_to_whatever_there_is() -> None:
    (_, lazy), *_ = arrivals(Crowd(lazy_share=1, skilled_share=0, spammer_share=0), 0)
    assert say(lazy, (True, True), np.random.default_rng(0)) == Said("same", "same")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lazy_share": 0.6, "spammer_share": 0.5}, "are 1.4 together; expected 1 at most"),
        ({"changes": {"laugh": (0.1, 1.5)}}, "changes of laugh are no shares"),
    ],
)
def test_shares_that_can_t_be_are_refused_in_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Crowd.model_validate(wrong)
