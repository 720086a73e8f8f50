"""Prolific's API over HTTP: one request at a time, pages to their end, and what an answer settles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 30
TRIES = 3  # of what may be repeated
LONGEST_WAIT_S = 20.0  # for a busy API, before the next turn is a better time
USUAL_WAIT_S = 2.0  # where it does not say how long
LONGEST_WORDS = 600


class ApiRefused(Exception):
    """The API said no, for good."""

    def __init__(self, what: str, status: int, words: str) -> None:
        super().__init__(f"{what} was refused by Prolific ({status}): {words}")
        self.status = status


class ApiUnsettled(Exception):
    """There was no answer, or one that settles nothing."""


class ProlificApi:
    """Requests to Prolific, signed with a token, never two at once: Prolific asks for that where money moves.

    Args:
        url: `https://api.prolific.com`, without the version.
        token: who asks.
        timeout_s: how long an answer may take.
    """

    def __init__(self, url: str, token: str, timeout_s: float = READ_TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._timeout = (CONNECT_TIMEOUT_S, timeout_s)
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Token {token}", "Accept": "application/json"})
        self._one_at_a_time = threading.Lock()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask for something."""
        return self._again("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool = True) -> dict[str, Any]:
        """Ask for something to be done. What is not repeatable is sent once, whatever the API says."""
        return self._again("POST", path, json=body) if repeatable else self._once("POST", path, json=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for something to be changed."""
        return self._again("PATCH", path, json=body)

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every result of a listing, page by page to its end.

        Raises:
            ApiUnsettled: a page is no list, points elsewhere, or back to one that was read.
        """
        seen: set[str] = set()
        next_path: str | None = path
        while next_path is not None:
            if next_path in seen:
                raise ApiUnsettled(f"GET {path}: Prolific's pages lead in a circle, at {next_path}")
            seen.add(next_path)
            page = self.get(next_path)
            results = page.get("results")
            if not isinstance(results, list):
                raise ApiUnsettled(f"GET {next_path}: expected a list of results, found {sorted(page)}")
            yield from (one for one in results if isinstance(one, dict))
            next_path = self._next(path, page)

    def _next(self, path: str, page: Mapping[str, Any]) -> str | None:
        """Where the next page is; the token goes to Prolific alone, whatever a page says."""
        links = page.get("_links")
        link = page.get("next") or (((links or {}).get("next") or {}).get("href") if isinstance(links, dict) else None)
        if not link:
            return None
        parts, own = urlsplit(str(link)), urlsplit(self.url)
        if parts.netloc and (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            raise ApiUnsettled(f"GET {path}: the next page is said to be at {parts.netloc}, which is not Prolific")
        return f"{parts.path.removeprefix(own.path)}?{parts.query}"

    def _again(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """A request that may be repeated: a busy API is waited for, as long as it says and that is not long."""
        for tried in range(1, TRIES + 1):
            try:
                return self._once(method, path, **what)
            except _Busy as busy:
                if tried == TRIES or busy.wait_s > LONGEST_WAIT_S:
                    raise
                time.sleep(busy.wait_s)
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        asked = f"{method} {path}"
        with self._one_at_a_time:
            try:
                answer = self._session.request(
                    method, self.url + path, timeout=self._timeout, allow_redirects=False, **what
                )
            except requests.RequestException as error:
                raise ApiUnsettled(f"{asked}: no answer from {self.url} ({type(error).__name__})") from error
        if answer.status_code == requests.codes.too_many_requests:
            raise _Busy(asked, answer.headers.get("Retry-After"))
        if answer.status_code >= 500 or answer.status_code in (408, 425):  # HTTP's own bound
            raise ApiUnsettled(f"{asked}: {self.url} answered {answer.status_code}, which settles nothing")
        if answer.status_code >= 400:
            raise ApiRefused(asked, answer.status_code, _words(answer))
        return _read(asked, answer)


class _Busy(ApiUnsettled):
    """The API was asked too often."""

    def __init__(self, asked: str, retry_after: str | None) -> None:
        super().__init__(f"{asked}: Prolific was asked too often; it is tried again later")
        try:
            self.wait_s = max(0.0, float(retry_after or USUAL_WAIT_S))
        except ValueError:  # a date
            self.wait_s = USUAL_WAIT_S


def _read(asked: str, answer: requests.Response) -> dict[str, Any]:
    """The answer's JSON object; a proxy's or a portal's page with status 200 is none."""
    if answer.status_code == requests.codes.no_content:
        return {}
    try:
        found = answer.json() if answer.is_redirect is False else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        kind = answer.headers.get("Content-Type", "no content type")
        raise ApiUnsettled(f"{asked}: expected a JSON object, found {answer.status_code} with {kind}")
    return found


def _words(answer: requests.Response) -> str:
    """What Prolific says of its refusal, as far as it does."""
    try:
        error = answer.json().get("error", {})
        words = "; ".join(str(error[key]) for key in ("title", "detail") if error.get(key))
    except (ValueError, AttributeError, TypeError):
        words = ""
    return (words or answer.reason or "without a word")[:LONGEST_WORDS]
