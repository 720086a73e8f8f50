"""`earwitness marketplace`: who may post tasks on it, and links that let workers in."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.say import print_table, study_option, tell

CENTS = 100


@click.group(short_help="Give out requesters' keys and workers' invites.")
def marketplace() -> None:
    """Give out keys for requesters of our marketplace, and invites for their workers.

    The marketplace is the one that `earwitness serve` shows for this study: that of all your studies, unless one has a
    marketplace.db of its own, or MARKETPLACE_DATABASE_URL names another.
    """


@marketplace.group()
def requester() -> None:
    """Let programs post tasks, with keys of their own."""


@requester.command()
@click.argument("name")
@click.option(
    "--balance",
    type=click.FloatRange(0, 10_000_000),
    default=1000.0,
    show_default=True,
    help="What it may spend, in USD.",
)
@study_option
def add(name: str, balance: float, study: Path) -> None:
    """Make the requester NAME, whom workers read, and print its keys. The secret is shown this once."""
    from app.settings import read_settings
    from app.wiring import add_requester

    access_key_id, secret = add_requester(study, read_settings(), name, round(balance * CENTS))
    print_table(("aws_access_key_id", "aws_secret_access_key"), [(access_key_id, secret)])
    tell("keep the secret: it is not shown again; workers come by `earwitness marketplace invite` and the key's id")


@requester.command("list")
@study_option
def list_requesters(study: Path) -> None:
    """The requesters, their keys' ids and what each has left, in USD."""
    from app.settings import read_settings
    from app.wiring import requesters

    rows = [
        (name, access_key_id, f"{available / CENTS:.2f}")
        for name, access_key_id, available in requesters(study, read_settings())
    ]
    print_table(("name", "aws_access_key_id", "available_usd"), rows)


@marketplace.command()
@click.argument("access_key_id")
@click.option("--uses", type=click.IntRange(1), help="How many may come in by it; any number when left out.")
@study_option
def invite(access_key_id: str, uses: int | None, study: Path) -> None:
    """Print the path of a new invite: whoever follows it becomes a worker of the requester with that key."""
    from app.settings import read_settings
    from app.wiring import invite_workers

    click.echo(invite_workers(study, read_settings(), access_key_id, uses))
