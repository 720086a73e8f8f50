"""A folder that exists completely or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.whole_file import NO_ROOM, DiskFull


class FolderInTheWay(FileExistsError):
    """Something else lies where a folder is to be made."""

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(f"{folder} exists and is not {what}; move it away, or name another folder")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write into, which gets its name when all is written, and vanishes when something fails.

    Raises:
        DiskFull: there was no room.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        part.replace(folder)
    except OSError as error:
        if isinstance(error, DiskFull) or error.errno in NO_ROOM:
            raise DiskFull(folder) from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
