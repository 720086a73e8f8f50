"""What the whitelist is worth: augmenting with nothing, with what is SAFE, and with everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from analysis.report.parts import Block, Plot, Section, Words
from analysis.tables import MISSING, Table, listed, percent
from analysis.whitelist import Whitelist
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Difference, Measured, adjusted
from models.measures.predictions import CLEAN
from models.tables.arms import Arm, Ground, clean_trained
from models.tables.bars import bars_plot
from models.tables.cells import change_cell, differences_csv, limits_cell, measured_csv, notes
from models.tables.changed_labels import ChangedLabels, changed_labels
from models.tables.dots import Dot, DotRow
from models.tables.results import Asked, Results
from models.tables.section import noted

FILE, MEASURED = "whitelist-worth.csv", "whitelist-worth-uar.csv"
WHITELIST, EVERYTHING = "trained with the whitelist", "trained with everything"
NAMES = ("nothing", "whitelist", "everything")
NOTES = (
    "Clips heard in a noise that is not whitelisted may sound like another emotion than their label says, so UAR there "
    "counts answers as wrong that people might give: those figures are no aim, and are shown for comparison.",
    "Noises that are tested were heard in training by the nets of whitelist and everything; for noises that were not, "
    "see leave-one-noise-out.",
    "Changed labels: clips that training hears in a noise, times the share of pairs that people call different in it, "
    "by the whitelist's judgments. As voted: the plain ratio. Truly: what is left of it when the listeners' false "
    "alarms and misses are taken away, where there were controls. At least: noisy clips in conditions without a "
    "figure are counted as unchanged.",
    "Whitelisted, for a label, is what is SAFE in its dimension, as its nets hear it; for categories, in both.",
    "Noisy clips are those of an epoch, mean over nets. Where only a share of clips is heard in noise, each epoch "
    "draws others, so over a whole training each clip may be heard in all its noises.",
)
FAMILY = "a label's ways of training and groups of conditions (in the file of UARs, over the conditions of a way)"
DIMENSIONS: Final[tuple[Literal["activation", "valence"], ...]] = ("activation", "valence")


class WhitelistWorth(Layout):
    """Nets trained with nothing, with what is SAFE, and with everything."""

    question = "What is the whitelist worth, against augmenting with everything or with nothing?"

    def arms(self, ground: Ground) -> list[Arm]:
        """The three ways of training, tested under every condition."""
        if ground.whitelist is None:
            lacks = "there is no whitelist, or --all leaves it out; `earwitness certify` writes one"
            raise NothingToCompare("whitelist-worth", lacks)
        if not ground.tested:
            raise NothingToCompare("whitelist-worth", "no condition is SAFE; expected at least one")
        tested = tuple(ground.noises)
        return [
            clean_trained(tested),
            Arm(WHITELIST, tested, augment="whitelist"),
            Arm(EVERYTHING, tested, augment="everything"),
        ]

    def table(self, results: Results) -> Section:
        """For each label: UAR on clean, mean UAR in whitelisted and in other noise, labels that would have changed."""
        arms = [arm.name for arm in self.arms(results.ground)]
        blocks: list[Block] = []
        told: dict[tuple[str, str, str], Difference] = {}
        changed = {label: _changed(results, label, arms) for label in results.labels}
        for label in results.labels:
            groups = _groups(results.ground, label)
            gains = _gains(results, label, arms, groups)
            told |= {(label, arm, group): one for (arm, group), one in gains.items()}
            blocks += [_main(results, label, arms, groups, gains), _labels(label, arms, changed[label], results)]
            blocks.append(_bars(results, label, arms, groups))
        rows = [row for arm in arms for row in results.measured(arm).values()]
        said = notes(results, *NOTES, *_unjudged(results), family=FAMILY)
        files = {FILE: differences_csv(told, results), MEASURED: measured_csv(rows, results)}
        return noted("whitelist-worth", self.question, [Words(_headline(changed)), *blocks], said, files)


def _groups(ground: Ground, label: str) -> dict[str, list[str]]:
    """What is SAFE for a label: in its dimension; in both for categories."""
    assert ground.whitelist is not None  # there are no arms without one
    dimension = next((name for name in DIMENSIONS if name == label), None)
    safe = [name for name in ground.noises if name in ground.whitelist.safe_in(dimension)]
    others = [name for name in ground.noises if name not in safe]
    groups = {"clean": [CLEAN], "whitelisted noise": safe, "other noise (labels not sure)": others}
    return {name: found for name, found in groups.items() if found}


def _mean_uar(results: Results, label: str, arm: str, conditions: Sequence[str]) -> float | None:
    measured: Mapping[tuple[str, str], Measured] = results.measured(arm)
    found = [measured[label, name].uar for name in conditions if (label, name) in measured]
    return sum(found) / len(found) if found else None


def _gains(
    results: Results, label: str, arms: Sequence[str], groups: Mapping[str, list[str]]
) -> dict[tuple[str, str], Difference]:
    """Mean UAR less that of the nets that heard nothing; p is adjusted for all of them."""
    found = {}
    for arm in arms[1:]:
        for group, conditions in groups.items():
            pairs = [(Asked(arm, name), Asked(arms[0], name)) for name in conditions]
            if one := results.mean_difference(label, pairs):
                found[arm, group] = one
    return dict(zip(found, adjusted(list(found.values())), strict=True))


def _main(
    results: Results,
    label: str,
    arms: Sequence[str],
    groups: Mapping[str, list[str]],
    gains: Mapping[tuple[str, str], Difference],
) -> Table:
    columns, lines = ["Augmented with"], []
    for group in groups:
        columns += [f"UAR, {group}", "Gain over nothing", "Limits"]
    for name, arm in zip(NAMES, arms, strict=True):
        cells = [name]
        for group, conditions in groups.items():
            uar, gain = _mean_uar(results, label, arm, conditions), gains.get((arm, group))
            cells.append(MISSING if uar is None else f"{uar:.2f}")
            cells += [change_cell(gain), limits_cell(gain.lower, gain.upper) if gain else MISSING]
        lines.append(tuple(cells))
    return Table(f"{label.capitalize()}: mean UAR over the conditions of a group", tuple(columns), tuple(lines), FILE)


def _changed(results: Results, label: str, arms: Sequence[str]) -> dict[str, ChangedLabels]:
    whitelist = results.ground.whitelist
    heard = results.facts.heard
    if not isinstance(whitelist, Whitelist):
        return {}
    by_arm = {arm: {name: count for (name, one), count in heard.get(arm, {}).items() if one == label} for arm in arms}
    return {arm: changed_labels(whitelist, label, found) for arm, found in by_arm.items()}


def _labels(label: str, arms: Sequence[str], changed: Mapping[str, ChangedLabels], results: Results) -> Table:
    lines = []
    for name, arm in zip(NAMES, arms, strict=True):
        one = changed.get(arm, ChangedLabels())
        told = (
            *_count_and_share(one.voted, one.known, one, results),
            *_count_and_share(one.truly, one.known_truly, one, results),
        )
        lines.append((name, f"{one.heard:,.0f}", f"{one.known:,.0f}", *told))
    columns = (
        "Augmented with",
        "Noisy clips",
        "With a figure",
        "Labels changed, as voted",
        "Share of training clips",
        "Labels changed, truly",
        "Share of training clips",
    )
    caption = f"{label.capitalize()}: training clips of a net whose label people would have changed"
    return Table(caption, columns, tuple(lines))


def _count_and_share(changed: float | None, known: float, one: ChangedLabels, results: Results) -> tuple[str, str]:
    total = results.facts.training_clips + one.heard
    if changed is None or not total:
        return MISSING, MISSING
    least = "at least " if known < one.heard else ""
    return f"{least}{changed:,.1f}", f"{least}{percent(changed / total)}"


def _bars(results: Results, label: str, arms: Sequence[str], groups: Mapping[str, list[str]]) -> Plot:
    rows = []
    for group, conditions in groups.items():
        uars = [_mean_uar(results, label, arm, conditions) for arm in arms]
        rows.append(DotRow(group, tuple(None if uar is None else Dot(uar) for uar in uars)))
    return bars_plot(
        rows,
        NAMES,
        name=f"whitelist-worth-{label}",
        title=f"Mean UAR in {label} by what training was augmented with",
        base=results.chance(label),
        base_name="chance",
        caption=f"Each bar is the mean of the UARs in {label} of a group's conditions. The figures stand in the table.",
    )


def _headline(changed: Mapping[str, Mapping[str, ChangedLabels]]) -> str:
    said = []
    for label, found in changed.items():
        parts = [_told(found[arm], name) for arm, name in ((EVERYTHING, "everything"), (WHITELIST, "the whitelist"))]
        said.append(f"In {label}, {' and '.join(parts)}.")
    return f"Labels of a net's training clips that people would have changed, as they voted. {' '.join(said)}"


def _told(one: ChangedLabels, name: str) -> str:
    if one.voted is None:
        return f"augmenting with {name}: not known, for want of a figure for its noises"
    clips = (
        f"{one.known:,.0f} of {one.heard:,.0f} noisy clips"
        if one.known < one.heard
        else f"{one.heard:,.0f} noisy clips"
    )
    return f"augmenting with {name}: {one.voted:,.0f} in {clips}"


def _unjudged(results: Results) -> list[str]:
    whitelist = results.ground.whitelist
    judged = {verdict.condition for verdict in whitelist.conditions} if whitelist else set()
    unjudged = [name for name in results.ground.noises if name not in judged]
    return [f"Nobody judged {listed(unjudged)}: labels may have changed there too."] if unjudged else []
