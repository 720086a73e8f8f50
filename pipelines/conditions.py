"""Every noise in every setting of the study, by name; and what one study changes of that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

import pipelines.noises
from pipelines.noises.base import Noise
from pipelines.variants import load, load_module, variant_names

IDENTICAL = "identical"  # the original against itself
REENCODED = "identical-reencoded"  # the original against itself through a codec that nobody hears
POSITIVE = "positive"  # the original against a change as subtle as the real ones
OBVIOUS = "obvious"  # the original against another clip with the opposite activation; no noise makes it
CONTROLS = (IDENTICAL, REENCODED, POSITIVE)
#: What a study may call a condition of its own: nothing that a file or a page could trip over.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")

#: What a study changes: fields of a noise by the name of its condition. A new name makes a new condition, and then the
#: key `noise` says which noise it is a setting of.
Changes: TypeAlias = Mapping[str, Mapping[str, Any]]
NO_CHANGES: Changes = MappingProxyType({})


class UnknownCondition(ValueError):
    """A name stands for no condition."""

    def __init__(self, name: str, known: list[str]) -> None:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"known are: {', '.join(known)}"
        super().__init__(f"there is no condition named {name!r}; {hint}")


class ConditionTwice(ImportError):
    """Two noises offer a condition of one name, so nobody could say which is meant."""

    def __init__(self, variant: str, conditions: list[str]) -> None:
        super().__init__(
            f"the noise {variant!r} offers {', '.join(conditions)}, which another noise offers already; give its "
            "conditions other names, or uninstall the package that brings it"
        )


class ConditionWrong(ValueError):
    """A study changes a condition in a way that its noise does not know."""


def study_conditions(changes: Changes = NO_CHANGES) -> Mapping[str, Noise]:
    """All conditions that the noises of `pipelines/noises` (and of other packages) offer, by name.

    >>> {"nat-st", "nat-co-20db", "fade-in"} <= set(study_conditions())
    True
    >>> study_conditions({"nat-co-5db": {"noise": "background", "sounds_of": "nat", "position": "co", "snr_db": 5}})[
    ...     "nat-co-5db"
    ... ].nominal_snr_db
    5.0

    Raises:
        ConditionWrong: the changes name a field or a noise that does not exist, or a value out of bounds.
        ConditionTwice: two noises offer a condition of the same name.
        VariantBroken: a noise of another package can't be imported.
    """
    offered = _offered()
    if not changes:
        return offered
    changed = {name: _changed(name, dict(fields_), offered.get(name)) for name, fields_ in changes.items()}
    return MappingProxyType({**offered, **changed})


@cache
def _offered() -> Mapping[str, Noise]:  # looked up once, since asking for entry points takes milliseconds
    conditions: dict[str, Noise] = {}
    for variant in variant_names(pipelines.noises):
        offered: dict[str, Noise] = load_module(pipelines.noises, variant).STUDY
        twice = sorted(set(offered) & set(conditions))
        if twice:
            raise ConditionTwice(variant, twice)
        conditions |= offered
    return MappingProxyType(conditions)


def settings_of(noise: Noise) -> dict[str, Any]:
    """The fields of a noise by name: what a study may change of it.

    >>> settings_of(study_conditions()["fade-in"])
    {'percent_per_second': 2.0}
    """
    return {field.name: getattr(noise, field.name) for field in fields(noise)}


def _changed(name: str, settings: dict[str, Any], offered: Noise | None) -> Noise:
    if not NAME.fullmatch(name):
        raise ConditionWrong(
            f"{name[:80]!r} is no name of a condition; expected up to 60 letters, digits, dots, dashes and "
            "underscores, since files are called by it"
        )
    if name.casefold() == "clean":
        raise ConditionWrong(f"{name!r} is what clips without noise are called; give the condition another name")
    variant = settings.pop("noise", None)
    if offered is None and variant is None:
        raise ConditionWrong(
            f"{name}: there is no such condition to change; to make a new one, say of which noise with `noise = ...` "
            f"(one of {', '.join(variant_names(pipelines.noises))})"
        )
    # Names come from people and programs alike, so an unknown noise raises UnknownVariant with the known ones.
    kind = type(offered) if variant is None and offered is not None else load(pipelines.noises, str(variant), Noise)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        expected = ", ".join(known) or "none, since it has no settings"
        raise ConditionWrong(f"{name}: {', '.join(unknown)} is no setting of it; expected {expected}")
    before = settings_of(offered) if offered is not None and type(offered) is kind else {}
    try:
        return TypeAdapter(kind).validate_python(before | settings)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConditionWrong(f"{name}: {'; '.join(map(_sentence, error.errors()))}") from error


def _sentence(wrong: ErrorDetails) -> str:
    """One error: which setting, what was found, what was expected; of settings that don't go together, their own."""
    expected = wrong["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, wrong['loc']))} is {wrong['input']!r}: {expected}" if wrong["loc"] else expected


def condition(name: str, conditions: Mapping[str, Noise] | None = None) -> Noise:
    """The noise, in its setting, of one condition.

    >>> condition("nat-co-10db").nominal_snr_db
    10.0

    Args:
        name: of the condition.
        conditions: where to look it up; None for those of every study.

    Raises:
        UnknownCondition: no noise offers that name; the sentence lists near ones.
    """
    known = study_conditions() if conditions is None else conditions
    if name not in known:
        raise UnknownCondition(name, list(known))
    return known[name]
