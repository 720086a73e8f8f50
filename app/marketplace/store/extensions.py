"""More places for HITs, by tokens that never count twice."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from app.marketplace.records import Extension
from app.marketplace.tables import extensions


def add_extension(connection: Connection, made: Extension) -> None:
    """Write what a token has added."""
    connection.execute(insert(extensions).values(asdict(made)))


def extension_of_token(connection: Connection, access_key_id: str, token: str) -> Extension | None:
    """What this requester has added with that token."""
    row = connection.execute(
        select(extensions).where(
            extensions.c.access_key_id == access_key_id, extensions.c.unique_request_token == token
        )
    ).one_or_none()
    return None if row is None else Extension(**row._mapping)
