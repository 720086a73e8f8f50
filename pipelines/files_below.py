"""Files below a folder: those of a kind, those of sound and how long they last, and paths that do not leave it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import soundfile

#: What libsndfile or FFmpeg decodes.
SOUND_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff"})


class PathOutside(ValueError):
    """A table names a file that does not lie in its folder."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(f"{name!r} does not lie in {root}; expected a path below it, without '..'")


def files_below(root: Path, suffixes: Iterable[str]) -> list[Path]:
    """Every file below a folder whose name ends in one of the suffixes, in any case, in a stable order.

    Empty where there is no such folder. What macOS leaves in copied folders (`._name`, `__MACOSX`) is no file.
    """
    wanted = {suffix.casefold() for suffix in suffixes}
    found = (path for path in root.rglob("*") if path.suffix.casefold() in wanted and path.is_file())
    return sorted(
        path for path in found if not path.name.startswith("._") and "__MACOSX" not in path.relative_to(root).parts
    )


def sound_files(root: Path) -> Iterator[Path]:
    """Every file of sound below a folder, by path, but for hidden ones and links that lead out of it."""
    home = root.resolve()
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in SOUND_SUFFIXES and not hidden and path.resolve().is_relative_to(home):
            yield path


def path_below(root: Path, name: str) -> Path:
    """The path that a table's `name` stands for, relative to the folder of the table.

    Raises:
        PathOutside: it is absolute, climbs out of the folder, or is a link that does.
    """
    path = root / name
    if Path(name).is_absolute() or "\0" in name or "\\" in name or not path.resolve().is_relative_to(root.resolve()):
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
