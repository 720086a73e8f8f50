"""Simulated listeners behave like a crowd, and publishing loses no HIT."""

import numpy as np
import pytest

from hits.batch import Hits, open_hits
from hits.listeners import PAPER_CHANGES, Listener, crowd, say, truly_changed
from hits.pay import Pay
from hits.publish import offer_of, publish
from hits.recruiting import PlatformUnreachable


def test_every_listener_hears_the_same_truth_and_it_has_the_papers_share() -> None:
    drawn = [truly_changed(f"p{n}", "speed-utterance-0.75x", 3, PAPER_CHANGES) for n in range(4000)]
    assert drawn == [truly_changed(f"p{n}", "speed-utterance-0.75x", 3, PAPER_CHANGES) for n in range(4000)]
    activation, valence = np.mean(drawn, axis=0)
    assert activation == pytest.approx(0.28, abs=0.03)
    assert valence == pytest.approx(0.06, abs=0.02)


def test_a_perfect_listener_says_what_is_true() -> None:
    perfect = Listener("x", false_alarm=0.0, sensitivity=1.0)
    rng = np.random.default_rng(0)
    said = say(perfect, (True, False), rng)
    assert (said.activation, said.valence) == ("different", "same")
    assert say(perfect, (False, False), rng).activation_rating is None


def test_a_listener_rates_what_the_trial_asks_for_on_the_scale_that_it_has() -> None:
    perfect, rng = Listener("x", false_alarm=0.0, sensitivity=1.0), np.random.default_rng(0)
    both = say(perfect, (False, False), rng, rate="both")
    assert both.rates_both
    assert not both.different
    slid = [say(perfect, (True, False), rng, scale="slider").activation_rating for _ in range(50)]
    assert any(rating not in (1, 2, 3, 4, 5) for rating in slid)


def test_a_crowd_holds_some_who_answer_by_a_coin() -> None:
    listeners = crowd(400, np.random.default_rng(0))
    assert 5 <= sum(listener.careless == 1.0 for listener in listeners) <= 40
    assert np.mean([listener.false_alarm for listener in listeners]) == pytest.approx(0.05, abs=0.01)


def test_hits_that_are_out_are_known_when_the_line_breaks(platform) -> None:
    hits = open_hits(0, 3, Hits())
    offers = [(hit, offer_of(hit, f"t-{hit.hit_id}", Hits(), Pay(), "http://localhost/annotate/")) for hit in hits]
    out = []
    going = publish(offers, platform)
    out.append(next(going))
    platform.break_after = {"publish"}
    with pytest.raises(PlatformUnreachable):
        next(going)
    assert [hit.hit_id for hit, _ in out] == ["hit-00000"]
    again = dict(publish(offers[1:], platform))  # the token makes the repeat safe
    assert len(again) == 2
    assert len(platform.hits) == 3
