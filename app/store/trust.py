"""Who is used and invited on, weighed anew by the study's rules from everything that was handed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.events import note_event
from app.store.standing import may_count
from app.tables import AssignmentRow, JudgmentRow, PairRow, WorkerRow
from hits.quality import Mark, Quality, objections, weighed
from hits.quality_figures import Answered, figures_by_worker

#: Pairs that say something of a worker; what is said of a control is about the sound.
WEIGHED_PAIRS = ("study", "check")


def weigh_workers(session: Session, rule: Quality, now: datetime) -> int:
    """Weigh every worker of whom no person has decided, in one pass over all judgments; how many are weighed otherwise.

    It decides on the use of judgments and on further invitations, and on nothing else: what was handed in is paid.
    """
    figures = figures_by_worker(answered(session, now)) if rule.needs_figures else {}
    changed = 0
    for row in session.scalars(select(WorkerRow).order_by(WorkerRow.worker).with_for_update(key_share=True)):
        before = Mark(row.trusted, row.distrusted_because)
        against = objections(row.checks_passed, row.checks_answered, figures.get(row.worker), rule)
        mark = weighed(before, against)
        row.trusted, row.distrusted_because = mark.trusted, mark.because
        if mark.trusted != before.trusted:
            changed += 1
            news = "is used and invited on again" if mark.trusted else f"is not used or invited on, {mark.because}"
            note_event(session, "quality", f"worker {row.worker} {news}")
    return changed


def answered(session: Session, now: datetime) -> list[Answered]:
    """Judgments of study pairs and checks, and their repeats, in the order in which they came."""
    query = (
        select(
            JudgmentRow.worker,
            JudgmentRow.pair_id,
            JudgmentRow.role,
            JudgmentRow.activation,
            JudgmentRow.valence,
            PairRow.original_length_s + PairRow.noisy_length_s,
            JudgmentRow.elapsed_s,
            WorkerRow.trusted & may_count(now),
        )
        .join(PairRow, PairRow.pair_id == JudgmentRow.pair_id)
        .join(WorkerRow, WorkerRow.worker == JudgmentRow.worker)
        .join(AssignmentRow, AssignmentRow.assignment_id == JudgmentRow.assignment_id)
        .where(PairRow.role.in_(WEIGHED_PAIRS))
        .order_by(JudgmentRow.submitted_at, JudgmentRow.judgment_id)
    )
    return [
        Answered(worker, pair_id, role, (activation, valence), clips_s, elapsed_s, bool(used))
        for worker, pair_id, role, activation, valence, clips_s, elapsed_s, used in session.execute(query)
    ]
