"""Design: a way to collect judgments and to certify; the same code simulates, certifies a table and leads a study."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, TypeAlias, final

import numpy as np
import numpy.typing as npt

from analysis.certification.adaptive_bh import Walk, adaptive_side
from analysis.certification.controls import Controls, no_controls
from analysis.certification.sequential import Test, harder, nothing, settle, unsafe_side, weigh
from hits.vote_rules import LEAD_3_OF_7, VoteRule

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[np.generic]

#: Codes of the verdicts in `State.verdict`.
UNDECIDED, SAFE, UNSAFE = 0, 1, 2

#: Fixed controls come within so many rounds, since nothing can be certified much earlier.
CONTROL_ROUNDS = 4


@dataclass(frozen=True)
class Wanted:
    """The pairs of the next round: whole new pairs, each voted on until the design's vote rule is content."""

    pairs: Ints  # (studies, conditions)
    identical: Ints  # (studies,)
    positive: Ints  # (studies,)


@dataclass(frozen=True)
class Outcomes:
    """What came of a round: how many pairs were decided, and how many of them came out changed."""

    pairs: Ints  # (studies, conditions, dimensions)
    changed: Ints
    controls: Controls  # (studies, dimensions)
    exhausted: Bools | None = None  # (studies, conditions): of which no more pairs can be had; None: of none
    controls_exhausted: Bools | None = None  # (studies,)


@dataclass(frozen=True)
class Grounds:
    """What a verdict rests on, by condition and dimension: p-values (small is strong), or ratios (large is)."""

    kind: Literal["p-value", "e-value", "likelihood-ratio"]
    safe: Floats  # (studies, conditions, dimensions)
    unsafe: Floats

    @classmethod
    def of_logs(cls, kind: Literal["e-value", "likelihood-ratio"], safe: Floats, unsafe: Floats) -> Grounds:
        """From their logarithms; what would not fit a float is the largest that does."""
        return cls(kind, np.exp(np.minimum(safe, 700.0)), np.exp(np.minimum(unsafe, 700.0)))


