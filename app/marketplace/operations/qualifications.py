"""Qualification types: CreateQualificationType, UpdateQualificationType, Delete..., Get..., ListQualificationTypes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.marketplace.answer_key import read_key
from app.marketplace.ids import new_id
from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.question_form import read_form
from app.marketplace.records import QualificationType
from app.marketplace.refusals import NoSuchQualificationType, Refused, WrongParameter
from app.marketplace.store import qualification_requests, qualifications
from app.marketplace.system_types import SYSTEM_TYPES

GREATEST_LENGTH = {"Name": 200, "Description": 2000, "Keywords": 1000}
DAY_S = 86_400
BOUNDS = {"TestDurationInSeconds": (1, 365 * DAY_S), "RetryDelayInSeconds": (0, 365 * DAY_S)}


def create_qualification_type(call: Call) -> Fields:
    """Make a qualification type of the requester's own."""
    fields = call.fields
    made = QualificationType(
        qualification_type_id=new_id(),
        access_key_id=call.requester.access_key_id,
        name=fields["Name"].strip(),
        description=fields["Description"],
        keywords=fields.get("Keywords", ""),
        active=fields["QualificationTypeStatus"] == "Active",
        test=fields.get("Test"),
        answer_key=fields.get("AnswerKey"),
        test_duration_s=fields.get("TestDurationInSeconds"),
        retry_delay_s=fields.get("RetryDelayInSeconds"),
        auto_granted=fields.get("AutoGranted", False),
        auto_granted_value=fields.get("AutoGrantedValue", 1),
        created_at=call.now,
        deleted_at=None,
    )
    _check_lengths(fields)
    _check(made, value_given="AutoGrantedValue" in fields)
    with call.store.write() as connection:
        call.lock_requester(connection)
        if qualifications.name_is_taken(connection, made.access_key_id, made.name):
            raise Refused(
                "QualificationTypeAlreadyExists", f"You have a QualificationType named {made.name!r} already."
            )
        qualifications.add_type(connection, made)
    return {"QualificationType": describe_type(made, call)}


def update_qualification_type(call: Call) -> Fields:
    """Change what is given; a new test without an AnswerKey is no longer scored by itself."""
    fields = call.fields
    _check_lengths(fields)
    with call.store.write() as connection:
        before = own_type(call, connection)
        changes = _changes(fields)
        after = QualificationType(**{**before.__dict__, **changes})
        _check(after, value_given="AutoGrantedValue" in fields)
        qualifications.change_type(connection, before.qualification_type_id, changes)
    return {"QualificationType": describe_type(after, call)}


def delete_qualification_type(call: Call) -> Fields:
    """Delete a type; nobody has it any more, and HITs that ask for it can't be accepted."""
    with call.store.write() as connection:
        gone = own_type(call, connection)
        qualification_requests.settle_pending(connection, gone.qualification_type_id, None, "Rejected")
        qualifications.change_type(connection, gone.qualification_type_id, {"deleted_at": call.now, "active": False})
    return {}


def get_qualification_type(call: Call) -> Fields:
    """One type: the requester's, another's without its test, or the marketplace's own."""
    type_id = call.fields["QualificationTypeId"]
    if type_id in SYSTEM_TYPES:
        return {"QualificationType": _describe_system(type_id)}
    with call.store.read() as connection:
        found = qualifications.find_type(connection, type_id)
    if found is None:
        raise NoSuchQualificationType(type_id)
    return {"QualificationType": describe_type(found, call)}


def list_qualification_types(call: Call) -> Fields:
    """Types by words in their name, description or keywords, oldest first; the marketplace's own are not listed."""
    owner = call.requester.access_key_id if call.fields.get("MustBeOwnedByCaller") else None
    with call.store.read() as connection:
        found = qualifications.page_of_types(
            connection, owner=owner, words=call.fields.get("Query"), after=call.after, limit=call.page_size + 1
        )
    shown = found[: call.page_size]
    more = (shown[-1].created_at, shown[-1].qualification_type_id) if len(found) > call.page_size else None
    return page("QualificationTypes", [describe_type(one, call) for one in shown], more)


