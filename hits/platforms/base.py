"""Platform: how HITs go out, how workers arrive and leave, how money moves, and what its place is like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from hits.fees import Fees
from hits.recruiting import (
    Arrival,
    ArrivalRefused,
    Completion,
    Machine,
    News,
    NewsRefused,
    Offer,
    Outcome,
    PlatformAssignment,
    PlatformRefused,
    Traits,
    Wave,
)


class Platform(ABC):
    """Where workers come from. Calls are made by one process at a time; each raises the two errors above only.

    A variant promises: publishing twice with one token gives one HIT; approving or paying what was approved or paid
    with the same token changes nothing and raises nothing; listings page to their end.
    """

    traits: ClassVar[Traits] = Traits()
    #: How workers come, as a sentence for whoever has just published; empty where `invitation` says so.
    how_workers_come: ClassVar[str] = ""

    @classmethod
    def of_study(cls, settings: Mapping[str, Any]) -> type[Platform]:  # noqa: ARG003
        """This platform as a study sets it up.

        Args:
            settings: of study.toml, by their tables.
        """
        return cls

    @classmethod
    def connect(cls, machine: Machine) -> Platform:  # noqa: ARG003
        """The platform, ready to be called; another package's finds its settings itself.

        Raises:
            NotConnected: a setting that it needs is missing.
        """
        return cls()

    @classmethod
    def ways_back(cls, machine: Machine) -> frozenset[str]:
        """The origins to which work may be handed in, and that may show a task in a frame."""
        parts = urlsplit(machine.server_url)
        return frozenset({f"{parts.scheme}://{parts.netloc}"})

    @classmethod
    def hook_secret(cls, machine: Machine) -> str | None:  # noqa: ARG003
        """What the platform signs with what it says by itself; None where it is not listened to."""
        return None

    @classmethod
    def signs_links(cls, machine: Machine) -> bool:  # noqa: ARG003
        """Whether workers are let in by links alone that the platform has signed."""
        return False

    @classmethod
    def books_only(cls, machine: Machine) -> bool:  # noqa: ARG003
        """Whether payments are only booked, and no money moves."""
        return False

    @classmethod
    def usual_fees(cls, machine: Machine) -> Fees:  # noqa: ARG003
        """The rule for fees that holds where a study names none."""
        return "none"

    @classmethod
    def warnings(cls, wave: Wave) -> Iterator[str]:  # noqa: ARG003
        """What its own rules say of a wave before money is spent, beyond its traits: one sentence each."""
        return iter(())

    @abstractmethod
    def publish(self, offer: Offer) -> str:
        """Put a HIT out; the platform's id for it. The same token gives the same id."""

    @abstractmethod
    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:
        """All assignments of a HIT that workers have handed in, and where it says so, given back or let run out."""

    @abstractmethod
    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:
        """Accept an assignment, which pays its reward. Approved already: nothing happens.

        Args:
            assignment_id: what was handed in.
            though_rejected: it was rejected before, and a person takes that back; without it a rejection stands.

        Raises:
            PlatformRefused: it is rejected, and stays so.
        """

    @abstractmethod
    def reject(self, assignment_id: str, reason: str) -> None:
        """Refuse an assignment, for a reason that its worker reads. Rejected already: nothing happens.

        Raises:
            PlatformRefused: it is approved, or the reason is not what the platform demands.
        """

    def prepare_bonus(self, worker_id: str, assignment_id: str, amount_minor: int, reason: str) -> str | None:  # noqa: ARG002
        """Set a bonus up without paying it, where the platform pays in two steps; its name for it.

        It may be done twice: nothing moves before `bonus` is called with that name.
        """
        return None

    @abstractmethod
    def bonus(
        self, worker_id: str, assignment_id: str, amount_minor: int, reason: str, token: str, handle: str | None = None
    ) -> None:
        """Pay extra. The same token never pays twice; where a platform has no tokens, the same `handle` does not.

        Args:
            worker_id: the platform's id of who is paid.
            assignment_id: for which work.
            amount_minor: in minor units.
            reason: for the worker to read.
            token: names this payment for ever.
            handle: what `prepare_bonus` gave.
        """

    @abstractmethod
    def bonus_sent(self, assignment_id: str, amount_minor: int, reason: str, handle: str | None = None) -> bool | None:
        """Whether a bonus is on the platform's books, which settles an unknown payment; None where they do not say."""

    @abstractmethod
    def expire(self, platform_hit_id: str) -> None:
        """Take a HIT off the shelf; work that was begun may still be handed in."""

    @abstractmethod
    def pause(self, platform_hit_id: str) -> None:
        """Let nobody new begin a HIT for now; work that was begun may still be handed in. Repeated: nothing happens."""

    @abstractmethod
    def resume(self, platform_hit_id: str, lifetime_s: int) -> None:
        """Let people begin a HIT again that was paused. Repeated: nothing happens, but that the last lifetime counts.

        Args:
            platform_hit_id: what `publish` gave.
            lifetime_s: how long from now, where HITs have a time on the shelf.

        Raises:
            PlatformRefused: it is over by now.
        """

    def grow(self, platform_hit_id: str, places: int) -> None:  # noqa: ARG002
        """See to it that a HIT has so many places, those taken included; it never shrinks. Repeated: nothing happens.

        Raises:
            PlatformRefused: HITs of this platform can't grow.
        """
        raise PlatformRefused(
            f"HIT {platform_hit_id} can't grow: HITs of this platform keep the places they began with"
        )

    def invitation(self, url: str, platform_hit_id: str) -> str | None:  # noqa: ARG002
        """The link that a person has to put where workers find it; None where the platform shows the HIT by itself.

        Args:
            url: where the task lives.
            platform_hit_id: what `publish` gave.
        """
        return None

    def take_notes(self) -> list[str]:
        """What was passed over since this was last asked, as sentences for the researcher."""
        return []

    def link_keys(self) -> dict[str, Any] | None:
        """The public keys by which the platform signs its links, for pages to keep; None where it signs none."""
        return None

    @abstractmethod
    def message(self, worker_ids: Sequence[str], subject: str, text: str) -> None:
        """Write to workers, through the platform.

        Raises:
            PlatformRefused: the platform carries no messages, or not to them.
        """

    @abstractmethod
    def balance_minor(self) -> int:
        """What the requester has left, in minor units."""

    def grant(self, worker_id: str, qualification_name: str, score: int) -> None:  # noqa: B027 - not all have them
        """Remember at the platform that a worker has a qualification, and with what score, in place of an earlier one.

        Doing so again changes nothing. A platform that knows no qualifications does nothing.

        Args:
            worker_id: as the platform calls the worker.
            qualification_name: one a study; made on first use.
            score: 0..100; 0 for who did not pass.
        """

    @staticmethod
    @abstractmethod
    def arrive(query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:
        """Who comes, from the URL's query.

        Args:
            query: the parameters of the task's URL.
            submit_hosts: `scheme://host[:port]` origins to which work may be handed in (the URL is the attacker's).

        Raises:
            ArrivalRefused: a parameter is missing, malformed, or names a place that is not allowed.
        """

    @staticmethod
    @abstractmethod
    def complete(arrival: Arrival, outcome: Outcome = "completed", code: str | None = None) -> Completion:
        """How this worker goes back to the platform.

        Args:
            arrival: as the worker came.
            outcome: how it ended.
            code: that of the outcome, where the offer had codes.
        """

    @staticmethod
    def require_signed(query: Mapping[str, str], keys: Mapping[str, Any], audience: str) -> None:  # noqa: ARG004
        """Refuse a URL that the platform did not sign.

        Args:
            query: the parameters of the task's URL.
            keys: what `link_keys` gave.
            audience: the address for which it has to be signed, `scheme://host[:port]`.

        Raises:
            ArrivalRefused: the signature is missing, wrong, run out, or for somewhere or somebody else.
        """
        raise ArrivalRefused("This platform signs no links. Open the task from the platform's own list, please.")

    @staticmethod
    def news(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> News:  # noqa: ARG004
        """What the platform says by itself, once it is proven that it does.

        Args:
            headers: of the request, whatever the case of their names.
            body: as it came.
            secret: what the platform signs with.
            now: to refuse what is too old to be new.

        Raises:
            NewsRefused: it is not signed as it should be, too old, or can't be read.
        """
        raise NewsRefused("this platform says nothing by itself")
