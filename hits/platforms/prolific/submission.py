"""A submission as Prolific lists it: what became of it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hits.recruiting import PlatformAssignment, PlatformState

#: What became of a submission; None while nothing has.
STATES: Mapping[str, PlatformState | None] = {
    "RESERVED": None,
    "ACTIVE": None,
    "PROCESSING": None,  # in no document: for a moment after a decision
    "AWAITING REVIEW": "submitted",
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "RETURNED": "returned",
    "SCREENED OUT": "returned",
    "TIMED-OUT": "expired",
}


class SubmissionUnreadable(ValueError):
    """A submission has no id, no participant, or a status that nobody knows."""

    def __init__(self, one: Mapping[str, Any], study_id: str, status: str, *, named: bool) -> None:
        super().__init__(
            f"submission {one.get('id')} of study {study_id} was passed over: its status is {status or 'missing'!r}"
            f"{'' if named else ' and nobody is named as its participant'}; a person should look at it"
        )


def read_submission(one: Mapping[str, Any], study_id: str) -> PlatformAssignment | None:
    """A submission as we know it; None where nothing has become of it yet.

    Raises:
        SubmissionUnreadable: what is needed of it is missing.
    """
    submission_id = one.get("id")
    worker_id = one.get("participant_id") or one.get("participant")
    status = str(one.get("status", "")).upper()
    if not submission_id or status not in STATES or not worker_id:
        raise SubmissionUnreadable(one, study_id, status, named=bool(worker_id))
    state = STATES[status]
    if state is None:
        return None
    return PlatformAssignment(
        assignment_id=str(submission_id),
        hit_id=study_id,
        worker_id=str(worker_id),
        state=state,
        submitted_at=_moment(one.get("completed_at")) or _moment(one.get("started_at")) or datetime.now(UTC),
        code=one.get("entered_code") or one.get("study_code") or None,
    )


def _moment(text: object) -> datetime | None:
    """A moment in UTC; None where there is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
