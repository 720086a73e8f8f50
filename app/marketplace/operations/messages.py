"""NotifyWorkers: messages into workers' inboxes."""

from __future__ import annotations

from sqlalchemy import Connection

from app.marketplace.granting import tell
from app.marketplace.operations.call import Call, Fields
from app.marketplace.operations.hit_types import check_bounds
from app.marketplace.refusals import WrongParameter
from app.marketplace.store import workers

MOST_WORKERS = 100
GREATEST_LENGTH = {"Subject": 200, "MessageText": 4096}


def notify_workers(call: Call) -> Fields:
    """Write to workers of the requester's; to whom it could not be written is in the answer."""
    fields = call.fields
    check_bounds({"Subject": fields["Subject"], "MessageText": fields["MessageText"]}, {}, GREATEST_LENGTH)
    if not fields["Subject"].strip() or not fields["MessageText"].strip():
        raise WrongParameter("A message needs a Subject and a MessageText.")
    recipients = list(dict.fromkeys(fields["WorkerIds"]))
    if not 1 <= len(recipients) <= MOST_WORKERS:
        raise WrongParameter(f"WorkerIds names {len(recipients)} workers, expected 1 to {MOST_WORKERS}.")
    with call.store.write() as connection:
        failed = [worker_id for worker_id in recipients if not _write_to(call, connection, worker_id)]
    return {
        "NotifyWorkersFailureStatuses": [
            {
                "NotifyWorkersFailureCode": "HardFailure",
                "NotifyWorkersFailureMessage": "This worker does not work for you.",
                "WorkerId": worker_id,
            }
            for worker_id in failed
        ]
    }


def _write_to(call: Call, connection: Connection, worker_id: str) -> bool:
    """Whether the worker is one of the requester's and has the message now."""
    sender = call.requester.access_key_id
    if not workers.works_for(connection, worker_id, sender):
        return False
    tell(connection, sender, worker_id, call.fields["Subject"], call.fields["MessageText"], call.now)
    return True
