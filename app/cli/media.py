"""`earwitness media`: put the clips into S3-compatible storage, compare, and take them away again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from app.cli.opening import ServerUnknown, opened, require_file, server_url
from app.cli.say import progress_bar, study_option, tell

if TYPE_CHECKING:
    from app.stocking import Stock, Variant
    from app.wiring import Wired


@click.group(short_help="Serve the clips from S3-compatible storage instead of the app.")
def media() -> None:
    """Put the clips into S3-compatible storage, so that browsers fetch them from there; compare them; remove them.

    Where it is: MEDIA_BUCKET, and MEDIA_ENDPOINT_URL where it is not AWS. Without them, clips come from the app.
    """


@media.command()
@study_option
@click.option(
    "--variants",
    type=click.IntRange(2, 20),
    show_default="MEDIA_VARIANTS, else 3",
    help="Copies of each clip, each with a dither of its own.",
)
@click.option("--again", is_flag=True, help="Send also what is there.")
def upload(study: Path, variants: int | None, again: bool) -> None:
    """Put several copies of every clip into storage, each like no other and under a name that says nothing.

    Stopped half-way, the same command goes on where it was. At the end it looks whether the storage lets the study's
    pages fetch them, mends that where it may, and whether strangers are refused.
    """
    from app.stocking import missing
    from app.stocking import upload as put

    with _stocked(study) as (wired, stock):
        wanted = _wanted(wired, stock, variants or wired.settings.media_variants)
        todo = wanted if again else missing(stock, wanted)
        with progress_bar("uploading (clips)", len(todo)) as step:
            put(stock, todo, step)
        if wanted:
            _open_to_pages(wired, stock, wanted[0].key)
        _note(wired, f"{len(todo)} copies of clips were put into storage")
    tell(f"{len(todo)} uploaded, {len(wanted) - len(todo)} were there already; all in {stock.storage.place}")


@media.command()
@study_option
def verify(study: Path) -> None:
    """Compare every object with its file and with what was noted. Ends with 1 where anything does not agree."""
    from app.stocking import MediaDiffers, problems
    from app.store.media import all_stored

    with _stocked(study) as (wired, stock):
        with wired.database.reading() as session:
            most = max((row.variant + 1 for row in all_stored(session)), default=wired.settings.media_variants)
        wanted = _wanted(wired, stock, most)
        with progress_bar("comparing (clips)", len(wanted)) as step:
            found = problems(stock, wanted, step)
        for sentence in found:
            click.echo(sentence)
        if found:
            raise MediaDiffers(f"{len(found)} of {len(wanted)} do not agree with {stock.storage.place}")
        if wanted:
            _open_to_pages(wired, stock, wanted[0].key)
    tell(f"{len(wanted)} objects agree with their files")


@media.command()
@study_option
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
def remove(study: Path, yes: bool) -> None:
    """Delete the study's clips from storage, after asking; pages hand them out from the app again.

    Nothing else in the bucket is touched.
    """
    from app.stocking import remove as take_away

    with _stocked(study) as (wired, stock):
        keys = stock.storage.listed(stock.prefix)
        if keys and not yes:
            click.confirm(f"Delete {len(keys)} objects from {stock.storage.place}?", abort=True, err=True)
        with progress_bar("deleting (objects)", len(keys)) as step:
            take_away(stock, keys, step)
        _note(wired, f"{len(keys)} copies of clips were deleted from storage")
    tell(f"{len(keys)} objects deleted")


@contextmanager
def _stocked(study: Path) -> Iterator[tuple[Wired, Stock]]:
    """The study, and its storage."""
    from app.media import Storage
    from app.stocking import Stock

    with opened(study) as wired:
        stock = Stock(Storage(wired.settings), wired.database, wired.folder.pairs, wired.folder.keys().secret_key)
        yield wired, stock


def _wanted(wired: Wired, stock: Stock, count: int) -> list[Variant]:
    from pipelines.manifest import FILE_NAME, read_manifest

    return stock.variants(read_manifest(require_file(wired.folder.pairs / FILE_NAME, "pairs make")), count)


def _open_to_pages(wired: Wired, stock: Stock, key: str) -> None:
    """See to it that the study's pages can fetch, and that strangers can't.

    Raises:
        MediaDiffers: anybody can fetch, or the storage does not let itself be set up.
    """
    from app.media import MediaRefused
    from app.stocking import MediaDiffers

    storage = stock.storage
    if not storage.is_private(key):
        raise MediaDiffers(f"anybody can read {storage.place}, without a signed link; make it private")
    try:
        parts = urlsplit(server_url(wired))
    except ServerUnknown:
        tell(
            "Whether pages may fetch (CORS) is not known before the server's address is: set PUBLIC_URL, and run again"
        )
        return
    origin = f"{parts.scheme}://{parts.netloc}"
    if storage.lets_pages_fetch(key, origin):
        return
    try:
        storage.let_pages_fetch(origin)
    except MediaRefused as refused:
        raise MediaDiffers(
            f"{refused}. Pages of {origin} may not fetch before the bucket has a CORS rule for it: AllowedOrigins "
            f"{origin}, AllowedMethods GET and HEAD"
        ) from refused
    tell(f"pages of {origin} may fetch from {storage.place} now (a CORS rule was added)")


def _note(wired: Wired, text: str) -> None:
    from app.store.events import note_event

    with wired.database.writing() as session:
        note_event(session, "media", text)
