"""`earwitness judgments`: every judgment as a table, and judgments that were collected elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import opened
from app.cli.say import print_table, study_option, tell, track
from app.cli.sifting import judgments_that_fit

if TYPE_CHECKING:
    from analysis.votes import Dimension
    from app.wiring import Wired
    from hits.column_mapping import ColumnMapping
    from hits.foreign_table import ForeignTable
    from hits.importing import Imported, Known

AT_ONCE = 10_000  # assignments whose rows may stand apart without being hashed again
TOLD = 50  # rows that do not fit, one a line; more would push the rest off the screen


@click.group(short_help="Take judgments out as a table, or in from anywhere.")
def judgments() -> None:
    """Take the judgments of a study out as a table, and those from elsewhere in."""


@judgments.command()
@study_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: judgments.csv of the study]")
def export(study: Path, output: Path | None) -> None:
    """Write every judgment, one row each, worker ids replaced by keyed hashes. Columns: docs/judgments.md.

    Judgments that were imported into the file stay in it.
    """
    from app.store.progress import judgment_rows
    from hits.importing import IMPORTED
    from hits.judgments_csv import kept_judgments, write_judgments

    with opened(study) as wired:
        path = output or wired.folder.judgments
        imported = [row for row in kept_judgments(path) if str(row["judgment_id"]).startswith(IMPORTED)]
        with wired.database.reading() as session:
            count = write_judgments((*judgment_rows(session), *imported), path)
    tell(f"{count} judgments in {path}. Next: earwitness certify --study {study}")


@judgments.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@study_option
@click.option("--database", metavar="URL", help="Instead of files: a database, sqlite:///FILE or postgresql://...")
@click.option("--query", metavar="SELECT", help="What to ask of it; only read, one row a judgment.")
@click.option("--map", "said", multiple=True, metavar="COLUMN=FIELD", help="Which column is which field; repeatable.")
@click.option("--zone", help="Of times that name none, such as Europe/Berlin.")
@click.option("--platform", help="Whose ids the workers' are, such as prolific.  [default: mturk]")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where that is kept.  [default: import.toml of the study]",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: judgments.csv of the study]")
@click.option("--dry-run", is_flag=True, help="Say what would come of it, and write nothing.")
def import_judgments(
    files: tuple[Path, ...],
    study: Path,
    database: str | None,
    query: str | None,
    said: tuple[str, ...],
    zone: str | None,
    platform: str | None,
    mapping: Path | None,
    output: Path | None,
    dry_run: bool,
) -> None:
    """Add judgments that were collected elsewhere to judgments.csv.

    FILES are tables with a row a judgment (CSV, Excel, Parquet, JSON lines) or MTurk's batches (CSV, XML, JSON).
    FIELDs are those of judgments.csv; docs/importing.md has examples. Rows that do not fit are named and kept out,
    and the command ends with 1. Workers' ids are hashed with the study's key, as everywhere.
    """
    from hits.column_mapping import read_mapping, write_mapping
    from hits.judgments_csv import kept_judgments, write_judgments

    if bool(files) == bool(database) or bool(database) != bool(query):
        raise click.UsageError("name files, or a --database and a --query for it")
    with opened(study) as wired:
        kept_in, path = mapping or study / "import.toml", output or wired.folder.judgments
        columns = read_mapping(kept_in, said, zone=zone, platform=platform)
        before = kept_judgments(path)
        known = known_so_far(wired, before)
        sources = _tables(files, database, query)
        done = [_take_in(wired, one, columns, known) for one in track(sources, "reading", len(files) or 1)]
        count = sum(len(one.rows) for one in done)
        if not dry_run:
            write_judgments((*before, *(row for one in done for row in one.rows)), path)
            if said or zone or platform:
                write_mapping(columns, kept_in)
    wrong = sum(len(one.problems) for one in done)
    added = "would be" if dry_run else "are"
    tell(f"{count} judgments {added} added to the {len(before)} in {path}; {wrong} do not fit")
    if wrong:
        raise click.exceptions.Exit(1)


dimension_option = click.option(
    "--dimension",
    type=click.Choice(["activation", "valence", "either"]),
    default="either",
    show_default=True,
    help="What may differ.",
)


@judgments.command()
@study_option
@dimension_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: labels.csv of the study]")
def labels(study: Path, dimension: Dimension, output: Path | None) -> None:
    """Compare the labels of all aggregators: shares by condition, and on how many pairs any two agree.

    Writes a row a pair to labels.csv (labels, how much speaks for them, mean ratings), and the comparison beside it.
    """
    from analysis.labels import compared, mutual_table, pair_labels, share_table
    from app.folder import StudyFolder
    from pipelines.whole_file import write_whole

    of_pairs = pair_labels(judgments_that_fit(StudyFolder(study)), dimension)
    comparison = compared(of_pairs)
    path = output or study / "labels.csv"
    beside = path.with_name(f"{path.stem}-compared{path.suffix}")
    write_whole(path, of_pairs.to_csv(index=False, lineterminator="\n"))
    write_whole(beside, comparison.to_csv(index=False, lineterminator="\n"))
    for table in (share_table(comparison), mutual_table(comparison)):
        tell(table.caption)
        print_table(table.columns, table.rows)
    tell(f"{len(of_pairs)} pairs in {path}, the comparison in {beside}")


@judgments.command()
@study_option
@dimension_option
@click.option(
    "--by", type=click.Choice(["condition", "worker"]), default="condition", show_default=True, help="A row for each."
)
def agreement(study: Path, dimension: Dimension, by: str) -> None:
    """Say how far workers agree: unanimous share, pairwise agreement and Krippendorff's alpha, with 95 % intervals."""
    from analysis.agreement import ALPHA_NOTE, agreements, worker_agreements
    from app.folder import StudyFolder

    table = judgments_that_fit(StudyFolder(study))
    if by == "condition":
        print_table(
            ("condition", "pairs", "unanimous", "pairwise", "alpha", "from", "to"),
            [
                (one.condition or "all", one.pairs, one.unanimous, one.pairwise,
                 one.alpha, one.alpha_lower, one.alpha_upper)
                for one in agreements(table, by_condition=True)
                if one.question == dimension
            ],
        )  # fmt: skip
    else:
        from analysis.labels import worker_rates

        rates = {str(one): rest for one, _, *rest in worker_rates(table, dimension).itertuples(index=False)}
        print_table(
            ("worker", "pairs", "pairwise", "alpha", "from", "to", "false alarms", "changes heard"),
            [
                (one.worker, one.pairs, one.pairwise, one.alpha, one.alpha_lower, one.alpha_upper, *rates[one.worker])
                for one in worker_agreements(table, question=dimension)
            ],
        )
    tell(ALPHA_NOTE)


