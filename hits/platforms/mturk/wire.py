"""What goes over MTurk's wire: amounts, questions, addresses, ids."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from hits.pay import AmountWrong

EXTERNAL_QUESTION = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
#: Our marketplace's WorkerIds of simulated listeners begin so; MTurk's are too short to.
SIMULATED_PREFIX = "ASIMULATED"


def is_simulated(worker_id: str) -> bool:
    """Whether our marketplace gave this WorkerId to a simulated listener."""
    return worker_id.startswith(SIMULATED_PREFIX)


def amount_of(minor: int) -> str:
    """Minor units as MTurk's decimal string.

    Raises:
        AmountWrong: it is below zero.

    >>> amount_of(5), amount_of(1234)
    ('0.05', '12.34')
    """
    if minor < 0:
        raise AmountWrong(f"an amount of {minor} cents can't be paid; expected 0 or more")
    return f"{minor // 100}.{minor % 100:02d}"


def minor_of(amount: str) -> int:
    """MTurk's decimal string in minor units.

    >>> minor_of("12.3"), minor_of("12"), minor_of("0.05")
    (1230, 1200, 5)
    """
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0")[:2])


def external_question(url: str) -> str:
    """An ExternalQuestion; its height is left to the platform (0).

    >>> "x=1&amp;y=2" in external_question("https://lab.example/task?x=1&y=2")
    True
    """
    return (
        f'<ExternalQuestion xmlns="{EXTERNAL_QUESTION}"><ExternalURL>{escape(url)}</ExternalURL>'
        "<FrameHeight>0</FrameHeight></ExternalQuestion>"
    )


def origin(url: str) -> str | None:
    """Scheme, host and port, the default port left out; None for what is no plain web address.

    >>> origin("https://Lab.Example:443/x"), origin("https://lab.example@evil.example"), origin("javascript:x")
    ('https://lab.example', None, None)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    if re.search(r"[\s?#]", url):  # something would come between the place and the path that is added to it
        return None
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}" + ("" if port in (None, usual) else f":{port}")
