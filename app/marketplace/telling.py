"""News for requesters: each is written with what happened, in one transaction, and delivered later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.marketplace.ids import hit_type_id, new_id
from app.marketplace.records import Event, NotificationSetting, PostedHit
from app.marketplace.store import events, hit_types

EVENT_VERSION = "2006-05-05"  # the only one that the protocol knows


def note(
    connection: Connection, event_type: str, hit: PostedHit, when: datetime, assignment_id: str | None = None
) -> None:
    """Write down that something happened to a HIT, for whoever asked to be told."""
    setting = hit_types.find_setting(connection, hit.hit_type_id)
    if setting is None or not setting.active or event_type not in setting.event_types:
        return
    facts = {
        "EventType": event_type,
        "EventTimestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "HITTypeId": hit.hit_type_id,
        "HITGroupId": hit_type_id("group", hit.hit_type_id),
        "HITId": hit.hit_id,
        **({"AssignmentId": assignment_id} if assignment_id else {}),
    }
    write_event(connection, setting, hit.access_key_id, facts, when)


def write_event(
    connection: Connection, setting: NotificationSetting, access_key_id: str, facts: Mapping[str, Any], when: datetime
) -> None:
    """Write one event for that destination, as MTurk's messages put it."""
    event_id = new_id()
    body = {
        "EventDocId": event_id,
        "EventDocVersion": setting.version,
        "CustomerId": access_key_id,
        "Events": [facts],
    }
    events.add_event(
        connection, Event(event_id, setting.transport, setting.destination, json.dumps(body), when, 0, when)
    )
