"""`earwitness judgments`: every judgment as a table."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import opened
from app.cli.say import study_option, tell


@click.group(short_help="Take the judgments out as a table.")
def judgments() -> None:
    """Take the judgments of a study out as a table."""


@judgments.command()
@study_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: judgments.csv of the study]")
def export(study: Path, output: Path | None) -> None:
    """Write every judgment, one row each, worker ids replaced by keyed hashes. Columns: docs/judgments.md."""
    from app.store.progress import count_judgments, judgment_rows
    from hits.judgments_csv import write_judgments

    with opened(study) as wired:
        path = output or wired.folder.judgments
        with wired.database.reading() as session:
            count = count_judgments(session)
            write_judgments(judgment_rows(session), path)
    tell(f"{count} judgments in {path}. Next: earwitness certify --study {study}")
