"""What researchers ask for by buttons: written down here, done by the one pair of hands, so that no page waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.database import one_at_a_time
from app.tables import WishRow

WishKind: TypeAlias = Literal[
    "publish",
    "pause",
    "resume",
    "close",
    "collect",
    "pay",
    "approve",
    "reject",
    "bonus",
    "message",
    "invite",
    "settle",
]
WishState: TypeAlias = Literal["waiting", "done", "refused"]


@dataclass(frozen=True)
class Wish:
    """What was asked for, by whom, and what came of it.

    Attributes:
        detail: what it is about; `assignment_id`, `worker` or `key` where it is about one.
        note: the platform's words where it was refused, else what was done.
    """

    wish_id: int
    at: datetime
    researcher: str | None
    kind: WishKind
    detail: Mapping[str, Any]
    state: WishState
    note: str
    done_at: datetime | None


def make_wish(
    session: Session, kind: WishKind, detail: Mapping[str, object], researcher: str | None, nonce: str
) -> tuple[Wish, bool]:
    """Write a wish down, and whether it is new: the same form sent twice is one wish.

    Args:
        session: a writing session.
        kind: what is asked for.
        detail: what it is about, as JSON can hold it.
        researcher: who asks.
        nonce: of the form; a page that is loaded anew has another one.
    """
    one_at_a_time(session, "wish")
    known = session.scalar(select(WishRow).where(WishRow.detail["nonce"].as_string() == nonce).limit(1))
    if known is not None:
        return _as_wish(known), False
    row = WishRow(
        at=datetime.now(UTC),
        researcher=researcher,
        kind=kind,
        detail={**detail, "nonce": nonce},
        state="waiting",
        done_at=None,
    )
    session.add(row)
    session.flush()
    return _as_wish(row), True


def waiting_wishes(session: Session) -> list[Wish]:
    """What is still to be done, the oldest first."""
    rows = session.scalars(select(WishRow).where(WishRow.state == "waiting").order_by(WishRow.wish_id))
    return [_as_wish(row) for row in rows]


def settle_wish(session: Session, wish_id: int, state: WishState, note: str) -> None:
    """Note what came of a wish, or why it still waits."""
    row = session.get_one(WishRow, wish_id)
    row.state, row.note = state, note
    row.done_at = None if state == "waiting" else datetime.now(UTC)
    session.flush()


def wish(session: Session, wish_id: int) -> Wish | None:
    """A wish by its number."""
    row = session.get(WishRow, wish_id)
    return None if row is None else _as_wish(row)


def latest_wishes(session: Session, limit: int, about: Mapping[str, str] | None = None) -> list[Wish]:
    """The latest wishes, those that still wait among them, newest first.

    Args:
        session: where they are kept.
        limit: how many at most.
        about: only those whose detail has all of these words, such as one assignment's.
    """
    query = select(WishRow).order_by(WishRow.wish_id.desc()).limit(limit)
    for name, word in (about or {}).items():
        query = query.where(WishRow.detail[name].as_string() == word)
    return [_as_wish(row) for row in session.scalars(query)]


def _as_wish(row: WishRow) -> Wish:
    detail = {name: value for name, value in row.detail.items() if name != "nonce"}
    return Wish(
        row.wish_id,
        row.at,
        row.researcher,
        row.kind,  # type: ignore[arg-type]
        detail,
        row.state,  # type: ignore[arg-type]
        row.note,
        row.done_at,
    )
