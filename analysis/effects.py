"""What foretells a change: original emotion, gender, length and loudness of a clip, and the SNR (paper section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

import pandas as pd

from analysis.certification.multiplicity import holm_of_made
from analysis.logistic import NotFitted, OddsRatio, fit_logistic, said
from analysis.verdicts import stem
from analysis.votes import DIMENSIONS, Dimension, counted, labels_of
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Pair

#: Effects with levels, each with the level that the others are compared with.
LEVELS = {"original activation": "mid", "original valence": "mid", "gender": "female"}
#: Effects that are numbers, each with the unit of its odds ratio.
NUMBERS = {"length": "s", "loudness": "dB"}
SNR_STEP_DB = 10.0
KNOWN_SHARE = 0.5  # an effect that is known of fewer judgments is left out, so that it does not cost the others theirs


@dataclass(frozen=True)
class Effect:
    """By how much the odds of "different" change with one thing; None where that can't be said, and `note` says why.

    `odds_ratio` compares `level` with `reference`, or is that of one unit `per` more. `p_adjusted` is Holm's over all
    rows of the table.
    """

    dimension: Dimension
    effect: str
    level: str  # of an effect with levels; of the SNR, the noise
    reference: str
    per: str
    judgments: int  # that the model rests on
    different: int
    odds_ratio: float | None
    lower: float | None
    upper: float | None
    p: float | None
    p_adjusted: float | None
    note: str


def effects(
    judgments: pd.DataFrame, pairs: Iterable[Pair] = (), *, bins: Bins = USUAL_BINS, confidence: float = 0.95
) -> tuple[Effect, ...]:
    """Logistic regressions of the single study judgments that count, with errors clustered by worker and by clip.

    One model a dimension holds all effects of the clip at once, beside the condition; conditions of which everybody
    says the same carry nothing and are left out of it. One model a noise and dimension has the slope over its levels.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        pairs: the study's manifest, which knows the clips; without it only the SNR has figures.
        bins: low, mid and high of the corpus' ratings.
        confidence: of the two-sided intervals.
    """
    rows = counted(judgments)
    facts = _facts(pairs, bins)
    rows = rows.assign(noise=rows["condition"].map(stem)).join(facts, on="pair_id")
    found = [
        effect
        for dimension in DIMENSIONS
        for effect in (*_of_clips(rows, dimension, confidence), *_of_snr(rows, dimension, confidence))
    ]
    adjusted = holm_of_made([effect.p for effect in found])
    return tuple(replace(effect, p_adjusted=p) for effect, p in zip(found, adjusted, strict=True))


def effect_table(found: Iterable[Effect]) -> pd.DataFrame:
    """Effects as a table, one row each, for files and figures."""
    return pd.DataFrame([asdict(effect) for effect in found], columns=list(Effect.__dataclass_fields__))


def _facts(pairs: Iterable[Pair], bins: Bins) -> pd.DataFrame:
    """What the manifest says of each pair's original; None where it says nothing."""

    def bin_of(rating: str | float | bool | None) -> str | None:
        return bins.bin_of(float(rating)) if isinstance(rating, (int, float)) else None

    rows = {
        pair.pair_id: {
            "original activation": bin_of(pair.clip.get("activation")),
            "original valence": bin_of(pair.clip.get("valence")),
            "gender": known if (known := pair.clip.get("gender")) in ("female", "male") else None,
            "length": pair.original_length_s,
            "loudness": pair.original_lufs,
        }
        for pair in pairs
    }
    names = pd.Index(list(rows), dtype=object)  # text, also where there are none
    table = pd.DataFrame(list(rows.values()), index=names, columns=[*LEVELS, *NUMBERS])
    return table.astype(dict.fromkeys(LEVELS, object) | dict.fromkeys(NUMBERS, "float64"))


def _of_clips(rows: pd.DataFrame, dimension: Dimension, confidence: float) -> Iterator[Effect]:
    """The effects of the clip, all in one model."""
    rows = rows.assign(different=labels_of(rows, dimension) == "different")
    known = {name: float(rows[name].notna().mean()) if len(rows) else 0.0 for name in (*LEVELS, *NUMBERS)}
    kept = [name for name, share in known.items() if share >= KNOWN_SHARE]
    told, telling, separated = _informative(rows.dropna(subset=kept), kept)
    for name, level, note in separated:
        yield replace(_without(dimension, name, note), level=level, reference=LEVELS[name])
    for name, share in known.items():
        if name not in kept:
            yield _without(
                dimension, name, f"known of {share:.0%} of the judgments; that is too few, so it is left out"
            )
        elif name not in told:
            yield _without(dimension, name, _unvaried(rows, telling))
    if told:
        yield from _fitted(telling, dimension, told, confidence)


def _unvaried(rows: pd.DataFrame, telling: pd.DataFrame) -> str:
    if rows.empty:
        return "no judgment counts"
    if rows["different"].nunique() < 2:
        return f"every judgment says {said(bool(rows['different'].iloc[0]))}, so nothing can foretell a change"
    if telling["different"].nunique() < 2:
        return "under no condition are there both answers, so nothing is compared"
    return "it does not vary among the judgments that can tell, so nothing is compared"


