"""The requester's endpoint: one address to which every signed call is posted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from flask import Blueprint, Response, request
from sqlalchemy import Connection
from werkzeug.exceptions import InternalServerError, RequestEntityTooLarge

from app.marketplace import wire
from app.marketplace.operations.call import Call
from app.marketplace.operations.table import LEFT_OUT, OPERATIONS
from app.marketplace.refusals import Refused
from app.marketplace.store import requesters
from app.marketplace.store.engine import Store, StoreUnavailable
from app.marketplace.work import settle

log = logging.getLogger(__name__)


def requester_blueprint(store: Store, clock: Callable[[], datetime]) -> Blueprint:
    """Routes of the requester's API. Signatures are checked by the machine's own clock, all else goes by `clock`."""
    blueprint = Blueprint("requester", __name__)
    protocol = wire.Protocol()

    @blueprint.post("/requester", strict_slashes=False)
    def call() -> Response:
        """Carry one operation out, or say in MTurk's form why not."""
        try:
            return _answer(200, _carry_out(protocol, store, clock))
        except RequestEntityTooLarge:
            return _refuse(413, "RequestEntityTooLargeException", "The request is too large.", "")
        except wire.ProtocolError as error:
            return _refuse(error.status, error.type, str(error), f"AWS.{error.type}")
        except Refused as refused:
            return _refuse(400, "RequestError", refused.sentence, refused.code)
        except StoreUnavailable as unavailable:
            log.warning("%s", unavailable)
            return _refuse(503, "ServiceFault", "The marketplace is busy; try again.", "AWS.ServiceUnavailable")

    @blueprint.errorhandler(InternalServerError)
    def fault(_error: InternalServerError) -> Response:
        """A defect of ours, in MTurk's form; Flask has logged its traceback."""
        return _refuse(500, "ServiceFault", "The marketplace failed; its log says why.", "AWS.ServiceUnavailable")

    return blueprint


def _carry_out(protocol: wire.Protocol, store: Store, clock: Callable[[], datetime]) -> bytes:
    body = request.get_data()
    headers = {name.lower(): value for name, value in request.headers.items()}
    # the address as the client wrote it: the Host header counts, also behind a proxy
    url = f"http://{request.host}{request.script_root}{request.path}"
    signed = wire.Signed(request.method, url, headers, body)
    with store.read() as connection:
        key = wire.verify(signed, lambda key: _secret(connection, key), datetime.now(UTC))
        requester = requesters.find_requester(connection, key)
    assert requester is not None
    operation = protocol.operation(headers.get("x-amz-target", ""))
    fields = protocol.read(operation, body)
    if operation.name not in OPERATIONS:
        why = LEFT_OUT.get(operation.name, "it is newer than this marketplace")
        raise Refused("OperationNotSupported", f"This marketplace does not carry out {operation.name}: {why}.")
    now = clock()
    settle(store, now)
    return protocol.write(operation, OPERATIONS[operation.name](Call(store, requester, now, fields)))


def _secret(connection: Connection, access_key_id: str) -> str | None:
    found = requesters.find_requester(connection, access_key_id)
    return None if found is None else found.secret_access_key


def _answer(status: int, body: bytes) -> Response:
    response = Response(body, status, content_type=wire.CONTENT_TYPE)
    response.headers["x-amzn-RequestId"] = str(uuid4())
    return response


def _refuse(status: int, type: str, message: str, turk_code: str) -> Response:  # noqa: A002  # the wire's own word
    return _answer(status, wire.write_error(type, message, turk_code))
