"""`earwitness db`: the study's tables."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.say import study_option, tell


@click.group(short_help="Bring the study's tables up to date.")
def db() -> None:
    """Bring the tables of a study's database up to date."""


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
