"""`earwitness judgments`: every judgment as a table, and judgments that were collected elsewhere."""

from __future__ import annotations

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
    from hits.importing import Imported, Known

TOLD = 50  # rows that do not fit, one a line; more would push the rest off the screen


@click.group(short_help="Take judgments out as a table, or in from old batches.")
def judgments() -> None:
    """Take the judgments of a study out as a table, and those of old batches in."""


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
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@study_option
@click.option("--map", "said", multiple=True, metavar="COLUMN=FIELD", help="Which column is which field; repeatable.")
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
    said: tuple[str, ...],
    mapping: Path | None,
    output: Path | None,
    dry_run: bool,
) -> None:
    """Add judgments of old MTurk batches to judgments.csv: results as CSV, assignments as XML or JSON.

    FIELDs are those of judgments.csv; docs/importing.md has an example. Rows that do not fit are named and kept out,
    and the command ends with 1. Workers' ids are hashed with the study's key, as everywhere.
    """
    from hits.column_mapping import read_mapping, write_mapping
    from hits.judgments_csv import kept_judgments, write_judgments

    with opened(study) as wired:
        kept_in, path = mapping or study / "import.toml", output or wired.folder.judgments
        columns = read_mapping(kept_in, said)
        before = kept_judgments(path)
        known = known_so_far(wired, before)
        done = [_take_in(wired, file, columns, known) for file in track(iter(files), "reading", len(files))]
        rows = [row for one in done for row in one.rows]
        if not dry_run:
            write_judgments((*before, *rows), path)
            if said:
                write_mapping(columns, kept_in)
    wrong = sum(len(one.problems) for one in done)
    added = "would be" if dry_run else "are"
    tell(f"{len(rows)} judgments {added} added to the {len(before)} in {path}; {wrong} do not fit")
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


def _take_in(wired: Wired, file: Path, columns: ColumnMapping, known: Known) -> Imported:
    """The judgments of one file; what is odd about it is said on stderr."""
    from hits.importing import judgments_of
    from hits.old_batches import read_batch

    sealing = wired.folder.sealing(wired.settings.seal_keys)
    batch = read_batch(file)
    done = judgments_of(
        batch,
        columns,
        known,
        lambda own_id: sealing.worker_key("mturk", own_id),
        lambda own_id: "a" + sealing.worker_key("mturk assignment", own_id)[1:],
    )
    if batch.encoding != "UTF-8":
        tell(f"{file} is not UTF-8; it was read as {batch.encoding}")
    if done.empty:
        tell(f"{file}: {done.empty} places for pairs are empty")
    for problem in done.problems[:TOLD]:
        tell(f"{file}, {problem}")
    if len(done.problems) > TOLD:
        tell(f"{file}: {len(done.problems) - TOLD} more do not fit")
    return done
