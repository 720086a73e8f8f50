"""Collection follows the decision: further pairs are asked about as soon as it wants them, until nothing is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.hands.worksite import Turn, Worksite
from app.store.asked import Asked, asked_so_far, keep_asked
from app.store.clock import now_of
from app.store.decision_so_far import (
    COLUMNS,
    ConditionSoFar,
    DecisionSoFar,
    decision_so_far,
    judgments_that_count,
    keep_decision_so_far,
    waiting_for_hand_in,
)
from app.store.decision_stamp import settings_that_decide
from app.store.events import note_event
from app.store.freshness import state_of_judgments
from app.store.pairs import group_of, pairs_made, place_judged_first, places_of, supply
from app.study import Study
from pipelines.clip import Pair

if TYPE_CHECKING:
    from analysis.due import Due


def follow_decision(site: Worksite, turn: Turn) -> None:
    """Ask about the pairs that the decision wants by now; a sentence for each condition that was decided."""
    with site.database.writing() as session:
        turn.notes += follow(session, site.study)


def follow(session: Session, study: Study) -> list[str]:
    """Ask about what a sequential study's decision wants asked by now; under other designs everything is asked.

    It is worked out from all judgments, and only where something of them has changed.

    Returns:
        What was decided since the last time, as sentences; they are kept as events.
    """
    if not study.decision.sequential:
        keep_asked(session, None)
        keep_decision_so_far(session, None)
        return []
    there = supply(session)
    if not any(role == "study" for role, _ in there):
        return []  # nothing is published yet
    state = (*state_of_judgments(session), waiting_for_hand_in(session))
    facts = (state, sorted(there.items()), sorted(settings_that_decide(study).items()))
    token, terms = (sha256(repr(each).encode()).hexdigest() for each in (facts, facts[1:]))
    before = decision_so_far(session)
    if before is not None and before.token == token:
        return []
    judgments = judgments_that_count(session)
    found = due_now(judgments, study, there, pairs_made(session))
    place_judged_first(session, (row[COLUMNS.index("pair_id")] for row in judgments))
    keep_asked(session, as_asked(found).widened(asked_so_far(session)))
    if before is not None and before.terms == terms and found.rounds < before.rounds and not found.finished:
        # Votes of somebody who is not used any more are asked for again: until then what was decided stands.
        keep_decision_so_far(session, replace(before, token=token, finished=False))
        if not before.finished:
            return []
        told_again = "votes are missing again, so pairs that were decided are asked about again"
        note_event(session, "decision", told_again)
        return [told_again]
    now = now_of(session).isoformat()
    old = {} if before is None else {one.condition: one for one in before.conditions}
    conditions = tuple(_since(ConditionSoFar(**vars(one)), old, now) for one in found.conditions)
    keep_decision_so_far(session, DecisionSoFar(token, terms, found.rounds, found.finished, conditions))
    told = [one.sentence for one in conditions if _is_news(one, old)]
    if found.finished and not (before and before.finished):
        told.append(_end_of(conditions))
    for sentence in told:
        note_event(session, "decision", sentence)
    return told


def due_now(
    judgments: Sequence[tuple[Any, ...]],
    study: Study,
    there: Mapping[tuple[str, str], int],
    planned: Mapping[str, int],
) -> Due:
    """What the decision wants asked by now.

    Args:
        judgments: as `app.store.decision_so_far.judgments_that_count` gives them.
        study: its design, a sequential one.
        there: how many pairs there are, as `app.store.pairs.supply` counts them.
        planned: how many pairs of each condition were made.
    """
    import pandas as pd  # a study of a fixed size never needs it here

    from analysis.due import Supply, due

    table = pd.DataFrame(judgments, columns=list(COLUMNS)).assign(used=True, late=False)
    waiting = frozenset(table.loc[~table["handed_in"].astype(bool), "pair_id"])
    conditions = {condition: count for (role, condition), count in there.items() if role == "study"}
    pool = Supply(conditions, there.get(("identical", ""), 0), there.get(("positive", ""), 0))
    return due(table, study.decision, study.hits.votes, pool, waiting, planned)


def asked_first(session: Session, pairs: Sequence[Pair], study: Study) -> list[Pair]:
    """Of pairs that are about to be taken in, those that will be asked about at once; all, if nothing is sequential."""
    if not study.decision.sequential:
        return list(pairs)
    taken, made = supply(session), pairs_made(session)
    there = Counter(taken) + Counter(group_of(pair.role, pair.condition) for pair in pairs)
    found = as_asked(due_now(judgments_that_count(session), study, there, made)).widened(asked_so_far(session))
    places = places_of(pairs, taken, study.study.seed)
    return [pair for pair in pairs if found.holds(pair.role, pair.condition, places[pair.pair_id])]


def as_asked(found: Due) -> Asked:
    """The pairs that may be asked about, as everybody who hands out work reads it."""
    return Asked(dict(found.pairs), found.identical, found.positive, found.finished, dict(found.ahead))


def _since(one: ConditionSoFar, old: Mapping[str, ConditionSoFar], now: str) -> ConditionSoFar:
    before = old.get(one.condition)
    if one.open:
        return one
    closed_at = before.since if before is not None and before.verdict == one.verdict else None
    return ConditionSoFar(one.condition, one.pairs, one.open, one.verdict, closed_at or now)


def _is_news(one: ConditionSoFar, old: Mapping[str, ConditionSoFar]) -> bool:
    before = old.get(one.condition)
    if before is None:
        return not one.open
    return (one.open, "" if one.open else one.verdict) != (before.open, "" if before.open else before.verdict)


def _end_of(conditions: tuple[ConditionSoFar, ...]) -> str:
    counts = Counter(one.verdict for one in conditions)
    words = ", ".join(f"{counts[name]} {name}" for name in ("SAFE", "UNSAFE", "UNDECIDED") if counts[name])
    return f"no condition wants more pairs ({words}); nobody is asked any more"
