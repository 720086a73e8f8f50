"""Qualifications that the marketplace itself keeps of every worker, under MTurk's ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PERCENT_APPROVED = "000000000000000000L0"
NUMBER_APPROVED = "00000000000000000040"
LOCALE = "00000000000000000071"
ADULT = "00000000000000000060"
MASTERS = frozenset({"2F1QJWKUDD8XADTFD2Q0G6UTO95ALH", "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"})  # live and sandbox

#: Name and description by id.
SYSTEM_TYPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        PERCENT_APPROVED: ("Percent assignments approved", "Share of a worker's decided assignments, 0 to 100."),
        NUMBER_APPROVED: ("Number of HITs approved", "How many assignments of a worker were approved."),
        LOCALE: ("Location", "Where a worker lives, by the worker's own statement."),
        ADULT: ("Adult content", "1 for workers who say that they are of age and agree to see such content."),
        **dict.fromkeys(sorted(MASTERS), ("Masters", "MTurk's own choice of workers; here nobody has it.")),
    }
)
