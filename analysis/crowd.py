"""A simulated crowd: listeners of every quality judge pairs whose truth is known, for many studies at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit

from analysis.certification.controls import Controls
from analysis.certification.state import Outcomes, State, Wanted
from analysis.designs.base import Design
from analysis.replay import Pool
from hits.vote_rules import ABSENT, VoteRule, table_of

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

#: The paper's layout, safe conditions first: pairs of each, and the share of truly changed ones.
PAPER_PAIRS = (270, 270, 540, 540, 540, 540, *[300] * 12, 270, 270, 270, 540, 540, 270, 270, 270)
SAFE_SHARES = np.linspace(0.0, 0.03, 18)
UNSAFE_SHARES = np.array([0.06, 0.10, 0.13, 0.17, 0.22, 0.22, 0.28, 0.29])

_NEVER = -40.0  # a logit


@dataclass(frozen=True)
class Crowd:
    """How a crowd hears: shares are means over workers, effects standard deviations in logits."""

    workers: int = 200
    false_alarms: float = 0.10
    sensitivity: float = 0.85
    concentration: float = 12.0  # of the Beta distributions of both over workers
    spammers: float = 0.05  # half of them always say same, half toss a coin
    utterance_truth: float = 0.8
    utterance_vote: float = 0.5
    pair_vote: float = 0.5
    session: float = 30.0  # mean trials in a row by one worker
    blocked: bool = False  # one condition after the other in a session, instead of shuffled
    harder: float = 0.0  # logits by which real changes are harder to hear than the easiest positive controls
    grades: tuple[float, ...] = (0.0,)  # the same of positive controls, mixed in equal parts
    utterances: int = 900
    dismissed_at: float | None = None  # log odds of spam, by past study votes, at which a worker gets no more pairs


@dataclass
class _Asked:
    """The pairs of a round, in the order in which they are shown."""

    study: Ints
    kind: Ints  # the condition; then identical, positive
    open: Bools  # (pairs, dimensions)
    truly: Bools
    ease: Floats  # how much more readily everybody calls it different, in logits
    votes: list[tuple[Ints, Ints, Bools]] = field(default_factory=list)  # pairs, workers, different


class Studies:
    """Many studies, each with a crowd of its own, that answer what a design asks.

    `judgments` and `control_judgments` count what was spent, per study.
    """

    def __init__(self, crowd: Crowd, shares: Floats, studies: int, seed: int) -> None:
        """Draw the crowds.

        Args:
            crowd: how they hear.
            shares: truly changed pairs of each condition; shape (conditions,) or (conditions, dimensions).
            studies: how many.
            seed: of everything that is drawn.
        """
        self.crowd, self.studies = crowd, studies
        self.rng = np.random.default_rng(seed)
        self.shares = shares.reshape(len(shares), -1)
        self.judgments = np.zeros(studies, np.int64)
        self.control_judgments = np.zeros(studies, np.int64)
        self._people()
        conditions, dimensions = self.shares.shape
        self._truth = self.rng.normal(0, crowd.utterance_truth, (studies, crowd.utterances, dimensions))
        self._ease = self.rng.normal(0, crowd.utterance_vote, (studies, crowd.utterances))
        self._next = self.rng.integers(0, crowd.utterances, (studies, conditions + 2))
        self._level = np.array([[_level(share, crowd.utterance_truth) for share in row] for row in self.shares])

    def ask(self, wanted: Wanted, state: State, votes: VoteRule) -> Outcomes:
        """Judge the pairs of a round."""
        conditions, dimensions = self.shares.shape
        amounts = np.concatenate([wanted.pairs, wanted.identical[:, None], wanted.positive[:, None]], axis=1)
        asked = self._pairs(amounts, state.open)
        changed = self._judge(asked, votes)
        cell = asked.study * (conditions + 2) + asked.kind
        sums = [np.bincount(cell, changed[:, each], amounts.size) for each in range(dimensions)]
        counts = np.stack(sums, axis=1).astype(np.int64).reshape(*amounts.shape, dimensions)
        pairs = np.repeat(amounts[:, :, None], dimensions, axis=2)
        controls = Controls(pairs[:, -2], counts[:, -2], pairs[:, -1], counts[:, -1])
        if self.crowd.dismissed_at is not None:
            self._learn(asked, changed)
        return Outcomes(pairs[:, :-2], counts[:, :-2], controls)

    def _people(self) -> None:
        crowd, size = self.crowd, (self.studies, self.crowd.workers)
        spam = self.rng.random(size) < crowd.spammers
        habit = np.where(self.rng.random(size) < 0.5, _NEVER, 0.0)  # always same, or a coin
        self._listens = (~spam).ravel()
        self._alarms, self._hears = (
            np.where(spam, habit, self._skill(mean, size)).ravel() for mean in (crowd.false_alarms, crowd.sensitivity)
        )
        self._activity = self.rng.lognormal(0.0, 1.0, size)
        self._places = _places(self._activity)
        self._log_odds = np.zeros((2, self.studies * crowd.workers))  # of a coin, and of always same, against listening

    def _skill(self, mean: float, size: tuple[int, int]) -> Floats:
        each = self.rng.beta(mean * self.crowd.concentration, (1 - mean) * self.crowd.concentration, size)
        return np.asarray(logit(np.clip(each, 1e-9, 1 - 1e-9)))

    def _pairs(self, amounts: Ints, open_: Bools) -> _Asked:
        cells = np.repeat(np.arange(amounts.size), amounts.ravel())
        study, kind = np.divmod(cells, amounts.shape[1])
        if not self.crowd.blocked:
            order = np.argsort(study + self.rng.random(len(cells)))
            study, kind = study[order], kind[order]
        conditions, dimensions = self.shares.shape
        controls = np.ones((self.studies, 2, dimensions), np.bool_)
        utterance = self._utterances(study, kind, amounts)
        chance = expit(self._level[np.minimum(kind, conditions - 1)] + self._truth[study, utterance])
        chance[kind == conditions], chance[kind > conditions] = 0.0, 1.0
        truly = self.rng.random(chance.shape) < chance
        ease = self._ease[study, utterance] + self.rng.normal(0, self.crowd.pair_vote, len(study))
        if any(self.crowd.grades):
            ease[kind > conditions] -= self.rng.choice(self.crowd.grades, int((kind > conditions).sum()))
        return _Asked(study, kind, np.concatenate([open_, controls], axis=1)[study, kind], truly, ease)

    def _utterances(self, study: Ints, kind: Ints, amounts: Ints) -> Ints:
        """Each condition goes through the utterances once, from a place of its own."""
        cells = study * amounts.shape[1] + kind
        order = np.argsort(cells, kind="stable")
        rank = np.empty_like(cells)
        rank[order] = np.arange(len(cells)) - np.repeat(np.cumsum(amounts) - amounts.ravel(), amounts.ravel())
        place = self._next[study, kind] + rank
        self._next = self._next + amounts
        return np.asarray(place % self.crowd.utterances)

    def _judge(self, asked: _Asked, rule: VoteRule) -> Bools:
        """Whether each pair comes out changed, by dimension; one vote after the other."""
        table, count = table_of(rule), np.zeros((2, *asked.open.shape), np.int64)
        said = np.full(asked.open.shape, ABSENT)
        live, before = np.arange(len(asked.study)), np.empty((0, len(asked.study)), np.int64)
        while len(live):
            worker = self._workers(asked.study[live], before[:, live])
            different = self._hear(asked, live, worker)
            count[0][live] += different
            count[1][live] += ~different
            # a dimension that is closed may be undecided when the others are; nobody looks at it
            now = table[np.minimum(count[0][live], rule.most + 1), np.minimum(count[1][live], rule.most + 1)]
            said[live] = np.where(said[live] == ABSENT, now, said[live])
            asked.votes.append((live, worker, different))
            before = np.vstack([before, np.full((1, before.shape[1]), -1)])
            before[-1, live] = worker
            self._spend(asked, live)
            live = live[((said[live] == ABSENT) & asked.open[live]).any(axis=1)]
        return np.asarray(said == 1, dtype=np.bool_)

    def _hear(self, asked: _Asked, live: Ints, worker: Ints) -> Bools:
        listens = self._listens[worker]
        harder = self.crowd.harder * (listens & (asked.kind[live] < len(self.shares)))
        real = (self._hears[worker] - harder)[:, None]
        level = np.where(asked.truly[live], real, self._alarms[worker][:, None])
        return np.asarray(self.rng.random(level.shape) < expit(level + (asked.ease[live] * listens)[:, None]))

    def _spend(self, asked: _Asked, live: Ints) -> None:
        control = asked.kind[live] >= len(self.shares)
        self.judgments += np.bincount(asked.study[live], minlength=self.studies)
        self.control_judgments += np.bincount(asked.study[live][control], minlength=self.studies)

    def _workers(self, study: Ints, before: Ints) -> Ints:
        """A worker for each pair, in sessions, none twice on a pair."""
        begins = self.rng.random(len(study)) < 1 / self.crowd.session
        begins[0] = True
        begins[1:] |= study[1:] != study[:-1]
        worker = self._draw(study[begins])[np.cumsum(begins) - 1]
        while (twice := (before == worker).any(axis=0)).any():
            worker[twice] = self._draw(study[twice])
        return np.asarray(worker, dtype=np.int64)

    def _draw(self, study: Ints) -> Ints:
        place = study + self.rng.random(len(study)) * (1 - 1e-9)
        return np.asarray(np.searchsorted(self._places, place, side="right"), dtype=np.int64)

    def _learn(self, asked: _Asked, changed: Bools) -> None:
        """Weigh every worker by all votes on study pairs so far: whoever looks like a spammer gets no more of any kind.

        Only later rounds follow from it, and for all kinds of pairs alike. Votes on controls never judge anybody, so
        that controls stay a sample of what the others are asked of.
        """
        listener = np.where(changed, 0.85, 0.12)
        for voted, voters, said in asked.votes:
            study = asked.kind[voted] < len(self.shares)
            live, worker, different = voted[study], voters[study], said[study]
            typical = np.where(different, listener[live], 1 - listener[live])
            for row, spammer in enumerate((np.full(different.shape, 0.5), np.where(different, 1e-3, 1.0))):
                told = np.log(spammer / typical).sum(axis=1)
                self._log_odds[row] += np.bincount(worker, told, self._log_odds.shape[1])
        kept = (self._log_odds.max(axis=0) < self.crowd.dismissed_at).reshape(self._activity.shape)
        self._places = _places(self._activity * np.where(kept.sum(axis=1, keepdims=True) >= 10, kept, 1.0))


def run(
    design: Design, crowd: Crowd, shares: Floats, studies: int, seed: int, pool: Pool | None = None
) -> tuple[State, Studies]:
    """Many studies to their end, each with a crowd of its own; arguments as of `Studies`.

    With a pool, no more pairs are asked than it holds.
    """
    people = Studies(crowd, shares, studies, seed)
    conditions, dimensions = people.shares.shape
    state = design.start(conditions, dimensions=dimensions, studies=studies)
    while not state.finished.all():
        wanted = design.wants(state)
        held = wanted if pool is None else _held(wanted, state, pool)
        came = people.ask(held, state, design.votes)
        dry = held.pairs < wanted.pairs
        dry_controls = (held.identical < wanted.identical) | (held.positive < wanted.positive)
        state = design.advance(state, replace(came, exhausted=dry, controls_exhausted=dry_controls))
    return state, people


def _held(wanted: Wanted, state: State, pool: Pool) -> Wanted:
    """What a pool can still give of what is wanted."""
    used = state.opened, state.controls.identical.max(axis=1), state.controls.positive.max(axis=1)
    there = np.array(pool.conditions), pool.identical, pool.positive
    left = [np.maximum(all_ - gone, 0) for all_, gone in zip(there, used, strict=True)]
    return Wanted(
        np.minimum(wanted.pairs, left[0]), np.minimum(wanted.identical, left[1]), np.minimum(wanted.positive, left[2])
    )


def _places(activity: Floats) -> Floats:
    """Where each worker's stretch of the line ends: study 0 lies in 0..1, study 1 in 1..2, and so on."""
    line = np.cumsum(activity, axis=1) / activity.sum(axis=1, keepdims=True)
    return np.asarray((line + np.arange(len(line))[:, None]).ravel())


def _level(share: float, spread: float) -> float:
    """The logit whose mean chance over utterances is `share`."""
    if share == 0:
        return _NEVER
    points, weights = np.polynomial.hermite_e.hermegauss(31)
    chance = weights / weights.sum()
    return float(brentq(lambda level: chance @ expit(level + spread * points) - share, _NEVER, -_NEVER))
