"""Where the hands work, and what one turn of theirs came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.store.database import Database
from app.store.events import note_event
from app.store.lock import Hands
from app.study import Study
from hits.platforms.base import Platform

OnStep = Callable[[str, int, int], None]


@dataclass
class Turn:
    """What a turn did."""

    published: int = 0
    handed_in: int = 0
    paid: int = 0
    closed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.published or self.handed_in or self.paid or self.closed)


def _quiet(_what: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True)
class Worksite:
    """Everything that a turn needs: the study, its database, the platform, where the task lives, the held lock."""

    study: Study
    database: Database
    platform: Platform
    task_url: str
    hands: Hands
    on_step: OnStep = _quiet
    secret_key: str = ""  # of the study: completion codes follow from it
    books_only: bool = False  # the platform books payments, and moves no money


def many(count: int, noun: str) -> str:
    """A number of things.

    >>> many(1, "HIT"), many(2, "HIT")
    ('1 HIT', '2 HITs')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def note(site: Worksite, kind: str, text: str) -> None:
    """Write down that something happened, for the researcher to read."""
    with site.database.writing() as session:
        note_event(session, kind, text)
