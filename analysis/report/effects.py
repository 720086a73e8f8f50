"""Section: what foretells a change: the original's emotion, the speaker's gender, length, loudness, and the level."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.effects import Effect, effects
from analysis.report.material import Material
from analysis.report.parts import Block, Listed, Section, Words, csv_of
from analysis.tables import MISSING, Table, figure, limits, p_cell, p_value

SIGNIFICANT = 0.05


def effects_section(material: Material) -> Section:
    """One sentence for each effect that is there, and the table of all."""
    found = effects(material.judgments, material.pairs, bins=material.bins)
    said = tuple(_sentence(one) for one in found if one.p_adjusted is not None and one.p_adjusted < SIGNIFICANT)
    blocks: list[Block] = [
        Words(
            "Odds of the answer “different” by logistic regression on single judgments, with errors clustered by "
            "worker and by clip, all effects of a clip at once and beside the condition; p by Holm over all rows of "
            "the table."
        )
    ]
    if material.whitelist.vote_rule.lead:
        blocks.append(Words("Pairs that somebody called different have more votes, and so weigh more."))
    if not material.pairs:
        blocks.append(Words("The study's manifest is not at hand, so only the level of the noise can be looked at."))
    if said:
        blocks.append(Listed(said))
    elif any(one.p is not None for one in found):
        blocks.append(Words("None of what was looked at is shown to foretell a change, at .05."))
    shown = tuple(one for one in found if material.pairs or one.effect == "SNR")
    if shown:
        blocks.append(_table(shown))
    return Section("effects", "What foretells a change?", tuple(blocks), {"effects.csv": csv_of(found, Effect)})


def _sentence(one: Effect) -> str:
    assert one.odds_ratio is not None
    often = "more often" if one.odds_ratio > 1 else "less often"
    odds = f"odds {one.odds_ratio:.2f} times as high"
    interval = f"95 % interval {figure(one.lower)} to {figure(one.upper)}, "
    what = "activation or valence" if one.dimension == "either" else one.dimension
    return f"{_subject(one)} {often} called different in {what}: {odds} ({interval}p\u00a0{p_value(one.p_adjusted)})."


def _subject(one: Effect) -> str:
    if one.effect == "SNR":
        noise = "over all noises with several levels" if one.level == "all together" else f"under {one.level}"
        return f"With {one.per} more of SNR, {noise}, clips are"
    if one.effect == "gender":
        return f"Clips of {one.level} speakers are, against those of {one.reference} ones,"
    if one.effect == "length":
        return "With each second more of length, clips are"
    if one.effect == "loudness":
        return "With each dB more of loudness, clips are"
    return f"Clips of {one.level} {one.effect} are, against {one.reference} ones,"


def _table(found: tuple[Effect, ...]) -> Table:
    notes = any(one.note for one in found)
    return Table(
        "Odds ratios of “different”, with 95 % intervals",
        ("Effect", "In", "Judgments", "Odds ratio", "p, Holm", *(("Note",) if notes else ())),
        tuple(
            (
                " ".join(_named(one)),
                one.dimension,
                f"{one.judgments:,}" if one.judgments else MISSING,
                limits(one.odds_ratio, one.lower, one.upper),
                p_cell(one.p_adjusted),
                *((one.note,) if notes else ()),
            )
            for one in found
            if one.dimension != "either"
        ),
        "effects.csv",
        "words names" if notes else "names",
    )


def _named(one: Effect) -> Iterator[str]:
    yield one.effect
    if one.reference:
        yield f"{one.level} against {one.reference}"
    elif one.level:
        yield f"({one.level})"
    if one.per:
        yield f"per {one.per}"
