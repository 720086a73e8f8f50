"""Who has a qualification: requests for one, giving it, taking it back, looking it up."""

from __future__ import annotations

from sqlalchemy import Connection

from app.marketplace.granting import grant, revoke, tell
from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.operations.qualifications import own_type
from app.marketplace.records import Qualification, QualificationType, Wish
from app.marketplace.refusals import NoSuchQualificationType, NoSuchWorker, Refused
from app.marketplace.store import qualification_requests, qualifications, workers


def list_qualification_requests(call: Call) -> Fields:
    """What waits for the requester's decision, for one type or for all."""
    type_id = call.fields.get("QualificationTypeId")
    with call.store.read() as connection:
        if type_id is not None:
            _visible_own(call, connection, type_id)
        found = qualification_requests.page_of_pending(
            connection, call.requester.access_key_id, type_id, call.after, call.page_size + 1
        )
    shown = found[: call.page_size]
    more = None
    if len(found) > call.page_size and shown[-1].submitted_at is not None:
        more = (shown[-1].submitted_at, shown[-1].request_id)
    return page("QualificationRequests", [_describe_wish(one) for one in shown], more)


def accept_qualification_request(call: Call) -> Fields:
    """Grant what a worker asked for."""
    with call.store.write() as connection:
        wish, wanted = _own_wish(call, connection)
        if not qualification_requests.change_wish(connection, wish.request_id, "Pending", status="Granted"):
            raise _no_such_request(wish.request_id)
        _require_active(wanted)
        grant(connection, wanted, wish.worker_id, call.fields.get("IntegerValue", 1), call.now)
        tell(
            connection,
            wanted.access_key_id,
            wish.worker_id,
            f"You have a new qualification: {wanted.name}",
            "",
            call.now,
        )
    return {}


def reject_qualification_request(call: Call) -> Fields:
    """Decline what a worker asked for, with a reason that the worker reads."""
    reason = call.fields.get("Reason", "")
    with call.store.write() as connection:
        wish, wanted = _own_wish(call, connection)
        if not qualification_requests.change_wish(
            connection, wish.request_id, "Pending", status="Rejected", reason=reason
        ):
            raise _no_such_request(wish.request_id)
        tell(connection, wanted.access_key_id, wish.worker_id, f"You did not get: {wanted.name}", reason, call.now)
    return {}


def associate_qualification_with_worker(call: Call) -> Fields:
    """Give a worker a qualification without being asked; a second time sets the value anew."""
    with call.store.write() as connection:
        given = own_type(call, connection)
        worker_id = _known_worker(call, connection)
        _require_active(given)
        grant(connection, given, worker_id, call.fields.get("IntegerValue", 1), call.now)
        if call.fields.get("SendNotification", True):
            tell(
                connection, given.access_key_id, worker_id, f"You have a new qualification: {given.name}", "", call.now
            )
    return {}


def disassociate_qualification_from_worker(call: Call) -> Fields:
    """Revoke a worker's qualification; the reason reaches the worker."""
    reason = call.fields.get("Reason")
    with call.store.write() as connection:
        taken = own_type(call, connection)
        worker_id = _known_worker(call, connection)
        held = qualifications.find_qualification(connection, taken.qualification_type_id, worker_id)
        if held is None or not held.granted:
            raise Refused("InvalidQualificationState", f"Worker {worker_id} does not have {taken.name!r}.")
        revoke(connection, held, reason)
        tell(connection, taken.access_key_id, worker_id, f"You no longer have: {taken.name}", reason or "", call.now)
    return {}


def get_qualification_score(call: Call) -> Fields:
    """What a worker has of the requester's type, revoked or not."""
    with call.store.read() as connection:
        found = _visible_own(call, connection, call.fields["QualificationTypeId"])
        worker_id = _known_worker(call, connection)
        held = qualifications.find_qualification(connection, found.qualification_type_id, worker_id)
    if held is None:
        raise Refused("QualificationDoesNotExist", f"Worker {worker_id} does not have {found.name!r}.")
    return {"Qualification": _describe_held(held)}


def list_workers_with_qualification_type(call: Call) -> Fields:
    """Who has the requester's type, or had it (`Status`)."""
    with call.store.read() as connection:
        found = _visible_own(call, connection, call.fields["QualificationTypeId"])
        holders = qualifications.page_of_holders(
            connection,
            found.qualification_type_id,
            granted=call.fields.get("Status", "Granted") == "Granted",
            after=call.after,
            limit=call.page_size + 1,
        )
    shown = holders[: call.page_size]
    more = (shown[-1].granted_at, shown[-1].worker_id) if len(holders) > call.page_size else None
    return page("Qualifications", [_describe_held(one) for one in shown], more)


def _visible_own(call: Call, connection: Connection, type_id: str) -> QualificationType:
    found = qualifications.find_type(connection, type_id)
    if found is None or found.access_key_id != call.requester.access_key_id:
        raise NoSuchQualificationType(type_id)
    return found


def _known_worker(call: Call, connection: Connection) -> str:
    worker_id = str(call.fields["WorkerId"])
    if workers.find_worker(connection, worker_id) is None:
        raise NoSuchWorker(worker_id)
    return worker_id


def _own_wish(call: Call, connection: Connection) -> tuple[Wish, QualificationType]:
    """The pending request that QualificationRequestId names, with its type, locked.

    Raises:
        Refused: there is none, it is for another requester's type, or it was decided.
    """
    request_id = call.fields["QualificationRequestId"]
    wish = qualification_requests.find_wish(connection, request_id)
    if wish is None or wish.status != "Pending":
        raise _no_such_request(request_id)
    try:
        return wish, own_type(call, connection, wish.qualification_type_id)
    except NoSuchQualificationType:
        raise _no_such_request(request_id) from None


def _no_such_request(request_id: str) -> Refused:
    return Refused("QualificationRequestDoesNotExist", f"No request {request_id[:64]!r} waits for your decision.")


def _require_active(found: QualificationType) -> None:
    if not found.active:
        raise Refused(
            "InvalidQualificationTypeState", f"QualificationType {found.name!r} is Inactive; activate it first."
        )


def _describe_held(held: Qualification) -> Fields:
    return {
        "QualificationTypeId": held.qualification_type_id,
        "WorkerId": held.worker_id,
        "GrantTime": held.granted_at,
        "IntegerValue": held.value,
        "Status": "Granted" if held.granted else "Revoked",
    }


def _describe_wish(wish: Wish) -> Fields:
    return {
        "QualificationRequestId": wish.request_id,
        "QualificationTypeId": wish.qualification_type_id,
        "WorkerId": wish.worker_id,
        "Test": wish.test,
        "Answer": wish.answer,
        "SubmitTime": wish.submitted_at,
    }