def _informative(rows: pd.DataFrame, kept: list[str]) -> tuple[list[str], pd.DataFrame, list[tuple[str, str, str]]]:
    """Effects that vary, the judgments that can tell of them, and the levels that can't be fitted.

    A condition or a level of which everybody says the same has an endless coefficient: the rest of the model is as if
    it were not there. Taking some away may leave others so, hence in rounds.
    """
    separated: list[tuple[str, str, str]] = []
    while True:
        for name in ("condition", *(name for name in kept if name in LEVELS)):
            answers = rows.groupby(name, sort=True)["different"].agg(["min", "max", "size"])
            alike = answers[answers["min"] == answers["max"]]
            if len(alike) and len(answers) > 1:
                if name != "condition":
                    separated += [
                        (name, str(level), f"every one of {size} judgments says {said(bool(one))} (separation)")
                        for level, one, size in zip(alike.index, alike["min"], alike["size"], strict=True)
                    ]
                rows = rows[~rows[name].isin(alike.index)]
                break
        else:
            varied = rows["different"].nunique() > 1
            return [name for name in kept if varied and rows[name].nunique() > 1], rows, separated


def _fitted(rows: pd.DataFrame, dimension: Dimension, told: list[str], confidence: float) -> Iterator[Effect]:
    parts: list[pd.DataFrame] = []
    shown: list[tuple[str, Effect]] = []
    for name in told:
        if name in NUMBERS:
            parts.append((rows[[name]] - rows[name].mean()) / _spread(rows[name]))
            shown.append((name, replace(_without(dimension, name, ""), per=NUMBERS[name])))
            continue
        levels = sorted(rows[name].unique())
        reference = LEVELS[name] if LEVELS[name] in levels else levels[0]
        others = [level for level in levels if level != reference]
        parts.append(pd.DataFrame({f"{name}: {level}": rows[name] == level for level in others}, dtype=float))
        shown += [
            (f"{name}: {level}", replace(_without(dimension, name, ""), level=level, reference=reference))
            for level in others
        ]
    conditions = pd.get_dummies(rows["condition"], drop_first=True, dtype=float)
    yield from _shown(rows, pd.concat([*parts, conditions], axis=1), shown, confidence)


def _of_snr(rows: pd.DataFrame, dimension: Dimension, confidence: float) -> Iterator[Effect]:
    """The slope over the levels of each noise that has several, and over all of them together."""
    rows = rows[rows["snr_db"].notna()].assign(different=labels_of(rows, dimension) == "different")
    rows = rows[rows.groupby("noise")["snr_db"].transform("nunique") > 1]
    noises = [(str(name), group) for name, group in rows.groupby("noise", sort=True)]
    for name, group in (("all together", rows), *noises) if len(noises) > 1 else noises:
        kept = group[group.groupby("noise")["different"].transform("nunique") > 1] if name == "all together" else group
        others = pd.get_dummies(kept["noise"], drop_first=True, dtype=float)
        columns = others.assign(snr_db=(kept["snr_db"] - kept["snr_db"].mean()) / _spread(kept["snr_db"]))
        effect = replace(_without(dimension, "SNR", ""), level=name, per=f"{SNR_STEP_DB:g} dB")
        yield from _shown(kept, columns, [("snr_db", effect)], confidence, step=SNR_STEP_DB)


def _shown(
    rows: pd.DataFrame, columns: pd.DataFrame, shown: list[tuple[str, Effect]], confidence: float, step: float = 1.0
) -> Iterator[Effect]:
    """Each effect with its odds ratio, or with why there is none."""
    asked = [
        (column, replace(effect, judgments=len(rows), different=int(rows["different"].sum())))
        for column, effect in shown
    ]
    try:
        fit = fit_logistic(rows["different"], columns, rows["worker"], rows["clip_id"], confidence)
    except NotFitted as why:
        yield from (replace(effect, note=str(why)) for _, effect in asked)
        return
    for column, effect in asked:
        odds = fit.odds[column]
        if column in rows:  # a number: back from spreads to its unit
            odds = _per(odds, step / _spread(rows[column]))
        yield replace(
            effect,
            odds_ratio=odds.ratio,
            lower=odds.lower,
            upper=odds.upper,
            p=odds.p,
            note=fit.caution,
        )


def _per(odds: OddsRatio, units: float) -> OddsRatio:
    with_ends = (odds.ratio, odds.lower, odds.upper)
    ratio, lower, upper = (value**units for value in with_ends)
    return OddsRatio(ratio, lower, upper, odds.p)


def _spread(numbers: pd.Series[float]) -> float:
    return float(numbers.std(ddof=0)) or 1.0


def _without(dimension: Dimension, effect: str, note: str) -> Effect:
    return Effect(dimension, effect, "", "", "", 0, 0, None, None, None, None, None, note)
