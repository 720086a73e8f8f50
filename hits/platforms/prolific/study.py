"""A study as Prolific takes it: its address, its codes, what it asks of devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from hits.platforms.prolific.link import IDS

DEVICES = ("desktop", "tablet", "mobile")
LONGEST_NAME, LONGEST_SECONDS = 120, 24 * 3600

#: What Prolific does with a code. Nobody is approved by it: pay goes through our ledger.
ACTIONS: Mapping[str, tuple[str, dict[str, str]]] = {
    "completed": ("COMPLETED", {"action": "MANUALLY_REVIEW"}),
    "screened-out": (
        "SCREENED_OUT",
        {"action": "REQUEST_RETURN", "return_reason": "The study needs something else than what was found."},
    ),
    "withdrawn": ("OTHER", {"action": "REQUEST_RETURN", "return_reason": "You left the study before its end."}),
}


def completion_codes_of(codes: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """What each code means there, by how it ended here."""
    return [
        {"code": code, "code_type": ACTIONS[outcome][0], "actor": "participant", "actions": [ACTIONS[outcome][1]]}
        for outcome, code in codes
    ]


def study_url(url: str) -> str:
    """The task's URL with Prolific's places for the three ids.

    >>> study_url("https://lab.example/annotate/")
    'https://lab.example/annotate/?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}'
    """
    return url + ("&" if "?" in url else "?") + urlencode({name: f"{{{{%{name}%}}}}" for name in IDS}, safe="{}%")
