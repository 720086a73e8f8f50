"""Design: a way to collect judgments and to certify; the same code simulates, certifies a table and leads a study."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, final

import numpy as np

from analysis.certification.adaptive_bh import Walk, adaptive_side
from analysis.certification.controls import Controls, no_controls
from analysis.certification.sequential import Test, harder, nothing, settle, unsafe_side, weigh
from analysis.certification.state import UNDECIDED, Array, Bools, Grounds, Ints, Outcomes, State, Wanted
from analysis.citations import cited
from hits.vote_rules import LEAD_3_OF_7, VoteRule

#: Fixed controls come within so many rounds, since nothing can be certified much earlier.
CONTROL_ROUNDS = 4


class Design(ABC):
    """Rounds of pairs in, verdicts out.

    A variant promises: `advance` is a function of its arguments alone; what is not open can't be changed by anything
    that comes; every study ends. Several dimensions make a condition SAFE together, and UNSAFE each by itself.
    """

    #: What is promised of its verdicts, and under which conditions, as a sentence.
    guarantee: ClassVar[str]
    #: How pairs are asked and when it is decided, for a sentence that begins with "The design:".
    summary: ClassVar[str]
    #: Whether it looks at judgments before all are in, and so chooses what is asked next.
    sequential: ClassVar[bool] = True
    #: Whether the number of pairs is planned beforehand; else it asks until it knows.
    planned_size: ClassVar[bool] = False
    #: The vote rules under which `earwitness plan` foresees it beside the study's own way.
    foreseen_under: ClassVar[tuple[VoteRule, ...]] = (LEAD_3_OF_7,)
    #: Which value of its grounds for SAFE the report draws.
    drawn: ClassVar[str] = "as it stood"

    votes: VoteRule
    tau: float
    error: float

    @property
    def name(self) -> str:
        """The variant's name, as people type it: that of its file."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The design of a study: its fields are the settings of the same names; what is None is as it is by default.

        Args:
            settings: those of `[decision]`, and `votes` and `pairs` of each condition beside them.
        """
        names = (each.name for each in fields(cls))  # type: ignore[arg-type]  # every variant is a dataclass
        return cls(**{name: settings[name] for name in names if settings.get(name) is not None})

    def methods(self) -> str:
        """How pairs were asked and decided, with its own figures: whole sentences for a paper."""
        return f"The design: {self.summary}."

    def threshold(self, conditions: int) -> str:  # noqa: ARG002
        """What a condition has to reach where so many are decided together, as a sentence; empty if not to be said."""
        return ""

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
        return decided if not state.finished.any() else decided.with_finished_of(state)

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

    drawn: ClassVar[str] = "the highest so far"

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

    def methods(self) -> str:
        """Rounds, and thresholds by redrawing the controls."""
        said = (
            f"{in_rounds(self.batch, self.most_pairs, self.alternative * self.tau, self.futility)} Thresholds were "
            "those that chance reaches with the levels of one-stage adaptive BH "
            f"{cited('blanchard2009adaptive')}, worked out by drawing the controls again{self._more_controls()}."
        )
        return f"{said} UNSAFE was asked by e-BH {cited('wang2022false')}." if self.unsafe else said

    def threshold(self, conditions: int) -> str:  # noqa: ARG002
        """How the threshold comes about; it is no one number."""
        return (
            "What a condition has to reach is worked out by drawing the controls again: chance reaches it with the "
            "probability that adaptive BH allows, noise of the controls included. Until the controls were complete "
            "nothing counted for SAFE, so that the line stays at 1 before."
        )

    def _more_controls(self) -> str:
        """How further controls came, as the end of a sentence on the methods; empty where their number was fixed."""
        return ""

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


def in_rounds(batch: int, most_pairs: int, compared_at: float, futility: float) -> str:
    """How pairs came in rounds and were weighed by a likelihood ratio, as a sentence for a paper."""
    return (
        f"Each condition got {batch} pairs a round and at most {most_pairs}, weighed by the likelihood ratio of a "
        f"share of {compared_at:g} against tau {cited('wald1945sequential')}; it was given up at a ratio of "
        f"{futility:g} and got no more pairs once it was decided."
    )
