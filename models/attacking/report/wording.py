"""How settings and figures of an attack are written."""

from __future__ import annotations

import math

from analysis.tables import MISSING

EVAL_WORDS = {"no": "No", "before": "Yes, before", "after": "Yes, after"}
EVAL_SAID = {
    "no": "may use any noise, and every success counts",
    "before": "may use only what people hear as the same emotion",
    "after": "may use any noise, but only what people hear as the same emotion counts",
}


def setting_name(corr: bool, eval_: str) -> str:
    """A row's name as the paper prints it.

    >>> setting_name(True, "before"), setting_name(False, "no")
    ('Corr: Yes, Eval: Yes, before', 'Corr: No, Eval: No')
    """
    return f"Corr: {'Yes' if corr else 'No'}, Eval: {EVAL_WORDS[eval_]}"


def setting_said(corr: bool, eval_: str) -> str:
    """What a row's attacker knows and may do."""
    return f"{'knows what hurts these nets most' if corr else 'knows nothing'}; {EVAL_SAID[eval_]}"


def attack_name(attack: str) -> str:
    """An attack's name as a word of a sentence.

    >>> attack_name("hop_skip_jump"), attack_name("noise-boundary")
    ('hop skip jump', 'noise boundary')
    """
    return attack.replace("-", " ").replace("_", " ")


def share(value: float | None) -> str:
    """A success rate as the paper prints it.

    >>> share(0.225), share(float("nan"))
    ('0.23', '–')
    """
    return MISSING if value is None or math.isnan(value) else f"{value + 1e-9:.2f}"


def limits(lower: float, upper: float) -> str:
    """The limits of a rate; a dash where there are none.

    >>> limits(0.2, 0.31), limits(float("nan"), float("nan"))
    ('0.20 to 0.31', '–')
    """
    return MISSING if math.isnan(lower) else f"{lower:.2f} to {upper:.2f}"


def number(value: float | None, unit: str = "") -> str:
    """A figure with a unit, one digit behind the point where it needs one.

    >>> number(12.5, "dB"), number(7.0), number(None)
    ('12.5 dB', '7', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:,.1f}".removesuffix(".0") + (f" {unit}" if unit else "")
