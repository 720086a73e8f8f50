"""`earwitness db`: the study's tables."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened
from app.cli.say import progress_bar, study_option, tell

NOT_AS_THEN = {
    "keys": "keys.json is not the one of the backup: put that one back, or workers' hashes, links and sealed ids "
    "will not fit"
}


@click.group(short_help="The study's tables: upgrade, backup, restore.")
def db() -> None:
    """Bring the tables of a study's database up to date, back them up, and restore them."""


@db.command()
@study_option
def upgrade(study: Path) -> None:
    """Bring the tables to the revision that this version needs, and seal workers' ids anew. Safe to run again.

    The database is study.db in the study's folder, or what DATABASE_URL names.
    """
    from app.settings import read_settings
    from app.store.identities import seal_ids
    from app.store.revisions import upgrade as upgrade_tables
    from app.wiring import wire

    wired = wire(study, read_settings())
    before, after = upgrade_tables(wired.database)
    sealed = seal_ids(wired.database)
    wired.database.dispose()
    shown = wired.database.url.render_as_string(hide_password=True)
    tell(f"{shown} is at revision {after}" + ("" if before == after else f" (before: {before or 'no tables'})"))
    if sealed.now:
        tell(f"{sealed.now} workers' ids were sealed with the newest key")
    if sealed.shut:
        tell(f"no key opens the ids of {sealed.shut} workers; they stay as they are. See docs/privacy.md")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@study_option
@click.option("--marketplace", is_flag=True, help="The marketplace's database instead of the study's.")
def backup(file: Path, study: Path, marketplace: bool) -> None:
    """Write the database into FILE, as it is at this moment; the study can go on meanwhile.

    The file can be restored on SQLite and on PostgreSQL. Keys are not in it: keep keys.json, too (docs/backup.md).
    """
    from app.store.backup import back_up, count_rows, notes_on
    from app.wiring import back_up_marketplace

    with opened(study) as wired:
        if marketplace:
            with progress_bar("backing up", None) as step:
                header = back_up_marketplace(study, wired.settings, file, step)
        else:
            notes = notes_on(study, wired.folder.keys().secret_key)
            with progress_bar("backing up", count_rows(wired.database)) as step:
                header = back_up(wired.database, file, notes, step)
    tell(f"{header.rows} rows of {len(header.counts)} tables in {file}. Keep {study / 'keys.json'} beside it")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@study_option
@click.option("--force", is_flag=True, help="Replace a database that is not empty.")
def restore(file: Path, study: Path, force: bool) -> None:
    """Make the database what FILE holds: the study's or the marketplace's, whichever it was made of.

    It goes into what DATABASE_URL or MARKETPLACE_DATABASE_URL name, else into the embedded database. Stop
    `earwitness serve` before. The database stays as it was until all of the backup is in.
    """
    from app.archive import read_header
    from app.settings import read_settings
    from app.store.backup import bring_back, notes_on
    from app.wiring import bring_back_marketplace, wire

    header = read_header(file)
    wired = wire(study, read_settings())
    with progress_bar("restoring", header.rows) as step:
        if header.kind == "marketplace":
            bring_back_marketplace(study, wired.settings, file, header, force=force, on_step=step)
        else:
            bring_back(wired.database, file, header, force=force, on_step=step)
    tell(f"{header.rows} rows of {header.made_at} are back")
    here = notes_on(study, wired.folder.keys().secret_key)
    for name in sorted(name for name, noted in header.notes.items() if here.get(name) != noted):
        tell(NOT_AS_THEN.get(name, f"{name} is not the one of the backup: what is asked and what was asked may differ"))