def own_type(call: Call, connection: Connection, type_id: str | None = None) -> QualificationType:
    """The requester's qualification type that QualificationTypeId (or the argument) names, locked.

    Raises:
        NoSuchQualificationType: there is none, or it is another's.
    """
    wanted = call.fields["QualificationTypeId"] if type_id is None else type_id
    found = qualifications.lock_type(connection, wanted)
    if found is None or found.access_key_id != call.requester.access_key_id:
        raise NoSuchQualificationType(wanted)
    return found


def describe_type(found: QualificationType, call: Call) -> Fields:
    """A qualification type as MTurk's data structure; test and key only for its owner."""
    mine = found.access_key_id == call.requester.access_key_id
    fields: Fields = {
        "QualificationTypeId": found.qualification_type_id,
        "CreationTime": found.created_at,
        "Name": found.name,
        "Description": found.description,
        "Keywords": found.keywords,
        "QualificationTypeStatus": "Active" if found.active else "Inactive",
        "Test": found.test if mine else None,
        "AnswerKey": found.answer_key if mine else None,
        "TestDurationInSeconds": found.test_duration_s,
        "RetryDelayInSeconds": found.retry_delay_s,
        "IsRequestable": True,
        "AutoGranted": found.auto_granted,
        "AutoGrantedValue": found.auto_granted_value if found.auto_granted else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _describe_system(type_id: str) -> Fields:
    name, description = SYSTEM_TYPES[type_id]
    return {
        "QualificationTypeId": type_id,
        "Name": name,
        "Description": description,
        "QualificationTypeStatus": "Active",
        "IsRequestable": False,
        "AutoGranted": False,
    }


def _changes(fields: Any) -> dict[str, Any]:
    """The columns that UpdateQualificationType's parameters set."""
    names = {
        "Description": "description",
        "Test": "test",
        "AnswerKey": "answer_key",
        "TestDurationInSeconds": "test_duration_s",
        "RetryDelayInSeconds": "retry_delay_s",
        "AutoGranted": "auto_granted",
        "AutoGrantedValue": "auto_granted_value",
    }
    changes = {column: fields[name] for name, column in names.items() if name in fields}
    if "QualificationTypeStatus" in fields:
        changes["active"] = fields["QualificationTypeStatus"] == "Active"
    if "Test" in fields:
        changes.setdefault("answer_key", None)
    return changes


def _check_lengths(fields: Any) -> None:
    for parameter, length in GREATEST_LENGTH.items():
        if len(fields.get(parameter, "")) > length:
            raise WrongParameter(f"{parameter} is longer than {length} characters.")
    for parameter, (least, greatest) in BOUNDS.items():
        if parameter in fields and not least <= fields[parameter] <= greatest:
            raise WrongParameter(f"{parameter} is {fields[parameter]}, expected {least} to {greatest}.")


def _check(found: QualificationType, *, value_given: bool) -> None:
    """Raises Refused where the parts of a qualification type do not go together."""
    if not found.name or not found.description.strip():
        raise WrongParameter("A QualificationType needs a Name and a Description.")
    if found.test is not None:
        if found.auto_granted:
            raise WrongParameter("A QualificationType with a Test can't be AutoGranted.")
        if found.test_duration_s is None:
            raise WrongParameter("A Test needs TestDurationInSeconds.")
        read_form(found.test)
    elif found.answer_key is not None or found.test_duration_s is not None:
        raise WrongParameter("AnswerKey and TestDurationInSeconds go with a Test.")
    if found.answer_key is not None:
        _check_key(found)
    if value_given and not found.auto_granted:
        raise WrongParameter("AutoGrantedValue goes with AutoGranted.")


def _check_key(found: QualificationType) -> None:
    assert found.test is not None
    assert found.answer_key is not None
    asked = {question.identifier for question in read_form(found.test).questions}
    strangers = [one.identifier for one in read_key(found.answer_key).questions if one.identifier not in asked]
    if strangers:
        raise WrongParameter(f"The AnswerKey scores questions that the Test does not ask: {', '.join(strangers)}.")
