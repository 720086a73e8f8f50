"""The pages of an attack on one run, with sounds to hear."""

from __future__ import annotations

from pathlib import Path

from models.attacking.attack import AttackResult
from models.attacking.listening import write_listening
from models.attacking.report.page import write_attack


def write_pages(result: AttackResult, folder: Path) -> Path:
    """Write attack.html with its tables, and listening.html with its sounds; gives attack.html.

    Raises:
        DiskFull: there is no room.
    """
    write_listening(result.found, result.facts, folder)  # first, since the other page links to it
    page, *_ = write_attack(
        result.tables.queries, result.tables.clips, result.facts, folder, unlimited=result.unlimited
    )
    return page
