"""Sound in S3-compatible storage: objects in one private bucket, and links that let a browser fetch one of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from app.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleUnionTypeDef

THREADS = 16  # that may talk to the storage at once
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS = 5, 30, 4
KEPT_S = 3600  # by the browser that fetched a clip
LONGEST = timedelta(days=7)  # that a signed link may live: the signing method's own bound
TURN = timedelta(days=6)  # a link is signed anew after this at the latest, and so is good for a day at least
REGION = "us-east-1"  # what storage other than AWS goes by where nobody names a region

#: What a storage's refusal means, and what to do.
SENTENCES: Mapping[str, str] = {
    "NoSuchBucket": "there is no such bucket; make it there, or name another one in MEDIA_BUCKET",
    "InvalidAccessKeyId": "it does not know the access key; set MEDIA_ACCESS_KEY_ID and MEDIA_SECRET_ACCESS_KEY "
    "(or AWS's variables of those names)",
    "SignatureDoesNotMatch": "the secret does not belong to the access key; set MEDIA_SECRET_ACCESS_KEY "
    "(or AWS_SECRET_ACCESS_KEY)",
    "ExpiredToken": "the keys were good for a while only, and that is over; get new ones",
    "AccessDenied": "the keys may not do that; they need to list the bucket, and to read, write and delete its objects",
    "RequestTimeTooSkewed": "this machine's clock and the storage's are too far apart; set this machine's clock",
}


class MediaOff(ValueError):
    """No storage was named."""

    def __init__(self) -> None:
        super().__init__(
            "no storage is named, so clips come from the app itself; set MEDIA_BUCKET, and MEDIA_ENDPOINT_URL where "
            "it is not AWS (docs/media.md)"
        )


class MediaRefused(RuntimeError):
    """The storage said no."""


class MediaUnreachable(RuntimeError):
    """The storage gave no usable answer."""


@dataclass(frozen=True)
class Listed:
    """An object as the storage lists it."""

    etag: str
    size_bytes: int


class _SignedAt(S3SigV4QueryAuth):
    """The library's signature, but for a time that is given: so one page has one link, which a browser can keep."""

    def __init__(self, credentials: ReadOnlyCredentials, region: str, at: datetime, lasts: timedelta) -> None:
        super().__init__(credentials, "s3", region, expires=int(lasts.total_seconds()))
        self._at = at

    def add_auth(self, request: AWSRequest) -> None:
        """Sign it as of that time."""
        request.context["timestamp"] = self._at.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]  # not in the stubs
        words = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(words, request))  # type: ignore[attr-defined]


