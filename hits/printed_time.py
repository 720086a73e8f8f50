"""Moments as people's programs print them, brought to UTC; none is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

#: What MTurk's and Java's abbreviations mean, in hours.
ZONES = {"PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4, "GMT": 0, "UTC": 0}
PRINTED = re.compile(r"\w{3} (\w{3} +\d{1,2} \d\d:\d\d:\d\d) (\w+) (\d{4})")


def read_time(text: str, zone: str | None = None) -> datetime | None:
    """A moment in UTC, as MTurk's site, its API or its tools wrote it; None where it is none, or names no zone.

    >>> read_time("Wed Apr 14 20:00:52 PDT 2010")
    datetime.datetime(2010, 4, 15, 3, 0, 52, tzinfo=datetime.timezone.utc)
    >>> read_time("2019-12-01T12:00:00Z"), read_time("2019-12-01T12:00:00")
    (datetime.datetime(2019, 12, 1, 12, 0, tzinfo=datetime.timezone.utc), None)
    """
    printed = PRINTED.fullmatch(" ".join(text.split()))
    try:
        if printed:
            if printed[2] not in ZONES:
                return None
            time = datetime.strptime(f"{printed[1]} {printed[3]}", "%b %d %H:%M:%S %Y")  # noqa: DTZ007
            return time.replace(tzinfo=timezone(timedelta(hours=ZONES[printed[2]]))).astimezone(UTC)
        if re.fullmatch(r"\d{9,10}(\.\d+)?", text):  # seconds since 1970, as older clients print them
            return datetime.fromtimestamp(float(text), UTC)
        if re.fullmatch(r"\d{12,13}", text):  # milliseconds, as JavaScript and pandas do
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        if zone is None:
            return None
        time = time.replace(tzinfo=ZoneInfo(zone))
    return time.astimezone(UTC)
