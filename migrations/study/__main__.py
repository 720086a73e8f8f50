"""Write a revision of the study's tables from the difference between `app.tables` and the newest revision."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from app.store.database import Database, sqlite_url
from app.store.revisions import configuration, newest_revision, upgrade


def main() -> None:
    """`python -m migrations.study MESSAGE`: the new revision's number follows the newest one's."""
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.exit('say why: make migration MESSAGE="why"')
    with TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "study.db"))
        upgrade(database)
        number = f"{int(newest_revision(database)) + 1:04d}"
        command.revision(configuration(database), message, autogenerate=True, rev_id=number)
        database.dispose()


main()
