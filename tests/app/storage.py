"""A storage that speaks S3, over real HTTP, with the manners that moto lacks: it checks signatures and their times."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

import boto3
import pytest
import requests
from moto.moto_server import werkzeug_app
from moto.server import ThreadedMotoServer

from app.settings import Settings

BUCKET = "clips-of-the-lab"
ACCESS_KEY_ID, SECRET = "AKIDEXAMPLE", "a secret of the storage"
REGION = "us-east-1"


@dataclass
class Door:
    """Stands before moto: checks signed links as S3 does, notes who came, and can be told to fail."""

    inside: Callable[..., Iterable[bytes]]
    came: list[tuple[str, str, str, Mapping[str, str]]] = field(default_factory=list)  # method, path, query, headers
    refuses: Callable[[str, str], tuple[int, str] | None] = lambda method, path: None
    ahead: timedelta = timedelta(0)  # of the true time: the storage's clock

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Let in what S3 would let in."""
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        sent = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
        if not path.startswith("/moto-api"):
            self.came.append((method, path, query, sent))
        told = (
            self.refuses(method, path)
            or self._wrong_key(sent)
            or _wrong_link(environ["HTTP_HOST"], path, query, datetime.now(UTC) + self.ahead)
        )
        if told is None:
            return self.inside(environ, start)
        status, code = told
        body = f"<Error><Code>{code}</Code><Message>{code} it is</Message></Error>".encode()
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        cors = [("Access-Control-Allow-Origin", sent.get("ORIGIN", "*"))]
        start(f"{status} No", [("Content-Type", "application/xml"), ("Content-Length", str(len(body))), *cors])
        return [body] if method != "HEAD" else []

    @staticmethod
    def _wrong_key(sent: Mapping[str, str]) -> tuple[int, str] | None:
        authorization = sent.get("AUTHORIZATION")
        return None if authorization is None or ACCESS_KEY_ID in authorization else (403, "InvalidAccessKeyId")


def _wrong_link(host: str, path: str, query: str, now: datetime) -> tuple[int, str] | None:
    """What is wrong with a signed link, reckoned as S3's documentation says it, apart from any library."""
    said = dict(parse_qsl(query))
    if "X-Amz-Signature" not in said:
        return None
    at = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    lasts_s = int(said["X-Amz-Expires"])
    if not 1 <= lasts_s <= 604_800:
        return 400, "AuthorizationQueryParametersError"
    if now > at + timedelta(seconds=lasts_s) or at > now + timedelta(minutes=15):
        return 403, "AccessDenied"
    signed = "&".join(sorted(part for part in query.split("&") if not part.startswith("X-Amz-Signature")))
    words = "\n".join(("GET", quote(path), signed, f"host:{host}\n", "host", "UNSIGNED-PAYLOAD"))
    scope = f"{at:%Y%m%d}/{REGION}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", said["X-Amz-Date"], scope, hashlib.sha256(words.encode()).hexdigest()))
    key = f"AWS4{SECRET}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(right, said["X-Amz-Signature"]) else (403, "SignatureDoesNotMatch")


@dataclass(frozen=True)
class StorageAtHand:
    """Where it is, its door, and a client of its own to look behind it."""

    url: str
    door: Door
    client: Any

    def settings(self, **other: object) -> Settings:
        """The machine's settings for this storage."""
        named = {"media_access_key_id": ACCESS_KEY_ID, "media_secret_access_key": SECRET}
        return Settings.model_validate({"media_bucket": BUCKET, "media_endpoint_url": self.url, **named, **other})

    @property
    def keys(self) -> list[str]:
        """The keys of all objects."""
        return [one["Key"] for one in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@contextmanager
def storage_at_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageAtHand]:
    """An empty bucket on a server of its own; no page may fetch from it before a rule lets it."""
    monkeypatch.setattr(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        made: Any = server._server
        door = Door(made.app)
        made.app = door
        url = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET,
        )
        requests.post(f"{url}/moto-api/reset", timeout=9)  # it remembers in the process, not in the server
        client.create_bucket(Bucket=BUCKET)
        yield StorageAtHand(url, door, client)
        client._endpoint.http_session.close()
    finally:
        server.stop()
        made.server_close()
