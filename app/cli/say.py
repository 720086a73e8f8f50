"""How the command speaks: which errors are known, tables on stdout, progress bars on stderr."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

OUR_PACKAGES = frozenset({"app", "pipelines", "hits", "analysis", "models", "migrations"})

news = Console(stderr=True, highlight=False)
Item = TypeVar("Item")


def known(error: BaseException) -> bool:
    """Whether an error is one of ours, which build their own sentence, or a full disk or a forbidden place."""
    ours = type(error).__module__.split(".")[0] in OUR_PACKAGES
    return ours or isinstance(error, OSError) or _of_database(error)


def _of_database(error: BaseException) -> bool:
    """Whether a database is locked, full, read-only or gone; by its name, since most commands never load SQLAlchemy."""
    return f"{type(error).__module__}.{type(error).__name__}" == "sqlalchemy.exc.OperationalError"


def describe(error: BaseException) -> str:
    """The sentence of a known error."""
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        place = f" ({error.filename})" if error.filename else ""
        remedy = "; make room and run the command again, it goes on where it was" if error.errno == errno.ENOSPC else ""
        return f"{error.strerror or error}{place}{remedy}"
    if _of_database(error):
        reason = str(getattr(error, "orig", error)).strip()
        return f"the study's database can't be used: {reason}; nothing is half written, so mend it and go on"
    return str(error)


def tell(text: str) -> None:
    """News for the person at the terminal, on stderr."""
    news.print(text, markup=False, soft_wrap=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout: drawn for a person, tab-separated for a pipe."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(_cell(value) for value in row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(highlight=False).print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work that takes a while; call what it gives with the number done so far.

    Where stderr is no terminal, one line says when the work begins and one when it is done.
    """
    if not sys.stderr.isatty():
        done_last = 0

        def note(done: int) -> None:
            nonlocal done_last
            done_last = done

        tell(f"{what} ...")
        yield note
        tell(f"{what}: {done_last or total or 0} done")
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=news) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.update(task, completed=done)


def track(items: Iterator[Item], what: str, total: int | None) -> Iterator[Item]:
    """The items, with a bar that counts them."""
    with progress_bar(what, total) as step:
        for number, item in enumerate(items, start=1):
            yield item
            step(number)


def command_line() -> str:
    """The command that is running, as a person would type it."""
    return " ".join(["earwitness", *sys.argv[1:]])


study_option = click.option(
    "--study",
    "study",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the folder you are in",
    help="The study's folder.",
)
