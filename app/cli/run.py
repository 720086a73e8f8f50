"""`earwitness run`: the one pair of hands that talks to the platform."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import connected, opened, server_url
from app.cli.payouts import books_only
from app.cli.say import describe, study_option, tell

if TYPE_CHECKING:
    from app.hands.worksite import Turn
    from app.wiring import Wired


@click.command(short_help="Publish, collect, pay: again and again.")
@study_option
@click.option("--once", is_flag=True, help="Take one turn and end; for a scheduler.")
def run(study: Path, once: bool) -> None:
    """Publish what is planned, collect what was handed in, pay it, top up, close: again and again.

    `earwitness serve` starts this by itself. Commands that talk to the platform take turns with it by a lock in the
    database, so any number of them can be given at any time. Stopped anywhere, it goes on where it was.
    """
    from sqlalchemy.exc import OperationalError

    from app.store.lock import HandsBusy
    from hits.recruiting import PlatformRefused, PlatformUnreachable

    with opened(study) as wired:
        while True:
            try:
                report(one_turn(wired))
            except (PlatformUnreachable, PlatformRefused, HandsBusy, OperationalError) as error:
                if once:
                    raise
                tell(f"{describe(error)}; trying again in {wired.settings.earwitness_poll_s:g} s")
            if once:
                return
            time.sleep(wired.settings.earwitness_poll_s)


def one_turn(wired: Wired) -> Turn:
    """Everything that was wished for and that is due now, under the lock."""
    from app.hands.turn import take_turn
    from app.hands.worksite import Turn, Worksite
    from app.store.lock import hands
    from app.wishing import grant_wishes

    with hands(wired.database, on_wait=tell) as held:
        site = Worksite(
            wired.study,
            wired.database,
            connected(wired),
            task_url(wired),
            held,
            secret_key=wired.folder.keys().secret_key,
            books_only=books_only(wired),
        )
        turn = Turn()
        grant_wishes(site, turn, wired.folder.pairs)
        return take_turn(site, turn)


def task_url(wired: Wired) -> str:
    """Where workers find the task."""
    return f"{server_url(wired)}/annotate/"


def report(turn: Turn) -> None:
    """Say what a turn did, if anything."""
    if not turn.idle:
        tell(f"{turn.published} published, {turn.handed_in} handed in, {turn.paid} payments, {turn.closed} closed")
    for note in turn.notes:
        tell(note)
