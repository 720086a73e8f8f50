"""SAFE, UNSAFE or UNDECIDED: what the judgments of a study allow one to say of each condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.aggregators.base import Aggregator, VotesRefused
from analysis.aggregators.majority_vote import MajorityVote
from analysis.certification.controls import margin
from analysis.certification.sequential import subtler
from analysis.certification.state import SAFE, UNSAFE, Grounds, State
from analysis.certify_words import assumptions_of, notes_of, reason_of
from analysis.design_of import design_of
from analysis.designs.base import Design
from analysis.ratios import Ratio, ratios, true_share, wilson
from analysis.replay import JUDGED, Missing, PairOutcomes, Pool, pair_outcomes, replay
from analysis.rule import DecisionRule
from analysis.verdicts import Certified, ControlCount, Decision, DimensionDecision, Verdict, stem
from analysis.votes import Dimension
from hits.vote_rules import ABSENT, VoteRule

_WORDS: Mapping[int, Verdict] = {SAFE: "SAFE", UNSAFE: "UNSAFE"}


@dataclass(frozen=True)
class _Run:
    """A design at its end: the verdict on each condition, and what it rests on by dimension."""

    verdicts: tuple[Verdict, ...]
    grounds: Grounds
    state: State


def certify(
    judgments: pd.DataFrame,
    rule: DecisionRule,
    votes: VoteRule,
    aggregator: Aggregator | None = None,
    *,
    made: Mapping[str, int] | None = None,
    by_labels: bool = False,
) -> Certified:
    """Decide on every condition by the study's design, as if nothing more will come.

    A condition's verdict is on both dimensions together; each dimension has one of its own, from the same design on
    that dimension alone.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        rule: the settings of the decision.
        votes: when a pair has votes enough.
        aggregator: how votes become the labels of the plain ratio; majority vote if not given.
        made: pairs of each condition that were made, for designs of a planned size; as many as were judged if not
            given.
        by_labels: decide by the aggregator's labels instead of the vote rule, to see what hangs on it. Labels borrow
            strength from pair to pair, so this is no certificate.

    Raises:
        VotesRefused: the aggregator can't use the votes, or its labels follow from how often a condition changes.
    """
    labels = aggregator or MajorityVote()
    plain = ratios(judgments, labels)
    names = tuple(dict.fromkeys(ratio.condition for ratio in plain))
    if by_labels and labels.leans_on_conditions:
        raise VotesRefused(
            f"{labels.name} labels a pair by how often its condition changes, which is what a verdict asks; its ratios "
            "can be looked at, and decide nothing"
        )
    found = pair_outcomes(judgments, votes, conditions=names, aggregator=labels if by_labels else None)
    plan = pool_made(found, made or {})
    joint = _run(rule, votes, found, plan)
    singles = [_run(rule, votes, found.only(place), plan) for place in range(len(JUDGED))]
    controls = tuple(_controls(found, place, name, rule, votes) for place, name in enumerate(JUDGED))
    by_key = {(ratio.condition, ratio.dimension): ratio for ratio in plain}
    decisions = tuple(
        _decision(place, name, by_key, found, joint, singles, controls, rule) for place, name in enumerate(names)
    )
    decisions, inherited = _in_snr_order(decisions) if rule.snr_order else (decisions, ())
    open_pairs = sum(int((rows == ABSENT).any(axis=1).sum()) for rows in found.studied)
    return Certified(
        rule,
        joint.grounds.kind,
        decisions,
        controls,
        notes_of(rule, design_of(rule, votes, plan).guarantee, controls, open_pairs),
        assumptions_of(rule, inherited),
    )


def pool_made(found: PairOutcomes, made: Mapping[str, int]) -> Pool:
    """The pairs that a design of a planned size plans for: those that were made, or else those that were judged."""
    judged = found.pool
    pairs = tuple(max(n, made.get(name, n)) for name, n in zip(found.conditions, judged.conditions, strict=True))
    return Pool(pairs, judged.identical, judged.positive)


def _run(rule: DecisionRule, votes: VoteRule, found: PairOutcomes, plan: Pool) -> _Run:
    """The design on what was collected; a verdict stands only where missing votes could not have changed it."""
    design = design_of(rule, votes, plan)
    state = _to_the_end(design, found, "changed")
    complete = not any((rows == ABSENT).any() for rows in (*found.studied, found.identical, found.positive))
    other = state if complete else _to_the_end(design, found, "same")
    codes = np.where(state.verdict[0] == SAFE, SAFE, np.where(other.verdict[0] == UNSAFE, UNSAFE, 0))
    verdicts = tuple(_WORDS.get(int(code), "UNDECIDED") for code in codes)
    return _Run(verdicts, design.grounds(state), state)


def _to_the_end(design: Design, found: PairOutcomes, missing: Missing) -> State:
    state = design.start(len(found.conditions), dimensions=found.identical.shape[1])
    return replay(design, state, found, ended=True, missing=missing)


def _controls(
    found: PairOutcomes, place: int, dimension: Dimension, rule: DecisionRule, votes: VoteRule
) -> ControlCount:
    counts = [_count(rows[:, place]) for rows in (found.identical, found.positive)]
    (identical, identical_changed), (positive, positive_changed) = counts
    known = identical and positive
    at = None
    if known:
        q1 = subtler(votes, positive_changed / positive, rule.slack) if rule.slack else positive_changed / positive
        at = float(margin(rule.tau, identical_changed / identical, q1))
    return ControlCount(dimension, identical, identical_changed, positive, positive_changed, at)


def _count(outcomes: npt.NDArray[np.int8]) -> tuple[int, int]:
    """Pairs that are decided, and those of them that came out changed."""
    return int((outcomes != ABSENT).sum()), int((outcomes == 1).sum())


def _decision(
    place: int,
    name: str,
    plain: Mapping[tuple[str, Dimension], Ratio],
    found: PairOutcomes,
    joint: _Run,
    singles: Sequence[_Run],
    controls: Sequence[ControlCount],
    rule: DecisionRule,
) -> Decision:
    verdict = joint.verdicts[place]
    parts = []
    for column, (dimension, single, control) in enumerate(zip(JUDGED, singles, controls, strict=True)):
        decided, changed = _count(found.studied[place][:, column])
        share = _share(changed, decided, control)
        known = bool(decided) and control.margin is not None
        grounds = (single.grounds.safe, single.grounds.unsafe) if known else (None, None)
        for_safe, for_unsafe = (None if side is None else float(side[0, place, 0]) for side in grounds)
        said = plain[name, dimension]
        parts.append(
            DimensionDecision(
                dimension,
                said.pairs,
                said.votes,
                said.different,
                said.ratio,
                said.lower,
                said.upper,
                decided,
                changed,
                share[0],
                share[1],
                share[2],
                for_safe,
                for_unsafe,
                "SAFE" if verdict == "SAFE" else single.verdicts[place],
            )
        )
    first = plain[name, JUDGED[0]]
    decision = Decision(name, first.family, first.snr_db, verdict, parts[0], parts[1], "")
    return replace(decision, reason=reason_of(decision, rule, controls))


def _share(changed: int, decided: int, control: ControlCount) -> tuple[float | None, float | None, float | None]:
    """The share of truly changed pairs with its interval; None where the controls can't tell changes apart."""
    identical, positive = (control.identical_changed, control.identical), (control.positive_changed, control.positive)
    apart = control.margin is not None and wilson(*identical, 0.95)[1] < wilson(*positive, 0.95)[0]
    return true_share((changed, decided), identical, positive) if decided and apart else (None, None, None)


