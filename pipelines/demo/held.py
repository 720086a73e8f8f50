"""Whether a folder holds the very thing that is to be made there, by the first line of its list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.whole_folder import FolderInTheWay


def refuse_other(listing: Path, header: Mapping[str, Any], what: str) -> None:
    """Go on where the list beside the sound begins with this header.

    Raises:
        FolderInTheWay: it does not, or is not there; `what` names what was expected.
    """
    try:
        with listing.open(encoding="utf-8") as file:
            found = json.loads(file.readline())
    except (OSError, ValueError):
        found = None
    if found != header:
        raise FolderInTheWay(listing.parent, what)
