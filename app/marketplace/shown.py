"""Amounts and times as the workers' pages write them."""

from __future__ import annotations

from datetime import datetime

from babel.units import format_unit
from flask_babel import format_date, format_time, get_locale
from flask_babel import gettext as _

from app.catalogues import WRITTEN_IN
from app.languages import amount

CURRENCY = "USD"  # as on MTurk


def show_amount(minor: int) -> str:
    """An amount in the marketplace's one currency.

    >>> show_amount(63)
    '$0.63'
    """
    return amount(minor, CURRENCY)


def show_pay(minor: int) -> str:
    """What a task pays, for a worker to read.

    >>> show_pay(63), show_pay(0)
    ('$0.63', 'unpaid')
    """
    return show_amount(minor) if minor else str(_("unpaid"))


def show_time(seconds: int) -> str:
    """A length of time for a worker to read.

    >>> show_time(90), show_time(3600), show_time(172800)
    ('2 minutes', '60 minutes', '2 days')
    """
    for unit, length_s in (("day", 86_400), ("hour", 3600)):
        if seconds >= 2 * length_s:
            return _many(seconds // length_s, unit)
    return _many(-(-seconds // 60), "minute")


def _many(count: int, unit: str) -> str:
    return str(format_unit(count, f"duration-{unit}", locale=get_locale() or WRITTEN_IN))


def show_moment(at: datetime) -> str:
    """A moment for a worker to read: the day as the page's language writes it, the time in UTC."""
    return str(_("%(date)s, %(time)s UTC", date=format_date(at, "long"), time=format_time(at, "HH:mm")))
