"""Money as MTurk writes it, and MTurk's fees; amounts in minor units (US cents), never floats."""

from __future__ import annotations

from app.marketplace.refusals import Refused

FEE_PERCENT = 20  # of rewards and bonuses
LARGE_HIT_FEE_PERCENT = 40  # of the reward, from that many assignments on
LARGE_HIT_ASSIGNMENTS = 10
LEAST_FEE_MINOR = 1  # an assignment or a bonus
GREATEST_AMOUNT_MINOR = 1_000_000  # one reward or bonus; above it somebody has mistaken cents for dollars


def parse_amount(text: str, parameter: str) -> int:
    """MTurk's decimal string (digits, an optional point, at most two more) in minor units.

    Raises:
        Refused: it is above 10,000.00.

    >>> parse_amount("0.5", "Reward"), parse_amount("12", "Reward"), parse_amount("3.", "Reward")
    (50, 1200, 300)
    """
    whole, _, part = text.partition(".")
    if len(whole.lstrip("0")) > len(str(GREATEST_AMOUNT_MINOR)):
        raise Refused("ParameterValidationError", f"{parameter} is above 10000.00.")
    minor = int(whole) * 100 + int(part.ljust(2, "0") or "0")
    if minor > GREATEST_AMOUNT_MINOR:
        raise Refused("ParameterValidationError", f"{parameter} {text} is above 10000.00.")
    return minor


def show_amount(minor: int) -> str:
    """Minor units as MTurk's decimal string.

    >>> show_amount(5), show_amount(1234), show_amount(-5)
    ('0.05', '12.34', '-0.05')
    """
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def fee_on_reward(reward_minor: int, assignments: int) -> int:
    """The fee for one assignment of a HIT with that many, rounded half up to the cent.

    >>> fee_on_reward(63, 9), fee_on_reward(63, 10), fee_on_reward(1, 1)
    (13, 25, 1)
    """
    return _fee(reward_minor, LARGE_HIT_FEE_PERCENT if assignments >= LARGE_HIT_ASSIGNMENTS else FEE_PERCENT)


def fee_on_bonus(bonus_minor: int) -> int:
    """The fee for a bonus, rounded half up to the cent."""
    return _fee(bonus_minor, FEE_PERCENT)


def _fee(amount_minor: int, percent: int) -> int:
    return max(LEAST_FEE_MINOR, (amount_minor * percent + 50) // 100)
