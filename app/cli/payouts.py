"""`earwitness payouts`: what is owed where no platform moves the money; a file for the paying office, and back."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import opened
from app.cli.say import print_table, study_option, tell

if TYPE_CHECKING:
    from app.store.payouts import Owed
    from app.wiring import Wired

NOTHING = "nothing is owed to anybody"


class PlatformPays(ValueError):
    """There are no payouts by hand: the platform has paid, or no money is paid at all."""


@click.group(short_help="What is owed to workers, and what was paid out by hand.")
def payouts() -> None:
    """What is owed where no platform moves the money; once paid, marked with reference and date. See docs/paying.md."""


@payouts.command()
@study_option
def owed(study: Path) -> None:
    """What is owed to each worker now; simulated workers are never paid."""
    from app.store.payouts import balances
    from hits.pay import money

    with opened(study) as wired:
        if wired.study.pay.mode == "credit":
            print_table(("worker", "platform's id", "HITs", "credits"), _credits(wired))
            return
        kind = owed_kind(wired)
        with wired.database.reading() as session:
            found = balances(session, wired.study.hits.platform, kind)
    currency = wired.study.pay.currency
    if not found:
        tell(NOTHING)
    print_table(
        ("worker", "platform's id", "amount"),
        [(one.worker, one.platform_worker_id, money(one.amount_minor, currency)) for one in found],
    )


@payouts.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@study_option
def export(file: Path, study: Path) -> None:
    """Write FILE for the paying office: one line a worker, with the platform's id and the amount.

    Under pay.mode = "credit" it lists course credit instead. Columns: docs/paying.md. Keep the file to
    yourself: it says who took part.
    """
    from app.payout_file import write_credits, write_payouts
    from app.store.payouts import balances, credits_earned
    from hits.pay import money

    with opened(study) as wired:
        design = wired.study
        with wired.database.reading() as session:
            if design.pay.mode == "credit":
                earned = credits_earned(session, design.hits.platform)
                write_credits(file, earned, design.pay.credits_per_hit, design.study.name)
                tell(f"{len(earned)} workers with course credit in {file}")
                return
            found = balances(session, design.hits.platform, owed_kind(wired))
        write_payouts(file, found, design.pay.currency, design.study.name)
    total = money(sum(one.amount_minor for one in found), design.pay.currency)
    tell(f"{total} for {len(found)} workers in {file}. Once it is paid: earwitness payouts paid {file}")
    unknown = [one.worker for one in found if not one.platform_worker_id]
    if unknown:
        tell(f"no id is known any more of {', '.join(unknown)}: their lines need a person who knows whom to pay")


@payouts.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@study_option
@click.option("--worker", help="One worker alone, by hash: all that is owed now.")
@click.option("--amount", help="With --worker: what was paid, to be compared with what is owed.")
@click.option("--reference", help="The paying office's, for lines that have none.")
@click.option(
    "--date", "paid_on", type=click.DateTime(["%Y-%m-%d"]), help="When it was paid, for lines without a date."
)
def paid(
    file: Path | None,
    study: Path,
    worker: str | None,
    amount: str | None,
    reference: str | None,
    paid_on: datetime | None,
) -> None:
    """Mark as paid what FILE lists, as it was exported, or all that is owed to one worker; each once.

    The same file again changes nothing. Where amounts do not agree with what is owed, nothing is marked, and every
    such line is named.
    """
    from app.payout_file import read_payouts
    from app.store.payouts import Paid, mark_paid
    from hits.pay import read_amount

    if (file is None) == (worker is None):
        raise click.UsageError("give either FILE or --worker")
    day = paid_on.date() if paid_on else None
    with opened(study) as wired:
        currency = wired.study.pay.currency
        if file is not None:
            said = read_payouts(file, currency, reference, day)
        else:
            minor = None if amount is None else read_amount(amount, currency)
            said = [Paid(worker or "", "", minor, *_named(reference, day), where="--worker")]
        kind = owed_kind(wired)
        with wired.database.writing() as session:
            new = mark_paid(session, said, wired.study.hits.platform, kind, currency, getpass.getuser())
    tell(f"{new} marked as paid; {len(said) - new} were before")


def _named(reference: str | None, day: date | None) -> tuple[str, date]:
    if not reference or day is None:
        raise click.UsageError("--worker needs --reference and --date")
    return reference, day


def owed_kind(wired: Wired) -> Owed:
    """Which payments of the ledger are owed by hand.

    Raises:
        PlatformPays: none is.
    """
    from app.wiring import platform_class

    design = wired.study
    if not design.pay.paying:
        raise PlatformPays(f"this study pays no money (pay.mode is {design.pay.mode!r})")
    if not platform_class(design).traits.pays:
        return "planned"
    if books_only(wired):
        return "confirmed"
    raise PlatformPays(f"{design.hits.platform} pays workers itself; `earwitness hits status` says what was paid")


def books_only(wired: Wired) -> bool:
    """Whether payments are booked by our marketplace, which moves nothing."""
    from app.wiring import platform_class
    from hits.recruiting import Machine

    return platform_class(wired.study).books_only(Machine(settings=dict(wired.settings)))


def _credits(wired: Wired) -> list[tuple[object, ...]]:
    from app.store.payouts import credits_earned

    each = wired.study.pay.credits_per_hit
    with wired.database.reading() as session:
        earned = credits_earned(session, wired.study.hits.platform)
    return [(worker, theirs, hits, f"{hits * each:g}") for worker, theirs, hits in earned]
