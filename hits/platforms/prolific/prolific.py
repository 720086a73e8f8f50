"""Prolific: a HIT is a study with many places; its workers come by URL, and bring a completion code back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Any, ClassVar

import requests

from hits.fees import Fees
from hits.platforms.base import Platform
from hits.platforms.prolific.api import ApiRefused, ApiUnsettled, ProlificApi
from hits.platforms.prolific.hook import HookRefused, read_message
from hits.platforms.prolific.link import IDS, LinkUnsigned, require_signed_link, wanted_id
from hits.platforms.prolific.rejection import RejectionCategory, RejectionWrong, rejection
from hits.platforms.prolific.study import DEVICES, LONGEST_NAME, LONGEST_SECONDS, completion_codes_of, study_url
from hits.platforms.prolific.submission import SubmissionUnreadable, read_submission
from hits.recruiting import (
    Arrival,
    ArrivalRefused,
    Completion,
    Machine,
    News,
    NewsRefused,
    NotConnected,
    Offer,
    Outcome,
    PlatformAssignment,
    PlatformRefused,
    PlatformUnreachable,
    Traits,
    Wave,
)

API_URL = "https://api.prolific.com"
APP_URL = "https://app.prolific.com"
COMPLETE_PATH = "/submissions/complete"
NO_CODE = "NOCODE"  # what Prolific understands as "I was given none"
KEYS_TIMEOUT_S = 10
REJECTABLE_MIN = 5  # from so many minutes on, two failed attention checks are asked for
OVER = frozenset({"AWAITING REVIEW", "COMPLETED"})  # a study that takes nobody any more


class Prolific(Platform):
    """A researcher at Prolific.

    Args:
        token: of the researcher's account.
        url: of the API, without its version.
        keys_url: where Prolific's keys for signed links are; None where links are not signed.
        timeout_s: how long an answer may take.
    """

    traits: ClassVar[Traits] = Traits(
        shared_hits=True,
        overturns=False,
        names_bonuses=False,
        reports_codes=True,
        least_wage={"USD": 8.0, "GBP": 6.0},
        recommended_wage={"USD": 12.0, "GBP": 9.0},
        longest_title=LONGEST_NAME,
        pays_by_itself_after_s=21 * 86_400,
    )

    @classmethod
    def connect(cls, machine: Machine) -> Prolific:
        """The account whose token the settings hold."""
        settings = machine.settings
        token = settings["prolific_api_token"]
        if token is None:
            raise NotConnected("Prolific", "PROLIFIC_API_TOKEN", "make a token under Settings, API tokens, on Prolific")
        return cls(token.get_secret_value(), settings["prolific_api_url"], keys_url=settings["prolific_jwks_url"])

    @classmethod
    def ways_back(cls, machine: Machine) -> frozenset[str]:
        """Where participants bring their codes."""
        return frozenset({machine.settings["prolific_app_url"]})

    @classmethod
    def hook_secret(cls, machine: Machine) -> str | None:
        """What Prolific's hooks sign with, where it is set."""
        secret = machine.settings["prolific_webhook_secret"]
        return None if secret is None else str(secret.get_secret_value())

    @classmethod
    def signs_links(cls, machine: Machine) -> bool:
        """Where the settings name Prolific's keys."""
        return machine.settings["prolific_jwks_url"] is not None

    @classmethod
    def usual_fees(cls, machine: Machine) -> Fees:  # noqa: ARG003
        """Those of accounts that are no university's, the higher ones."""
        return "prolific-corporate"

    @classmethod
    def warnings(cls, wave: Wave) -> Iterator[str]:
        """What can be rejected there."""
        if wave.minutes > REJECTABLE_MIN and wave.checks_per_hit < 2:
            checks = {0: "no check", 1: "one check"}[wave.checks_per_hit]
            yield (
                f"A task of {wave.minutes:.0f} min with {checks} can't be rejected on Prolific, which asks for two "
                "failed checks above 5 min and a reason of 100 characters; ask for a return first."
            )

    def __init__(
        self, token: str, url: str = API_URL, *, keys_url: str | None = None, timeout_s: float | None = None
    ) -> None:
        slow = {} if timeout_s is None else {"timeout_s": timeout_s}
        self._api = ProlificApi(f"{url.rstrip('/')}/api/v1", token, **slow)
        self._keys_url = keys_url
        self._notes: list[str] = []
        self._asked_to_pay: dict[str, bool] = {}

    def publish(self, offer: Offer) -> str:
        """Draft a study and publish it; one whose internal name is the offer's token is taken up where it stands."""
        if "completed" not in offer.codes:
            raise PlatformRefused("a study on Prolific needs completion codes, and the offer has none")
        with self._asking():
            study = self._find(offer.token) or self._api.post("/studies/", self._draft(offer), repeatable=False)
            study_id = _required(study, "id")
            if study.get("status", "UNPUBLISHED") == "UNPUBLISHED":
                self._move(study_id, "PUBLISH")
        return study_id

    def _find(self, token: str) -> dict[str, Any] | None:
        """The study of that internal name: a draft whose creation was never answered must not be made again."""
        return next((one for one in self._api.pages("/studies/") if one.get("internal_name") == token), None)

    def _draft(self, offer: Offer) -> dict[str, Any]:
        """A study as Prolific takes it: minutes, minor units, and a URL with places for three ids."""
        return {
            "name": offer.title[:LONGEST_NAME],
            "internal_name": offer.token,
            "description": offer.description,
            "external_study_url": study_url(offer.url),
            "is_external_study_url_secure": self._keys_url is not None,
            "prolific_id_option": "url_parameters",
            "completion_codes": completion_codes_of(offer.codes.items()),
            "total_available_places": offer.assignments,
            "estimated_completion_time": offer.minutes,
            "maximum_allowed_time": ceil(min(offer.assignment_duration_s, LONGEST_SECONDS) / 60),
            "reward": offer.reward_minor,
            "device_compatibility": list(DEVICES),
            "peripheral_requirements": ["audio"],
        }

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        """All submissions that somebody has done something with, page by page to the end."""
        with self._asking():
            for one in self._api.pages(f"/studies/{platform_hit_id}/submissions/"):
                try:
                    found = read_submission(one, platform_hit_id)
                except SubmissionUnreadable as unreadable:  # passed over, so that it does not hide the others
                    self._notes.append(str(unreadable))
                    continue
                if found is not None:
                    yield found

    def take_notes(self) -> list[str]:
        """What was passed over since this was last asked."""
        notes, self._notes = self._notes, []
        return notes

    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:  # noqa: ARG002
        """Accept a submission; a refusal is settled by looking."""
        self._decide(assignment_id, "APPROVED", {"action": "APPROVE"})

    def reject(self, assignment_id: str, reason: str, category: RejectionCategory = "OTHER") -> None:
        """Refuse a submission.

        Args:
            assignment_id: the submission.
            reason: what its participant reads, 100 characters or more.
            category: one of Prolific's.

        Raises:
            PlatformRefused: the reason is too short, or there is no such category; Prolific was not asked then.
        """
        try:
            body = rejection(reason, category)
        except RejectionWrong as error:
            raise PlatformRefused(str(error)) from error
        self._decide(assignment_id, "REJECTED", body)

    def _decide(self, submission_id: str, wanted: str, body: Mapping[str, str]) -> None:
        with self._asking():
            try:
                self._api.post(f"/submissions/{submission_id}/transition/", body)
            except ApiRefused:
                if self._submission(submission_id).get("status") != wanted:
                    raise

    def request_return(self, assignment_id: str, reason: str) -> None:
        """Ask the participant to return a submission, which Prolific wants to see tried before a rejection."""
        with self._asking():
            self._api.post(f"/submissions/{assignment_id}/request-return/", {"request_return_reasons": [reason]})

    def prepare_bonus(self, worker_id: str, assignment_id: str, amount_minor: int, reason: str) -> str:  # noqa: ARG002
        """Set a bonus up for one participant; nothing moves. Prolific keeps no reason beside a bonus."""
        if amount_minor <= 0:
            raise PlatformRefused(f"a bonus of {amount_minor} can't be paid; expected 1 or more")
        with self._asking():
            study_id = _required(self._submission(assignment_id), "study_id")
            line = f"{worker_id},{amount_minor // 100}.{amount_minor % 100:02d}\n"
            made = self._api.post("/submissions/bonus-payments/", {"study_id": study_id, "csv_bonuses": line})
            return _required(made, "id")

    def bonus(
        self,
        worker_id: str,  # noqa: ARG002 - who is paid was said when it was set up
        assignment_id: str,
        amount_minor: int,  # noqa: ARG002
        reason: str,  # noqa: ARG002
        token: str,  # noqa: ARG002
        handle: str | None = None,
    ) -> None:
        """Pay what was set up. Prolific pays again whenever it is asked again, so it is asked once for each handle.

        Raises:
            PlatformUnreachable: nobody knows whether it was paid; it must not be asked again.
        """
        if handle is None:
            raise PlatformRefused(f"the bonus for submission {assignment_id} was not set up before it was to be paid")
        if handle in self._asked_to_pay:
            if self._asked_to_pay[handle]:
                return
            raise PlatformUnreachable(f"bonus {handle} was asked for before, and nobody knows what came of it")
        self._asked_to_pay[handle] = False
        with self._asking():
            try:
                self._api.post(f"/bulk-bonus-payments/{handle}/pay/", {}, repeatable=False)
            except ApiRefused:
                del self._asked_to_pay[handle]
                raise
        self._asked_to_pay[handle] = True

    def bonus_sent(
        self,
        assignment_id: str,
        amount_minor: int,
        reason: str,  # noqa: ARG002
        handle: str | None = None,  # noqa: ARG002
    ) -> bool | None:
        """True where a bonus of that amount stands beside the submission.

        None otherwise: it is paid minutes after it was asked for, so that a missing one may be on its way.
        """
        with self._asking():
            paid = self._submission(assignment_id).get("bonus_payments")
        if not isinstance(paid, list):
            return None
        return True if any(isinstance(one, int | float) and round(one) == amount_minor for one in paid) else None

    def grow(self, platform_hit_id: str, places: int) -> None:
        """Raise a study's places; Prolific never takes any back."""
        with self._asking():
            study = self._api.get(f"/studies/{platform_hit_id}/")
            if int(study.get("total_available_places", 0)) < places:
                self._api.patch(f"/studies/{platform_hit_id}/", {"total_available_places": places})

    def pause(self, platform_hit_id: str) -> None:
        """Let nobody in for now; a draft does so by itself."""
        self._unless(platform_hit_id, "PAUSE", frozenset({"PAUSED", "UNPUBLISHED", *OVER}))

    def resume(self, platform_hit_id: str, lifetime_s: int) -> None:  # noqa: ARG002 - a study has no time on the shelf
        """Let people in again."""
        self._unless(platform_hit_id, "START", frozenset({"ACTIVE"}))

    def expire(self, platform_hit_id: str) -> None:
        """Stop a study for good; who is at work can still come back with a code. A draft lets nobody in."""
        self._unless(platform_hit_id, "STOP", frozenset({"UNPUBLISHED", *OVER}))

    def _unless(self, study_id: str, action: str, done: frozenset[str]) -> None:
        with self._asking():
            if self._api.get(f"/studies/{study_id}/").get("status") not in done:
                self._move(study_id, action)

    def _move(self, study_id: str, action: str) -> None:
        self._api.post(f"/studies/{study_id}/transition/", {"action": action})

    def message(self, worker_ids: Sequence[str], subject: str, text: str) -> None:
        """Write to participants, each in the study by which they are known; all are found before any is written to."""
        with self._asking():
            study_by_worker = self._studies_of(frozenset(worker_ids))
            unknown = [worker_id for worker_id in worker_ids if worker_id not in study_by_worker]
            if unknown:
                raise PlatformRefused(f"Prolific carries messages to participants only, and these are none: {unknown}")
            for worker_id in worker_ids:
                self._api.post(
                    "/messages/",
                    {"recipient_id": worker_id, "study_id": study_by_worker[worker_id], "body": f"{subject}\n\n{text}"},
                    repeatable=False,
                )

    def _studies_of(self, worker_ids: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for study in self._api.pages("/studies/"):
            if found.keys() >= worker_ids:
                break
            for one in self._api.pages(f"/studies/{_required(study, 'id')}/submissions/"):
                worker_id = str(one.get("participant_id") or one.get("participant"))
                if worker_id in worker_ids:
                    found.setdefault(worker_id, str(study["id"]))
        return found

    def balance_minor(self) -> int:
        """What is available in the account's workspace."""
        with self._asking():
            workspace = next(self._api.pages("/workspaces/"), None)
            if workspace is None:
                raise PlatformRefused("this account is in no workspace of Prolific's, so it has no balance")
            balance = self._api.get(f"/workspaces/{_required(workspace, 'id')}/balance/")
            return int(_required(balance, "available_balance"))

    def link_keys(self) -> dict[str, Any] | None:
        """Prolific's public keys; None where this study does not ask for signed links."""
        if self._keys_url is None:
            return None
        try:
            answer = requests.get(self._keys_url, timeout=KEYS_TIMEOUT_S)  # anybody may read them: no token goes there
            found = answer.json() if answer.ok else None
        except (requests.RequestException, ValueError) as error:
            raise PlatformUnreachable(
                f"no keys could be read from {self._keys_url} ({type(error).__name__})"
            ) from error
        if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
            raise PlatformUnreachable(f"no keys are at {self._keys_url} ({answer.status_code})")
        return {"keys": found["keys"]}

    @staticmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        """Who comes, from the three ids; where work goes back to is not the URL's to say."""
        worker_id, study_id, submission_id = (wanted_id(query, name) for name in IDS)
        return Arrival(study_id, submission_id, worker_id, min(submit_hosts, default=APP_URL))

    @staticmethod
    def require_signed(query: Mapping[str, str], keys: Mapping[str, Any], audience: str) -> None:
        """Refuse a link that Prolific did not sign for this participant, this study and this address."""
        try:
            require_signed_link(query, keys, audience)
        except LinkUnsigned as error:
            raise ArrivalRefused(
                f"This is not the link that Prolific made: {error}. Open the study there again."
            ) from error

    @staticmethod
    def complete(arrival: Arrival, outcome: Outcome = "completed", code: str | None = None) -> Completion:  # noqa: ARG004
        """A link that takes the code of the outcome back to Prolific."""
        if arrival.assignment_id is None:
            raise ArrivalRefused("This is a preview. Take the study's place first; then it can be completed.")
        return Completion(
            action=f"{arrival.submit_to or APP_URL}{COMPLETE_PATH}",
            fields={"cc": code or NO_CODE},
            method="get",
            code=code,
        )

    @staticmethod
    def news(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> News:
        """What Prolific says by itself of a study or a submission."""
        try:
            news_id, said = read_message(headers, body, secret, now)
        except HookRefused as error:
            raise NewsRefused(str(error)) from error
        kind, about = said.get("event_type", "unknown"), said.get("resource_id")
        of_study = kind.startswith("study.")
        return News(
            news_id=news_id,
            kind=kind,
            detail=said,
            platform_hit_id=said.get("study_id") or (about if of_study else None),
            assignment_id=said.get("submission_id") or (about if kind.startswith("submission.") else None),
        )

    def _submission(self, submission_id: str) -> dict[str, Any]:
        return self._api.get(f"/submissions/{submission_id}/")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn the API's errors into the platform's two."""
        try:
            yield
        except ApiRefused as error:
            raise PlatformRefused(str(error)) from error
        except ApiUnsettled as error:
            raise PlatformUnreachable(str(error)) from error


def _required(found: Mapping[str, Any], key: str) -> str:
    """A value without which an answer is none."""
    if found.get(key) in (None, ""):
        raise ApiUnsettled(f"Prolific's answer has no {key!r}; found {sorted(found)}")
    return str(found[key])
