"""`earwitness researcher`: who may sign in to the researcher's pages, and by which tokens programs ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from app.cli.opening import opened, server_url
from app.cli.say import print_table, study_option, tell

if TYPE_CHECKING:
    from app.store.people import Role

role_choice = click.Choice(("owner", "viewer"))
COMMAND_LINE = "the command line"  # who did it, where it was not done by a page


@click.group(short_help="Let people and programs into the dashboard.")
def researcher() -> None:
    """Let people sign in to the researcher's pages, and programs ask for what they show."""


@researcher.command()
@click.argument("name")
@study_option
@click.option("--role", type=role_choice, help="An owner acts, a viewer reads.  [default: owner, or as it was]")
@click.password_option(help="At least ten characters; asked for when left out.")
def add(name: str, study: Path, role: str | None, password: str) -> None:
    """Let NAME sign in with a password, in place of an older one."""
    from app.store.events import note_event
    from app.store.people import set_password

    with opened(study) as wired, wired.database.writing() as session:
        set_password(session, name, password, cast("Role | None", role))
        note_event(session, "people", f"{name} can sign in with a new password", COMMAND_LINE)
    tell(f"{name} can sign in")


@researcher.command("role")
@click.argument("name")
@click.argument("role", type=role_choice)
@study_option
def set_role(name: str, role: str, study: Path) -> None:
    """Make NAME an owner, who acts, or a viewer, who reads. The last owner stays one."""
    from app.store import people
    from app.store.events import note_event

    with opened(study) as wired, wired.database.writing() as session:
        people.set_role(session, name, cast("Role", role))
        note_event(session, "people", f"{name} is now: {role}", COMMAND_LINE)
    tell(f"{name} is now: {role}")


@researcher.command()
@click.argument("name")
@study_option
def remove(name: str, study: Path) -> None:
    """Let NAME sign in no more; links and tokens end with it. What was done stays noted."""
    from app.store.events import note_event
    from app.store.people import remove_researcher

    with opened(study) as wired, wired.database.writing() as session:
        remove_researcher(session, name)
        note_event(session, "people", f"{name} can sign in no more", COMMAND_LINE)
    tell(f"{name} can sign in no more")


@researcher.command()
@click.argument("name")
@study_option
@click.option("--role", type=role_choice, default="owner", show_default=True, help="Of NAME, if it is new.")
def link(name: str, study: Path, role: str) -> None:
    """Print a link that signs NAME in once, within twelve hours."""
    from app.store.people import make_link

    with opened(study) as wired:
        url = server_url(wired)
        with wired.database.writing() as session:
            token = make_link(session, name, cast("Role", role))
    click.echo(f"{url}/sign-in/{token}")


@researcher.command("list")
@study_option
def list_researchers(study: Path) -> None:
    """The names that may sign in, and what each may do."""
    from app.store.people import researchers

    with opened(study) as wired, wired.database.reading() as session:
        print_table(("name", "role"), [(one.name, one.role) for one in researchers(session)])


@researcher.command()
@click.argument("name")
@study_option
@click.option("--label", default="", help="What the token is for, so that it can be told from others.")
def token(name: str, study: Path, label: str) -> None:
    """Print a token by which a program reads and acts as NAME; it is shown this once. See docs/api.md."""
    from app.store import people
    from app.store.api_tokens import make_token
    from app.store.events import note_event

    with opened(study) as wired, wired.database.writing() as session:
        if people.researcher(session, name) is None:
            raise people.ResearcherRefused(
                f"nobody signs in as {name!r}; `earwitness researcher add {name}` changes that"
            )
        word = make_token(session, name, label)
        note_event(session, "token", f"a token for {name} was made: {label or 'without a label'}", COMMAND_LINE)
    click.echo(word)


@researcher.command()
@study_option
def tokens(study: Path) -> None:
    """The tokens by which programs ask: whose they are, what for, and when they were used last."""
    from app.store import api_tokens

    with opened(study) as wired, wired.database.reading() as session:
        rows = [
            (one.name, one.researcher, one.label, one.created_at, one.used_at, one.revoked_at)
            for one in api_tokens.tokens(session)
        ]
    print_table(("token", "researcher", "label", "made", "used", "revoked"), rows)


@researcher.command()
@click.argument("token")
@study_option
def revoke(token: str, study: Path) -> None:
    """Make a TOKEN worthless, by its name in `tokens`."""
    from app.store import api_tokens
    from app.store.events import note_event

    with opened(study) as wired, wired.database.writing() as session:
        revoked = api_tokens.revoke(session, token)
        note_event(session, "token", f"the token {revoked.name} of {revoked.researcher} was revoked", COMMAND_LINE)
    tell(f"the token {revoked.name} of {revoked.researcher} is worth nothing any more")