@dataclass(frozen=True)
class State:
    """Where one or many studies stand, after any number of rounds. `to_json` keeps a single study between two runs."""

    rounds: Ints  # (studies,)
    opened: Ints  # (studies, conditions): pairs that were asked about; a dimension that was closed counts fewer
    pairs: Ints  # (studies, conditions, dimensions)
    changed: Ints
    controls: Controls  # (studies, dimensions)
    controls_closed: Bools  # (studies,)
    exhausted: Bools  # (studies, conditions)
    open: Bools  # (studies, conditions, dimensions): which want pairs
    verdict: Ints  # (studies, conditions): UNDECIDED, SAFE or UNSAFE; final once nothing is open
    decided_after: Ints  # (studies, conditions): the round after which it got no more pairs; -1 while open
    memory: Mapping[str, Array] = field(default_factory=dict)  # what a design needs beside

    @property
    def finished(self) -> Bools:
        """Which studies want no more pairs; shape (studies,)."""
        return np.asarray(~self.open.any(axis=(1, 2)))

    def with_verdicts(
        self, open_: Bools, safe: Bools, unsafe: Bools, closed: Bools, memory: Mapping[str, Array]
    ) -> State:
        """The same counts with other verdicts."""
        verdict = np.where(safe, SAFE, np.where(unsafe, UNSAFE, UNDECIDED))
        return replace(self, open=open_, verdict=verdict, controls_closed=closed, memory=memory)

    def to_json(self) -> str:
        """The state as JSON; `from_json` gives back exactly the same."""
        return json.dumps(_plain(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        found = json.loads(text)
        controls = Controls(**{key: _array(value) for key, value in found.pop("controls").items()})
        memory = {key: _array(value) for key, value in found.pop("memory").items()}
        return cls(controls=controls, memory=memory, **{key: _array(value) for key, value in found.items()})


class Design(ABC):
    """Rounds of pairs in, verdicts out.

    A variant promises: `advance` is a function of its arguments alone; what is not open can't be changed by anything
    that comes; every study ends. Several dimensions make a condition SAFE together, and UNSAFE each by itself.
    """

    #: What is promised of its verdicts, and under which conditions, as a sentence.
    guarantee: ClassVar[str]

    votes: VoteRule
    tau: float
    error: float

    @property
    def name(self) -> str:
        """The variant's name, as people type it: that of its file."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @final
    def start(self, conditions: int, *, dimensions: int = 1, studies: int = 1) -> State:
        """The state of a study, or of many alike, before the first round."""
        shape = (studies, conditions, dimensions)
        return State(
            rounds=np.zeros(studies, np.int64),
            opened=np.zeros(shape[:2], np.int64),
            pairs=np.zeros(shape, np.int64),
            changed=np.zeros(shape, np.int64),
            controls=no_controls((studies, dimensions)),
            controls_closed=np.zeros(studies, np.bool_),
            exhausted=np.zeros((studies, conditions), np.bool_),
            open=np.ones(shape, np.bool_),
            verdict=np.full((studies, conditions), UNDECIDED),
            decided_after=np.full((studies, conditions), -1),
            memory=self._remember(shape),
        )

    @final
    def advance(self, state: State, outcomes: Outcomes) -> State:
        """The state after a round. Pairs of what is no longer open, and late controls, change nothing."""
        dry, no_controls_left = outcomes.exhausted, outcomes.controls_exhausted
        added = replace(
            state,
            rounds=state.rounds + ~state.finished,
            opened=state.opened + outcomes.pairs.max(axis=2) * state.open.any(axis=2),
            pairs=state.pairs + outcomes.pairs * state.open,
            changed=state.changed + outcomes.changed * state.open,
            controls=state.controls + outcomes.controls.where(~(state.controls_closed | state.finished)[:, None]),
            exhausted=state.exhausted if dry is None else state.exhausted | dry,
        )
        if no_controls_left is not None:
            added = replace(added, controls_closed=added.controls_closed | no_controls_left)
        said = self._decide(added)
        still = said.open.any(axis=2)
        ended = np.where(state.decided_after >= 0, state.decided_after, said.rounds[:, None])
        decided = replace(said, decided_after=np.where(still, -1, ended))
        return decided if not state.finished.any() else _keep(state, decided)

    @final
    def wants(self, state: State) -> Wanted:
        """The pairs to ask next; none of what is not open, no controls when there are enough."""
        wanted, asked = self._wants(state), ~(state.controls_closed | state.finished)
        pairs = np.where(state.open.any(axis=2), wanted.pairs, 0)
        return Wanted(pairs, np.where(asked, wanted.identical, 0), np.where(asked, wanted.positive, 0))

    @abstractmethod
    def grounds(self, state: State) -> Grounds:
        """What the verdicts of a state rest on."""

    @abstractmethod
    def _wants(self, state: State) -> Wanted:
        """The pairs of the next round, as if everything were open."""

    @abstractmethod
    def _decide(self, state: State) -> State:
        """`open`, `verdict`, `controls_closed` and `memory` anew, from all that has come."""

    def _remember(self, shape: tuple[int, int, int]) -> dict[str, Array]:  # noqa: ARG002
        """What a design keeps beside the counts, before the first round."""
        return {}


@dataclass(frozen=True)
class Calibrated(Design):
    """A condition is SAFE where its highest likelihood ratio passes what chance reaches with rate a_k.

    Noise of the controls and overshoot are in the thresholds, which are worked out for a share `calibration` of the
    error: the rest pays for what the calculation leaves out (listeners and pairs differ, and people judge in sessions).
    So each condition's error is at most `error`; FDR is, too, where conditions are independent given the crowd. UNSAFE
    is asked by e-BH at the plain estimate. A variant says how controls come, and how many are enough.

    With `controls_after`, controls wait for so many rounds of other pairs, so that they are judged by the listeners who
    are left when the careless are known. Else the margin is that of a worse crowd than the one that goes on: the error
    is smaller than asked for, and many pairs are spent for it.
    """

    guarantee: ClassVar[str] = (
        "A condition's chance to be wrongly SAFE is at most the stated error, noise of the controls included, and so "
        "is the expected share of wrong ones among the SAFE where conditions are independent given the crowd; UNSAFE "
        "takes the controls as they are."
    )

    votes: VoteRule = LEAD_3_OF_7
    tau: float = 0.10
    error: float = 0.05
    alternative: float = 0.25
    futility: float = 0.05
    most_pairs: int = 900
    batch: int = 10
    identical: int = 200
    positive: int = 100
    unsafe: bool = False
    slack: float = 0.0
    calibration: float = 0.9
    controls_after: int = 0

    @abstractmethod
    def _controls(self, state: State) -> tuple[Ints, Ints]:
        """The identical and the positive pairs of the next round; shape (studies,)."""

    @abstractmethod
    def _enough(self, controls: Controls) -> Bools:
        """Which studies need no more controls; shape (studies,)."""

    def grounds(self, state: State) -> Grounds:
        """The highest likelihood ratio so far for SAFE, the present one for UNSAFE."""
        controls = harder(state.controls, self.votes, self.slack)
        test = Test(self.tau, self.alternative, self.futility)
        evidence = weigh(test, state.pairs, state.changed, controls, state.memory, state.controls)
        return Grounds.of_logs("likelihood-ratio", np.asarray(state.memory["highest"], np.float64), evidence.unsafe)

    def _wants(self, state: State) -> Wanted:
        now = state.rounds >= self.controls_after
        identical, positive = (np.where(now, each, 0) for each in self._controls(state))
        return Wanted(np.full_like(state.verdict, self.batch), identical, positive)

    def _remember(self, shape: tuple[int, int, int]) -> dict[str, Array]:
        return {**nothing(shape).memory, "highest": np.zeros(shape)}

    def _decide(self, state: State) -> State:
        test = Test(self.tau, self.alternative, self.futility)
        controls = harder(state.controls, self.votes, self.slack)
        evidence = weigh(test, state.pairs, state.changed, controls, state.memory, state.controls)
        closed = state.controls_closed | self._enough(state.controls)
        highest = np.where(closed[:, None, None], np.maximum(state.memory["highest"], evidence.safe), 0.0)
        walk = Walk(self.tau, self.alternative, self.futility, self.most_pairs, self.batch)
        found = settle(
            adaptive_side(walk, highest, evidence.futile, controls, self.calibration * self.error, closed),
            unsafe_side(evidence, closed, self.error) if self.unsafe else None,
            # a condition that ran dry waits for the controls to say what its pairs mean
            (state.exhausted | (state.opened >= self.most_pairs)) & closed[:, None],
        )
        memory = {**evidence.memory, "highest": highest}
        return state.with_verdicts(found.open, found.safe, found.unsafe, closed, memory)


def enough_for_a_test(state: State, least: int) -> Bools:
    """Which conditions have so many pairs in every dimension, and so many controls of either kind beside them."""
    return np.asarray((state.pairs.min(axis=2) >= least) & state.controls.reach(least, least)[:, None])


def evenly(state: State, batch: int, identical: int, positive: int) -> Wanted:
    """`batch` pairs of each condition, and a fixed number of controls spread over the first rounds."""
    one = np.ones_like(state.rounds)
    controls = (-(-each // CONTROL_ROUNDS) * one for each in (identical, positive))
    return Wanted(np.full_like(state.verdict, batch), *controls)


def _keep(before: State, after: State) -> State:
    """Studies that were finished stay as they were."""
    done = before.finished

    def kept(old: Array, new: Array) -> Array:
        return np.where(done.reshape(-1, *[1] * (old.ndim - 1)), old, new)

    flat = {
        each.name: kept(getattr(before, each.name), getattr(after, each.name))
        for each in fields(State)
        if each.name not in ("controls", "memory")
    }
    memory = {name: kept(value, after.memory[name]) for name, value in before.memory.items()}
    return State(controls=after.controls, memory=memory, **flat)  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}  # type: ignore[arg-type]


def _array(value: list[object]) -> Any:
    return np.asarray(value)
