"""Success rates: how often an attack finds what it looks for, from the two tables that it leaves (paper section 5.6).

`queries` has a row for each question, `clips` one for each clip and net; docs/attacks.md lists their columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd

from models.attacking.asked import Setting
from models.attacks.base import WAVEFORM
from models.measures.resampling import USUAL, Resampling, mean_interval

Eval: TypeAlias = Literal["no", "before", "after"]
SETTING = ["attack", "corr", "eval", "singles"]
CLIP = ["nets", "label", "seed", "fold", "clip_id", "speaker"]
ATTEMPT = [*CLIP, "draw", *SETTING]
GROUP = ["nets", "label", *SETTING]
#: The label of figures over all labels, where there are several.
BOTH = "both"
DIGITS_DB = 3  # an SNR is compared as it is printed: mixing and measuring differ in the last digits of a float32
FOUND = ["first", "reach_db", "move", "category", "level_db"]


def attempts_of(
    queries: pd.DataFrame,
    clips: pd.DataFrame,
    goal_db: float,
    k: int,
    *,
    ran: Sequence[Setting] = (),
    after: bool = True,
) -> pd.DataFrame:
    """What came of each attack on a clip within k queries: a row for each clip, net, draw and setting.

    Args:
        queries: all questions.
        clips: all clips; those whose use is "attacked" count, those without a question as failures.
        goal_db: the SNR above which a success counts; one without an SNR always does.
        k: the budget.
        ran: settings that were run, beside those that asked anything: where nothing may be asked, all fails.
        after: whether a whitelist says what is safe, so that Eval "after" can be worked out from Eval "no".

    Returns:
        `ATTEMPT`, and `first`, the number of the query that succeeded first (inf if none did); `reach_db`, the highest
        SNR of a changed label, above the goal or not (inf of a single move, -inf if none changed); and `move`,
        `category` and `level_db` of the best success (empty and nan if there is none).
    """
    attacked = clips.loc[clips["use"] == "attacked", CLIP]
    settings = _settings(queries, attacked["nets"].unique(), ran, after=after)
    draws = queries[["nets", "draw"]].drop_duplicates()
    missing = sorted(set(attacked["nets"]) - set(draws["nets"]))
    draws = pd.concat([draws, pd.DataFrame({"nets": missing, "draw": 0})], ignore_index=True)
    whole = attacked.merge(draws, on="nets").merge(settings, on="nets")
    changed = changed_within(queries, k, after=after)
    changed["won"] = won_of(changed, goal_db)
    found = whole.merge(_best(changed), on=ATTEMPT, how="left")
    found["first"] = found["first"].fillna(math.inf)
    found["reach_db"] = found["reach_db"].fillna(-math.inf)
    return found.fillna({"move": "", "category": ""})[[*ATTEMPT, *FOUND]].sort_values(ATTEMPT, ignore_index=True)


def _settings(queries: pd.DataFrame, nets: Iterable[str], ran: Sequence[Setting], *, after: bool) -> pd.DataFrame:
    """The settings of each nets, and what is derived from them."""
    asked = list(queries[["nets", *SETTING]].drop_duplicates().itertuples(index=False, name=None))
    named = [(one, *astuple(setting)) for one in nets for setting in ran]
    known = pd.DataFrame(sorted({*asked, *named}), columns=["nets", *SETTING]).astype({"corr": bool, "singles": bool})
    if not after:
        return known
    of_waveform = queries.loc[queries["move"] == WAVEFORM, "attack"].unique()
    judged = known[(known["eval"] == "no") & ~known["attack"].isin(of_waveform)]
    return pd.concat([known, judged.assign(eval="after")], ignore_index=True)


def changed_within(queries: pd.DataFrame, k: int, *, after: bool) -> pd.DataFrame:
    """The changes of label within the budget, with `reach_db`; those that are safe once more, for Eval "after"."""
    changed = queries[queries["changed"] & (queries["number"] <= k)]
    if after:
        safe = changed[(changed["eval"] == "no") & changed["safe"] & (changed["move"] != WAVEFORM)]
        changed = pd.concat([changed, safe.assign(eval="after")], ignore_index=True)
    return changed.assign(reach_db=changed["snr_db"].round(DIGITS_DB).fillna(math.inf))


def won_of(changed: pd.DataFrame, goal_db: float) -> pd.Series[bool]:
    """Which changes of label count: those above the goal."""
    return changed["reach_db"] > goal_db


def nearest_of(won: pd.DataFrame) -> pd.DataFrame:
    """The row of each attempt that came nearest, the first of equals; the nearest of all first."""
    return won.sort_values(["reach_db", "number"], ascending=[False, True], kind="stable").drop_duplicates(ATTEMPT)


def _best(changed: pd.DataFrame) -> pd.DataFrame:
    """Of each attempt: its first success, how near it came, and its nearest success."""
    near = changed.groupby(ATTEMPT, observed=True)["reach_db"].max()
    won = changed[changed["won"]]
    first = won.groupby(ATTEMPT, observed=True)["number"].min().astype(float).rename("first")
    best = nearest_of(won).set_index(ATTEMPT)[["move", "category", "level_db"]]
    return pd.concat([first, near, best], axis=1).reset_index()


def speaker_shares(attempts: pd.DataFrame, won: pd.DataFrame) -> pd.DataFrame:
    """The share of each speaker's clips that an attack wins, mean over a clip's seeds and draws inside.

    Args:
        attempts: of `attempts_of`.
        won: whether each was won, a column for each way of counting, with the same index.

    Returns:
        `GROUP`, `speaker`, `clips` and the columns of `won`; the label `BOTH`, where there are several, counts each
        clip once for each label.
    """
    keys = [*GROUP, "speaker"]
    table = pd.concat([attempts[[*keys, "clip_id"]], won.astype(float)], axis=1)
    by_clip = table.groupby([*keys, "clip_id"], observed=True, as_index=False)[list(won)].mean()
    if by_clip["label"].nunique() > 1:
        by_clip = pd.concat([by_clip, by_clip.assign(label=BOTH)], ignore_index=True)
    grouped = by_clip.groupby(keys, observed=True)
    return pd.concat([grouped["clip_id"].nunique().rename("clips"), grouped[list(won)].mean()], axis=1).reset_index()


def shares_by_budget(attempts: pd.DataFrame, ks: Iterable[int]) -> pd.DataFrame:
    """`speaker_shares` within each budget: `GROUP`, k, speaker, clips, share."""
    won = pd.DataFrame({k: attempts["first"] <= k for k in ks}, index=attempts.index)
    wide = speaker_shares(attempts, won)
    return wide.melt([*GROUP, "speaker", "clips"], var_name="k", value_name="share").astype({"k": int})


def shares_by_snr(attempts: pd.DataFrame, demanded_db: Iterable[float]) -> pd.DataFrame:
    """`speaker_shares` within the whole budget where more SNR is demanded: `GROUP`, above_db, speaker, clips, share."""
    won = pd.DataFrame({level: attempts["reach_db"] > level for level in demanded_db}, index=attempts.index)
    wide = speaker_shares(attempts, won)
    return wide.melt([*GROUP, "speaker", "clips"], var_name="above_db", value_name="share").astype({"above_db": float})


def curve(shares: pd.DataFrame, by: str) -> pd.DataFrame:
    """The mean over speakers of what `shares_by_budget` or `shares_by_snr` gave: `GROUP`, `by`, p_if."""
    return shares.groupby([*GROUP, by], observed=True)["share"].mean().rename("p_if").reset_index()


def rates_of(shares: pd.DataFrame, drawn: Resampling = USUAL) -> pd.DataFrame:
    """P_IF of each group and budget, the mean over speakers, with limits by resampling them.

    Where all speakers are alike, nothing varies and no limits can be had.

    Returns:
        `GROUP`, k, p_if, lower, upper (nan where there are none), sd (over speakers), speakers, clips.
    """
    rows = []
    for key, part in shares.groupby([*GROUP, "k"], observed=True):
        values = part["share"].to_numpy(float)
        found = mean_interval(values, drawn) if np.ptp(values) > 0 else None
        limits = (found.lower, found.upper) if found else (math.nan, math.nan)
        sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        rows.append((*key, float(values.mean()), *limits, sd, len(values), int(part["clips"].sum())))
    return pd.DataFrame(rows, columns=[*GROUP, "k", "p_if", "lower", "upper", "sd", "speakers", "clips"])


def success_rates(
    queries: pd.DataFrame,
    clips: pd.DataFrame,
    goal_db: float,
    ks: Sequence[int],
    *,
    ran: Sequence[Setting] = (),
    after: bool = True,
    drawn: Resampling = USUAL,
) -> pd.DataFrame:
    """P_IF for every nets, label, setting and budget; see `attempts_of` and `rates_of`."""
    attempts = attempts_of(queries, clips, goal_db, max(ks), ran=ran, after=after)
    return rates_of(shares_by_budget(attempts, ks), drawn)


def reached(attempts: pd.DataFrame) -> pd.DataFrame:
    """How quick and how near successes are, over all attempts of a group.

    Returns:
        `GROUP`, attempts, won, median_queries to the first success, and median_db, the SNR of the nearest, of those
        that have one (nan where nothing was won).
    """
    if attempts["label"].nunique() > 1:
        attempts = pd.concat([attempts, attempts.assign(label=BOTH)], ignore_index=True)
    won = attempts["first"] < math.inf
    quick = attempts["first"].where(won)
    near = attempts["reach_db"].where(won & np.isfinite(attempts["reach_db"]))
    grouped = attempts.assign(won=won, quick=quick, near=near).groupby(GROUP, observed=True)
    found = grouped.agg(
        attempts=("won", "size"), won=("won", "sum"), median_queries=("quick", "median"), median_db=("near", "median")
    )
    return found.reset_index()


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, with its columns as attributes."""
    return cast("Iterator[Any]", table.itertuples(index=False, name="Row"))


def uses(clips: pd.DataFrame) -> pd.DataFrame:
    """How many clips were put to each use: nets, label, use, clips (a clip of several seeds counts once for each)."""
    return clips.groupby(["nets", "label", "use"], observed=True).size().rename("clips").reset_index()
