"""Which way a change goes: whether noisy clips are placed higher or lower than their originals (paper section 5.2)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.certification.multiplicity import holm_of_made
from analysis.logistic import ENDLESS
from analysis.votes import counted
from pipelines.clip import Pair

RESAMPLES = 2000
#: What the two clips of a comparison were rated by: the same worker, or this study's workers and the corpus' raters.
Layout: TypeAlias = Literal["same worker", "corpus mean"]
Floats: TypeAlias = npt.NDArray[np.float64]

WARNING = (
    "not to be relied on: the noisy clip was rated alone, by whoever called it different, and is compared with the "
    "mean of the corpus' own raters. A crowd that rates .2 higher than they did finds a direction in half of the "
    'conditions that have none; hits.rate = "both" has the same workers rate both clips'
)


@dataclass(frozen=True)
class Direction:
    """How far ratings of a condition's noisy clips lie from those of the originals, on 1..5; above 0 is upwards.

    The unit is the pair: the mean over its judgments. `rank_biserial` is (W+ - W-) / (W+ + W-) of Wilcoxon's signed
    ranks, -1..1; `p_adjusted` is Holm's over conditions and both dimensions. `odds_up` is the ordinal model's odds
    ratio of a higher rating of the noisy clip, with errors clustered by utterance. None where a figure can't be had.
    """

    condition: str
    family: str
    snr_db: float | None
    dimension: Literal["activation", "valence"]
    layout: Layout
    pairs: int
    judgments: int
    up: int  # pairs
    down: int
    up_less_down: float | None = None  # their shares' difference
    shift: float | None = None  # mean over pairs
    lower: float | None = None  # its interval, by resampling utterances
    upper: float | None = None
    rank_biserial: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    odds_up: float | None = None
    odds_lower: float | None = None
    odds_upper: float | None = None
    odds_p: float | None = None
    note: str = ""


def directions(
    judgments: pd.DataFrame,
    rng: np.random.Generator,
    pairs: Iterable[Pair] = (),
    *,
    confidence: float = 0.95,
) -> tuple[Direction, ...]:
    """The direction of every condition in both dimensions, conditions by name.

    Where any study judgment that counts rates both clips (`rate = "both"`), only those are used, whatever they say
    beside: they are a random share of all trials. Where none does, what is left is the paper's layout: ratings of noisy
    clips by those who called them different, against the corpus' mean; every row then bears a warning.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        rng: draws the resamples.
        pairs: the study's manifest, for the corpus' means.
        confidence: of the two-sided intervals.
    """
    rows = counted(judgments)
    layout: Layout = "same worker" if _both(rows, "activation").any() else "corpus mean"
    corpus = _corpus_means(pairs) if layout == "corpus mean" else {}
    found = [
        _direction(_differences(group, dimension, corpus), group, dimension, layout, rng, confidence)
        for _, group in rows.groupby("condition", sort=True)
        for dimension in ("activation", "valence")
    ]
    adjusted = holm_of_made([one.p for one in found])
    return tuple(replace(one, p_adjusted=p) for one, p in zip(found, adjusted, strict=True))


def direction_table(found: Iterable[Direction]) -> pd.DataFrame:
    """Directions as a table, one row each, for files and figures."""
    return pd.DataFrame([asdict(one) for one in found], columns=list(Direction.__dataclass_fields__))


def _both(rows: pd.DataFrame, dimension: str) -> pd.Series[bool]:
    return rows[f"{dimension}_rating"].notna() & rows[f"original_{dimension}_rating"].notna()


def _corpus_means(pairs: Iterable[Pair]) -> dict[str, Mapping[str, object]]:
    """What the corpus' raters said of each pair's original, where raters said it; mapped categories are no ratings."""
    return {pair.pair_id: pair.clip for pair in pairs if pair.clip.get("ratings") not in ("mapped", "none")}


def _differences(rows: pd.DataFrame, dimension: str, corpus: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    """Rated judgments with `noisy`, `original` and their `difference`."""
    noisy = rows[f"{dimension}_rating"]
    original = rows[f"original_{dimension}_rating"]
    if corpus:
        said = {pair_id: clip.get(dimension) for pair_id, clip in corpus.items()}
        original = rows["pair_id"].map(said).astype(np.float64)
    table = pd.DataFrame(
        {
            "pair_id": rows["pair_id"],
            "clip_id": rows["clip_id"],
            "noisy": noisy,
            "original": original,
            "difference": noisy - original,
        }
    )
    return table[table["difference"].notna()]


def _direction(
    rated: pd.DataFrame,
    rows: pd.DataFrame,
    dimension: Literal["activation", "valence"],
    layout: Layout,
    rng: np.random.Generator,
    confidence: float,
) -> Direction:
    first = rows.iloc[0]
    level = None if pd.isna(first["snr_db"]) else float(first["snr_db"])
    by_pair = rated.groupby("pair_id").agg(clip=("clip_id", "first"), difference=("difference", "mean"))
    moved = by_pair["difference"].to_numpy(dtype=np.float64).round(9)  # so that thirds tie as they should
    up, down = int((moved > 0).sum()), int((moved < 0).sum())
    condition, family = str(first["condition"]), str(first["family"])
    counts = (len(by_pair), len(rated), up, down)
    found = Direction(condition, family, level, dimension, layout, *counts, note=_note(rated, layout))
    if not len(moved):
        return found
    lower, upper = shift_limits(moved, by_pair["clip"].to_numpy(), rng, confidence)
    found = replace(found, up_less_down=(up - down) / len(moved), shift=float(moved.mean()), lower=lower, upper=upper)
    if up + down:
        found = replace(found, rank_biserial=rank_biserial(moved), p=signed_rank_p(moved))
    else:
        found = replace(found, p=1.0, note=_joined(found.note, "nobody placed a noisy clip elsewhere"))
    return found if layout == "corpus mean" else _with_ordinal(found, rated, confidence)


def _note(rated: pd.DataFrame, layout: Layout) -> str:
    if layout == "corpus mean":
        return WARNING if len(rated) else "no noisy clip was rated whose original the corpus' raters rated, too"
    return "" if len(rated) else "no judgment of this condition rates both clips"


def _joined(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def signed_rank_p(moved: Floats) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, pairs that did not move left out.

    >>> round(signed_rank_p(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])), 5)  # all upwards: 2 / 2**6
    0.03125
    """
    return float(stats.wilcoxon(moved, zero_method="wilcox").pvalue)


