"""Designs on simulated crowds: few seeds and wide bounds; tests/benchmarks/certify.py has the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.certification.controls import Controls
from analysis.certification.state import SAFE, UNDECIDED, UNSAFE, Outcomes, State, Wanted
from analysis.crowd import SAFE_SHARES, UNSAFE_SHARES, Crowd, Studies
from analysis.designs.base import Design
from analysis.designs.c import C
from analysis.designs.c_prime import CPrime
from analysis.designs.e import E
from analysis.designs.fixed import Fixed
from analysis.designs.group_sequential import GroupSequential
from analysis.replay import PairOutcomes, pair_outcomes, replay
from analysis.votes import read_judgments
from hits.vote_rules import LEAD_3_OF_5, LEAD_3_OF_7

DESIGNS = (
    Fixed(votes=LEAD_3_OF_5, identical=400, positive=200),
    GroupSequential(futility_from=3, identical=400, positive=200),
    E(unsafe=True),
    E(baseline_error=None, optimistic=False),
    C(unsafe=True),
    CPrime(),
)
PAPER, MARGIN = np.r_[SAFE_SHARES, UNSAFE_SHARES], np.r_[SAFE_SHARES, np.full(8, 0.10)]


def certify(design: Design, shares: np.ndarray, studies: int = 12, seed: int = 1) -> tuple[State, Studies]:
    crowd = Studies(Crowd(), shares, studies, seed)
    state = design.start(26, dimensions=crowd.shares.shape[1], studies=studies)
    while not state.finished.all():
        state = design.advance(state, crowd.ask(design.wants(state), state, design.votes))
    return state, crowd


def drawn(wanted: Wanted, seed: int, dimensions: int = 1) -> Outcomes:
    """What a crowd without any dependence says: 0.5 % of identical pairs, 72 % of positive ones, few of the others."""
    rng = np.random.default_rng(seed)
    pairs = np.repeat(wanted.pairs[:, :, None], dimensions, axis=2)
    share = np.linspace(0.005, 0.2, pairs.shape[1])[None, :, None]
    of = [np.repeat(each[:, None], dimensions, axis=1) for each in (wanted.identical, wanted.positive)]
    controls = Controls(of[0], rng.binomial(of[0], 0.005), of[1], rng.binomial(of[1], 0.72))
    return Outcomes(pairs, rng.binomial(pairs, share), controls)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: f"{design.name}-{DESIGNS.index(design)}")
class TestEveryDesign:
    def test_what_stays_open_ends_and_the_margin_is_kept(self, design: Design) -> None:
        state, crowd = certify(design, MARGIN)
        assert (state.verdict[:, 18:] == SAFE).mean() < 0.15  # .05 and its noise: 96 conditions at the margin
        assert (state.verdict[:, :18] == SAFE).mean() > 0.93
        assert (state.verdict[:, :18] == UNSAFE).mean() < 0.01
        assert (crowd.judgments > 1000).all()

    def test_a_state_kept_as_json_goes_on_as_if_nothing_had_been(self, design: Design) -> None:
        state = kept = design.start(6, dimensions=2)
        for seed in range(400):
            assert json_again(kept).to_json() == state.to_json()
            if state.finished.all():
                break
            came = drawn(design.wants(state), seed, dimensions=2)
            state, kept = design.advance(state, came), design.advance(json_again(kept), came)
        assert state.finished.all()
        assert state.verdict[0, 0] == SAFE
        assert state.verdict[0, -1] != SAFE

    def test_what_comes_late_changes_nothing(self, design: Design) -> None:
        state = design.start(6)
        seed = 0
        while not state.finished.all():
            seed += 1
            before = state
            state = design.advance(state, drawn(design.wants(state), seed))
            closed = ~before.open
            assert (state.pairs[closed] == before.pairs[closed]).all()
        flood = Outcomes(np.full((1, 6, 1), 500), np.full((1, 6, 1), 500), state.controls)
        assert design.advance(state, flood).to_json() == state.to_json()
        assert not design.wants(state).pairs.any()
        assert not design.wants(state).identical.any()

    def test_without_controls_nothing_is_certified(self, design: Design) -> None:
        nothing = np.zeros((1, 1), np.int64)
        state = design.start(4)
        while not state.finished.all():
            pairs = design.wants(state).pairs[:, :, None]
            came = Outcomes(pairs, 0 * pairs, Controls(nothing, nothing, nothing, nothing), controls_exhausted=ones())
            state = design.advance(state, replace(came, exhausted=state.pairs.max(axis=2) >= 300))
        assert (state.verdict == UNDECIDED).all()

    def test_pairs_that_run_out_end_a_study(self, design: Design) -> None:
        state = design.start(4)
        pairs = np.full((1, 4, 1), 3)
        came = Outcomes(pairs, 0 * pairs, drawn(design.wants(state), 1).controls, np.ones((1, 4), np.bool_), ones())
        state = design.advance(state, came)
        assert state.finished.all()
        assert (state.verdict == UNDECIDED).all()


def json_again(state: State) -> State:
    return State.from_json(state.to_json())


def ones() -> np.ndarray:
    return np.ones(1, np.bool_)


def test_the_crowd_hears_as_the_calibrated_one_did() -> None:
    found = {}
    for rule in (LEAD_3_OF_5, LEAD_3_OF_7):
        design = C(votes=rule, identical=1600, positive=800)
        crowd = Studies(Crowd(), np.zeros(1), 40, 5)
        state = design.start(1, studies=40)
        controls = crowd.ask(design.wants(state), state, rule).controls
        found[rule] = controls.q0.mean(), controls.q1.mean()
    assert all(0.003 < q0 < 0.008 for q0, _ in found.values())  # 16,000 pairs: about 80 come out changed
    assert found[LEAD_3_OF_5] == pytest.approx((0.0045, 0.687), abs=0.03, rel=0)
    assert found[LEAD_3_OF_7] == pytest.approx((0.005, 0.72), abs=0.03, rel=0)


def test_the_cheap_design_costs_an_eighth_and_the_rigorous_one_less_than_a_third() -> None:
    _, cheap = certify(CPrime(), PAPER, studies=8)
    assert 10 < cheap.judgments.mean() / 270 < 14.5
    state, rigorous = certify(E(unsafe=True), PAPER, studies=8)
    assert 22 < rigorous.judgments.mean() / 270 < 31
    assert (state.verdict[:, -4:] == UNSAFE).mean() > 0.9


def test_controls_wait_until_the_careless_are_known() -> None:
    spam, shares = Crowd(spammers=0.2, workers=40, dismissed_at=1.5), np.r_[SAFE_SHARES, UNSAFE_SHARES]
    spent = []
    for rounds in (0, 3):
        design = CPrime(controls_after=rounds)
        state = design.start(26, studies=12)
        crowd = Studies(spam, shares, 12, 2)
        while not state.finished.all():
            wanted = design.wants(state)
            if state.rounds.max() < rounds:
                assert not wanted.identical.any()
                assert not wanted.positive.any()
                assert not state.verdict.any()
            state = design.advance(state, crowd.ask(wanted, state, design.votes))
        assert (state.verdict[:, :18] == SAFE).mean() > 0.9
        spent.append(crowd.judgments.mean())
    assert spent[1] < spent[0]


def test_two_dimensions_are_safe_together_and_unsafe_alone() -> None:
    shares = np.stack([np.zeros(26), np.r_[np.zeros(18), np.full(8, 0.4)]], axis=1)
    state, _ = certify(C(unsafe=True), shares, studies=5)
    assert (state.verdict[:, :18] == SAFE).all()
    assert (state.verdict[:, 18:] == UNSAFE).mean() > 0.9


def test_slack_keeps_the_margin_where_real_changes_are_subtler() -> None:
    wrong = []
    for slack in (0.0, 0.5):
        crowd = Studies(Crowd(harder=1.0), MARGIN, 8, 3)
        design = C(slack=slack)
        state = design.start(26, studies=8)
        while not state.finished.all():
            state = design.advance(state, crowd.ask(design.wants(state), state, design.votes))
        wrong.append((state.verdict[:, 18:] == SAFE).mean())
    assert wrong[0] > 0.2 > wrong[1]


def test_a_table_leads_to_the_same_end_in_one_go_and_in_portions() -> None:
    design = C(batch=5, identical=40, positive=20)
    rng = np.random.default_rng(7)
    whole = [
        (rng.random((n, 1)) < share).astype(np.int8) for n, share in ((200, 0.0), (200, 0.3), (48, 0.0), (24, 0.8))
    ]
    found = PairOutcomes(("quiet", "loud"), tuple(whole[:2]), *whole[2:])
    at_once = replay(design, design.start(2), found, ended=True)
    state = design.start(2)
    for shown in range(0, 201, 7):
        part = PairOutcomes(found.conditions, *cut(found, shown))
        state = json_again(replay(design, state, part, ended=False))
    assert replay(design, state, found, ended=True).to_json() == at_once.to_json()
    assert at_once.verdict.tolist() == [[SAFE, UNDECIDED]]


def cut(found: PairOutcomes, shown: int) -> tuple:
    return tuple(rows[:shown] for rows in found.studied), found.identical[:shown], found.positive[:shown]


def test_a_round_waits_for_the_pairs_that_were_opened_first() -> None:
    design = C(batch=2, identical=4, positive=4)
    done, slow = np.zeros((8, 1), np.int8), np.array([[-1], [0], [0], [0]], np.int8)
    waiting = PairOutcomes(("fade-in",), (slow,), done, done)
    assert replay(design, design.start(1), waiting, ended=False).rounds.tolist() == [0]
    assert replay(design, design.start(1), waiting, ended=True).changed.tolist() == [[[1]]]  # counts against SAFE


def test_a_table_is_read_in_the_order_of_first_judgments(written: Callable, make: Callable) -> None:
    rows = [
        make(10 * turn + pair, pair_id=f"p{pair}", clip_id="c", worker=f"w{pair}-{turn}", activation=said)
        for pair, answers in enumerate(["ddd", "s", "d"])
        for turn, said in enumerate({"d": "different", "s": "same"}[each] for each in answers)
    ]
    found = pair_outcomes(read_judgments(written(rows)), LEAD_3_OF_7)
    assert found.studied[0][:, 0].tolist() == [1, 0, -1]
    assert len(found.identical) == 0
