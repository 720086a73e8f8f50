"""A second opinion on a fixed-sample study: single votes in a linear model with clusters by worker and by clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.aggregators.base import VotesRefused
from analysis.certification.clusters import two_way
from analysis.certification.multiplicity import adjusted
from analysis.certification.state import Floats
from analysis.replay import JUDGED
from analysis.rule import DecisionRule
from analysis.verdicts import Decision, DimensionDecision, Verdict
from analysis.votes import counted, labels_of

COMPLETE = 0.95  # share of pairs that must have all their votes: else those that come out changed weigh more


def two_way_decisions(judgments: pd.DataFrame, rule: DecisionRule, votes_per_pair: int) -> tuple[Decision, ...]:
    """Verdicts by the mean vote of each condition against the margin in mean votes of the controls.

    Args:
        judgments: as `analysis.votes.read_judgments` gives them.
        rule: tau, error, correction, the least number of pairs, and whether UNSAFE is asked.
        votes_per_pair: the same for every pair.

    Raises:
        VotesRefused: the study stops pairs or conditions by their votes, lacks controls of a kind, or has fewer than
            two workers or clips.
    """
    roles = {"study": counted(judgments), "identical": counted(judgments, "identical")}
    roles["positive"] = counted(judgments, "positive")
    rows = pd.concat(roles.values(), ignore_index=True)
    _refuse(rows, roles, rule, votes_per_pair)
    names = sorted(str(name) for name in roles["study"]["condition"].unique())
    codes = {"identical": len(names), "positive": len(names) + 1}
    places = rows["condition"].map({name: place for place, name in enumerate(names)})
    kinds = places.where(rows["role"] == "study", rows["role"].map(codes)).to_numpy().astype(np.int64)
    people, clips = (pd.factorize(rows[name])[0] for name in ("worker", "clip_id"))
    different = [(labels_of(rows, name) == "different").to_numpy(np.float64) for name in JUDGED]
    z = np.stack([two_way(said, kinds, people, clips, rule.tau) for said in different], axis=1)
    few = (roles["study"].groupby("condition")["pair_id"].nunique().reindex(names) < rule.min_pairs).to_numpy()
    joint = _verdicts(z, rule, few)
    singles = [_verdicts(z[:, [place]], rule, few) for place in range(len(JUDGED))]
    groups = dict(iter(roles["study"].groupby("condition")))
    return tuple(_decision(groups[name], place, z, joint, singles) for place, name in enumerate(names))


def _refuse(rows: pd.DataFrame, roles: dict[str, pd.DataFrame], rule: DecisionRule, votes_per_pair: int) -> None:
    if rule.sequential:
        raise VotesRefused(f"a design of a fixed size is needed, and this one is {rule.design}")
    missing = [role for role, found in roles.items() if found.empty]
    if missing:
        raise VotesRefused(f"there are no votes on {' and '.join(missing)} pairs")
    if rows["worker"].nunique() < 2 or rows["clip_id"].nunique() < 2:
        raise VotesRefused("two workers and two clips are needed at least")
    complete = float((rows.groupby("pair_id").size() >= votes_per_pair).mean())
    if complete < COMPLETE:
        raise VotesRefused(
            f"{complete:.0%} of the pairs have {votes_per_pair} votes; where votes stop a pair, the mean vote is no "
            "sample"
        )


def _verdicts(z: Floats, rule: DecisionRule, few: np.ndarray) -> list[Verdict]:
    """As `analysis.designs.fixed` decides; z of shape (conditions, dimensions)."""
    safe = adjusted(norm.sf(z).max(axis=1), rule.correction) <= rule.error
    against = np.minimum(1.0, norm.sf(-z).min(axis=1) * z.shape[1])
    unsafe = (adjusted(against, rule.correction) <= rule.error) & rule.unsafe
    return [
        "UNDECIDED" if small else "SAFE" if one else "UNSAFE" if other else "UNDECIDED"
        for small, one, other in zip(few, safe, unsafe, strict=True)
    ]


def _decision(
    rows: pd.DataFrame, place: int, z: Floats, joint: list[Verdict], singles: Sequence[list[Verdict]]
) -> Decision:
    first = rows.iloc[0]
    activation, valence = (
        DimensionDecision(
            dimension=dimension,
            pairs=int(rows["pair_id"].nunique()),
            votes=len(rows),
            different=0,  # it counts votes, and no pairs
            ratio=None,
            lower=None,
            upper=None,
            decided=0,
            changed=0,
            share=None,
            share_lower=None,
            share_upper=None,
            grounds_safe=float(norm.sf(z[place, column])),
            grounds_unsafe=float(norm.sf(-z[place, column])),
            decision="SAFE" if joint[place] == "SAFE" else singles[column][place],
        )
        for column, dimension in enumerate(JUDGED)
    )
    snr_db = None if pd.isna(first["snr_db"]) else float(first["snr_db"])
    return Decision(str(first["condition"]), str(first["family"]), snr_db, joint[place], activation, valence, "")
