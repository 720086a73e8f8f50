"""The verdicts that the paper prints (section 5.1), as a whitelist: reported, not certified."""

from __future__ import annotations

from datetime import UTC, datetime

from analysis.paper_figures import PAPER_RATIOS, PaperRatio
from analysis.rule import DecisionRule
from analysis.verdicts import Verdict
from analysis.whitelist import Whitelist
from analysis.whitelist_parts import (
    ConditionAgreement,
    ConditionVerdict,
    DimensionVerdict,
    Exclusions,
    Stamp,
    Votes,
)
from pipelines.conditions import condition

#: "Rarely affects human perception", or not among those that "significantly change" it.
UNCHANGED = (
    *(f"{family}-{how}" for family in ("nat", "hum", "int") for how in ("st", "co-20db", "co-10db", "co-0db")),
    *("fade-in", "fade-out", "drop-words", "drop-letters", "speed-segment", "reverb"),
)
PUBLISHED = datetime(2021, 1, 1, tzinfo=UTC)


def paper_whitelist(release: str) -> Whitelist:
    """What Jaiswal and Mower Provost found with 900 IEMOCAP utterances and three votes a pair.

    They print ratios for the conditions that change perception, and none for the others. Their study had no controls
    and no stated error rate, so nothing here is certified: `require_real` refuses it unless forced.

    Args:
        release: of earwitness, as a record of it.
    """
    nothing = PaperRatio(None, None)
    judged = (
        *(_reported(name, "SAFE", nothing) for name in UNCHANGED),
        *(_reported(name, "UNSAFE", ratio) for name, ratio in PAPER_RATIOS.items()),
    )
    return Whitelist(
        kind="reported",
        created_at=PUBLISHED,
        study="Jaiswal-Mower-Provost-2021",
        seed=0,
        languages=("en",),
        page_languages=("en",),
        rule=DecisionRule(),
        vote_rule=Votes(rule="majority", most=3),
        grounds="none",
        stamp=Stamp(fixed_at=None, first_vote_at=None),
        controls=(),
        exclusions=Exclusions(late=0, not_used=0, wrong_rows=0, other_roles={}),
        assumptions=("Conditions for which the paper prints no ratio are taken to be those that it calls unchanged.",),
        notes=(
            "Reported, not certified: printed in 'Best Practices for Noise-Based Augmentation to Improve the "
            'Performance of Emotion Recognition "In the Wild"\' (section 5.1), from a majority of three votes a pair, '
            "without controls and without a margin. SAFE stands for 'rarely affects human perception'.",
            "The paper prints SpeedUtt(1.25x) twice; the second row is read as 0.75x.",
        ),
        judgments_sha256=None,
        manifest_sha256=None,
        judgments=0,
        pairs=0,
        workers=0,
        simulated=False,
        earwitness=release,
        conditions=judged,
    ).sealed()


def _reported(name: str, verdict: Verdict, ratio: PaperRatio) -> ConditionVerdict:
    noise = condition(name)
    return ConditionVerdict(
        condition=name,
        family=noise.family,
        snr_db=noise.nominal_snr_db,
        decision=verdict,
        reason="the paper lists it among those that change perception"
        if verdict == "UNSAFE"
        else "the paper does not list it among those that change perception",
        pairs=0,
        votes=0,
        activation=_part(verdict, ratio.activation),
        valence=_part(verdict, ratio.valence),
        agreement=ConditionAgreement(unanimous=None, pairwise=None, alpha=None),
    )


def _part(verdict: Verdict, ratio: float | None) -> DimensionVerdict:
    """The paper's verdict is on "either activation or valence", so it stands in neither when it is UNSAFE."""
    return DimensionVerdict(
        decision="SAFE" if verdict == "SAFE" else "UNDECIDED",
        votes=0,
        different=0,
        ratio=ratio,
        lower=None,
        upper=None,
        decided=0,
        changed=0,
        share=None,
        share_lower=None,
        share_upper=None,
        grounds_safe=None,
        grounds_unsafe=None,
    )
