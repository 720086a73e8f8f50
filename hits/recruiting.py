"""What goes between a study and where its workers come from: offers, arrivals, ways back, news and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

from hits.judgment import Policy

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
        least_wage: by currency, the wage an hour below which it refuses a study.
        recommended_wage: by currency, what it asks a study for.
        longest_title: of a HIT, in characters; None where it sets no bound.
        pays_by_itself: work that nobody decided on is approved and paid after a while.
        pays_by_itself_after_s: when; None where the study says (hits.auto_approval_delay_s).
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
    least_wage: Mapping[str, float] = field(default_factory=dict)
    recommended_wage: Mapping[str, float] = field(default_factory=dict)
    longest_title: int | None = None
    pays_by_itself: bool = True
    pays_by_itself_after_s: int | None = None


@dataclass(frozen=True)
class Marketplace:
    """Our own marketplace, and the study's keys as its requester."""

    url: str
    access_key_id: str | None
    secret_access_key: str | None = field(repr=False)


@dataclass(frozen=True)
class Machine:
    """What a platform may want to know of where it is called from.

    Attributes:
        server_url: where people reach our pages.
        settings: of this machine (app/settings.py), by their names.
        marketplace: our own; None where nothing is called.
    """

    server_url: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    marketplace: Marketplace | None = None


@dataclass(frozen=True)
class Wave:
    """What a platform's own rules may speak about before a wave goes out."""

    hits: int
    minutes: float  # that a HIT is expected to take
    checks_per_hit: int
    policy: Policy


class NotConnected(ValueError):
    """A platform can't be called: a setting is missing."""

    def __init__(self, platform: str, variable: str, where: str) -> None:
        super().__init__(f"{platform} can't be called without {variable}; {where}, and set it in the environment")


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
