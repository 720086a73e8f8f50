"""The tables of the report: the same rows as HTML shows them and as CSV files hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import pandas as pd

from analysis.agreement import Agreement
from analysis.forest import Decided
from analysis.paper_figures import PAPER_RATIOS
from analysis.ratings import RatingMeans
from analysis.ratios import Ratio
from analysis.votes import LeftOut
from analysis.whitelist_parts import ConditionVerdict, DimensionVerdict

MISSING = "–"


@dataclass(frozen=True)
class Table:
    """A table for people: the first column names the row, the rest are text or figures."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str | None = None  # the CSV with the same in full


def figure(value: float | None, digits: int = 2) -> str:
    """A figure as papers print it; a dash where there is none.

    >>> figure(0.0333), figure(None)
    ('0.03', '–')
    """
    return MISSING if value is None else f"{value:.{digits}f}"


def level(snr_db: float | None) -> str:
    """An SNR for a table.

    >>> level(10.0), level(None)
    ('10 dB', '–')
    """
    return MISSING if snr_db is None else f"{snr_db:g} dB"


def verdict_table(conditions: Sequence[ConditionVerdict]) -> Table:
    """What the forest plot shows, in figures."""

    def limits(part: DimensionVerdict) -> str:
        if part.ratio is None:
            return MISSING
        return f"{figure(part.ratio)} ({figure(part.lower)} to {figure(part.upper)})"

    return Table(
        "Share of pairs called different, with the limits that the verdict uses",
        ("Condition", "Verdict", "SNR", "Pairs", "Votes", "Activation", "Valence"),
        tuple(
            (
                found.condition,
                found.decision,
                level(found.snr_db),
                str(found.pairs),
                str(found.votes),
                limits(found.activation),
                limits(found.valence),
            )
            for found in conditions
        ),
        "ratios.csv",
    )


def paper_table(conditions: Sequence[Decided]) -> Table | None:
    """This study's ratios beside those that the paper prints; None where the two share no condition."""
    shared = [found for found in conditions if found.condition in PAPER_RATIOS]
    if not shared:
        return None
    return Table(
        "Ratios of this study beside the paper's (section 5.1)",
        ("Condition", "Activation, here", "Activation, paper", "Valence, here", "Valence, paper"),
        tuple(
            (
                found.condition,
                figure(found.activation.ratio),
                figure(PAPER_RATIOS[found.condition].activation),
                figure(found.valence.ratio),
                figure(PAPER_RATIOS[found.condition].valence),
            )
            for found in shared
        ),
    )


def agreement_table(rows: Sequence[Agreement]) -> Table:
    """Agreement over all conditions, a row a question."""
    names = {
        "activation": "Activation: same or different",
        "valence": "Valence: same or different",
        "either": "Anything different",
        "activation_rating": "Activation rating, 1 to 5",
        "valence_rating": "Valence rating, 1 to 5",
    }
    overall = [row for row in rows if row.condition is None]
    columns: tuple[str, ...] = ("Question", "Pairs", "Unanimous", "Pairwise", "Alpha", "Why a figure is missing")
    cells: tuple[tuple[str, ...], ...] = tuple(
        (
            names[row.question],
            str(row.pairs),
            figure(row.unanimous),
            figure(row.pairwise),
            figure(row.alpha),
            row.undefined or "",
        )
        for row in overall
    )
    if not any(row.undefined for row in overall):
        columns, cells = columns[:-1], tuple(row[:-1] for row in cells)
    return Table("Agreement of workers, over all conditions", columns, cells, "agreement.csv")


def rating_table(means: Sequence[RatingMeans]) -> Table:
    """Mean manikin ratings by condition."""
    return Table(
        "Mean ratings of the noisy clips that sounded different, 1 to 5",
        ("Condition", "Pairs rated", "Ratings", "Activation", "Valence"),
        tuple(
            (row.condition, str(row.pairs), str(row.ratings), figure(row.activation), figure(row.valence))
            for row in means
        ),
        "ratings.csv",
    )


def floor_table(floor: Iterable[Ratio]) -> Table | None:
    """How often identical pairs are called different; None where none was judged."""
    judged = [ratio for ratio in floor if ratio.pairs]
    if not judged:
        return None
    return Table(
        "Identical pairs called different (95 % intervals)",
        ("Control", "Question", "Pairs", "Called different", "Ratio", "Interval"),
        tuple(
            (
                ratio.condition,
                ratio.dimension,
                str(ratio.pairs),
                str(ratio.different),
                figure(ratio.ratio, 3),
                f"{figure(ratio.lower, 3)} to {figure(ratio.upper, 3)}",
            )
            for ratio in judged
        ),
    )


def left_out_table(found: LeftOut) -> Table:
    """Every judgment of the file, by what became of it; the rows add up."""
    why = {
        "identical": "Controls: identical pairs, for the noise floor",
        "positive": "Controls: pairs with a known change",
        "check": "Attention checks",
        "repeat": "Repeats, for self-consistency",
    }
    rows = [
        ("Count towards the verdicts", found.counted),
        ("Left out: by workers whom quality control does not use", found.not_used),
        ("Left out: late, after their pair was decided", found.late),
        *((why[role], count) for role, count in found.by_role.items()),
    ]
    table = tuple((name, f"{count:,}") for name, count in rows)
    return Table("What became of every judgment", ("Judgments", "Number"), (*table, ("All", f"{found.judgments:,}")))


def csv_of(rows: Iterable[Ratio | Agreement | RatingMeans], columns: type[Ratio | Agreement | RatingMeans]) -> str:
    """Rows as CSV, in full precision, with a header even where there is none; an absent value is empty."""
    names = [column.name for column in fields(columns)]
    return str(pd.DataFrame([asdict(row) for row in rows], columns=names).to_csv(index=False, lineterminator="\n"))
