"""Every noise in every setting of the study, by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

import pipelines.noises
from pipelines.noises.base import Noise
from pipelines.variants import load_module, variant_names

IDENTICAL = "identical"  # the original against itself
OBVIOUS = "obvious"  # the original against another clip with the opposite activation; no noise makes it


class UnknownCondition(ValueError):
    """A name stands for no condition."""

    def __init__(self, name: str, known: list[str]) -> None:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"known are: {', '.join(known)}"
        super().__init__(f"there is no condition named {name!r}; {hint}")


def study_conditions() -> Mapping[str, Noise]:
    """All conditions that the noises of `pipelines/noises` (and of other packages) offer, by name.

    >>> list(study_conditions())[:4]
    ['nat-st', 'hum-st', 'int-st', 'nat-co-20db']

    Raises:
        ValueError: two noises offer a condition of the same name.
    """
    return _offered()


@cache
def _offered() -> Mapping[str, Noise]:  # looked up once, since asking for entry points takes milliseconds
    conditions: dict[str, Noise] = {}
    for variant in variant_names(pipelines.noises):
        offered: dict[str, Noise] = load_module(pipelines.noises, variant).STUDY
        twice = sorted(set(offered) & set(conditions))
        if twice:
            raise ValueError(f"the noise {variant!r} offers {', '.join(twice)}, which another noise offers already")
        conditions |= offered
    return MappingProxyType(conditions)


def condition(name: str) -> Noise:
    """The noise, in its setting, of one condition.

    >>> condition("nat-co-10db").snr_db
    10.0

    Raises:
        UnknownCondition: no noise offers that name; the sentence lists near ones.
    """
    known = study_conditions()
    if name not in known:
        raise UnknownCondition(name, list(known))
    return known[name]


def family_of(name: str) -> str:
    """The word under which a condition is grouped; `obvious` for obvious check pairs.

    Raises:
        UnknownCondition: no noise offers that name.
    """
    return OBVIOUS if name == OBVIOUS else condition(name).family


def snr_db_of(name: str) -> float | None:
    """A condition's ratio of speech to noise in dB; None where it has none.

    Raises:
        UnknownCondition: no noise offers that name.
    """
    return None if name == OBVIOUS else condition(name).snr_db
