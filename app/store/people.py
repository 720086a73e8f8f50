"""Researchers who may sign in: roles, passwords and one-time links, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.store.database import one_at_a_time
from app.store.events import drop_fact, fact, keep_fact
from app.tables import ApiTokenRow, ResearcherRow, SignInLinkRow

Role: TypeAlias = Literal["owner", "viewer"]
ROLES: tuple[Role, ...] = ("owner", "viewer")  # who acts and reads; who reads

SHORTEST_PASSWORD = 10
LONGEST_NAME = 60
LINK_LIFETIME = timedelta(hours=12)
_NOBODY = generate_password_hash("nobody has this password", "scrypt:32768:8:1", 16)


class PasswordRefused(ValueError):
    """A password is too short to protect what people said and earned."""


class ResearcherRefused(ValueError):
    """A researcher can't be made, changed or removed: why, and what to do."""


@dataclass(frozen=True)
class Researcher:
    """Who may sign in.

    Attributes:
        stamp: what a session of theirs carries; another one ends all sessions that were begun before.
    """

    name: str
    role: Role
    stamp: str
    created_at: datetime

    @property
    def acts(self) -> bool:
        """Whether they may do more than read."""
        return self.role == "owner"


def researcher(session: Session, name: str) -> Researcher | None:
    """Who has that name; None where nobody may sign in by it."""
    row = session.get(ResearcherRow, name)
    return None if row is None else _as_researcher(session, row)


def researchers(session: Session) -> list[Researcher]:
    """All who may sign in, by name."""
    rows = session.scalars(select(ResearcherRow).order_by(ResearcherRow.name)).all()
    return [_as_researcher(session, row) for row in rows]


def _as_researcher(session: Session, row: ResearcherRow) -> Researcher:
    out = (fact(session, _out(row.name)) or {}).get("word", "")
    stamp = _hash(f"{row.password_hash}/{out}")[:24]
    return Researcher(row.name, row.role, stamp, row.created_at)  # type: ignore[arg-type]


def set_password(session: Session, name: str, password: str, role: Role | None = None) -> None:
    """Let a researcher sign in with that password, in place of an older one; who is new is an owner unless said.

    Sessions that were begun with the older password end.

    Raises:
        PasswordRefused: fewer than ten characters.
        ResearcherRefused: the name is none, or it would take the last owner's role away.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordRefused(f"the password has {len(password)} characters; it needs {SHORTEST_PASSWORD} at least")
    row = session.get(ResearcherRow, name)
    hashed = generate_password_hash(password)
    if row is not None:
        row.password_hash = hashed
        if role is not None:
            set_role(session, name, role)
        return
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable() or "/" in name or not name.strip("."):
        raise ResearcherRefused(
            f"the name {name!r} can't be used; it needs 1 to {LONGEST_NAME} printable characters, none of them a slash"
        )
    session.add(ResearcherRow(name=name, password_hash=hashed, role=role or "owner", created_at=datetime.now(UTC)))
    session.flush()


def set_role(session: Session, name: str, role: Role) -> None:
    """Make a researcher an owner or a viewer.

    Raises:
        ResearcherRefused: nobody has that name, or nobody would be left who may act.
    """
    row = _known(session, name)
    if role == "viewer":
        _require_another_owner(session, row)
    row.role = role
    session.flush()


def remove_researcher(session: Session, name: str) -> None:
    """Let a researcher sign in no more, and drop their links and tokens; what they did stays noted.

    Raises:
        ResearcherRefused: nobody has that name, or nobody would be left who may act.
    """
    row = _known(session, name)
    _require_another_owner(session, row)
    session.execute(delete(ApiTokenRow).where(ApiTokenRow.researcher == name))
    session.execute(delete(SignInLinkRow).where(SignInLinkRow.researcher == name))
    drop_fact(session, _out(name))
    session.delete(row)
    session.flush()


def sign_out_everywhere(session: Session, name: str) -> None:
    """End every session of a researcher, on every device."""
    keep_fact(session, _out(name), {"word": secrets.token_urlsafe(12)})


def check_password(session: Session, name: str, password: str) -> bool:
    """Whether name and password belong together; takes as long for a name that nobody has."""
    row = session.get(ResearcherRow, name)
    return check_password_hash(_NOBODY if row is None else row.password_hash, password) and row is not None


def require_new(session: Session, name: str) -> None:
    """Nobody else can be of that name until this transaction is over.

    Raises:
        ResearcherRefused: somebody is.
    """
    one_at_a_time(session, "researchers")
    if session.get(ResearcherRow, name) is not None:
        raise ResearcherRefused(
            f"{name} can sign in already; the command `earwitness researcher link` makes a new link"
        )


def make_link(session: Session, name: str, role: Role = "owner") -> str:
    """A token that signs that researcher in once, within twelve hours; the researcher is made where needed."""
    if session.get(ResearcherRow, name) is None:
        set_password(session, name, secrets.token_urlsafe(32), role)  # unknown to anyone: the link is the only way in
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


def _known(session: Session, name: str) -> ResearcherRow:
    one_at_a_time(session, "researchers")  # two owners must not take each other's role away at once
    row = session.get(ResearcherRow, name, populate_existing=True)
    if row is None:
        raise ResearcherRefused(f"nobody signs in as {name!r}; `earwitness researcher list` names who does")
    return row


def _require_another_owner(session: Session, row: ResearcherRow) -> None:
    others = select(func.count()).select_from(ResearcherRow)
    others = others.where(ResearcherRow.role == "owner", ResearcherRow.name != row.name)
    if row.role == "owner" and not session.scalar(others):
        raise ResearcherRefused(
            f"{row.name} is the only owner, and somebody has to be able to act; make another researcher an owner first"
        )


def _out(name: str) -> str:
    """The fact that changes when a researcher signs out everywhere."""
    return f"signed-out/{name}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
