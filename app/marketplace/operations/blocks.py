"""CreateWorkerBlock, DeleteWorkerBlock, ListWorkerBlocks."""

from __future__ import annotations

from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.refusals import NoSuchWorker, WrongParameter
from app.marketplace.store import standing, workers


def create_worker_block(call: Call) -> Fields:
    """Keep a worker from accepting the requester's HITs; what was accepted before may still be handed in."""
    if not call.fields["Reason"].strip():
        raise WrongParameter("A block needs a Reason.")
    worker_id = call.fields["WorkerId"]
    with call.store.write() as connection:
        call.lock_requester(connection)
        if workers.find_worker(connection, worker_id) is None:
            raise NoSuchWorker(worker_id)
        standing.block(connection, call.requester.access_key_id, worker_id, call.fields["Reason"], call.now)
    return {}


def delete_worker_block(call: Call) -> Fields:
    """Let a worker in again; who is not blocked stays so."""
    worker_id = call.fields["WorkerId"]
    with call.store.write() as connection:
        call.lock_requester(connection)
        if workers.find_worker(connection, worker_id) is None:
            raise NoSuchWorker(worker_id)
        standing.unblock(connection, call.requester.access_key_id, worker_id)
    return {}


def list_worker_blocks(call: Call) -> Fields:
    """Whom the requester has blocked, in the order of blocking."""
    with call.store.read() as connection:
        found = standing.page_of_blocks(connection, call.requester.access_key_id, call.after, call.page_size + 1)
    shown = found[: call.page_size]
    more = (shown[-1].blocked_at, shown[-1].worker_id) if len(found) > call.page_size else None
    return page("WorkerBlocks", [{"WorkerId": one.worker_id, "Reason": one.reason} for one in shown], more)
