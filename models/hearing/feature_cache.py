"""Frames on disk: many clips in a shard, named by what they were made of, mapped into memory, safe under two writers.

A shard is a safetensors file: `frames`, the frames of its clips one after the other, and `lengths`, how many of them
are each clip's. It appears whole or not at all, so whoever reads needs no lock, and whoever writes the same shard at
the same time writes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.hearing.file_hashes import FileHashes
from pipelines.whole_file import DiskFull, writing_whole

SHARD_CLIPS = 256  # 10,000 clips in 20 conditions make 800 files
MAPS = 128  # shards that are mapped at once: each holds a file open, of which a process may have 1,024
LEFT_BEHIND_S = 3600.0  # a file that nobody has written to for so long was left by a process that died
HEADER_BYTES = 100 * 2**20  # no safetensors file has a longer header

#: What came of one clip: its frames, of shape (time, *frame_shape), or the sentence that says why there are none.
Outcome: TypeAlias = NDArray[np.float32] | str


class CacheUnusable(OSError):
    """The folder of a cache can't be read or written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the cache of features in {folder} can't be used: {reason}; name a folder that this user may write to"
        )


class FramesGone(FileNotFoundError):
    """Frames that were found in the cache are no longer there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was removed from the cache of features while it was in use; run the same command again, and "
            "clear a cache only when nothing trains"
        )


@dataclass(frozen=True)
class Shard:
    """A file of the cache, as it was found whole."""

    path: Path
    #: Tells this file from one that replaced it under the same name.
    inode: int
    data_at: int  # where the frames begin, in bytes
    frame_shape: tuple[int, ...]
    lengths: tuple[int, ...]  # by clip, in frames; 0 for one without
    refused: Mapping[int, str]  # why there are no frames, by the clip's place in the shard

    def frames(self) -> NDArray[np.float32]:
        """All frames, of shape (sum of lengths, *frame_shape), read-only and mapped from the file.

        Raises:
            FramesGone: it was removed since it was found.
        """
        return _mapped(self.path, self.inode, self.data_at, (sum(self.lengths), *self.frame_shape))


class Frames(Mapping[str, NDArray[np.float32]]):
    """The frames of clips by clip id, of shape (time, *frame_shape), read-only; a shard is read when it is asked for.

    Goes to other processes as names of files, not as numbers.
    """

    def __init__(self) -> None:
        self._where: dict[str, tuple[Shard, int, int] | NDArray[np.float32]] = {}

    def take(self, clip_ids: Sequence[str], found: Shard | Sequence[Outcome]) -> dict[str, str]:
        """Take in what came of clips, from a shard or from memory; gives why there are no frames of some."""
        if isinstance(found, Shard):
            ends = np.cumsum(found.lengths).tolist()
            for clip_id, end, length in zip(clip_ids, ends, found.lengths, strict=True):
                if length:
                    self._where[clip_id] = (found, end - length, end)
            return {clip_ids[place]: sentence for place, sentence in found.refused.items()}
        refused = {}
        for clip_id, outcome in zip(clip_ids, found, strict=True):
            if isinstance(outcome, str):
                refused[clip_id] = outcome
            else:
                outcome.flags.writeable = False
                self._where[clip_id] = outcome
        return refused

    def __getitem__(self, clip_id: str) -> NDArray[np.float32]:
        where = self._where[clip_id]
        if isinstance(where, tuple):
            shard, start, end = where
            return shard.frames()[start:end]
        return where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


class FeatureCache:
    """A folder of shards.

    Args:
        folder: is made when something is written.
        verify: compare each shard with its hash when it is found, not its header and length alone; reads all of it.
    """

    def __init__(self, folder: Path, *, verify: bool = False) -> None:
        self.folder = folder
        self.verify = verify

    @cached_property
    def hashes(self) -> FileHashes:
        """The hashes of sound files, kept beside the shards."""
        return FileHashes(self.folder / "file-hashes.json")

    def find(self, name: str, clips: int, frame_shape: tuple[int, ...]) -> Shard | None:
        """The shard of this name, where it is there and whole; what is cut off or altered counts as absent.

        Raises:
            CacheUnusable: the folder can't be read.
        """
        path = self._path(name)
        try:
            with path.open("rb") as file:
                shard = _read(path, file, name)
                if self.verify and shard is not None and not _unaltered(file):
                    return None
            with suppress(OSError):  # another user's cache may be read, too
                os.utime(path)  # so that `prune` knows when it was last of use
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheUnusable(self.folder, str(error)) from error
        fits = shard is not None and len(shard.lengths) == clips and shard.frame_shape == frame_shape
        return shard if fits else None

    def put(self, name: str, outcomes: Sequence[Outcome], frame_shape: tuple[int, ...]) -> Shard:
        """Keep what came of the clips of a shard, unless somebody else has done so.

        Raises:
            DiskFull: there is no room for it.
            CacheUnusable: the folder can't be written.
        """
        try:
            found = self.find(name, len(outcomes), frame_shape)
            if found is None:
                with writing_whole(self._path(name)) as file:
                    _write(file, name, outcomes, frame_shape)
                found = self.find(name, len(outcomes), frame_shape)
        except (DiskFull, CacheUnusable):
            raise
        except OSError as error:
            raise CacheUnusable(self.folder, str(error)) from error
        if found is None:
            raise FramesGone(self._path(name))
        return found

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.safetensors"


@dataclass(frozen=True)
class Size:
    """So many shards of so many bytes."""

    shards: int
    bytes: int


def size_of(folder: Path) -> Size:
    """What a cache holds; nothing where there is no such folder."""
    sizes = [state.st_size for _, state in _shards(folder)]
    return Size(len(sizes), sum(sizes))


def prune(folder: Path, most_bytes: int) -> Size:
    """Remove the shards that were not used for longest until the rest fits, and what dead writers left behind.

    Returns:
        What was removed.
    """
    sweep(folder)
    by_use = sorted(_shards(folder), key=lambda found: (found[1].st_mtime_ns, found[0]))
    excess = sum(state.st_size for _, state in by_use) - most_bytes
    removed = freed = 0
    for path, state in by_use:
        if freed >= excess:
            break
        path.unlink(missing_ok=True)
        removed, freed = removed + 1, freed + state.st_size
    return Size(removed, freed)


def sweep(folder: Path) -> None:
    """Remove files that a writer began and, killed, will never finish: those untouched for an hour."""
    for part in [*folder.glob(".*.part"), *folder.glob("*/.*.part")]:
        with suppress(OSError):  # its writer is done, or another process sweeps as well
            if time.time() - part.stat().st_mtime > LEFT_BEHIND_S:
                part.unlink()


def _shards(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.glob("*/*.safetensors"):
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _write(file: BinaryIO, name: str, outcomes: Sequence[Outcome], frame_shape: tuple[int, ...]) -> None:
    there = [np.ascontiguousarray(frames, dtype="<f4") for frames in outcomes if not isinstance(frames, str)]
    lengths = np.array([0 if isinstance(frames, str) else len(frames) for frames in outcomes], dtype="<i8")
    digest = hashlib.sha256(lengths.tobytes())
    for frames in there:
        digest.update(frames.data)
    refused = {place: sentence for place, sentence in enumerate(outcomes) if isinstance(sentence, str)}
    total = int(lengths.sum())
    middle = lengths.nbytes
    end = middle + sum(frames.nbytes for frames in there)
    header = {
        "__metadata__": {"name": name, "sha256": digest.hexdigest(), "refused": json.dumps(refused)},
        "lengths": {"dtype": "I64", "shape": [len(lengths)], "data_offsets": [0, middle]},
        "frames": {"dtype": "F32", "shape": [total, *frame_shape], "data_offsets": [middle, end]},
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text + lengths.tobytes())
    for frames in there:  # one after the other, so that no second copy of a shard is held
        file.write(frames.data.cast("B"))


def _read(path: Path, file: BinaryIO, name: str) -> Shard | None:
    """What a file says of itself, if it is this shard and has the length that it speaks of."""
    try:
        header_bytes = int.from_bytes(file.read(8), "little")
        if not 0 < header_bytes <= HEADER_BYTES:
            return None
        header: dict[str, Any] = json.loads(file.read(header_bytes))
        about, frames, lengths = header["__metadata__"], header["frames"], header["lengths"]
        counts = np.frombuffer(file.read(8 * lengths["shape"][0]), dtype="<i8").tolist()
        state = os.fstat(file.fileno())
        whole = 8 + header_bytes + frames["data_offsets"][1] == state.st_size
        if not whole or about["name"] != name or sum(counts) != frames["shape"][0]:
            return None
        return Shard(
            path=path,
            inode=state.st_ino,
            data_at=8 + header_bytes + frames["data_offsets"][0],
            frame_shape=tuple(frames["shape"][1:]),
            lengths=tuple(counts),
            refused={int(place): sentence for place, sentence in json.loads(about["refused"]).items()},
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _unaltered(file: BinaryIO) -> bool:
    """Whether the data of a file, whose header is sound, has the hash that was taken before it was written."""
    file.seek(0)
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return bool(hashlib.sha256(file.read()).hexdigest() == header["__metadata__"]["sha256"])


@lru_cache(maxsize=MAPS)
def _mapped(path: Path, inode: int, data_at: int, shape: tuple[int, ...]) -> NDArray[np.float32]:  # noqa: ARG001
    if not shape[0]:
        return np.empty(shape, dtype=np.float32)  # nothing can't be mapped
    try:
        return np.memmap(path, dtype="<f4", mode="r", offset=data_at, shape=shape).view(np.ndarray)
    except FileNotFoundError as error:
        raise FramesGone(path) from error