def link_times(until: datetime, now: datetime) -> tuple[datetime, timedelta]:
    """When a link is signed, and for how long it is good: until `until`, as far as seven days reach.

    The first is never after `now`, and stays what it is for six days.

    >>> day = datetime(2030, 1, 20, tzinfo=UTC)
    >>> link_times(day, day - timedelta(hours=1)) == link_times(day, day - timedelta(days=5))
    True
    >>> link_times(day, day - timedelta(days=10))
    (datetime.datetime(2030, 1, 8, 0, 0, tzinfo=datetime.timezone.utc), datetime.timedelta(days=7))
    """
    until = until.replace(microsecond=0)
    turns = max(1, -((now - until) // TURN))
    at = until - turns * TURN
    return at, min(until - at, LONGEST)


class Storage:
    """One bucket.

    Args:
        settings: name the bucket, and where it is.

    Raises:
        MediaOff: they name none.
        MediaRefused: there are no keys.
    """

    def __init__(self, settings: Settings) -> None:
        if not settings.media_bucket:
            raise MediaOff
        self.bucket = settings.media_bucket
        self.place = f"the bucket {self.bucket} at {settings.media_endpoint_url or 'AWS'}"
        if bool(settings.media_access_key_id) != bool(settings.media_secret_access_key):
            raise MediaRefused(
                f"half of a key for {self.place} is missing; set both MEDIA_ACCESS_KEY_ID and "
                "MEDIA_SECRET_ACCESS_KEY, or neither"
            )
        session = boto3.session.Session(
            aws_access_key_id=settings.media_access_key_id,
            aws_secret_access_key=settings.media_secret_access_key,
            region_name=settings.media_region,
        )
        self._region = session.region_name or REGION
        with self._asking("get keys for"):
            self._credentials = session.get_credentials()
            self._client = self._connect(session, settings.media_endpoint_url, "s3v4")
            public = self._connect(session, settings.media_url or settings.media_endpoint_url, UNSIGNED)
            self._base = public.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": "x"})[:-1]
        if self._credentials is None:
            raise MediaRefused(
                f"there are no keys for {self.place}; set MEDIA_ACCESS_KEY_ID and MEDIA_SECRET_ACCESS_KEY (or AWS's "
                "variables of those names)"
            )

    @property
    def origin(self) -> str:
        """`scheme://host[:port]` that browsers fetch from."""
        parts = urlsplit(self._base)
        return f"{parts.scheme}://{parts.netloc}"

    def link(self, key: str, until: datetime, now: datetime) -> str:
        """An address under which whoever has it can fetch an object, until then or for a week; the same for days."""
        at, lasts = link_times(until, now)
        request = AWSRequest(method="GET", url=self._base + key)
        assert self._credentials is not None  # __init__ has looked
        _SignedAt(self._credentials.get_frozen_credentials(), self._region, at, lasts).add_auth(request)
        return str(request.url)

    def put(self, key: str, content: bytes, mimetype: str) -> None:
        """Put an object there, for nobody but us, and see to it that it arrived as it is.

        Raises:
            MediaRefused, MediaUnreachable: it was not kept, or not as it was sent.
        """
        digest = hashlib.md5(content, usedforsecurity=False)
        with self._asking("put a clip into"):  # without an ACL: private is the default, and new buckets refuse any
            kept = self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                ContentType=mimetype,
                ContentMD5=base64.b64encode(digest.digest()).decode(),  # storage refuses what arrives otherwise
                CacheControl=f"private, max-age={KEPT_S}, immutable",
            )
        if not self.holds(key, kept["ETag"], content):
            raise MediaRefused(f"{self.place} keeps something else than was sent; run the command again")

    def holds(self, key: str, etag: str, content: bytes) -> bool:
        """Whether an object is these bytes: by its ETag, or by the bytes where the storage seals them with a key."""
        if etag.strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest():
            return True
        with self._asking("read a clip from"):
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read() == content

    def listed(self, prefix: str) -> dict[str, Listed]:
        """The objects whose keys begin so."""
        with self._asking("list"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {
                one["Key"]: Listed(one["ETag"].strip('"'), one["Size"])
                for page in pages
                for one in page.get("Contents", [])
            }

    def remove(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with self._asking("delete a clip from"):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def is_private(self, key: str) -> bool:
        """Whether the object is refused to whoever comes without a signed link."""
        return not self._fetched(self._base + key, {}).ok

    def lets_pages_fetch(self, key: str, origin: str) -> bool:
        """Whether the object can be fetched by a signed link, and shows itself to scripts of pages of that origin.

        Raises:
            MediaRefused: the link itself is refused.
        """
        now = datetime.now(UTC)
        answer = self._fetched(self.link(key, now + timedelta(hours=1), now), {"Origin": origin})
        if not answer.ok:
            raise MediaRefused(
                f"{self.origin} refuses links that were signed here (status {answer.status_code}); check MEDIA_URL, "
                "MEDIA_REGION and that the keys may read objects"
            )
        return answer.headers.get("Access-Control-Allow-Origin") in ("*", origin)

    def let_pages_fetch(self, origin: str) -> None:
        """Add a rule to the bucket's CORS rules, so that scripts of pages of that origin may fetch."""
        with self._asking("let pages fetch from"):
            self._client.put_bucket_cors(
                Bucket=self.bucket,
                CORSConfiguration={
                    "CORSRules": [*self._cors_rules(), {"AllowedOrigins": [origin], "AllowedMethods": ["GET", "HEAD"]}]
                },
            )

    def _cors_rules(self) -> list[CORSRuleUnionTypeDef]:
        try:
            return [*self._client.get_bucket_cors(Bucket=self.bucket)["CORSRules"]]
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchCORSConfiguration":
                return []
            raise

    def _fetched(self, address: str, sent: Mapping[str, str]) -> requests.Response:
        try:
            return requests.get(address, headers=sent, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S))
        except requests.RequestException as error:
            raise MediaUnreachable(f"{self.origin} gave no answer: {error}. Is MEDIA_URL right?") from error

    @staticmethod
    def _connect(session: boto3.session.Session, endpoint_url: str | None, signature: Any) -> S3Client:
        config = Config(
            signature_version=signature,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=THREADS,
            request_checksum_calculation="when_required",  # storage other than AWS often knows MD5 alone
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if endpoint_url else None,
        )
        region = session.region_name or REGION
        return session.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn the library's errors into our two."""
        try:
            yield
        except ClientError as error:
            raise self._refusal(what, error) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise MediaRefused(f"could not {what} {self.place}: {error}") from error
        except (BotoCoreError, ValueError) as error:
            raise MediaUnreachable(
                f"could not {what} {self.place}: {error}. What was done before is kept; run the command again once "
                "the storage is reached"
            ) from error

    def _refusal(self, what: str, error: ClientError) -> MediaRefused | MediaUnreachable:
        code = str(error.response["Error"].get("Code", ""))
        words = SENTENCES.get(code) or f"{code}: {error.response['Error'].get('Message', '')}"
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        kind = MediaUnreachable if status >= 500 else MediaRefused  # HTTP's own bound
        return kind(f"could not {what} {self.place}: {words}")


@cache
def storage_of(settings: Settings) -> Storage:
    """The storage of this machine's settings, made once in a process."""
    return Storage(settings)
