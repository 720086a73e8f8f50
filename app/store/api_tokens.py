"""Tokens by which programs read and act for a researcher; only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tables import ApiTokenRow

PREFIX = "ew_"  # so that a token which got into a file is found
SHOWN = 8  # characters of a token's hash that name it on pages
NOTED_EVERY = timedelta(minutes=1)  # a program that asks often need not write each time
LONGEST_LABEL = 80


class TokenUnknown(ValueError):
    """No token of that name can be revoked."""


@dataclass(frozen=True)
class ApiToken:
    """A token as pages may show it: never the word itself, which nobody has but its owner."""

    name: str  # the beginning of its hash
    researcher: str
    label: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def make_token(session: Session, researcher: str, label: str) -> str:
    """A new token; this is the only time that anybody sees it."""
    word = PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiTokenRow(
            token_hash=_hash(word),
            researcher=researcher,
            label=label.strip()[:LONGEST_LABEL] or "without a label",
            created_at=datetime.now(UTC),
            used_at=None,
            revoked_at=None,
        )
    )
    session.flush()
    return word


def tokens(session: Session, researcher: str | None = None) -> list[ApiToken]:
    """All tokens, or those of one researcher, the newest first."""
    query = select(ApiTokenRow).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.token_hash)
    if researcher is not None:
        query = query.where(ApiTokenRow.researcher == researcher)
    return [_as_token(row) for row in session.scalars(query)]


def bearer(session: Session, word: str) -> str | None:
    """The researcher for whom a token acts; None where it is unknown or revoked."""
    row = session.get(ApiTokenRow, _hash(word))
    return None if row is None or row.revoked_at is not None else row.researcher


def used_lately(session: Session, word: str, now: datetime) -> bool:
    """Whether it is noted already that a token was used about now."""
    row = session.get(ApiTokenRow, _hash(word))
    return row is None or (row.used_at is not None and now - row.used_at < NOTED_EVERY)


def note_use(session: Session, word: str, now: datetime) -> None:
    """Note that a token was used."""
    row = session.get(ApiTokenRow, _hash(word))
    if row is not None:
        row.used_at = now


def revoke(session: Session, name: str) -> ApiToken:
    """Make a token worthless from now on. Again: nothing happens.

    Raises:
        TokenUnknown: no token, or more than one, has a hash that begins so.
    """
    found = session.scalars(select(ApiTokenRow).where(ApiTokenRow.token_hash.startswith(name, autoescape=True))).all()
    if len(name) < SHOWN or len(found) != 1:
        raise TokenUnknown(f"no token is called {name!r}; `earwitness researcher tokens` names them")
    found[0].revoked_at = found[0].revoked_at or datetime.now(UTC)
    return _as_token(found[0])


def _as_token(row: ApiTokenRow) -> ApiToken:
    return ApiToken(row.token_hash[:SHOWN], row.researcher, row.label, row.created_at, row.used_at, row.revoked_at)


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
