"""`earwitness hits`: the price, publish, watch, collect, pay, pause, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import connected, opened
from app.cli.payouts import books_only
from app.cli.run import task_url
from app.cli.say import print_table, progress_bar, study_option, tell

if TYPE_CHECKING:
    from app.hands.worksite import Turn, Worksite
    from app.launch import Preview
    from app.store.wishes import WishKind
    from app.wiring import Wired


@click.group(short_help="Publish, watch, collect, pay, close.")
def hits() -> None:
    """Put pairs before listeners, and see to it that they are paid."""


@hits.command()
@study_option
@click.option("--clips", type=click.IntRange(1), help="Pairs of so many more clips: a wave.  [default: all left]")
def preview(study: Path, clips: int | None) -> None:
    """What the next wave asks for and costs, line by line, and what to mend before. Spends nothing."""
    from app.launch import preview as price
    from app.plan_files import what_it_buys
    from hits.bill_lines import NOT_YET

    with opened(study) as wired:
        bought = what_it_buys(study)
        found = price(wired.database, wired.study, wired.folder.pairs, clips, bought)
        print_table(("item", "value"), found.rows())
    tell(found.bill.decides or NOT_YET)
    _warn(found)
    if found.bill.over_cap:
        tell("This is above the cap, so it would not be published: raise pay.cap, or publish fewer clips.")


def _warn(found: Preview) -> None:
    for sentence in found.warnings:
        tell(f"Note: {sentence}")


def _open_hits(wired: Wired) -> list[str]:
    from app.store.hits import published_ids

    with wired.database.reading() as session:
        return published_ids(session, open_only=True)


@hits.command()
@study_option
@click.option("--clips", type=click.IntRange(1), help="Pairs of so many more clips: a wave.  [default: all left]")
@click.option("--yes", is_flag=True, help="Do not ask before spending; for scripts. The cap still holds.")
def publish(study: Path, clips: int | None, yes: bool) -> None:
    """Show what the next wave will ask for and cost, ask, and put its HITs out.

    Run again after a stop, it goes on where it was and makes no HIT twice. Run again when all pairs are out, it
    opens a study that was closed.
    """
    from app.hands.pausing import hold_due
    from app.hands.publishing import publish_due
    from app.hands.worksite import many
    from app.launch import launch, prepare

    with opened(study) as wired:
        bill = prepare(wired.database, wired.study, wired.folder.pairs, clips)
        print_table(("item", "value"), bill.rows())
        _warn(bill)
        if bill.bill.pairs and not yes:
            click.confirm("Publish these HITs?", abort=True, err=True)
        with site(wired, "publishing HITs") as (worksite, turn):
            launch(wired.database, wired.study, wired.folder.pairs, clips)
            publish_due(worksite, turn)
            hold_due(worksite, turn)  # publishing ends a pause
            links = [worksite.platform.invitation(worksite.task_url, hit_id) for hit_id in _open_hits(wired)]
    tell(f"{many(turn.published, 'HIT')} published.")
    if any(links):
        tell("Put this link where workers find it:\n" + "\n".join(link for link in links if link))
    elif worksite.platform.how_workers_come:
        tell(worksite.platform.how_workers_come)


@hits.command()
@study_option
def status(study: Path) -> None:
    """Progress, people and money at a glance."""
    from app.store.progress import overview
    from hits.pay import money

    with opened(study) as wired, wired.database.reading() as session:
        seen = overview(session, wired.study.hits, wired.study.pay)
    currency = wired.study.pay.currency
    rows: list[tuple[str, object]] = [
        ("pairs", seen.pairs),
        *([("pairs asked about so far", seen.pairs_released)] if seen.conditions_closed is not None else []),
        ("pairs decided", seen.pairs_decided),
        ("conditions", seen.conditions),
        *([("conditions decided", seen.conditions_closed)] if seen.conditions_closed is not None else []),
        ("judgments", seen.judgments),
        *((f"HITs {state}", count) for state, count in seen.hits_by_state.items()),
        *((f"assignments {state}", count) for state, count in seen.assignments_by_state.items()),
        ("workers", seen.workers),
        ("workers, simulated", seen.workers_simulated),
        ("paid", money(seen.spent_minor, currency)),
        ("to be paid", money(seen.pending_minor, currency)),
        ("committed", money(seen.committed_minor, currency)),
        ("cap", money(seen.cap_minor, currency)),
    ]
    print_table(("what", "value"), rows)


@hits.command()
@study_option
def collect(study: Path) -> None:
    """Take over what workers handed in, and write down what is owed for it. Pays nothing."""
    from app.hands.collecting import collect_due
    from app.hands.worksite import many

    with opened(study) as wired, site(wired, "collecting") as (worksite, turn):
        collect_due(worksite, turn)
    tell(f"{many(turn.handed_in, 'assignment')} handed in since the last look")


@hits.command()
@study_option
@click.option("--now", "reviewed", is_flag=True, help="Pay what is still to be reviewed, too.")
def pay(study: Path, reviewed: bool) -> None:
    """Pay what is owed, each amount once; safe to run as often as one likes.

    What a platform refused before, as for want of funds, is asked for again. What waits for a person's look
    (pay.review_for_h) is paid once its time is over, or with --now.
    """
    from app.hands.collecting import collect_due
    from app.hands.paying import pay_due, plan_refused_again
    from app.hands.worksite import many
    from app.store.review import waiting_until

    with opened(study) as wired, site(wired, "paying") as (worksite, turn):
        collect_due(worksite, turn)
        plan_refused_again(worksite)
        pay_due(worksite, turn, reviewed=reviewed)
        with wired.database.reading() as session:
            waiting = len(waiting_until(session, wired.study.pay, wired.database.now()))
    for note in turn.notes:
        tell(note)
    tell(f"{many(turn.paid, 'payment')} confirmed")
    if waiting:
        tell(f"{many(waiting, 'payment')} to be reviewed before; --now pays at once")


@hits.command()
@study_option
def close(study: Path) -> None:
    """Take every HIT off the shelf; work that was begun can still be handed in and is paid."""
    from app.hands.shelf import close_all

    with opened(study) as wired, site(wired, "closing HITs") as (worksite, turn):
        close_all(worksite, turn)
    tell(f"{turn.closed} HITs are off the shelf")


@hits.command()
@study_option
def pause(study: Path) -> None:
    """Let nobody begin for a while; whoever is at work goes on, and is paid."""
    _wish(study, "pause", {})


@hits.command()
@study_option
def resume(study: Path) -> None:
    """Let people begin again after a pause."""
    _wish(study, "resume", {})


@hits.command()
@click.argument("worker")
@click.argument("amount")
@study_option
@click.option("--reason", required=True, help="What the worker reads beside it.")
def bonus(worker: str, amount: str, study: Path, reason: str) -> None:
    """Give WORKER (by hash) a bonus of AMOUNT for the latest work. The same once more changes nothing."""
    from app.store.own_word import latest_work
    from hits.pay import read_amount

    with opened(study) as wired:
        minor = read_amount(amount, wired.study.pay.currency)
        with wired.database.reading() as session:
            assignment_id = latest_work(session, worker)
    wanted = {"assignment_id": assignment_id, "worker": worker, "amount_minor": minor, "reason": reason.strip()}
    _wish(study, "bonus", wanted, once=f"{assignment_id}/{minor}/{reason.strip()}")


@hits.command()
@click.argument("key")
@study_option
@click.option("--paid/--not-paid", "was_paid", default=None, help="What the platform's own pages say.")
def settle(key: str, study: Path, was_paid: bool | None) -> None:
    """Say whether a payment of unknown outcome was paid, by its KEY in the ledger. If not, it is planned anew."""
    if was_paid is None:
        raise click.UsageError("say --paid or --not-paid; the platform's own pages know")
    _wish(study, "settle", {"key": key, "paid": was_paid})


def _wish(study: Path, kind: WishKind, detail: dict[str, object], once: str | None = None) -> None:
    """Write down what is asked for, as a button does, and carry it out at once.

    Raises:
        NotGranted: it can't be done, and why.
    """
    import getpass
    import hashlib
    import secrets

    from app.store.wishes import make_wish
    from app.store.wishes import wish as wish_now
    from app.wishing import grant_wishes

    nonce = secrets.token_urlsafe(12) if once is None else hashlib.sha256(once.encode()).hexdigest()[:32]
    with opened(study) as wired, site(wired, kind) as (worksite, turn):
        with wired.database.writing() as session:
            made, new = make_wish(session, kind, detail, getpass.getuser(), nonce)
        grant_wishes(worksite, turn, wired.folder.pairs)
        with wired.database.reading() as session:
            found = wish_now(session, made.wish_id)
    assert found is not None  # it was just made
    if found.state == "refused":
        raise NotGranted(found.note)
    tell(found.note if new else f"this was asked for before: {found.note}")


class NotGranted(ValueError):
    """What was asked for could not be done; the sentence says why."""


@contextmanager
def site(wired: Wired, what: str) -> Iterator[tuple[Worksite, Turn]]:
    """The platform, with the lock held and a bar that shows how far the work is."""
    from app.hands.worksite import Turn, Worksite
    from app.store.lock import hands

    platform, url = connected(wired), task_url(wired)
    with hands(wired.database, on_wait=tell) as held, progress_bar(what, None) as step:
        key, booked = wired.folder.keys().secret_key, books_only(wired)
        yield Worksite(wired.study, wired.database, platform, url, held, _on_step(step), key, booked), Turn()


def _on_step(step: Callable[[int], None]) -> Callable[[str, int, int], None]:
    return lambda _what, done, _total: step(done)
