"""UpdateNotificationSettings, SendTestEventNotification."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.marketplace.ids import hit_type_id, new_id
from app.marketplace.operations.call import Call, Fields
from app.marketplace.operations.hit_types import own_type
from app.marketplace.records import NotificationSetting
from app.marketplace.refusals import NotTaken, Refused, WrongParameter
from app.marketplace.store import hit_types
from app.marketplace.telling import EVENT_VERSION, write_event

#: A queue's URL and a topic's name; the region is read out of either.
DESTINATIONS = {
    "SQS": re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9_.-]+){1,3}", re.ASCII),
    "SNS": re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+", re.ASCII),
}
ASSIGNMENT_EVENTS = "Assignment"


def update_notification_settings(call: Call) -> Fields:
    """Say where news of a type's HITs go, or switch them off and on."""
    given, active = call.fields.get("Notification"), call.fields.get("Active")
    if given is None and active is None:
        raise WrongParameter("Give Notification, Active, or both.")
    with call.store.write() as connection:
        call.lock_requester(connection)
        wanted = own_type(call, connection)
        before = hit_types.find_setting(connection, wanted.hit_type_id)
        if given is not None:
            if "Ping" in given["EventTypes"]:
                raise WrongParameter("Ping is for SendTestEventNotification only.")
            usual = before.active if before is not None else True
            setting = _read(wanted.hit_type_id, given, active=usual if active is None else active)
        elif before is None:
            raise Refused(
                "InvalidNotificationSettings", f"HITType {wanted.hit_type_id} has no Notification yet; give one."
            )
        else:
            setting = NotificationSetting(**{**before.__dict__, "active": active})
        hit_types.put_setting(connection, setting)
    return {}


def send_test_event_notification(call: Call) -> Fields:
    """Send one event of made-up ids to a destination, by the way that real ones take."""
    event_type = call.fields["TestEventType"]
    setting = _read("", call.fields["Notification"], active=True)
    made_up = new_id()
    facts = {"EventType": event_type, "EventTimestamp": f"{call.now:%Y-%m-%dT%H:%M:%SZ}"}
    if event_type != "Ping":
        facts |= {"HITTypeId": made_up, "HITGroupId": hit_type_id("group", made_up), "HITId": new_id()}
    if event_type.startswith(ASSIGNMENT_EVENTS):
        facts["AssignmentId"] = new_id()
    with call.store.write() as connection:
        write_event(connection, setting, call.requester.access_key_id, facts, call.now)
    return {}


def _read(hit_type: str, given: Mapping[str, Any], *, active: bool) -> NotificationSetting:
    """A NotificationSpecification.

    Raises:
        Refused: another transport than SQS and SNS, a destination that is none, no events, or an unknown version.
    """
    transport, destination = given["Transport"], given["Destination"]
    if transport not in DESTINATIONS:
        raise NotTaken(f"Transport {transport}", "use SQS or SNS")
    if DESTINATIONS[transport].fullmatch(destination) is None:
        raise WrongParameter(f"Destination {destination[:200]!r} is no address for {transport}.")
    if not given["EventTypes"]:
        raise WrongParameter("EventTypes is empty.")
    if given["Version"] != EVENT_VERSION:
        raise WrongParameter(f"Version is {given['Version'][:20]!r}, expected {EVENT_VERSION}.")
    return NotificationSetting(hit_type, transport, destination, EVENT_VERSION, list(given["EventTypes"]), active)
