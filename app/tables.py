"""Every table of a study's database. Read and written only by `app.store`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import ClassVar

from sqlalchemy import JSON, CheckConstraint, DateTime, ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {  # so that every constraint can be named in a later migration
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python on every database, though SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse moments without a zone, and keep the rest in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} names no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The tables' common root."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[type, type]] = {datetime: UtcTime, str: String}


class PairRow(Base):
    """A pair of the manifest that can be asked about."""

    __tablename__ = "pairs"

    pair_id: Mapped[str] = mapped_column(primary_key=True)
    clip_id: Mapped[str] = mapped_column(index=True)
    condition: Mapped[str] = mapped_column(index=True)
    family: Mapped[str]
    snr_db: Mapped[float | None]
    role: Mapped[str] = mapped_column(index=True)
    original_path: Mapped[str]
    noisy_path: Mapped[str]
    original_length_s: Mapped[float]
    noisy_length_s: Mapped[float]
    simulated: Mapped[bool]
    place: Mapped[int] = mapped_column(default=0)  # among pairs of its condition, controls among those of their role


class HitRow(Base):
    """A HIT: planned here, sent to a platform, open there, closed."""

    __tablename__ = "hits"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'sent', 'open', 'closed')", name="state"),
        UniqueConstraint("platform", "platform_hit_id"),
    )

    hit_id: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str]
    platform_hit_id: Mapped[str | None]
    token: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    trials_per_hit: Mapped[int]
    assignments_wanted: Mapped[int]
    wave: Mapped[int] = mapped_column(default=1)
    reward_minor: Mapped[int]
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]


class SlotRow(Base):
    """A place in a HIT of the policy `fixed`."""

    __tablename__ = "slots"

    hit_id: Mapped[str] = mapped_column(ForeignKey("hits.hit_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    pair_id: Mapped[str] = mapped_column(ForeignKey("pairs.pair_id"))
    role: Mapped[str]
    order: Mapped[str] = mapped_column("clip_order")


class WorkerRow(Base):
    """A worker: the only place that holds the platform's own id."""

    __tablename__ = "workers"

    worker: Mapped[str] = mapped_column(primary_key=True)  # keyed hash
    platform: Mapped[str]
    platform_worker_id: Mapped[str | None]  # none once it was forgotten
    simulated: Mapped[bool]
    checks_answered: Mapped[int] = mapped_column(default=0)
    checks_passed: Mapped[int] = mapped_column(default=0)
    trusted: Mapped[bool] = mapped_column(default=True)
    distrusted_because: Mapped[str] = mapped_column(default="")
    language: Mapped[str | None]  # of the pages, as the worker chose it; none: as the browser asks
    first_seen_at: Mapped[datetime]


