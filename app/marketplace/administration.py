"""What the wiring does with a marketplace from outside: upgrade its database, add requesters and invites."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from app.archive import ArchiveWrong, Header, OnStep
from app.marketplace.ids import new_invite_code, new_key
from app.marketplace.paying import purse_of
from app.marketplace.records import Invite, Requester
from app.marketplace.refusals import Refused
from app.marketplace.store import backup, requesters
from app.marketplace.store.engine import Store
from app.restoring import restore

MIGRATIONS = "migrations.marketplace"


class NoMigrations(RuntimeError):
    """The revisions of the marketplace's database are not installed."""

    def __init__(self) -> None:
        super().__init__(f"the package {MIGRATIONS} is not installed; install earwitness afresh")


def alembic_config() -> Config:
    """Alembic's configuration, made in code from the installed package."""
    spec = find_spec(MIGRATIONS)
    if spec is None or not spec.submodule_search_locations:
        raise NoMigrations
    config = Config()
    config.set_main_option("script_location", next(iter(spec.submodule_search_locations)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database_url: str) -> None:
    """Bring the marketplace's database to its newest revision, making it where there is none."""
    store = Store(database_url)
    try:
        with store.write() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        store.close()


def add_requester(database_url: str, name: str, balance_minor: int) -> tuple[str, str]:
    """A new requester with that balance in US cents; the access key id and the secret access key.

    Raises:
        ValueError: the balance is below zero, or the name is empty.
    """
    if balance_minor < 0 or not name.strip():
        raise ValueError(f"a requester needs a name and a balance of 0 or more; found {name!r} and {balance_minor}")
    access_key_id, secret = new_key()
    store = Store(database_url)
    try:
        with store.write() as connection:
            requester = Requester(access_key_id, secret, name.strip()[:200], balance_minor, datetime.now(UTC))
            requesters.add_requester(connection, requester)
    finally:
        store.close()
    return access_key_id, secret


def list_requesters(database_url: str) -> list[tuple[str, str, int]]:
    """All requesters by name: name, access key id, and what is available in US cents."""
    store = Store(database_url)
    try:
        with store.read() as connection:
            now = datetime.now(UTC)
            return [
                (one.name, one.access_key_id, purse_of(connection, one, now).available_minor)
                for one in requesters.all_requesters(connection)
            ]
    finally:
        store.close()


def knows(database_url: str, access_key_id: str) -> bool:
    """Whether that requester's key belongs to this marketplace."""
    store = Store(database_url)
    try:
        with store.read() as connection:
            return requesters.find_requester(connection, access_key_id) is not None
    finally:
        store.close()


def add_invite(
    database_url: str,
    access_key_id: str,
    uses: int | None = None,
    expires_at: datetime | None = None,
    *,
    simulated: bool = False,
) -> str:
    """A new invite's code; `<marketplace>/invite/<code>` is the link.

    Args:
        database_url: the marketplace's database.
        access_key_id: whose workers the invited become.
        uses: how many may come in by it; None for any number.
        expires_at: until when; None for ever.
        simulated: it is for simulated listeners, whose WorkerIds say so.

    Raises:
        Refused: no requester has that key.
    """
    store = Store(database_url)
    try:
        with store.write() as connection:
            if requesters.find_requester(connection, access_key_id) is None:
                raise Refused("RequesterDoesNotExist", f"No requester has the access key {access_key_id}.")
            code = new_invite_code()
            made = Invite(code, access_key_id, uses, 0, expires_at, simulated, datetime.now(UTC))
            requesters.add_invite(connection, made)
    finally:
        store.close()
    return code


def back_up(database_url: str, path: Path, on_step: OnStep) -> Header:
    """Write the marketplace's database into a file, as it is at this moment, while it is in use.

    Raises:
        DiskFull: there is no room for it.
    """
    upgrade(database_url)
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None  # the package ships at least one revision
    store = Store(database_url)
    try:
        with store.one_state() as connection:
            return backup.write(connection, path, head, on_step)
    finally:
        store.close()


def bring_back(database_url: str, path: Path, header: Header, *, force: bool, on_step: OnStep) -> None:
    """Make the marketplace's database what a backup holds. Nobody may be at work on it.

    Raises:
        ArchiveWrong: it is of a revision that this version does not know, or its rows do not fit.
        NotEmpty: there are rows, and it is not forced.
    """
    config = alembic_config()
    if header.revision not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise ArchiveWrong(path, f"its tables are at revision {header.revision}, which only a newer version knows")

    def to_revision(engine: Engine, revision: str) -> None:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    restore(path, header, database_url, to_revision, force=force, on_step=on_step)
