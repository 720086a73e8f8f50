"""Platform: how HITs go out, how workers arrive and leave, how money moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlencode

PlatformState: TypeAlias = Literal["submitted", "approved", "rejected", "returned", "expired"]
#: How a worker's way through a task can end; platforms with completion codes have one for each.
Outcome: TypeAlias = Literal["completed", "screened-out", "withdrawn"]
OUTCOMES: tuple[Outcome, ...] = ("completed", "screened-out", "withdrawn")


@dataclass(frozen=True)
class Traits:
    """What kind of place a platform is.

    Attributes:
        shared_hits: a HIT has many places and is found once by each worker (a study of a panel), so it is filled when
            a worker arrives; without it, a HIT is small and there are many.
        reports: the platform says who handed in. Where it does not, the study's own word has to do.
        pays: money moves through its API. Where it does not, the ledger ends in payouts by hand.
        rejects: it knows rejections.
        overturns: it can be told that a rejection is taken back. Where it cannot, a person does so on its own pages.
        pauses: it can be told to let nobody in for a while. Where it cannot, our own pages say so to whoever comes.
        names_bonuses: its books tell two bonuses of one amount for one assignment apart.
        reports_codes: it says which completion code a worker brought.
        currencies: those in which it pays; none where any will do.
    """

    shared_hits: bool = False
    reports: bool = True
    pays: bool = True
    rejects: bool = True
    overturns: bool = True
    pauses: bool = True
    names_bonuses: bool = True
    reports_codes: bool = False
    currencies: tuple[str, ...] = ()


class PlatformRefused(RuntimeError):
    """The platform answered no, for good: the sentence carries its code and words."""


class PlatformUnreachable(ConnectionError):
    """The platform gave no answer, or one that settles nothing; what was asked may or may not have happened."""


@dataclass(frozen=True)
class Offer:
    """A HIT as a platform shows it. Money in minor units of the study's currency (cents)."""

    token: str  # the same token never makes two HITs; 1..64 characters
    title: str
    description: str
    keywords: tuple[str, ...]
    url: str  # where the task lives
    reward_minor: int
    assignments: int
    assignment_duration_s: int
    lifetime_s: int
    auto_approval_delay_s: int
    minutes: int = 1  # that it is expected to take
    codes: Mapping[Outcome, str] = field(default_factory=dict)  # what a worker brings back, by how it ended


@dataclass(frozen=True)
class Arrival:
    """Who comes, and for which HIT, as the platform's URL says. In a preview there is no assignment and no worker."""

    hit_id: str
    assignment_id: str | None
    worker_id: str | None
    submit_to: str | None
    simulated: bool = False  # a listener of a rehearsal, by the worker id that the platform gave it

    @property
    def preview(self) -> bool:
        """Whether the worker only looks: no record may be made."""
        return self.assignment_id is None


class ArrivalRefused(ValueError):
    """A URL that no platform would send: what is missing or wrong, as a sentence for the person who followed it."""


@dataclass(frozen=True)
class Completion:
    """How a worker leaves: a form that the worker's own browser sends to the platform, and the code to bring there.

    Attributes:
        action: where the form goes; empty where the worker only takes the code along.
        method: `get` for a plain link.
        code: to be copied where the platform asks for one; None where it does not.
    """

    action: str
    fields: Mapping[str, str] = field(default_factory=dict)
    method: Literal["post", "get"] = "post"
    code: str | None = None

    @property
    def address(self) -> str:
        """Where a plain link goes, with the fields in its query.

        >>> Completion("https://lab.example/done", {"cc": "A&B"}, "get").address
        'https://lab.example/done?cc=A%26B'
        """
        return f"{self.action}?{urlencode(self.fields)}" if self.fields else self.action


@dataclass(frozen=True)
class PlatformAssignment:
    """An assignment as the platform knows it: the authority for `submitted`. Returned and run-out ones are free."""

    assignment_id: str
    hit_id: str
    worker_id: str
    state: PlatformState
    submitted_at: datetime
    code: str | None = None  # the completion code that the worker brought, where the platform says


@dataclass(frozen=True)
class News:
    """What a platform says by itself. It may say so twice, late, or after we looked; looking is what settles."""

    news_id: str  # the platform's own, the same however often it is said
    kind: str
    detail: Mapping[str, str]
    platform_hit_id: str | None = None  # where the platform names it
    assignment_id: str | None = None


class NewsRefused(ValueError):
    """A message that the platform did not send, or that is none: what is wrong with it."""


class Platform(ABC):
    """Where workers come from. Calls are made by one process at a time; each raises the two errors above only.

    A variant promises: publishing twice with one token gives one HIT; approving or paying what was approved or paid
    with the same token changes nothing and raises nothing; listings page to their end.
    """

    traits: ClassVar[Traits] = Traits()

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
