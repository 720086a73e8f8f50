"""The paying office's file: what is owed, one line a worker; and the same file back, once it was paid."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from app.store.payouts import Balance, Paid
from hits.pay import AmountWrong, plain_amount, read_amount
from pipelines.whole_file import writing_whole

COLUMNS = ("payout", "worker", "platform_worker_id", "amount", "currency", "study", "reference", "date")
CREDIT_COLUMNS = ("worker", "platform_worker_id", "hits", "credits", "study")
NEEDED = ("payout", "worker", "amount", "currency")


class PayoutFileWrong(ValueError):
    """A file of payouts can't be used: every wrong line."""

    def __init__(self, path: Path, wrong: Sequence[str]) -> None:
        super().__init__(f"{path} can't be used; nothing was marked as paid:\n" + "\n".join(wrong))


def write_payouts(path: Path, owed: Sequence[Balance], currency: str, study: str) -> None:
    """Write what is owed; `reference` and `date` are for the paying office to fill in."""
    rows = [
        (one.payout_id, one.worker, one.platform_worker_id, plain_amount(one.amount_minor, currency), currency, study)
        for one in owed
    ]
    _write(path, COLUMNS, [(*row, "", "") for row in rows])


def write_credits(path: Path, earned: Sequence[tuple[str, str, int]], credits_per_hit: float, study: str) -> None:
    """Write the course credit that was earned."""
    rows = [(worker, theirs, hits, f"{hits * credits_per_hit:g}", study) for worker, theirs, hits in earned]
    _write(path, CREDIT_COLUMNS, rows)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows(rows)
    with writing_whole(path) as file:
        file.write(text.getvalue().encode())


def read_payouts(path: Path, currency: str, reference: str | None, paid_on: date | None) -> list[Paid]:
    """What the paying office says that it has paid.

    Args:
        path: a file as it was exported; lines that were not paid are taken out.
        currency: of the study.
        reference: for lines that have none of their own.
        paid_on: likewise.

    Raises:
        PayoutFileWrong: columns are missing, or a line can't be read, is in another currency, or names no reference.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayoutFileWrong(path, [f"byte {error.start}: found no UTF-8 text"]) from error
    lines = csv.DictReader(text.splitlines())
    missing = [column for column in NEEDED if column not in (lines.fieldnames or ())]
    if missing:
        raise PayoutFileWrong(path, [f"line 1: found no column {missing[0]}; expected {', '.join(COLUMNS)}"])
    wrong: list[str] = []
    found = list(_read(lines, currency, reference, paid_on, wrong))
    if wrong:
        raise PayoutFileWrong(path, wrong)
    return found


def _read(
    lines: csv.DictReader[str], currency: str, reference: str | None, paid_on: date | None, wrong: list[str]
) -> Iterator[Paid]:
    for row in lines:
        where = f"line {lines.line_num}"
        said = {column: (row.get(column) or "").strip() for column in COLUMNS}
        try:
            if said["currency"] != currency:
                raise AmountWrong(f"found the currency {said['currency']!r}; expected {currency}")
            if not said["payout"] or not said["worker"]:
                raise AmountWrong("found no payout or no worker; expected both as they were exported")
            named, day = said["reference"] or reference, said["date"] or paid_on
            if not named or not day:
                raise AmountWrong("found no reference or no date; fill them in, or give --reference and --date")
            when = day if isinstance(day, date) else date.fromisoformat(day)
            yield Paid(said["worker"], said["payout"], read_amount(said["amount"], currency), named, when, where)
        except ValueError as error:  # ours, or a day that is none
            wrong.append(f"{where}: {error}")
