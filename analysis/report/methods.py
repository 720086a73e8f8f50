"""Section: a methods paragraph to be pasted into a paper, with what it cites."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.citations import WORKS, bibtex, cited, keys_in
from analysis.design_of import design_of
from analysis.replay import Pool
from analysis.report.material import Material
from analysis.report.opening import period
from analysis.report.parts import Block, Code, Folded, Section, Words
from analysis.rule import DecisionRule
from analysis.tables import figure, many, percent
from analysis.votes import counted

#: What each way to make labels of votes is after; the vote of most is nobody's.
AGGREGATORS = {
    "dawid-skene": ("dawid1979maximum",),
    "dawid-skene-by-condition": ("dawid1979maximum",),
    "one-coin": ("dawid1979maximum",),
    "mace": ("hovy2013learning",),
}
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def methods_section(material: Material) -> Section:
    """Plain sentences with the study's own numbers; what was not done is not said."""
    paragraphs = tuple(" ".join(part) for part in (_study(material), _decision(material), _beside(material)))
    references = bibtex(keys_in(" ".join(paragraphs)))
    blocks: tuple[Block, ...] = (
        Words("For a paper, to be shortened and checked: every figure is the study's own."),
        *(Words(paragraph) for paragraph in paragraphs),
        Folded("What it cites, as BibTeX", (Code(references),)),
    )
    return Section("methods", "Methods, ready to paste", blocks)


def _study(material: Material) -> Iterator[str]:
    whitelist, rows = material.whitelist, material.judgments
    yield (
        f"{'Simulated listeners' if material.simulated else 'Listeners'} compared original and noisy versions of "
        f"utterances, as in {WORKS['jaiswal2021best'].named}, and said of each pair whether activation and whether "
        "valence were the same."
    )
    yield from material.facts.design
    when = f" {period(rows['submitted_at'].min(), rows['submitted_at'].max())}" if len(rows) else ""
    votes = sum(found.votes for found in whitelist.conditions)
    people = many(whitelist.workers, "simulated listener" if material.simulated else "worker")
    yield f"{people} gave {many(votes, 'judgment')} of {many(whitelist.pairs, 'study pair')}{when}."
    if rows[["activation_rating", "valence_rating"]].notna().any(axis=None):
        yield f"Clips were rated on Self-Assessment Manikins {cited('bradley1994measuring')}."
    exclusions = whitelist.exclusions
    left = [
        f"{many(count, 'judgment')} {why}"
        for count, why in (
            (exclusions.not_used, "by workers whom quality control did not use"),
            (exclusions.late, "that came after their pair was decided"),
        )
        if count
    ]
    yield f"{' and '.join(left)} were left out." if left else "No judgment was left out."


def _decision(material: Material) -> Iterator[str]:
    whitelist = material.whitelist
    vote = whitelist.vote_rule
    most = NUMBER_WORDS.get(vote.most, str(vote.most))
    yield (
        f"A pair was asked until “different” led by {NUMBER_WORDS.get(vote.lead, str(vote.lead))} votes or no longer "
        f"could, with at most {most}, and came out changed at that lead."
        if vote.lead
        else f"A pair came out changed where at least half of its votes, {most} at most, said “different”."
        if vote.most > 1
        else "A pair came out changed where its one vote said “different”."
    )
    if whitelist.aggregator != "majority-vote":
        works = AGGREGATORS.get(whitelist.aggregator, ())
        yield f"Labels of pairs were those of {whitelist.aggregator}{' ' + cited(*works) if works else ''}."
    for one in material.controls:
        if one.margin is not None:
            yield (
                f"In {one.dimension}, {one.identical_changed} of {many(one.identical, 'identical control pair')} came "
                f"out changed (q0 = {figure(one.q0, 3)}) and {one.positive_changed} of {one.positive:,} positive "
                f"control pairs (q1 = {figure(one.q1, 3)})."
            )
    if any(one.margin is not None for one in material.controls):
        yield from _certified(material)
    else:
        yield (
            "There were no controls of both kinds, so that the share of truly changed pairs is not known and nothing "
            f"was certified; plain ratios have Wilson's intervals {cited('wilson1927probable')}."
        )
    yield _stamped(material)
    decisions = [one.decision for one in whitelist.conditions]
    yield (
        f"Of {many(len(decisions), 'condition')}, {decisions.count('SAFE')} were SAFE, {decisions.count('UNSAFE')} "
        f"UNSAFE and {decisions.count('UNDECIDED')} undecided."
    )


def _certified(material: Material) -> Iterator[str]:
    """How shares became verdicts."""
    rule = material.whitelist.rule
    yield (
        "The share of truly changed pairs was estimated from the share that came out changed, p, as (p - q0) / (q1 - "
        f"q0) {cited('rogan1978estimating')}, with 95 % intervals that bear the controls' own uncertainty, by MOVER "
        f"{cited('zou2008construction')} from Wilson's intervals {cited('wilson1927probable')}."
    )
    unsafe = (
        f" and UNSAFE where it was shown to be larger in either of them {_at(rule)}" if rule.unsafe else f" {_at(rule)}"
    )
    yield (
        f"A condition was called SAFE where this share was shown to be below tau = {rule.tau:g} in activation and in "
        f"valence{unsafe}; all others stayed undecided."
    )
    yield from _test(material)


def _at(rule: DecisionRule) -> str:
    return f"at error {rule.error:g}"


def _test(material: Material) -> Iterator[str]:
    rule = material.whitelist.rule
    yield design_of(rule, material.votes, Pool((), 0, 0)).methods()  # how many pairs there were is said elsewhere
    if rule.slack:
        yield f"Real changes were taken to be harder to hear than positive controls by {rule.slack:g} logits."
    if rule.snr_order:
        yield "Less of a noise was assumed to change no more than more of it."


def _stamped(material: Material) -> str:
    stamp = material.whitelist.stamp
    if stamp.fixed_at is None:
        return "When these settings were fixed was not recorded."
    if stamp.first_vote_at is not None and stamp.fixed_at > stamp.first_vote_at:
        return f"These settings were recorded after the first vote, on {stamp.fixed_at:%Y-%m-%d}."
    changes = many(len(stamp.changes), "later change")
    return f"These settings were fixed before the first vote, on {stamp.fixed_at:%Y-%m-%d}, with {changes} on record."


def _beside(material: Material) -> Iterator[str]:
    identical = counted(material.judgments, "identical")
    if len(identical):
        heard = ((identical["activation"] == "different") | (identical["valence"] == "different")).mean()
        yield f"Single votes called identical pairs different in {percent(float(heard))} of cases."
    yield (
        f"Agreement is given as Krippendorff's alpha {cited('krippendorff2011computing')}, nominal for same and "
        "different and ordinal for ratings, with bootstrap intervals over pairs."
    )
    if material.pairs:
        yield (
            "What foretells a change was asked by logistic regression with errors clustered by worker and by clip "
            f"{cited('cameron2011robust')}, p-values corrected by Holm's procedure {cited('holm1979simple')}."
        )
    if material.judgments["original_activation_rating"].notna().any():
        yield (
            "The direction of change was tested by Wilcoxon's signed-rank test on differences between the same "
            f"worker's ratings, averaged by pair {cited('wilcoxon1945individual')}."
        )
    yield f"The analysis was made by earwitness {material.whitelist.earwitness}."
