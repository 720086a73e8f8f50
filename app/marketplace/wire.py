"""MTurk's wire protocol: JSON 1.1, Signature V4, requests and answers checked against botocore's own service model.

And the way to Amazon's queues and topics, since all that needs botocore is here.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import botocore.session
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator

SERVICE = "mturk"
SIGNING_NAME = "mturk-requester"
CLOCK_SKEW = timedelta(minutes=15)  # as at AWS
CONTENT_TYPE = "application/x-amz-json-1.1"
CREDENTIAL_PARTS = 5
USUAL_REGION = "us-east-1"
#: Without the target, one signature would be good for every operation.
MUST_BE_SIGNED = frozenset({"host", "x-amz-date", "x-amz-target"})

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[A-Za-z0-9/_-]+), *SignedHeaders=(?P<signed>[a-z0-9;-]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)

_REGION_OF_QUEUE = re.compile(r"https?://sqs\.([a-z0-9-]+)\.amazonaws\.")
_GREATEST = {"integer": 2**31 - 1, "long": 2**63 - 1}  # botocore checks the type alone
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ProtocolError(Exception):
    """A request that is not one of MTurk's, or not signed as it must be; `type` is AWS's name for what is wrong."""

    def __init__(self, type: str, message: str, status: int = 400) -> None:  # noqa: A002  # the wire's own word
        super().__init__(message)
        self.type = type
        self.status = status


@dataclass(frozen=True)
class Signed:
    """What a signature is made over: a request as it arrived. Header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class _Verifier(SigV4Auth):
    """Botocore's signer, made to sign exactly the headers that the client says it signed."""

    def headers_to_sign(self, request: Any) -> Any:  # as botocore's
        """All headers: those that the client did not sign were left out before."""
        return request.headers


def verify(request: Signed, secret_of: Callable[[str], str | None], now: datetime) -> str:
    """The access key id of who signed the request.

    Raises:
        ProtocolError: no signature, an unknown key, a clock off by more than 15 minutes, headers that had to be
            signed and are not, or a signature that does not fit the request.
    """
    parsed = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    if parsed is None:
        raise ProtocolError("MissingAuthenticationTokenException", "Sign the request with AWS Signature V4.", 403)
    scope = parsed["credential"].split("/")
    if len(scope) != CREDENTIAL_PARTS or scope[3:] != [SIGNING_NAME, "aws4_request"]:
        raise ProtocolError("InvalidSignatureException", f"Sign for the service {SIGNING_NAME}.", 403)
    access_key_id, day, region = scope[:3]
    timestamp = request.headers.get("x-amz-date", "")
    _check_clock(timestamp, day, now)
    names = parsed["signed"].split(";")
    missing = MUST_BE_SIGNED.difference(names) | {name for name in names if name not in request.headers}
    if missing:
        raise ProtocolError("InvalidSignatureException", f"Sign these headers: {', '.join(sorted(missing))}.", 403)
    secret = secret_of(access_key_id)
    if secret is None:
        raise ProtocolError("UnrecognizedClientException", f"The access key {access_key_id} is unknown here.", 403)
    expected = _signature(request, names, Credentials(access_key_id, secret), region)
    if not hmac.compare_digest(expected, parsed["signature"]):
        raise ProtocolError(
            "InvalidSignatureException",
            "The signature does not fit the request. Check the secret access key; if a proxy stands between, it must "
            "pass on the Host header as it came.",
            403,
        )
    return access_key_id


