"""Tables and figures as people read them: how numbers are written, and what a table is before it is HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

MISSING = "–"


@dataclass(frozen=True)
class Table:
    """A table for people: the first column names the row, the rest are text or figures."""

    kind: ClassVar[str] = "table"

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str | None = None  # the CSV with the same in full
    look: str = ""  # "words": the last column holds sentences; "sum": the last row adds the others up


def figure(value: float | None, digits: int = 2) -> str:
    """A figure as papers print it; a dash where there is none.

    >>> figure(0.0333), figure(None)
    ('0.03', '–')
    """
    return MISSING if value is None else f"{value:.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in per cent.

    >>> percent(0.0333), percent(None)
    ('3.3 %', '–')
    """
    return MISSING if share is None else f"{100 * share:.{digits}f} %"


def percents(share: float | None, lower: float | None, upper: float | None) -> str:
    """A share in per cent with its limits.

    >>> percents(0.02, 0.001, 0.0452), percents(None, None, None)
    ('2.0 (0.1 to 4.5)', '–')
    """
    if share is None or lower is None or upper is None:
        return percent(share).removesuffix(" %")
    return f"{100 * share:.1f} ({100 * lower:.1f} to {100 * upper:.1f})"


def limits(value: float | None, lower: float | None, upper: float | None, digits: int = 2) -> str:
    """A figure with its limits, as far as there are any.

    >>> limits(0.5, 0.25, 0.75), limits(0.5, None, None)
    ('0.50 (0.25 to 0.75)', '0.50')
    """
    if value is None or lower is None or upper is None:
        return figure(value, digits)
    return f"{value:.{digits}f} ({lower:.{digits}f} to {upper:.{digits}f})"


def level(snr_db: float | None) -> str:
    """An SNR for a table.

    >>> level(10.0), level(None)
    ('10 dB', '–')
    """
    return MISSING if snr_db is None else f"{snr_db:g} dB"


def many(count: int, one: str, several: str | None = None) -> str:
    """So many of something.

    >>> many(1, "pair"), many(1200, "pair"), many(2, "person", "people")
    ('1 pair', '1,200 pairs', '2 people')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words in a row, as a sentence has them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def p_cell(p: float | None) -> str:
    """A p-value for a table.

    >>> p_cell(0.0312), p_cell(0.00004)
    ('.031', '<\xa0.001')
    """
    return p_value(p).removeprefix("=\u00a0")


def p_value(p: float | None) -> str:
    """A p-value with its relation, to stand behind a p.

    >>> p_value(0.0312), p_value(0.00004), p_value(None)
    ('=\xa0.031', '<\xa0.001', '–')
    """
    if p is None:
        return MISSING
    return "<\u00a0.001" if p < 0.001 else "=\u00a0" + f"{p:.3f}".removeprefix("0")
