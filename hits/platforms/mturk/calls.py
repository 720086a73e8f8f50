"""MTurk's calls through boto3: the client, and its errors as the platform's two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from botocore.parsers import ResponseParserError

from hits.pay import AmountWrong
from hits.platforms.mturk.refused import MTurkRefused
from hits.recruiting import PlatformRefused, PlatformUnreachable

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3, 20
ATTEMPTS = 2  # every call here may be repeated: tokens and states keep it from happening twice


class Calls:
    """A requester's client of one endpoint; `client` is boto3's, to be used inside `asking` alone."""

    def __init__(
        self, endpoint_url: str, region: str, access_key_id: str | None, secret_access_key: str | None
    ) -> None:
        self._endpoint_url = endpoint_url
        self.client: Any = boto3.Session().client(
            "mturk",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            ),
        )
        self.client.meta.events.register("after-call.mturk.*", _require_json)

    @contextmanager
    def asking(self, operation: str) -> Iterator[None]:
        """Turn boto3's errors into the platform's two."""
        try:
            yield
        except AmountWrong as error:
            raise PlatformRefused(str(error)) from error
        except ClientError as error:
            raise self._settled(operation, error) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise PlatformRefused(
                f"{operation} at {self._endpoint_url} needs an access key: {error}. Give the study its keys, or set "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ) from error
        except (BotoCoreError, ResponseParserError, KeyError) as error:
            raise PlatformUnreachable(
                f"{operation}: no usable answer from {self._endpoint_url} ({error}). Is the platform up, and the "
                "address right?"
            ) from error

    def _settled(self, operation: str, error: ClientError) -> PlatformRefused | PlatformUnreachable:
        words = str(error.response.get("Message") or error.response["Error"].get("Message", ""))
        code = str(error.response["Error"].get("Code", ""))
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        if status >= 500 or "Throttl" in code or code == "ServiceFault":  # HTTP's own bound
            return PlatformUnreachable(f"{operation} at {self._endpoint_url} was not settled: {code}: {words}")
        return MTurkRefused(operation, self._endpoint_url, str(error.response.get("TurkErrorCode") or code), words)


def _require_json(http_response: Any, **_event: object) -> None:
    """A proxy's or a portal's page with status 200 is no answer: without this, an approval would pass for done."""
    found = http_response.headers.get("content-type", "")
    if "json" not in found:
        raise ResponseParserError(f"expected JSON, found {found or 'no content type'}")
