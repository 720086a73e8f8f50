"""Researchers who may sign in: passwords and one-time links, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.tables import ResearcherRow, SignInLinkRow

SHORTEST_PASSWORD = 10
LINK_LIFETIME = timedelta(hours=12)
_NOBODY = generate_password_hash("nobody has this password", "scrypt:32768:8:1", 16)


class PasswordRefused(ValueError):
    """A password is too short to protect what people said and earned."""


def set_password(session: Session, name: str, password: str) -> None:
    """Let a researcher sign in with that password, in place of an older one.

    Raises:
        PasswordRefused: fewer than ten characters.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordRefused(f"the password has {len(password)} characters; it needs {SHORTEST_PASSWORD} at least")
    session.merge(
        ResearcherRow(name=name, password_hash=generate_password_hash(password), created_at=datetime.now(UTC))
    )


def check_password(session: Session, name: str, password: str) -> bool:
    """Whether name and password belong together; takes as long for a name that nobody has."""
    row = session.get(ResearcherRow, name)
    return check_password_hash(_NOBODY if row is None else row.password_hash, password) and row is not None


def researchers(session: Session) -> list[str]:
    """The names that may sign in."""
    return list(session.scalars(select(ResearcherRow.name).order_by(ResearcherRow.name)))


def make_link(session: Session, name: str) -> str:
    """A token that signs that researcher in once, within twelve hours; the researcher is made where needed."""
    if session.get(ResearcherRow, name) is None:
        set_password(session, name, secrets.token_urlsafe(32))  # unknown to anyone: the link is the only way in
        session.flush()
    token = secrets.token_urlsafe(24)
    session.add(
        SignInLinkRow(
            token_hash=_hash(token), researcher=name, expires_at=datetime.now(UTC) + LINK_LIFETIME, used_at=None
        )
    )
    return token


def redeem_link(session: Session, token: str) -> str | None:
    """The researcher whom the link signs in; None where it is unknown, used or out of date."""
    row = session.get(SignInLinkRow, _hash(token), with_for_update=True)
    now = datetime.now(UTC)
    if row is None or row.used_at is not None or row.expires_at < now:
        return None
    row.used_at = now
    return row.researcher


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
