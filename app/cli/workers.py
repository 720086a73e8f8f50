"""`earwitness workers`: who took part, by hash; forgetting them; keys that seal their ids."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened
from app.cli.payouts import books_only
from app.cli.say import print_table, study_option, tell


@click.group(short_help="List workers, and forget who they are.")
def workers() -> None:
    """Who took part, and how the study forgets who they are. What is kept of workers: docs/privacy.md."""


@workers.command("list")
@study_option
def list_workers(study: Path) -> None:
    """Every worker by hash: judgments, whether they are used and why not, and whether the platform's id is kept."""
    from app.store.identities import kept_workers

    with opened(study) as wired, wired.database.reading() as session:
        rows = [
            (one.worker, f"{one.first_seen_at:%Y-%m-%d}", one.judgments, one.used, one.because, one.id_kept)
            for one in kept_workers(session)
        ]
    words = [(*row[:3], "yes" if row[3] else "no", row[4], row[5]) for row in rows]
    print_table(("worker", "since", "judgments", "used", "because", "platform's id"), words)


@workers.command()
@click.argument("id_or_hash", metavar="ID")
@study_option
@click.option("--with-answers", is_flag=True, help="Delete the answers, too; their pairs are asked of others.")
@click.option("--waive", is_flag=True, help="Let go of what is owed; only where the worker wants that.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
def forget(id_or_hash: str, study: Path, with_answers: bool, waive: bool, yes: bool) -> None:
    """Forget who a worker is. ID is the platform's id or the hash; this can't be undone.

    The platform's id is deleted, comments are emptied, and a random name takes the place of the hash everywhere, so
    that it can't be worked out again. Answers stay under that name. Refused while money is owed, wished or on its way,
    and while a task is open: the sentence says what to do first.
    """
    from datetime import UTC, datetime

    from app.store.forgetting import forget as forget_worker
    from app.store.lock import hands

    with opened(study) as wired:
        if not yes:
            click.confirm("Forget this worker for good?", abort=True, err=True)
        with hands(wired.database, on_wait=tell), wired.database.writing(overwriting=True) as session:
            done = forget_worker(
                session,
                id_or_hash,
                now=datetime.now(UTC),
                with_answers=with_answers,
                waive=waive,
                booked=books_only(wired),
            )
        wired.database.wipe_log()
        exported = wired.folder.judgments.exists()
    answers = f"{done.deleted} answers are deleted" if done.deleted else f"{done.judgments} answers stay"
    tell(f"The worker is forgotten; {answers}, under the random name {done.worker}")
    if exported:
        tell(f"judgments.csv still has the old hash: earwitness judgments export --study {study}")


@workers.command()
def key() -> None:
    """Print a new key for EARWITNESS_SEAL_KEY, which seals the platform's ids of workers."""
    from app.sealing import new_seal_key

    click.echo(new_seal_key())
