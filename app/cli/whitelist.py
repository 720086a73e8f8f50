"""`earwitness whitelist`: look at a whitelist, compare two, check one, or write that of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.say import print_table, tell

if TYPE_CHECKING:
    from analysis.whitelist import Whitelist

whitelist_file = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(short_help="Look at a whitelist, compare two, check one.")
def whitelist() -> None:
    """Look at a whitelist, compare two, check one against its judgments, or write that of the paper."""


@whitelist.command()
@click.argument("file", type=whitelist_file)
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "csv", "markdown"]),
    default="table",
    show_default=True,
    help="How it is written to stdout.",
)
def show(file: Path, form: str) -> None:
    """Print the verdicts of FILE."""
    from analysis.whitelist_views import as_csv, as_markdown

    found = _load(file)
    if form != "table":
        click.echo((as_csv if form == "csv" else as_markdown)(found), nl=False)
        return
    print_table(
        ("condition", "verdict", "pairs", "activation", "up to", "valence", "up to"),
        [
            (
                one.condition,
                one.decision,
                one.pairs,
                one.activation.share,
                one.activation.share_upper,
                one.valence.share,
                one.valence.share_upper,
            )
            for one in found.conditions
        ],
    )
    for note in (*found.assumptions, *found.notes):
        tell(note)


@whitelist.command()
@click.argument("first", type=whitelist_file)
@click.argument("second", type=whitelist_file)
def diff(first: Path, second: Path) -> None:
    """Say where the verdicts of FIRST and SECOND differ, and what they were decided by otherwise.

    Ends with 1 where a verdict differs, with 0 where none does.
    """
    from analysis.whitelist_differences import setting_differences, verdict_differences

    one, other = _load(first), _load(second)
    for setting, before, after in setting_differences(one, other):
        tell(f"{setting}: {before} in {first}, {after} in {second}")
    found = verdict_differences(one, other)
    if not found:
        tell(f"the verdicts on all {len(one.conditions)} conditions are the same")
        return
    print_table(
        ("condition", "first", "second", "activation, moved by", "valence, moved by"),
        [(each.condition, each.first, each.second, each.activation, each.valence) for each in found],
    )
    raise click.exceptions.Exit(1)


@whitelist.command()
@click.argument("file", type=whitelist_file)
@click.argument("judgments", type=whitelist_file)
def verify(file: Path, judgments: Path) -> None:
    """Check that FILE is whole, and rests on JUDGMENTS byte for byte."""
    found = _load(file)
    found.verify(judgments)
    tell(f"{file} is whole and rests on {judgments}: {found.judgments} judgments, {len(found.conditions)} conditions")


@whitelist.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("paper-whitelist.json"),
    show_default=True,
    help="Where it goes.",
)
def paper(output: Path) -> None:
    """Write the verdicts and ratios that the paper prints: reported, not certified.

    Training and attacks refuse it unless forced.
    """
    from importlib.metadata import version

    from analysis.whitelist_paper import paper_whitelist

    found = paper_whitelist(version("earwitness"))
    found.save(output)
    tell(f"{len(found.safe_conditions)} of {len(found.conditions)} conditions are reported as unchanged: {output}")
    tell(f"train, evaluate, experiment and attack take it by --whitelist {output} --force")


def _load(file: Path) -> Whitelist:
    from analysis.whitelist import Whitelist

    return Whitelist.load(file)
