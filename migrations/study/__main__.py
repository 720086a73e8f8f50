"""Write a revision of the study's tables from the difference between `app.tables` and the newest revision."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext

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
        command.revision(
            configuration(database),
            message,
            autogenerate=True,
            rev_id=number,
            process_revision_directives=_none_without_a_change,
        )
        database.dispose()


def _none_without_a_change(
    _context: MigrationContext, revision: str | Iterable[str | None] | Iterable[str], scripts: list[MigrationScript]
) -> None:
    """Write nothing where the tables are as the newest revision leaves them."""
    operations = scripts[0].upgrade_ops
    if operations is None or operations.is_empty():
        scripts.clear()
        newest = revision if isinstance(revision, str) else ", ".join(map(str, revision))
        sys.stderr.write(f"app/tables.py says what revision {newest} made: nothing changed, no revision is written\n")


if __name__ == "__main__":
    main()
