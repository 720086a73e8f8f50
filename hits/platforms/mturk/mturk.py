"""MTurk's requester API through boto3: our own marketplace, or any endpoint that speaks the same protocol (MTurk)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hits.fees import Fees
from hits.platforms.base import Platform
from hits.platforms.mturk.refused import MTurkRefused
from hits.platforms.mturk.requirements import WorkerRequirements
from hits.platforms.mturk.wire import amount_of, external_question, is_simulated, minor_of, origin
from hits.recruiting import (
    Arrival,
    ArrivalRefused,
    Completion,
    Machine,
    NotConnected,
    Offer,
    Outcome,
    PlatformAssignment,
    PlatformState,
    Traits,
)

PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
SUBMIT_PATH = "/mturk/externalSubmit"
SITES = frozenset({"https://www.mturk.com", "https://workersandbox.mturk.com", "https://worker.mturk.com"})
MOST_NOTIFIED = 100  # workers a call
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)  # an expiry that every HIT has passed

#: What workers read of the qualification that a study gives.
QUALIFICATION_IN_WORDS = (
    "Put clips of voices in order by their emotion. The value is a hundred times the agreement with the people who "
    "rated the clips before; 0 means that it was not close enough this time."
)


_ID = re.compile(r"[A-Z0-9]{1,64}", re.ASCII)
_WORKER_ID = re.compile(r"A[A-Z0-9]{1,63}", re.ASCII)
_HIT_ID_IN_WORDS = re.compile(r"\b[A-Z0-9]{20,64}\b", re.ASCII)
_STATES: Mapping[str, PlatformState] = {"Submitted": "submitted", "Approved": "approved", "Rejected": "rejected"}


class MTurk(Platform):
    """A requester at an MTurk endpoint.

    Args:
        endpoint_url: `https://mturk-requester.us-east-1.amazonaws.com`, or `<marketplace>/requester`.
        region: the region that signatures name.
        access_key_id: with `secret_access_key`, who asks; None for what boto3 finds (environment, profile).
        secret_access_key: its secret.
        requirements: who may accept; None for everybody (our marketplace's workers are invited).
    """

    traits: ClassVar[Traits] = Traits(currencies=("USD",), longest_title=128)
    how_workers_come: ClassVar[str] = "Workers come by the invite link that `earwitness serve` prints."

    def __init__(
        self,
        endpoint_url: str,
        *,
        region: str = "us-east-1",
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        requirements: WorkerRequirements | None = None,
    ) -> None:
        from hits.platforms.mturk.calls import Calls  # here, since pages never call, and boto3 takes its time

        self._endpoint_url = endpoint_url
        self._requirements = requirements
        calls = Calls(endpoint_url, region, access_key_id, secret_access_key)
        self._client, self._asking = calls.client, calls.asking

    @classmethod
    def connect(cls, machine: Machine) -> MTurk:
        """Our marketplace, or the endpoint of the settings, with whatever keys boto3 finds."""
        elsewhere = machine.settings.get("mturk_endpoint_url")
        if elsewhere:
            return cls(elsewhere)
        ours = machine.marketplace
        if ours is None:
            raise NotConnected("MTurk", "MTURK_ENDPOINT_URL", "name an endpoint, since our marketplace is not up")
        return cls(f"{ours.url}/requester", access_key_id=ours.access_key_id, secret_access_key=ours.secret_access_key)

    @classmethod
    def ways_back(cls, machine: Machine) -> frozenset[str]:
        """Our own server and MTurk's sites."""
        return SITES | super().ways_back(machine)

    @classmethod
    def books_only(cls, machine: Machine) -> bool:
        """Our marketplace moves nothing."""
        return machine.settings.get("mturk_endpoint_url") is None

    @classmethod
    def usual_fees(cls, machine: Machine) -> Fees:
        """MTurk's; our own marketplace takes nothing."""
        return "none" if cls.books_only(machine) else "mturk"

    def publish(self, offer: Offer) -> str:
        """Put a HIT out; a token that was used before gives the HIT that it made."""
        optional: dict[str, Any] = {}
        if self._requirements is not None:
            optional["QualificationRequirements"] = self._requirements.as_mturk_does()
        try:
            with self._asking("CreateHIT"):
                made = self._client.create_hit(
                    Title=offer.title,
                    Description=offer.description,
                    Keywords=",".join(offer.keywords),
                    Reward=amount_of(offer.reward_minor),
                    MaxAssignments=offer.assignments,
                    AssignmentDurationInSeconds=offer.assignment_duration_s,
                    LifetimeInSeconds=offer.lifetime_s,
                    AutoApprovalDelayInSeconds=offer.auto_approval_delay_s,
                    Question=external_question(offer.url),
                    UniqueRequestToken=offer.token,
                    **optional,
                )
            return str(made["HIT"]["HITId"])
        except MTurkRefused as refused:
            known = _HIT_ID_IN_WORDS.search(refused.words)
            if refused.turk_code.lower().endswith(".hitalreadyexists") and known is not None:
                return known.group()
            raise

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        """All that workers have handed in, page by page to the end."""
        with self._asking("ListAssignmentsForHIT"):
            pages = self._client.get_paginator("list_assignments_for_hit").paginate(
                HITId=platform_hit_id,
                AssignmentStatuses=["Submitted", "Approved", "Rejected"],
                PaginationConfig={"PageSize": 100},
            )
            for page in pages:
                for found in page.get("Assignments", []):
                    yield PlatformAssignment(
                        assignment_id=found["AssignmentId"],
                        hit_id=found["HITId"],
                        worker_id=found["WorkerId"],
                        state=_STATES[found["AssignmentStatus"]],
                        submitted_at=found["SubmitTime"].astimezone(UTC),
                    )

    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:
        """Accept an assignment; MTurk refuses to approve twice, so a refusal is settled by looking."""
        try:
            with self._asking("ApproveAssignment"):
                self._client.approve_assignment(AssignmentId=assignment_id, OverrideRejection=though_rejected)
        except MTurkRefused:
            if self._status_of(assignment_id) != "Approved":
                raise

    def reject(self, assignment_id: str, reason: str) -> None:
        """Refuse an assignment; MTurk refuses to reject twice, so a refusal is settled by looking."""
        try:
            with self._asking("RejectAssignment"):
                self._client.reject_assignment(AssignmentId=assignment_id, RequesterFeedback=reason)
        except MTurkRefused:
            if self._status_of(assignment_id) != "Rejected":
                raise

    def bonus(
        self,
        worker_id: str,
        assignment_id: str,
        amount_minor: int,
        reason: str,
        token: str,
        handle: str | None = None,  # noqa: ARG002 - one step is enough here
    ) -> None:
        """Pay extra; MTurk answers a token's second use with an error, which here means: it was paid."""
        try:
            with self._asking("SendBonus"):
                self._client.send_bonus(
                    WorkerId=worker_id,
                    AssignmentId=assignment_id,
                    BonusAmount=amount_of(amount_minor),
                    Reason=reason,
                    UniqueRequestToken=token,
                )
        except MTurkRefused as refused:
            if "has already been processed" not in refused.words:
                raise

    def bonus_sent(
        self,
        assignment_id: str,
        amount_minor: int,
        reason: str,
        handle: str | None = None,  # noqa: ARG002
    ) -> bool:
        """Whether a bonus of that amount for that reason is listed."""
        with self._asking("ListBonusPayments"):
            pages = self._client.get_paginator("list_bonus_payments").paginate(
                AssignmentId=assignment_id, PaginationConfig={"PageSize": 100}
            )
            return any(
                minor_of(paid["BonusAmount"]) == amount_minor and paid["Reason"] == reason
                for page in pages
                for paid in page.get("BonusPayments", [])
            )

    def expire(self, platform_hit_id: str) -> None:
        """Take a HIT off the shelf by an expiry in the past."""
        self._expire_at(platform_hit_id, LONG_AGO)

    def pause(self, platform_hit_id: str) -> None:
        """Take a HIT off the shelf for now: MTurk knows no other way to let nobody in."""
        self._expire_at(platform_hit_id, LONG_AGO)

    def resume(self, platform_hit_id: str, lifetime_s: int) -> None:
        """Put a HIT back on the shelf."""
        self._expire_at(platform_hit_id, datetime.now(UTC) + timedelta(seconds=lifetime_s))

    def _expire_at(self, platform_hit_id: str, moment: datetime) -> None:
        with self._asking("UpdateExpirationForHIT"):
            self._client.update_expiration_for_hit(HITId=platform_hit_id, ExpireAt=moment)

    def message(self, worker_ids: Sequence[str], subject: str, text: str) -> None:
        """Write to workers, a hundred at a time as MTurk takes them."""
        for start in range(0, len(worker_ids), MOST_NOTIFIED):
            with self._asking("NotifyWorkers"):
                told = self._client.notify_workers(
                    Subject=subject, MessageText=text, WorkerIds=list(worker_ids[start : start + MOST_NOTIFIED])
                )
            failed = told.get("NotifyWorkersFailureStatuses", [])
            if failed:
                words = "; ".join(f"{one['WorkerId']}: {one['NotifyWorkersFailureMessage']}" for one in failed)
                raise MTurkRefused(
                    "NotifyWorkers", self._endpoint_url, str(failed[0]["NotifyWorkersFailureCode"]), words
                )

    def balance_minor(self) -> int:
        """What is available, without what is held for open HITs."""
        with self._asking("GetAccountBalance"):
            return minor_of(self._client.get_account_balance()["AvailableBalance"])

    @staticmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        """Who comes, from `assignmentId`, `hitId`, `workerId`, `turkSubmitTo`."""
        hit_id = _wanted(query, "hitId", _ID)
        if query.get("assignmentId") == PREVIEW:
            return Arrival(hit_id, None, None, None)
        assignment_id = _wanted(query, "assignmentId", _ID)
        worker_id = _wanted(query, "workerId", _WORKER_ID)
        submit_to = query.get("turkSubmitTo", "")
        if origin(submit_to) not in {origin(host) for host in submit_hosts}:
            raise ArrivalRefused(
                f"This link hands work in at {submit_to[:200]!r}, which is not a place that this study knows. "
                "Open the task from the list of tasks again."
            )
        return Arrival(hit_id, assignment_id, worker_id, submit_to, is_simulated(worker_id))

    @staticmethod
    def complete(
        arrival: Arrival,
        outcome: Outcome = "completed",  # noqa: ARG004 - the platform knows one way back
        code: str | None = None,  # noqa: ARG004
    ) -> Completion:
        """The form that the worker's browser posts to `<turkSubmitTo>/mturk/externalSubmit`.

        MTurk wants at least one field besides the assignment's id; judgments themselves stay with the study.

        Raises:
            ArrivalRefused: it was a preview; there is nothing to hand in.
        """
        if arrival.assignment_id is None or arrival.submit_to is None:
            raise ArrivalRefused("This is a preview. Accept the task first; then it can be handed in.")
        return Completion(
            action=arrival.submit_to.rstrip("/") + SUBMIT_PATH,
            fields={"assignmentId": arrival.assignment_id, "finished": "yes"},
        )

    def grant(self, worker_id: str, qualification_name: str, score: int) -> None:
        """Give a worker the qualification type of that name with the score as its value, without a message."""
        type_id = self._qualification_type(qualification_name)
        with self._asking("AssociateQualificationWithWorker"):
            self._client.associate_qualification_with_worker(
                QualificationTypeId=type_id, WorkerId=worker_id, IntegerValue=score, SendNotification=False
            )

    def _qualification_type(self, name: str) -> str:
        """The requester's own type of a name, made where there is none: two of one name can't be."""
        known = self._own_type(name)
        if known is not None:
            return known
        try:
            with self._asking("CreateQualificationType"):
                made = self._client.create_qualification_type(
                    Name=name, Description=QUALIFICATION_IN_WORDS, QualificationTypeStatus="Active"
                )
            return str(made["QualificationType"]["QualificationTypeId"])
        except MTurkRefused:
            known = self._own_type(name)  # somebody was faster, or the listing was behind
            if known is None:
                raise
            return known

    def _own_type(self, name: str) -> str | None:
        with self._asking("ListQualificationTypes"):
            pages = self._client.get_paginator("list_qualification_types").paginate(
                Query=name, MustBeRequestable=False, MustBeOwnedByCaller=True, PaginationConfig={"PageSize": 100}
            )
            return next(
                (
                    str(found["QualificationTypeId"])
                    for page in pages
                    for found in page.get("QualificationTypes", [])
                    if found["Name"] == name
                ),
                None,
            )

    def _status_of(self, assignment_id: str) -> str:
        with self._asking("GetAssignment"):
            found = self._client.get_assignment(AssignmentId=assignment_id)
        return str(found["Assignment"]["AssignmentStatus"])


def _wanted(query: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = query.get(name, "")
    if pattern.fullmatch(value) is None:
        raise ArrivalRefused(
            f"This link has {'no' if not value else 'a malformed'} {name}. Open the task from the list of tasks again."
        )
    return value
