"""Files that appear whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFull(OSError):
    """There was no room to write a file. What had been written before is whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no room left to write {path}; nothing written before is lost: "
            "make room, then run the same command again and it goes on from here"
        )
        self.path = path

    def __reduce__(self) -> tuple[type[DiskFull], tuple[Path]]:
        return type(self), (self.path,)  # so that it survives the way back from a worker process


@contextmanager
def writing_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place when the block ends well and leaves no trace when it does not.

    Args:
        path: an older file is replaced; its folder is made.

    Raises:
        DiskFull: there is no room for it.
    """
    # A number of its own beside the process': in two containers that share a folder, both may be process 1.
    part = path.with_name(f".{path.name}.{os.getpid()}.{token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise DiskFull(path) from error
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever stops the machine; its folder is made.

    Args:
        path: an older file is replaced.
        content: text goes out as UTF-8 with the line ends it has.

    Raises:
        DiskFull: there is no room for it.
    """
    with writing_whole(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
