"""HIT types, and where news of their HITs go."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from app.marketplace.records import HitType, NotificationSetting
from app.marketplace.tables import hit_types, notification_settings


def keep_type(connection: Connection, wanted: HitType) -> None:
    """Write a HIT type, unless the same properties made it before; the purse is locked."""
    if find_type(connection, wanted.hit_type_id) is None:
        connection.execute(insert(hit_types).values(asdict(wanted)))


def find_type(connection: Connection, hit_type_id: str) -> HitType | None:
    """The HIT type with that id."""
    row = connection.execute(select(hit_types).where(hit_types.c.hit_type_id == hit_type_id)).one_or_none()
    return None if row is None else HitType(**row._mapping)


def find_setting(connection: Connection, hit_type_id: str) -> NotificationSetting | None:
    """Where news of that type's HITs go."""
    row = connection.execute(
        select(notification_settings).where(notification_settings.c.hit_type_id == hit_type_id)
    ).one_or_none()
    return None if row is None else NotificationSetting(**row._mapping)


def put_setting(connection: Connection, setting: NotificationSetting) -> None:
    """Write where news go, in place of what was there; the purse is locked."""
    connection.execute(delete(notification_settings).where(notification_settings.c.hit_type_id == setting.hit_type_id))
    connection.execute(insert(notification_settings).values(asdict(setting)))


def anybody_listens(connection: Connection) -> bool:
    """Whether news of any HIT type are asked for."""
    chosen = select(notification_settings.c.hit_type_id).where(notification_settings.c.active.is_(True)).limit(1)
    return connection.execute(chosen).first() is not None
