"""Would another analysis have decided otherwise? Every verdict under other aggregators and other judgments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import pandas as pd

from analysis.aggregators.base import Aggregator, VotesRefused
from analysis.replay import JUDGED
from analysis.tables import listed, many

AS_DECIDED = "as decided"
REFUSED = "could not be analysed"
FIGURES = ("pairs", "different", "ratio", "decided", "changed", "share", "share_lower", "share_upper", "decision")
COLUMNS = (
    "variant",
    "aggregator",
    "condition",
    "family",
    "snr_db",
    "judgments",  # of the role study that count
    "decision",
    "as_decided",
    "same",
    *(f"{name}_{figure}" for name in JUDGED for figure in FIGURES),
    "note",
)


class Decided(Protocol):
    """A verdict on one condition, with a part `activation` and a part `valence`, whatever engine found it."""

    @property
    def condition(self) -> str:
        """Its name."""

    @property
    def family(self) -> str:
        """Its noise."""

    @property
    def snr_db(self) -> float | None:
        """Its level."""

    @property
    def decision(self) -> str:
        """SAFE, UNSAFE or UNDECIDED."""


#: From judgments and an aggregator to a verdict on each condition, at the study's rule.
Certify: TypeAlias = Callable[[pd.DataFrame, Aggregator], Iterable[Decided]]
Change: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Variant:
    """One way to analyse the study: the aggregator, and what is done to the table of judgments before."""

    name: str
    aggregator: Aggregator
    change: Change
    certify: Certify | None = None  # another engine; None: the study's own


def with_distrusted(judgments: pd.DataFrame) -> pd.DataFrame:
    """Count the judgments, too, that quality control left out."""
    return judgments.assign(used=True)


def with_late(judgments: pd.DataFrame) -> pd.DataFrame:
    """Count the judgments, too, that came after their pair was decided."""
    return judgments.assign(late=False)


def without(workers: Collection[str]) -> Change:
    """Leave out the judgments of some workers, in every role, and the pairs that they were the first to judge.

    Who is asked first is chance; so these pairs are a sample, and pairs that lose a later vote count as they stand.
    """

    def change(judgments: pd.DataFrame) -> pd.DataFrame:
        theirs = judgments["worker"].isin(list(workers))
        ordered = judgments.sort_values(["submitted_at", "judgment_id"], kind="stable")
        first = ordered.drop_duplicates("pair_id")
        begun = first.loc[first["worker"].isin(list(workers)), "pair_id"]
        return judgments[~theirs & ~judgments["pair_id"].isin(begun)]

    return change


def variants(
    aggregator: Aggregator,
    others: Sequence[Aggregator] = (),
    failed_headphones: Collection[str] | None = None,
    second: Mapping[str, Certify] | None = None,
) -> tuple[Variant, ...]:
    """The analysis as decided, then each departure from it by itself.

    Args:
        aggregator: the one that decided.
        others: further ones.
        failed_headphones: workers, by hash, who did not pass the headphone check; None where none was asked.
        second: further engines by name, as second opinions on the same judgments.
    """

    def as_it_is(judgments: pd.DataFrame) -> pd.DataFrame:
        return judgments

    changes: dict[str, Change] = {
        "with workers whom quality control left out": with_distrusted,
        "with late judgments": with_late,
    }
    if failed_headphones is not None:
        changes["without workers who failed the headphone check"] = without(failed_headphones)
    return (
        Variant(AS_DECIDED, aggregator, as_it_is),
        *(Variant(f"aggregator {other.name}", other, as_it_is) for other in others if other.name != aggregator.name),
        *(Variant(name, aggregator, change) for name, change in changes.items()),
        *(Variant(name, aggregator, as_it_is, engine) for name, engine in (second or {}).items()),
    )


def sensitivity(judgments: pd.DataFrame, certify: Certify, asked: Sequence[Variant]) -> pd.DataFrame:
    """One row a variant and condition: its verdict, what it rests on, and whether it is the one that was decided.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        certify: the engine of the verdicts, such as
            `lambda judgments, aggregator: certify(judgments, rule, votes, aggregator).decisions`.
        asked: as `variants` gives them; the first is what the others are compared with.

    Returns:
        Columns `COLUMNS`. A condition of which a variant leaves no judgment is there without a verdict; so are all
        conditions under an aggregator that can't use the votes, and `note` says why.
    """
    rows: list[dict[str, Any]] = []
    decided: dict[str, Decided] = {}
    for variant in asked:
        changed = variant.change(judgments)
        note = "" if variant is asked[0] else _note(judgments, changed, variant, asked[0])
        try:
            engine = variant.certify or certify
            found = {one.condition: one for one in engine(changed, variant.aggregator)}
        except VotesRefused as refused:
            found, note = {}, f"{REFUSED}: {refused}"
        decided = decided or found
        counts = _counted(changed)
        for condition in decided:
            one = found.get(condition)
            rows.append(
                {"variant": variant.name, "aggregator": variant.aggregator.name, "note": note}
                | {"judgments": counts.get(condition, 0)}
                | _row(one, decided[condition])
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _counted(judgments: pd.DataFrame) -> Mapping[str, int]:
    counts = judgments[(judgments["role"] == "study") & judgments["used"] & ~judgments["late"]]
    return {str(name): int(count) for name, count in counts["condition"].value_counts().items()}


def _note(before: pd.DataFrame, after: pd.DataFrame, variant: Variant, first: Variant) -> str:
    if variant.certify or variant.aggregator.name != first.aggregator.name or not first.change(before).equals(after):
        return ""
    return "there are no such judgments, so nothing differs"


def _row(found: Decided | None, decided: Decided) -> dict[str, Any]:
    row: dict[str, Any] = {
        "condition": decided.condition,
        "family": decided.family,
        "snr_db": decided.snr_db,
        "decision": found.decision if found else None,
        "as_decided": decided.decision,
        "same": found is not None and found.decision == decided.decision,
    }
    for name in JUDGED if found else ():
        part = getattr(found, name)
        row |= {f"{name}_{figure}": getattr(part, figure) for figure in FIGURES}
    return row


def analysed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of variants that could be analysed."""
    return table[~table["note"].str.startswith(REFUSED)]


def turned(table: pd.DataFrame) -> str:
    """How many verdicts hang on the analysis, in a sentence."""
    others = analysed(table)
    others = others[others["variant"] != AS_DECIDED]
    conditions = table["condition"].nunique()
    turned_ones = sorted(set(others.loc[~others["same"].astype(bool), "condition"]))
    if not turned_ones:
        all_ = "The one verdict is" if conditions == 1 else f"All {conditions} verdicts are"
        return f"{all_} the same under every analysis that was tried."
    comes = "comes" if len(turned_ones) == 1 else "come"
    return (
        f"{len(turned_ones)} of {many(conditions, 'verdict')} {'hangs' if len(turned_ones) == 1 else 'hang'} on the "
        f"analysis: {listed(turned_ones)} {comes} out otherwise under at least one of those that were tried."
    )
