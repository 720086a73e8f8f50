"""Files below a folder: those of a kind, those of sound and how long they last, and paths that do not leave it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import soundfile

#: What libsndfile or FFmpeg decodes.
SOUND_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff"})


class FolderUnreadable(OSError):
    """A folder below the one that is looked through can't be listed, so nobody knows what is missing."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} can't be listed ({reason}); make it readable, or move it elsewhere")


class PathOutside(ValueError):
    """A table names a file that does not lie in its folder."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(f"{name!r} does not lie in {root}; expected a path below it, without '..'")


def files_below(root: Path, suffixes: Iterable[str]) -> list[Path]:
    """Every file below a folder whose name ends in one of the suffixes, in any case, in a stable order.

    Empty where there is no such folder. What macOS leaves in copied folders (`._name`, `__MACOSX`) is no file.

    Raises:
        FolderUnreadable: a folder below it can't be listed.
    """
    wanted = {suffix.casefold() for suffix in suffixes}
    found = (path for path in _all_below(root) if path.suffix.casefold() in wanted and path.is_file())
    return sorted(
        path for path in found if not path.name.startswith("._") and "__MACOSX" not in path.relative_to(root).parts
    )


def sound_files(root: Path) -> Iterator[Path]:
    """Every file of sound below a folder, by path, but for hidden ones and links that lead out of it.

    Raises:
        FolderUnreadable: a folder below it can't be listed.
    """
    for path in sorted(_all_below(root)):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in SOUND_SUFFIXES and not hidden and _lies_below(root, path):
            yield path


def _all_below(root: Path) -> Iterator[Path]:
    """Everything below a folder, links to folders as they are; `Path.rglob` would pass over what it can't list."""
    if not root.is_dir():
        return
    for folder, folders, files in os.walk(root, onerror=_refuse_unreadable):
        yield from (Path(folder, name) for name in (*folders, *files))


def _refuse_unreadable(error: OSError) -> NoReturn:
    raise FolderUnreadable(Path(error.filename), error.strerror or "no reason is given") from error


def _lies_below(root: Path, path: Path) -> bool:
    # Unlike `Path.resolve`, this lets links in a circle be: whoever opens them says what is wrong with them.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def path_below(root: Path, name: str) -> Path:
    """The path that a table's `name` stands for, relative to the folder of the table.

    Raises:
        PathOutside: it is absolute, climbs out of the folder, or is a link that does.
    """
    path = root / name
    if Path(name).is_absolute() or "\0" in name or "\\" in name or not _lies_below(root, path):
        raise PathOutside(root, name)
    return path


def header_length_s(path: Path) -> float | None:
    """How long a file says that it lasts, in seconds, without decoding it; None where it does not say."""
    try:
        info = soundfile.info(path)
        return float(info.frames / info.samplerate)
    except (soundfile.LibsndfileError, OSError):
        return _container_length_s(path)


def _container_length_s(path: Path) -> float | None:
    import av

    try:
        with av.open(os.fspath(path)) as container:
            return None if container.duration is None else container.duration / av.time_base
    except (av.FFmpegError, OSError):
        return None
