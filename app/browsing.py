"""How a simulated listener gets its pages: over HTTP, by a line that bears what lines do."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from app.seen_pages import Form, Page, PageUnexpected

TIMEOUT_S = 60


def line() -> requests.Session:
    """A line to the server, opened anew where the server closed it in a pause, as browsers do; every page bears it."""
    session = requests.Session()
    session.trust_env = False  # no proxy of the machine's stands before its own server
    again = HTTPAdapter(max_retries=Retry(total=3, allowed_methods=None, backoff_factor=0.2))
    session.mount("http://", again)
    session.mount("https://", again)
    return session


def get(browser: requests.Session, url: str) -> Page:
    """A page.

    Raises:
        PageUnexpected: the server gave none.
    """
    return Page(_require(browser.get(url, timeout=TIMEOUT_S)))


def post(browser: requests.Session, form: Form) -> Page:
    """The page that comes after a form.

    Raises:
        PageUnexpected: the server gave none.
    """
    return Page(_require(browser.post(form.action, data=form.fields, timeout=TIMEOUT_S)))


def _require(response: requests.Response) -> requests.Response:
    """Stops of the way (409, 410: taken, run out) are pages too; anything else that is no success is a failure."""
    if response.ok or response.status_code in (404, 409, 410):
        return response
    raise PageUnexpected(response.url, f"status {response.status_code}", "a page")