def _in_snr_order(decisions: Sequence[Decision]) -> tuple[tuple[Decision, ...], tuple[str, ...]]:
    """SAFE goes up to the cleaner levels of a noise unless one of them is UNSAFE; the verdicts, and who got it so."""
    safe_at: dict[str, float] = {}
    for one in decisions:
        if one.decision == "SAFE" and one.snr_db is not None:
            key = stem(one.condition)
            safe_at[key] = min(one.snr_db, safe_at.get(key, one.snr_db))
    refuted = {
        stem(one.condition)
        for one in decisions
        if one.decision == "UNSAFE" and one.snr_db is not None and one.snr_db > safe_at.get(stem(one.condition), np.inf)
    }
    out, inherited = [], []
    for one in decisions:
        level = safe_at.get(stem(one.condition), np.inf)
        cleaner = one.snr_db is not None and one.snr_db > level and stem(one.condition) not in refuted
        if one.decision == "UNDECIDED" and cleaner:
            reason = f"it is SAFE at {level:g} dB, and less noise is assumed to change no more"
            activation, valence = (replace(part, decision="SAFE") for part in one.parts)
            out.append(replace(one, decision="SAFE", activation=activation, valence=valence, reason=reason))
            inherited.append(one.condition)
        else:
            out.append(one)
    return tuple(out), tuple(inherited)
