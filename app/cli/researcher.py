"""`earwitness researcher`: who may sign in to the researcher's pages."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened, server_url
from app.cli.say import print_table, study_option, tell


@click.group(short_help="Let people sign in to the dashboard.")
def researcher() -> None:
    """Let people sign in to the researcher's pages."""


@researcher.command()
@click.argument("name")
@study_option
@click.password_option(help="At least ten characters; asked for when left out.")
def add(name: str, study: Path, password: str) -> None:
    """Let NAME sign in with a password, in place of an older one."""
    from app.store.people import set_password

    with opened(study) as wired, wired.database.writing() as session:
        set_password(session, name, password)
    tell(f"{name} can sign in")


@researcher.command()
@click.argument("name")
@study_option
def link(name: str, study: Path) -> None:
    """Print a link that signs NAME in once, within twelve hours."""
    from app.store.people import make_link

    with opened(study) as wired:
        url = server_url(wired)
        with wired.database.writing() as session:
            token = make_link(session, name)
    click.echo(f"{url}/sign-in/{token}")


@researcher.command("list")
@study_option
def list_researchers(study: Path) -> None:
    """The names that may sign in."""
    from app.store.people import researchers

    with opened(study) as wired, wired.database.reading() as session:
        print_table(("name",), [(name,) for name in researchers(session)])