def _check_clock(timestamp: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(timestamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise ProtocolError("IncompleteSignatureException", "X-Amz-Date is missing or malformed.", 403) from None
    if abs(now - signed_at) > CLOCK_SKEW or timestamp[:8] != day:
        raise ProtocolError(
            "InvalidSignatureException",
            f"Signature expired or not yet current: signed at {timestamp}, here it is {now:%Y%m%dT%H%M%SZ}. "
            "Set the clock.",
            403,
        )


def _signature(request: Signed, names: list[str], credentials: Credentials, region: str) -> str:
    body_hash = sha256(request.body).hexdigest()
    headers = {name: request.headers[name] for name in names}
    if headers.get("x-amz-content-sha256", body_hash) != body_hash:
        raise ProtocolError("InvalidSignatureException", "X-Amz-Content-SHA256 does not fit the body.", 403)
    rebuilt = AWSRequest(method=request.method, url=request.url, data=request.body, headers=headers)
    rebuilt.context["timestamp"] = request.headers["x-amz-date"]
    signer = _Verifier(credentials, SIGNING_NAME, region)
    return str(signer.signature(signer.string_to_sign(rebuilt, signer.canonical_request(rebuilt)), rebuilt))


class Protocol:
    """Requests in, answers out, by botocore's description of MTurk."""

    def __init__(self) -> None:
        self._model = botocore.session.get_session().get_service_model(SERVICE)

    def operation(self, target: str) -> OperationModel:
        """The operation that X-Amz-Target names.

        Raises:
            ProtocolError: MTurk has none of that name.
        """
        prefix, _, name = target.partition(".")
        if prefix != self._model.metadata["targetPrefix"] or name not in self._model.operation_names:
            raise ProtocolError("UnknownOperationException", f"MTurk has no operation {target or '(none named)'!r}.")
        return self._model.operation_model(name)

    def read(self, operation: OperationModel, body: bytes) -> dict[str, Any]:
        """A request's parameters; timestamps as datetime.

        Raises:
            ProtocolError: it is not JSON, or not what the service model describes; every fault is named.
        """
        try:
            fields = json.loads(body or b"{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ProtocolError("SerializationException", "The body is not JSON.") from None
        if not isinstance(fields, dict):
            raise ProtocolError("SerializationException", "The body is not a JSON object.")
        shape = operation.input_shape
        assert shape is not None  # every operation of MTurk's has one
        try:
            faults = ParamValidator().validate(fields, shape)
        except (RuntimeError, OverflowError) as error:  # botocore's answer to a moment that no calendar has
            raise ProtocolError("ValidationException", str(error)) from None
        if faults.has_errors():
            raise ProtocolError("ValidationException", faults.generate_report())
        found = list(_beyond_types(shape, fields, ""))
        if found:
            raise ProtocolError("ValidationException", "\n".join(found))
        return {name: _read_value(shape.members[name], value) for name, value in fields.items()}

    def write(self, operation: OperationModel, fields: Mapping[str, Any]) -> bytes:
        """An answer; only what the service model knows, timestamps as seconds since 1970."""
        shape = operation.output_shape
        return json.dumps({} if shape is None else _write_value(shape, fields)).encode()


def write_error(type: str, message: str, turk_code: str) -> bytes:  # noqa: A002  # the wire's own word
    """An error in MTurk's form."""
    return json.dumps({"__type": type, "Message": message, "TurkErrorCode": turk_code}).encode()


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _beyond_types(shape: Shape, value: Any, name: str) -> list[str]:
    """What botocore leaves to the server: patterns, greatest lengths and values, enumerations."""
    if isinstance(shape, StructureShape):
        return [
            fault
            for key, member in value.items()
            for fault in _beyond_types(shape.members[key], member, f"{name}.{key}" if name else key)
        ]
    if isinstance(shape, ListShape):
        return [
            fault
            for index, member in enumerate(value)
            for fault in _beyond_types(shape.member, member, f"{name}[{index}]")
        ]
    size = len(value) if isinstance(value, str) else value
    faults = []
    if "max" in shape.metadata and size > shape.metadata["max"]:
        faults.append(f"{name} is {size} long or large, expected at most {shape.metadata['max']}.")
    if shape.type_name in _GREATEST and isinstance(value, int) and abs(value) > _GREATEST[shape.type_name]:
        faults.append(f"{name} is {value}, expected at most {_GREATEST[shape.type_name]}.")
    if isinstance(value, bool) and shape.type_name != "boolean":
        faults.append(f"{name} is {value}, expected a number.")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        return [f"{name} has characters that are no text."]
    pattern = shape.metadata.get("pattern")
    if pattern is not None and re.fullmatch(pattern, value, re.ASCII) is None:
        faults.append(f"{name} is {value[:80]!r}, expected to match {pattern}.")
    known = getattr(shape, "enum", None)
    if known and value not in known:
        faults.append(f"{name} is {value[:80]!r}, expected one of {', '.join(known)}.")
    return faults


def _read_value(shape: Shape, value: Any) -> Any:
    if shape.type_name != "timestamp":
        return value
    try:
        moment = parse_timestamp(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, RuntimeError):
        raise ProtocolError("ValidationException", f"{value!r} is not a moment in time.") from None


def _write_value(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            name: _write_value(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [_write_value(shape.member, member) for member in value]
    if shape.type_name == "timestamp":
        return round(value.timestamp(), 3)
    return value


class NotDelivered(Exception):
    """A queue or a topic did not take a message; it may another time."""


class Outbox:
    """Amazon's SQS and SNS, by the machine's own credentials. One thread's alone.

    Another endpoint is given as for every AWS client: AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_SNS.
    """

    def __init__(self) -> None:
        self._session = botocore.session.Session()
        self._clients: dict[tuple[str, str], Any] = {}

    def send(self, transport: str, destination: str, body: str) -> None:
        """Put one message into a queue (its URL), or publish it to a topic (its ARN).

        Raises:
            NotDelivered: no credentials, no line, or the other side refused.
        """
        try:
            if transport == "SQS":
                found = _REGION_OF_QUEUE.match(destination)
                queue = self._client("sqs", found[1] if found else USUAL_REGION)
                queue.send_message(QueueUrl=destination, MessageBody=body)
            else:
                topic = self._client("sns", destination.split(":")[3])
                topic.publish(TopicArn=destination, Message=body)
        except (BotoCoreError, ClientError) as error:
            raise NotDelivered(str(error)) from error

    def _client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
            self._clients[key] = self._session.create_client(service, region_name=region, config=config)
        return self._clients[key]
