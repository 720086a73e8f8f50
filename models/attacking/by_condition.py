"""By condition: what each noise does to a recogniser, beside what it does to people."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.verdicts import stem
from analysis.whitelist import Whitelist
from models.attacking.people import People, heard_by_people
from models.attacking.rates import ATTEMPT, BOTH, GROUP
from models.attacks.base import WAVEFORM
from models.measures.resampling import USUAL, Resampling, mean_interval

AT = ["move", "category", "level_db"]
GAP = [
    "nets", "label", "condition", "decision", "people", "people_lower", "people_upper", "probes", "clips",
    "nets_changed", "nets_lower", "nets_upper", "gap", "found", "attempts",
]  # fmt: skip


def by_condition(queries: pd.DataFrame, attempts: pd.DataFrame, k: int) -> pd.DataFrame:
    """What came of the questions that were put in each condition, and how many clips were won by it.

    Questions are where a search went, not a random sample of conditions: a condition that is asked first meets clips
    that any noise would win.

    Returns:
        `GROUP` of the settings that asked, move, category, level_db (nan of a single move), probes, changed,
        share_changed, won (attempts whose nearest success it is), share_won (of all attempts).
    """
    asked = _with_both(queries[queries["number"] <= k])
    told = asked.groupby([*GROUP, *AT], observed=True, dropna=False)["changed"].agg(probes="size", changed="sum")
    attempts = _with_both(attempts[attempts["eval"] != "after"])
    won = attempts[np.isfinite(attempts["first"])]
    best = won.groupby([*GROUP, *AT], observed=True, dropna=False).size().rename("won")
    totals = attempts.groupby(GROUP, observed=True).size().rename("attempts").reset_index()
    found = told.reset_index().merge(best.reset_index(), on=[*GROUP, *AT], how="left").merge(totals, on=GROUP)
    found = found.astype({"changed": int}).assign(won=found["won"].fillna(0).astype(int))
    return found.assign(
        share_changed=found["changed"] / found["probes"], share_won=found["won"] / found["attempts"]
    ).drop(columns="attempts")


def gaps(
    queries: pd.DataFrame, attempts: pd.DataFrame, whitelist: Whitelist, k: int, drawn: Resampling = USUAL
) -> pd.DataFrame:
    """Whether recognisers change their mind where people do, for each condition that people judged.

    Of questions that were put where everything may be asked (Eval "no"), by all attacks: the share that changed the
    label, mean over a clip's questions, then over a speaker's clips, then over speakers, with limits over speakers;
    beside it the share of pairs in which people heard a change, as the whitelist has it; the difference, above 0
    where recognisers change more often; and of all attempts, those whose nearest success is this very condition.

    Returns:
        `GAP`.
    """
    free = queries[(queries["eval"] == "no") & (queries["number"] <= k) & (queries["move"] != WAVEFORM)]
    won = attempts[(attempts["eval"] == "no") & np.isfinite(attempts["first"])]
    of_waveform = queries.loc[queries["move"] == WAVEFORM, "attack"].unique()
    with_noise = attempts[(attempts["eval"] == "no") & ~attempts["attack"].isin(of_waveform)]
    totals = with_noise.groupby(["nets", "label"], observed=True).size().to_dict()
    rows = []
    for verdict in whitelist.conditions:
        here = free[_is(free, verdict.condition, verdict.snr_db)]
        best = won[_is(won, verdict.condition, verdict.snr_db)]
        for (nets, label), part in here.groupby(["nets", "label"], observed=True):
            people = heard_by_people(verdict, str(label))
            if people.ratio is None:
                continue
            found = int(((best["nets"] == nets) & (best["label"] == label)).sum())
            rows.append((nets, label, *_gap(part, people, drawn), found, int(totals[nets, label])))
    return pd.DataFrame(rows, columns=GAP)


def _gap(part: pd.DataFrame, people: People, drawn: Resampling) -> tuple[object, ...]:
    by_clip = part.groupby(["speaker", "clip_id"], observed=True)["changed"].mean()
    by_speaker = by_clip.groupby(level="speaker").mean().to_numpy(float)
    found = mean_interval(by_speaker, drawn) if np.ptp(by_speaker) > 0 else None
    mean = float(by_speaker.mean())
    limits = (found.lower, found.upper) if found else (math.nan, math.nan)
    judged = (people.condition, people.decision, people.ratio, people.lower, people.upper)
    assert people.ratio is not None
    return *judged, len(part), len(by_clip), mean, *limits, mean - people.ratio


def _is(table: pd.DataFrame, condition: str, snr_db: float | None) -> pd.Series[bool]:
    """Which rows are in a condition: its stem at its level, or itself where it has none."""
    if snr_db is None:
        return table["move"] == condition
    named: pd.Series[bool] = (table["move"] == stem(condition)) & (table["level_db"] - snr_db).abs().lt(0.005)
    return named


def unsafe_share(attempts: pd.DataFrame) -> pd.DataFrame:
    """How many successes of Eval "no" are none of Eval "after": people might have changed their mind, too.

    Returns:
        `GROUP` (Eval "no"), won, unsafe, and unsafe_share of those won (nan where nothing was won).
    """
    keys = [one for one in ATTEMPT if one != "eval"]
    both = _with_both(attempts)
    free = both[(both["eval"] == "no") & np.isfinite(both["first"])]
    safe = both.loc[(both["eval"] == "after") & np.isfinite(both["first"]), keys].assign(safe=True)
    judged = both.loc[both["eval"] == "after", "attack"].unique()
    told = free[free["attack"].isin(judged)].merge(safe, on=keys, how="left")
    found = told.assign(unsafe=told["safe"].isna()).groupby(GROUP, observed=True)["unsafe"]
    table: pd.DataFrame = found.agg(won="size", unsafe="sum").reset_index()
    return table.assign(unsafe_share=table["unsafe"] / table["won"])


def _with_both(table: pd.DataFrame) -> pd.DataFrame:
    if table["label"].nunique() < 2:
        return table
    return pd.concat([table, table.assign(label=BOTH)], ignore_index=True)


def moves_in_order(moves: Iterable[str]) -> list[str]:
    """Moves by name, those of the paper's three families first.

    >>> moves_in_order(["reverb", "int-co", "nat-st", "nat-co"])
    ['nat-co', 'nat-st', 'int-co', 'reverb']
    """
    first = {"nat": 0, "hum": 1, "int": 2}
    return sorted(dict.fromkeys(moves), key=lambda move: (first.get(move.split("-")[0], 3), move))
