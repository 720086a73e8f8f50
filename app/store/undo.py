"""Take the last answer of an assignment back, as long as nothing hangs on it yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from app.store.database import one_at_a_time
from app.store.events import note_event
from app.tables import AssignmentRow, JudgmentRow, PairRow, TrialRow, WorkerRow
from hits.judgment import ASKED_ROLES, RATED, Said
from hits.quality import Mark, Quality, check_passed, weighed_by_checks

UNDONE_IN = ("accepted", "finished")  # after that the platform has the work


_others = aliased(TrialRow)
_later = aliased(AssignmentRow)
_handed_on = (
    select(_others.trial_id)
    .join(_later, _later.assignment_id == _others.assignment_id)
    .where(
        _others.pair_id == TrialRow.pair_id,
        _others.trial_id != TrialRow.trial_id,
        _later.accepted_at >= TrialRow.answered_at,
    )
)
#: The last answer of an assignment that goes on. Whether its pair went on is asked for every role: none answers faster.
_LAST = (
    select(TrialRow.trial_id, TrialRow.role, _handed_on.exists().label("handed_on"))
    .join(AssignmentRow, AssignmentRow.assignment_id == TrialRow.assignment_id)
    .where(TrialRow.assignment_id == bindparam("assignment_id"), TrialRow.state == "answered")
    .where(AssignmentRow.state.in_(UNDONE_IN), AssignmentRow.expires_at >= bindparam("now"))
    .order_by(TrialRow.position.desc())
    .limit(1)
)


def last_answered(session: Session, assignment_id: str, now: datetime) -> str | None:
    """The trial whose answer may be taken back; None where there is none, or its pair went on to somebody else.

    Only the last one may, and only until the pair's next vote is handed out: whoever gets it was chosen by what had
    been said until then. Nothing hangs on one answer to a check or a repeat.
    """
    last = session.execute(_LAST, {"assignment_id": assignment_id, "now": now}).one_or_none()
    if last is None or (last.handed_on and last.role in ASKED_ROLES):
        return None
    return str(last.trial_id)


def undo(session: Session, assignment_id: str, trial_id: str, *, rule: Quality, now: datetime) -> bool:
    """Ask the last trial again, and take its answer out; an event keeps what it was. Whether it was done.

    A trial that is not the last any more, or whose pair went on, stays answered: a second tap changes nothing.
    """
    # Neither an answer nor leaving comes between: they take these in the same order.
    ours = select(TrialRow.trial_id).where(TrialRow.assignment_id == assignment_id).order_by(TrialRow.position)
    session.execute(ours.with_for_update())
    session.get(AssignmentRow, assignment_id, with_for_update=True, populate_existing=True)
    one_at_a_time(session, "begin")  # nobody is handed a vote of this pair meanwhile
    if last_answered(session, assignment_id, now) != trial_id:
        return False
    trial = session.get_one(TrialRow, trial_id, with_for_update=True)
    said = session.scalars(select(JudgmentRow).where(JudgmentRow.trial_id == trial_id)).one()
    _unweigh(session, said, rule, is_check=trial.role == "check")
    note_event(session, "undo", f"judgment {said.judgment_id} of pair {said.pair_id} was taken back: {_words(said)}")
    session.delete(said)
    # It is heard again, and so is the one that was open meanwhile: their clocks start anew.
    for later in session.scalars(select(TrialRow).where(TrialRow.assignment_id == assignment_id)):
        if later.position >= trial.position:
            later.state, later.opened_at, later.answered_at = "reserved", None, None
    assignment = session.get_one(AssignmentRow, assignment_id)
    assignment.state, assignment.finished_at = "accepted", None
    session.flush()
    return True


def _words(said: JudgmentRow) -> str:
    noisy, original = (
        f", {clip} {activation:g} and {valence:g}" if activation and valence else ""
        for clip, activation, valence in (
            ("rated", said.activation_rating, said.valence_rating),
            ("the original", said.original_activation_rating, said.original_valence_rating),
        )
    )
    return f"activation {said.activation}, valence {said.valence}{noisy}{original}"


def _unweigh(session: Session, said: JudgmentRow, rule: Quality, *, is_check: bool) -> None:
    """Take a check out of the count. The other roles ask the same, so that none is taken back faster."""
    row = session.get_one(WorkerRow, said.worker, with_for_update={"key_share": True})
    condition = session.get_one(PairRow, said.pair_id).condition
    if not is_check:
        return
    ratings = {name: getattr(said, name) for name in RATED}
    answer = Said(said.activation, said.valence, **ratings, scale=said.scale)  # type: ignore[arg-type]
    row.checks_answered -= 1
    row.checks_passed -= check_passed(condition, answer)
    mark = weighed_by_checks(Mark(row.trusted, row.distrusted_because), row.checks_passed, row.checks_answered, rule)
    row.trusted, row.distrusted_because = mark.trusted, mark.because
