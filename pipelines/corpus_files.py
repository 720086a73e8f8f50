"""Find the files of a corpus by what their names end in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def files_below(root: Path, suffixes: Iterable[str]) -> list[Path]:
    """Every file below a folder whose name ends in one of the suffixes, in any case, in a stable order.

    Empty where there is no such folder. What macOS leaves in copied folders (`._name`, `__MACOSX`) is no file.
    """
    wanted = {suffix.casefold() for suffix in suffixes}
    found = (path for path in root.rglob("*") if path.suffix.casefold() in wanted and path.is_file())
    return sorted(
        path for path in found if not path.name.startswith("._") and "__MACOSX" not in path.relative_to(root).parts
    )
