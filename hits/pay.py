"""What work is worth: rewards, the wage floor, fees, in minor units of a currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from typing import Literal

from babel.numbers import get_currency_precision, list_currencies
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hits.fees import PERCENT, Fees, percent_fee_minor, reward_percent

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


class Pay(BaseModel):
    """How the study pays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="currency of every amount in the study (ISO 4217)")
    wage_per_hour: float = Field(
        9.45,
        ge=0,
        le=10_000_000,
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
    longest_paid_before_s: float = Field(
        1200.0,
        gt=0,
        le=86_400,
        description="time in the steps before the first trial of an assignment counts up to this: nobody earns by "
        "never getting through them",
        json_schema_extra={"unit": "s"},
    )
    pay_unfinished: bool = Field(
        True,  # noqa: FBT003 - pydantic's own order
        description="work that was never handed in before its time was over is paid for the part that was done",
    )
    review_for_h: float = Field(
        0.0,
        ge=0,
        le=720,
        description="time in which a person may look at what was handed in, and reject it for a written reason, before "
        "it is paid; shorter than the time after which the platform pays by itself; 0: it is paid at once",
        json_schema_extra={"unit": "h"},
    )
    cap: float = Field(
        500.0,
        ge=0,
        description="the study never commits more than this, fees included",
        json_schema_extra={"unit": "currency"},
    )
    mode: Literal["money", "credit", "volunteer"] = Field(
        "money",
        description="'money'; 'credit': course credit, so that no page speaks of money and none is ever planned; "
        "'volunteer': neither",
    )
    credits_per_hit: float = Field(
        0.5,
        ge=0,
        le=100,
        description="under mode = 'credit': what a HIT that was handed in is worth",
        json_schema_extra={"unit": "credits"},
    )
    fees: Fees | None = Field(
        None,
        description="whose rule for fees: 'none', 'mturk', 'prolific-academic' or 'prolific-corporate'; left out: that "
        "of the platform ('prolific-corporate' on Prolific, 'none' on our own marketplace and on panels)",
    )
    fee_percent: float | None = Field(
        None,
        ge=0,
        le=100,
        description="the platform's fee on rewards and bonuses, in place of the rule's own share",
        json_schema_extra={"unit": "%"},
    )

    @field_validator("currency")
    @classmethod
    def _known(cls, currency: str) -> str:
        if currency not in list_currencies():
            raise ValueError("a currency of ISO 4217, such as USD, EUR or JPY")
        return currency

    @property
    def cap_minor(self) -> int:
        """The cap in minor units."""
        return round(self.cap * minor_per_major(self.currency))

    @property
    def paying(self) -> bool:
        """Whether workers are paid money, and may read of it."""
        return self.mode == "money" and self.wage_per_hour > 0

    @property
    def percent(self) -> float:
        """The platform's share of every bonus, and of rewards at least."""
        return PERCENT[self.fees or "none"] if self.fee_percent is None else self.fee_percent


class OverCap(ValueError):
    """What is about to be committed would exceed the study's cap."""

    def __init__(self, wanted_minor: int, committed_minor: int, pay: Pay) -> None:
        super().__init__(
            f"this would commit {money(wanted_minor, pay.currency)} on top of "
            f"{money(committed_minor, pay.currency)}, above the cap of {money(pay.cap_minor, pay.currency)}; "
            f"raise pay.cap in study.toml, or publish less"
        )


class AmountWrong(ValueError):
    """A text is no amount of money in that currency."""


def minor_per_major(currency: str) -> int:
    """Minor units of a currency: cents in a dollar; a yen has none, a dinar a thousand.

    >>> minor_per_major("EUR"), minor_per_major("JPY"), minor_per_major("KWD")
    (100, 1, 1000)
    """
    return int(10 ** get_currency_precision(currency))


def money(minor: int, currency: str) -> str:
    """An amount for a person to read.

    >>> money(1234, "USD"), money(1234, "JPY")
    ('12.34 USD', '1234 JPY')
    """
    return f"{plain_amount(minor, currency)} {currency}"


def plain_amount(minor: int, currency: str) -> str:
    """An amount as a decimal number with all digits of its currency, for files.

    >>> plain_amount(5, "USD"), plain_amount(5, "JPY"), plain_amount(1500, "KWD")
    ('0.05', '5', '1.500')
    """
    digits = get_currency_precision(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def read_amount(text: str, currency: str) -> int:
    """An amount that a person wrote, in minor units.

    Raises:
        AmountWrong: it is no number, below zero, or finer than the currency's smallest coin.

    >>> read_amount("1.5", "USD"), read_amount("150", "JPY")
    (150, 150)
    """
    minor = Decimal(text.strip()) * minor_per_major(currency) if _NUMBER.fullmatch(text.strip()) else Decimal("NaN")
    if minor.is_nan() or minor != int(minor):
        raise AmountWrong(
            f"found {text!r}; expected an amount such as {plain_amount(150, currency)}, in {currency} with "
            f"{get_currency_precision(currency)} digits after the point at most"
        )
    return int(minor)


def earned_minor(seconds: float, pay: Pay) -> int:
    """What that much work earns: by the minute begun (section 5.1), rounded up to a whole minor unit.

    Nothing where a study gives course credit, or asks volunteers.

    >>> earned_minor(61, Pay())  # two minutes at 9.45 an hour
    32
    """
    if not pay.paying:
        return 0
    minutes = ceil(seconds / 60)  # the study pays by the minute begun (section 5.1)
    return ceil(round(minutes / 60 * pay.wage_per_hour * minor_per_major(pay.currency), 6))


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
    """The platform's fee on a bonus: at least one minor unit where there is a fee at all.

    >>> fee_minor(32, Pay(fees="mturk")), fee_minor(32, Pay())
    (7, 0)
    """
    return percent_fee_minor(amount_minor, pay.percent)


def reward_fee_minor(reward_minor: int, assignments: int, pay: Pay) -> int:
    """The platform's fee on one reward of a HIT with so many assignments.

    >>> reward_fee_minor(32, 9, Pay(fees="mturk")), reward_fee_minor(32, 10, Pay(fees="mturk"))
    (7, 13)
    """
    return percent_fee_minor(reward_minor, reward_percent(pay.fees or "none", pay.percent, assignments))
