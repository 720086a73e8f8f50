"""Bring a study's database to the revision of this version, and say where it stands."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from app.store.database import Database, DatabaseUnusable


def configuration(database: Database) -> Config:
    """Alembic's configuration, built in code from the installed package; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(files("migrations.study")).replace("%", "%%"))
    config.attributes["engine"] = database.engine
    return config


def newest_revision(database: Database) -> str:
    """The revision that this version of earwitness needs."""
    head = ScriptDirectory.from_config(configuration(database)).get_current_head()
    assert head is not None  # the package ships at least one revision
    return head


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the tables to the newest revision; (before, after). Each step is one transaction.

    Raises:
        DatabaseUnusable: the database can't be reached, or was made by a newer version.
    """
    before = database.revision()
    known = {script.revision for script in ScriptDirectory.from_config(configuration(database)).walk_revisions()}
    if before is not None and before not in known:
        raise DatabaseUnusable(
            f"the database is at revision {before}, which this version of earwitness does not know; "
            "use the version that made it, or a newer one"
        )
    try:
        command.upgrade(configuration(database), "head")
    except DBAPIError as error:
        shown = database.url.render_as_string(hide_password=True)
        raise DatabaseUnusable(f"the database {shown} could not be upgraded: {error.orig}") from error
    return before, newest_revision(database)


def require_newest(database: Database) -> None:
    """Refuse to work on tables of another revision.

    Raises:
        DatabaseUnusable: with the command that mends it.
    """
    database.require_tables()
    found, needed = database.revision(), newest_revision(database)
    if found != needed:
        raise DatabaseUnusable(
            f"the database is at revision {found}, this version needs {needed}; run `earwitness db upgrade`"
        )
