"""What work is worth: rewards, the wage floor, fees, in minor units of a currency."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from pydantic import BaseModel, ConfigDict, Field

MINOR_PER_MAJOR = 100  # cents in a dollar, euro or pound


class Pay(BaseModel):
    """How the study pays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="currency of every amount in the study")
    wage_per_hour: float = Field(
        9.45,
        ge=0,
        le=1000,
        description="wage that nobody falls under",
        json_schema_extra={"unit": "currency an hour", "paper": "section 5.1"},
    )
    expected_s_per_trial: float = Field(
        20.0,
        gt=0,
        le=600,
        description="time a trial is expected to take; the reward of a HIT follows from it",
        json_schema_extra={"unit": "s"},
    )
    longest_paid_s_per_trial: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="longer stays on one trial count as this much (the page was left open)",
        json_schema_extra={"unit": "s"},
    )
    pay_unfinished: bool = Field(
        True,  # noqa: FBT003 - pydantic's own order
        description="work that was never handed in before its time was over is paid for the part that was done",
    )
    cap: float = Field(
        500.0,
        ge=0,
        description="the study never commits more than this, fees included",
        json_schema_extra={"unit": "currency"},
    )
    fee_percent: float = Field(
        20.0,
        ge=0,
        le=100,
        description="the platform's fee on rewards and bonuses",
        json_schema_extra={"unit": "%"},
    )

    @property
    def cap_minor(self) -> int:
        """The cap in minor units."""
        return round(self.cap * MINOR_PER_MAJOR)


class OverCap(ValueError):
    """What is about to be committed would exceed the study's cap."""

    def __init__(self, wanted_minor: int, committed_minor: int, pay: Pay) -> None:
        super().__init__(
            f"this would commit {money(wanted_minor, pay.currency)} on top of "
            f"{money(committed_minor, pay.currency)}, above the cap of {money(pay.cap_minor, pay.currency)}; "
            f"raise pay.cap in study.toml, or publish less"
        )


def money(minor: int, currency: str) -> str:
    """An amount for a person to read.

    >>> money(1234, "USD")
    '12.34 USD'
    """
    return f"{minor // MINOR_PER_MAJOR}.{minor % MINOR_PER_MAJOR:02d} {currency}"


def earned_minor(seconds: float, pay: Pay) -> int:
    """What that much work earns: by the minute begun (section 5.1), rounded up to a whole minor unit.

    >>> earned_minor(61, Pay())  # two minutes at 9.45 an hour
    32
    """
    minutes = ceil(seconds / 60)  # the study pays by the minute begun (section 5.1)
    return ceil(round(minutes / 60 * pay.wage_per_hour * MINOR_PER_MAJOR, 6))


def reward_minor(trials: int, pay: Pay) -> int:
    """The reward of a HIT of that many trials, by the time they are expected to take."""
    return earned_minor(trials * pay.expected_s_per_trial, pay)


def earned_so_far_minor(answered: int, trials: int, reward_minor: int) -> int:
    """What a worker has earned by now, of the reward of the HIT.

    >>> earned_so_far_minor(5, 10, 63)
    31
    """
    return reward_minor * answered // max(1, trials)


def active_s(page_seconds: Sequence[float], pay: Pay) -> float:
    """Time at work: each trial and each round of a step as measured, a page left open counted up to a limit.

    >>> active_s([10.0, 3600.0], Pay(longest_paid_s_per_trial=120))
    130.0
    """
    return sum(min(seconds, pay.longest_paid_s_per_trial) for seconds in page_seconds)


def top_up_minor(worked_s: float, paid_minor: int, pay: Pay) -> int:
    """The bonus that lifts an assignment to the wage floor; 0 where the reward already does.

    >>> top_up_minor(600, paid_minor=63, pay=Pay())  # ten minutes are worth 1.58
    95
    """
    return max(0, earned_minor(worked_s, pay) - paid_minor)


def fee_minor(amount_minor: int, pay: Pay) -> int:
    """The platform's fee on an amount: at least one minor unit where there is a fee at all.

    >>> fee_minor(32, Pay())
    7
    """
    if amount_minor == 0 or pay.fee_percent == 0:
        return 0
    return max(1, ceil(round(amount_minor * pay.fee_percent / 100, 6)))