class AssignmentRow(Base):
    """One worker's go at one HIT."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint(
            "state IN ('accepted', 'finished', 'submitted', 'approved', 'rejected', 'withdrawn', 'screened-out', "
            "'returned', 'expired')",
            name="state",
        ),
        UniqueConstraint("platform_assignment_id", "worker"),
    )

    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    hit_id: Mapped[str] = mapped_column(ForeignKey("hits.hit_id"), index=True)
    worker: Mapped[str] = mapped_column(ForeignKey("workers.worker"), index=True)
    platform_assignment_id: Mapped[str]
    submit_to: Mapped[str | None]
    state: Mapped[str] = mapped_column(index=True)
    comment: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    answers_deleted: Mapped[bool] = mapped_column(default=False)  # at the worker's wish
    rejected_because: Mapped[str] = mapped_column(default="")


class StepRow(Base):
    """What a worker went through before the first trial: sound check, headphones, qualification, practice."""

    __tablename__ = "steps"
    __table_args__ = (CheckConstraint("state IN ('open', 'passed', 'failed')", name="state"),)

    worker: Mapped[str] = mapped_column(ForeignKey("workers.worker"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.assignment_id"), index=True)
    state: Mapped[str]
    asked: Mapped[dict[str, object]] = mapped_column(JSON)  # what only the server knows of the round that is open
    found: Mapped[list[dict[str, object]]] = mapped_column(JSON)  # what came of every round so far
    opened_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the platform was told of a qualification


class TrialRow(Base):
    """A pair handed to a worker: reserved until it is answered, its assignment runs out, or its worker leaves."""

    __tablename__ = "trials"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'open', 'answered', 'released')", name="state"),
        UniqueConstraint("assignment_id", "position"),
        UniqueConstraint("assignment_id", "pair_id"),
        Index("ix_trials_pair_id_state", "pair_id", "state"),
    )

    trial_id: Mapped[str] = mapped_column(primary_key=True)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.assignment_id"), index=True)
    position: Mapped[int]
    pair_id: Mapped[str] = mapped_column(ForeignKey("pairs.pair_id"))
    role: Mapped[str]
    order: Mapped[str] = mapped_column("clip_order")
    rate: Mapped[str] = mapped_column(default="noisy-if-different")
    state: Mapped[str]
    nonce: Mapped[str]
    opened_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class JudgmentRow(Base):
    """What one worker said of one pair."""

    __tablename__ = "judgments"

    judgment_id: Mapped[str] = mapped_column(primary_key=True)
    trial_id: Mapped[str] = mapped_column(ForeignKey("trials.trial_id"), unique=True)
    pair_id: Mapped[str] = mapped_column(ForeignKey("pairs.pair_id"), index=True)
    worker: Mapped[str] = mapped_column(ForeignKey("workers.worker"), index=True)
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.assignment_id"), index=True)
    role: Mapped[str]
    order: Mapped[str] = mapped_column("clip_order")
    activation: Mapped[str]
    valence: Mapped[str]
    activation_rating: Mapped[float | None]  # of the noisy clip
    valence_rating: Mapped[float | None]
    original_activation_rating: Mapped[float | None]  # where both clips were rated
    original_valence_rating: Mapped[float | None]
    scale: Mapped[str] = mapped_column(default="manikins")
    listened_s: Mapped[float]
    elapsed_s: Mapped[float]
    submitted_at: Mapped[datetime] = mapped_column(index=True)
    late: Mapped[bool]


class PaymentRow(Base):
    """The ledger: an intent under a deterministic key, and how far it got."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'sent', 'confirmed', 'unknown', 'refused', 'dropped')", name="state"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    assignment_id: Mapped[str] = mapped_column(ForeignKey("assignments.assignment_id"), index=True)
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")  # what the worker reads
    handle: Mapped[str | None]  # the platform's name for a payment that was set up, before it is paid
    made_by: Mapped[str | None]  # the researcher who wished it; none: by rule
    payout_id: Mapped[str | None] = mapped_column(ForeignKey("payouts.payout_id"), index=True)
    planned_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PayoutRow(Base):
    """Money that left by hand: what was owed to one worker, the paying office's reference, and when."""

    __tablename__ = "payouts"

    payout_id: Mapped[str] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(ForeignKey("workers.worker"), index=True)
    amount_minor: Mapped[int]
    reference: Mapped[str]
    paid_on: Mapped[date]
    made_by: Mapped[str | None]
    made_at: Mapped[datetime]


class WishRow(Base):
    """What a researcher asked for by a button: the one pair of hands does it, pages never wait on a platform."""

    __tablename__ = "wishes"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'done', 'refused')", name="state"),)

    wish_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    researcher: Mapped[str | None]
    kind: Mapped[str]
    detail: Mapped[dict[str, object]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]


class PlatformNewsRow(Base):
    """What a platform told us by itself (a webhook); its own id, so that nothing is taken in twice."""

    __tablename__ = "platform_news"

    news_id: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str]
    at: Mapped[datetime]
    kind: Mapped[str]
    detail: Mapped[dict[str, object]] = mapped_column(JSON)
    handled_at: Mapped[datetime | None] = mapped_column(index=True)


class MediaRow(Base):
    """A clip in object storage: one of several dithered variants."""

    __tablename__ = "media"

    path: Mapped[str] = mapped_column(primary_key=True)  # of the clip, relative to the pairs' folder
    variant: Mapped[int] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    uploaded_at: Mapped[datetime]


class LockRow(Base):
    """Who has the one pair of hands, and until when if it dies."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    expires_at: Mapped[datetime]


class EventRow(Base):
    """What happened, for the researcher to read."""

    __tablename__ = "events"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str]
    text: Mapped[str]
    researcher: Mapped[str | None]  # who did it; none: nobody's hand


class ResearcherRow(Base):
    """Who may sign in to the researcher's pages."""

    __tablename__ = "researchers"
    __table_args__ = (CheckConstraint("role IN ('owner', 'viewer')", name="role"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(default="owner")
    created_at: Mapped[datetime]


class ApiTokenRow(Base):
    """A token by which a program acts for a researcher; only its hash is kept."""

    __tablename__ = "api_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    researcher: Mapped[str] = mapped_column(ForeignKey("researchers.name"))
    label: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignInLinkRow(Base):
    """A link that signs a researcher in once; only its hash is kept."""

    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    researcher: Mapped[str] = mapped_column(ForeignKey("researchers.name"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FactRow(Base):
    """Facts about the study that must not change under it, such as the hash of its design."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, object]] = mapped_column(JSON)