def known_so_far(wired: Wired, rows: list[dict[str, object]]) -> Known:
    """What no row may contradict: the pairs of the manifest, and the judgments that are there."""
    from hits.importing import Known, PairFacts
    from pipelines.manifest import FILE_NAME, read_manifest

    known = Known()
    manifest = wired.folder.pairs / FILE_NAME
    for pair in read_manifest(manifest) if manifest.exists() else ():
        level = "" if pair.snr_db is None else f"{pair.snr_db:g}"
        known.add_pair(pair.pair_id, PairFacts(pair.clip_id, pair.condition, pair.family, level, pair.role))
    for row in rows:
        known.add(row)
    return known


def _tables(files: tuple[Path, ...], database: str | None, query: str | None) -> Iterator[tuple[str, ForeignTable]]:
    """Each table that was named, and its name; it is read before the next is opened."""
    from app.store.elsewhere import foreign_rows
    from hits.table_files import read_table

    for file in files:
        yield str(file), read_table(file)
    if database and query:
        with foreign_rows(database, query) as table:
            yield "the query's result", table


def _take_in(wired: Wired, source: tuple[str, ForeignTable], columns: ColumnMapping, known: Known) -> Imported:
    """The judgments of one table; what is odd about it is said on stderr."""
    from hits.importing import judgments_of

    name, table = source
    sealing, platform = wired.folder.sealing(wired.settings.seal_keys), columns.platform
    fitted = columns.fitted(table.columns)
    for note in (
        f"columns: {', '.join(f'{kept} from {found}' for kept, found in fitted.columns.items())}",
        *table.notes,
    ):
        tell(f"{name}: {note}")
    done = judgments_of(
        table,
        fitted,
        known,
        cache(lambda own_id: sealing.worker_key(platform, own_id)),
        lru_cache(AT_ONCE)(lambda own_id: "a" + sealing.worker_key(f"{platform} assignment", own_id)[1:]),
    )
    if done.empty:
        tell(f"{name}: {done.empty} places for pairs are empty")
    for problem in done.problems[:TOLD]:
        tell(f"{name}, {problem}")
    if len(done.problems) > TOLD:
        tell(f"{name}: {len(done.problems) - TOLD} more do not fit")
    return done
