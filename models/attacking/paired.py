"""Paired tests between success rates, speaker by speaker, adjusted for how many were made (paper, table 2)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import pandas as pd
from scipy import stats

from models.attacking.rates import GROUP, Eval
from models.measures.resampling import SAME, USUAL, Resampling, holm, mean_interval
from models.measures.tally import Numbers

Kind: TypeAlias = Literal["corr", "eval", "attack", "nets"]
#: The paper's attack, by the name of its file: others are held against it.
STUDY = "noise-boundary"
COLUMNS = [
    *GROUP, "k", "kind", "against", "difference", "lower", "upper", "p", "p_adjusted", "speakers",
]  # fmt: skip


class Place(NamedTuple):
    """A figure's place: what was attacked, how, and with which budget."""

    nets: str
    label: str
    attack: str
    corr: bool
    eval: Eval
    singles: bool
    k: int


@dataclass(frozen=True)
class _Question:
    kind: Kind
    against: str  # the value that is held against, as a word
    first: Place
    second: Place

    @property
    def family(self) -> tuple[object, ...]:
        """What p is adjusted over: the tests of one kind in one block of a table."""
        one = self.first
        block = {
            "corr": (one.nets, one.label, one.attack, one.singles),
            "eval": (one.nets, one.label, one.attack, one.singles),
            "attack": (one.nets, one.label, one.corr, one.eval, one.singles),
            "nets": (one.label, one.attack, one.corr, one.eval, one.singles),
        }
        return (self.kind, *block[self.kind])


def comparisons(
    shares: pd.DataFrame, *, clean: str | None = None, clips: pd.DataFrame | None = None, drawn: Resampling = USUAL
) -> pd.DataFrame:
    """Differences in success, each with its limits and p of a paired t-test over speakers.

    Kinds: "corr" (yes against no), "eval" (before and after against no), "attack" (each against the study's) and
    "nets" (each against `clean`). p is adjusted by Holm over the tests of a kind in one block of a table: all budgets
    and, of one attack, all of Corr and Eval; of attacks, all attacks; of nets, all nets. Nets that test several
    speakers have luck that these share, so of nets the larger p of that over speakers and that over folds counts.

    Args:
        shares: of `models.attacking.rates.shares_by_budget`.
        clean: the nets that others are held against.
        clips: to say which fold a speaker is tested in; needed for "nets".
        drawn: how speakers are drawn for limits.

    Returns:
        `COLUMNS`; `p` is nan where there is no test: fewer than two speakers, or all differ by the same.
    """
    by_place = {
        Place(*cast("tuple[Any, ...]", key)): part.set_index("speaker")["share"]
        for key, part in shares.groupby([*GROUP, "k"], observed=True)
    }
    folds = {} if clips is None else dict(zip(clips["speaker"], clips["fold"], strict=True))
    asked = list(_questions(by_place, clean))
    tested = [_tested(by_place[one.first], by_place[one.second], one.kind, folds, drawn) for one in asked]
    adjusted = _adjusted(asked, [p for *_, p, _ in tested])
    rows = [
        (*one.first, one.kind, one.against, *numbers, _number(p), _number(fair), speakers)
        for one, (*numbers, p, speakers), fair in zip(asked, tested, adjusted, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _questions(by_place: Mapping[Place, object], clean: str | None) -> Iterator[_Question]:
    for one in by_place:
        others: list[tuple[Kind, str, Place]] = []
        if one.corr:
            others.append(("corr", "no", one._replace(corr=False)))
        if one.eval != "no":
            others.append(("eval", "no", one._replace(eval="no")))
        if one.attack != STUDY:
            others.append(("attack", STUDY, one._replace(attack=STUDY)))
        if clean is not None and one.nets != clean:
            others.append(("nets", clean, one._replace(nets=clean)))
        yield from (_Question(kind, against, one, other) for kind, against, other in others if other in by_place)


_Tested: TypeAlias = tuple[float, float, float, float | None, int]


def _tested(
    first: pd.Series[float], second: pd.Series[float], kind: Kind, folds: Mapping[str, int], drawn: Resampling
) -> _Tested:
    """Difference, limits, p and speakers, of the speakers whom both have."""
    apart = (first - second).dropna()
    values = np.asarray(apart, dtype=np.float64)
    if not len(values):
        return math.nan, math.nan, math.nan, None, 0
    p = t_p(values)
    if kind == "nets" and folds:
        by_fold = np.asarray(apart.groupby(apart.index.map(folds)).mean(), dtype=np.float64)
        if len(by_fold) < 2:
            p = None  # one net against one net: nobody can tell the way of training from its luck
        elif len(by_fold) < len(values):
            p = max((one for one in (p, t_p(by_fold)) if one is not None), default=None)
    found = mean_interval(values, drawn, least=-1.0) if np.ptp(values) > SAME else None
    limits = (found.lower, found.upper) if found else (math.nan, math.nan)
    return float(values.mean()), *limits, p, len(values)


def t_p(differences: Numbers) -> float | None:
    """p of the paired t-test; 1 where nothing differs at all, None where there is no test.

    >>> t_p(np.array([0.0, 0.0])), t_p(np.array([0.5, 0.5])), t_p(np.array([0.1, 0.3]))
    (1.0, None, 0.295...)
    """
    if len(differences) and np.abs(differences).max() < SAME:
        return 1.0
    if len(differences) < 2 or np.ptp(differences) < SAME:
        return None
    return float(stats.ttest_1samp(differences, 0).pvalue)


def _adjusted(asked: list[_Question], ps: list[float | None]) -> list[float | None]:
    families: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, one in enumerate(asked):
        families[one.family].append(number)
    found: list[float | None] = [None] * len(asked)
    for numbers in families.values():
        for number, p in zip(numbers, holm([ps[number] for number in numbers]), strict=True):
            found[number] = p
    return found


def _number(p: float | None) -> float:
    return math.nan if p is None else p
