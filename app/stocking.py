"""A study's clips in storage: several disguised variants of each are put there, compared, and taken away again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from app.annotate.disguise import MIMETYPE, disguised
from app.media import THREADS, Storage
from app.store.database import Database
from app.store.media import Stored, all_stored, forget_stored, keep_stored
from pipelines.clip import Pair

BATCH = 50  # objects that are noted together; of a kill, so many are sent once more
MANY = 400  # that wait for a thread: of a Ctrl-C, none of the others was begun

Item = TypeVar("Item")
Made = TypeVar("Made")


class MediaDiffers(ValueError):
    """What lies in storage is not what the study needs."""


@dataclass(frozen=True)
class Variant:
    """One variant of a clip, as it is to lie in storage.

    Attributes:
        path: relative to the study's `pairs` folder.
        key: of its object; a keyed hash, so that it tells nothing and a second upload finds the same place.
        longest_s: the longest clip that is ever heard beside this one: all of them are made as large as that.
    """

    path: str
    variant: int
    key: str
    longest_s: float


@dataclass(frozen=True)
class Stock:
    """A study's clips: the files, and the storage and the table that should agree with them."""

    storage: Storage
    database: Database
    folder: Path  # with the pairs in it
    secret_key: str

    @property
    def prefix(self) -> str:
        """What the keys of all of the study's objects begin with."""
        return _word(self.secret_key, "media")[:16] + "/"

    def variants(self, pairs: Iterable[Pair], count: int) -> list[Variant]:
        """So many variants of every clip of the pairs, in the order of their keys: it says nothing, nor do dates."""
        found = [
            Variant(path, number, self.prefix + _word(self.secret_key, f"media/{number}/{path}"), longest_s)
            for path, longest_s in _longest(pairs).items()
            for number in range(count)
        ]
        return sorted(found, key=lambda one: one.key)

    def content(self, variant: Variant) -> bytes:
        """A variant as it is served, made anew from its file.

        Raises:
            OSError: the file can't be read.
        """
        return disguised(self.folder / variant.path, variant.longest_s, self.secret_key, f"media/{variant.key}")


def missing(stock: Stock, variants: Sequence[Variant]) -> list[Variant]:
    """The variants that are not in storage, or not noted, or not as large as was noted."""
    there = stock.storage.listed(stock.prefix)
    with stock.database.reading() as session:
        noted = {row.object_key: row.size_bytes for row in all_stored(session)}
    return [one for one in variants if one.key not in there or noted.get(one.key) != there[one.key].size_bytes]


def upload(stock: Stock, variants: Sequence[Variant], on_step: Callable[[int], None]) -> None:
    """Put variants into storage, several at once. Stopped half-way, what arrived is noted.

    Raises:
        MediaRefused, MediaUnreachable: the storage did not take one.
        OSError: a file can't be read.
    """

    def put(one: Variant) -> Stored:
        content = stock.content(one)
        stock.storage.put(one.key, content, MIMETYPE)
        return Stored(one.path, one.variant, one.key, hashlib.sha256(content).hexdigest(), len(content))

    batch: list[Stored] = []

    def keep() -> None:
        with stock.database.writing() as session:
            keep_stored(session, batch, datetime.now(UTC))
        batch.clear()

    try:
        for number, stored in enumerate(_together(put, variants), start=1):
            batch.append(stored)
            if len(batch) == BATCH:
                keep()
            on_step(number)
    finally:
        keep()


def problems(stock: Stock, variants: Sequence[Variant], on_step: Callable[[int], None]) -> list[str]:
    """What does not agree among the files, the table and the storage, a sentence each.

    Raises:
        MediaRefused, MediaUnreachable: the storage can't be asked.
    """
    there = stock.storage.listed(stock.prefix)
    with stock.database.reading() as session:
        noted = {row.object_key: row for row in all_stored(session)}

    def look(one: Variant) -> str | None:
        name, row, listed = f"{one.path}, variant {one.variant}", noted.get(one.key), there.get(one.key)
        if row is None or listed is None:
            return f"{name} is not in storage; `earwitness media upload` puts it there"
        try:
            content = stock.content(one)
        except OSError as error:
            return f"{name}: {error}; `earwitness pairs make` makes it again"
        if hashlib.sha256(content).hexdigest() != row.sha256:
            return f"{name} is not what was uploaded: its file has changed; `earwitness media upload --again` sends it"
        if listed.size_bytes != len(content) or not stock.storage.holds(one.key, listed.etag, content):
            return f"{name} has changed in storage; `earwitness media upload --again` sends it"
        return None

    found: list[str] = []
    for number, sentence in enumerate(_together(look, variants), start=1):
        found += [sentence] if sentence else []
        on_step(number)
    known = noted.keys() | {one.key for one in variants}
    strange = [
        f"{key} in storage belongs to no clip; `earwitness media remove` takes it away"
        for key in there
        if key not in known
    ]
    return sorted(found) + sorted(strange)


def remove(stock: Stock, keys: Collection[str], on_step: Callable[[int], None]) -> None:
    """Take objects out of storage, after the table: from then on pages hand out clips from the app."""
    with stock.database.writing() as session:
        forget_stored(session)
    for number, _ in enumerate(_together(stock.storage.remove, sorted(keys)), start=1):
        on_step(number)


def _together(do: Callable[[Item], Made], items: Sequence[Item]) -> Iterator[Made]:
    """What comes of every item, by several threads, in whatever order; the first error stops the rest."""
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for start in range(0, len(items), MANY):
                for done in as_completed([pool.submit(do, one) for one in items[start : start + MANY]]):
                    yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _longest(pairs: Iterable[Pair]) -> dict[str, float]:
    """By path, the length in seconds of the longest clip among all that are tied to it by pairs, from pair to pair."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lengths: dict[str, float] = {}
    ties = []
    for pair in pairs:
        both = (str(pair.original_path), str(pair.noisy_path))
        lengths[both[0]], lengths[both[1]] = pair.original_length_s, pair.noisy_length_s
        ties.append(both)
    number = {path: place for place, path in enumerate(lengths)}
    ends = np.array([[number[one], number[other]] for one, other in ties]).reshape(-1, 2).T
    graph = coo_array((np.ones(len(ties)), (ends[0], ends[1])), shape=(len(number), len(number)))
    _, labels = connected_components(graph, directed=False)
    longest = np.zeros(len(number))
    np.maximum.at(longest, labels, list(lengths.values()))
    return {path: float(longest[label]) for path, label in zip(lengths, labels, strict=True)}


def _word(secret_key: str, name: str) -> str:
    return hmac.new(secret_key.encode(), name.encode(), hashlib.sha256).hexdigest()[:40]