def rank_biserial(moved: Floats) -> float:
    """Matched-pairs rank-biserial correlation: (W+ - W-) / (W+ + W-), of at least one that moved.

    >>> rank_biserial(np.array([0.0, 1.0, 2.0, -3.0]))  # ranks 1 + 2 against 3
    0.0
    """
    told = moved[moved != 0]
    ranks = stats.rankdata(np.abs(told))
    return float((ranks * np.sign(told)).sum() / ranks.sum())


def shift_limits(
    moved: Floats, clips: npt.NDArray[np.object_], rng: np.random.Generator, confidence: float
) -> tuple[float | None, float | None]:
    """The interval of the mean shift by resampling utterances (percentiles); None of fewer than two."""
    names, counts = np.unique(clips.astype(str), return_inverse=True)
    if len(names) < 2:
        return None, None
    sums, sizes = np.bincount(counts, weights=moved), np.bincount(counts)
    drawn = rng.integers(len(names), size=(RESAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    lower, upper = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(lower), float(upper)


def _with_ordinal(found: Direction, rated: pd.DataFrame, confidence: float) -> Direction:
    """The odds of a higher rating of the noisy clip, by an ordinal model whose errors know who belongs together."""
    steps = np.rint(np.concatenate([rated["noisy"], rated["original"]])).astype(int)  # a slider's nearest step
    if len(np.unique(steps)) < 2:
        return replace(found, note=_joined(found.note, "everybody gave one and the same rating"))
    if rated["clip_id"].nunique() < 2:
        return replace(found, note=_joined(found.note, "an ordinal model needs two utterances"))
    noisy = np.repeat([1.0, 0.0], len(rated))[:, None]
    groups = np.tile(pd.factorize(rated["clip_id"])[0], 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = OrderedModel(np.unique(steps, return_inverse=True)[1], noisy, distr="logit").fit(
                method="bfgs", disp=False, cov_type="cluster", cov_kwds={"groups": groups}
            )
            log_odds, error = float(fit.params[0]), float(fit.bse[0])
            converged = bool(fit.mle_retvals["converged"])
        except (Warning, ArithmeticError, np.linalg.LinAlgError, ValueError):
            converged = False
    if not (converged and abs(log_odds) < ENDLESS and 0 < error < np.inf):
        return replace(found, note=_joined(found.note, "the ordinal model did not converge"))
    far = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return replace(
        found,
        odds_up=float(np.exp(log_odds)),
        odds_lower=float(np.exp(log_odds - far)),
        odds_upper=float(np.exp(log_odds + far)),
        odds_p=float(2 * stats.norm.sf(abs(log_odds) / error)),
    )
