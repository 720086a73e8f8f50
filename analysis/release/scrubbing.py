"""Nothing of the lab's machine goes out: its folders become names, and what must not be there is looked for."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SHORTEST = 6  # letters of an id or a key that is looked for; shorter ones stand in many a word
HOMES = re.compile(rb"(?:/home/|/Users/|[A-Z]:\\\\?Users\\\\?)[A-Za-z0-9._-]+")
CHUNK = 2**22


class ReleaseLeaks(ValueError):
    """A release would tell what nobody should know; it was not made."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file} of the release holds {what}; nothing was published. Mend it where it comes from")


@dataclass(frozen=True)
class Scrubber:
    """What must not be published.

    Attributes:
        folders: of the lab's machine, absolute; their last names may stay.
        secrets: keys, and the platforms' ids of workers.
    """

    folders: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = ()

    def clean(self, content: bytes) -> bytes:
        """A text without folders; the same bytes where there is none in it."""
        for written, name in self._written():
            parts = re.split(re.escape(written) + rb"(?![\w.-]*\w)", content)  # not the beginning of another's name
            content = name.join(parts)
        return content

    def refuse_leaks(self, files: Collection[Path], root: Path) -> None:
        """Look through files, whatever they are.

        Raises:
            ReleaseLeaks: one of them holds a folder, a secret or somebody's home.
        """
        folders = re.compile(b"|".join(re.escape(written) for written, _ in self._written()) or b"(?!)")
        hidden = [word.encode() for word in self.secrets if len(word) >= SHORTEST]
        secrets = re.compile(b"|".join(map(re.escape, hidden)) or b"(?!)")
        for path in files:
            name = path.relative_to(root).as_posix()
            for part in _parts(path):
                if secrets.search(part):
                    raise ReleaseLeaks(name, "a key, or a worker's id on a platform")
                if found := (folders.search(part) or HOMES.search(part)):
                    raise ReleaseLeaks(name, f"a folder of this machine ({found[0].decode(errors='replace')})")

    def _written(self) -> list[tuple[bytes, bytes]]:
        """Each folder in every way in which a file may write it, the deepest first, and what is written instead."""
        both = {path for folder in self.folders for path in (folder.absolute(), folder.resolve())}
        deep = sorted((path for path in both if len(path.parts) > 2), key=lambda path: -len(str(path)))
        return [
            (way.encode(), b"~" if path == Path.home() else PurePosixPath(path).name.encode())
            for path in deep
            for way in dict.fromkeys([str(path), json.dumps(str(path))[1:-1], html.escape(str(path))])
        ]


def _parts(path: Path) -> Iterator[bytes]:
    """A file in pieces that overlap, so that nothing is cut in two unseen."""
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield before + chunk
            before = chunk[-1000:]
