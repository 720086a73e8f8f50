"""Ways of handling noise side by side, by condition: the tables of denoising and of the full cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.report.parts import Plot
from analysis.tables import MISSING, Table, listed, many
from models.measures.measured import Difference, Measured
from models.measures.predictions import CLEAN
from models.tables.arms import Arm, Ground, clean_trained, denoised_in_front, held_out
from models.tables.cells import LEVEL, STAR, change_cell, limits_cell, signed, uar_cell, with_spread
from models.tables.dots import Dot, DotRow, dots_plot
from models.tables.paper import in_order, row_name
from models.tables.results import Asked, Results

UNSURE = "†"
UNSURE_NOTE = (
    f"{UNSURE} Not whitelisted: people may hear another emotion there, so labels are not sure. Means over several "
    "conditions leave it out, and no net hears it in training."
)


@dataclass(frozen=True)
class Way:
    """One way of handling noise: the nets that are asked under each condition."""

    name: str
    arms: Mapping[str, Arm]  # by condition

    def asked(self, condition: str) -> list[Asked]:
        """Who is asked under a condition; on clean all its nets, of which the mean is taken."""
        if condition == CLEAN:
            return [Asked(name, CLEAN) for name in dict.fromkeys(arm.name for arm in self.arms.values())]
        return [Asked(self.arms[condition].name, condition)] if condition in self.arms else []


def everywhere(name: str, arm: Arm) -> Way:
    """A way in which the same nets are asked under all conditions."""
    return Way(name, dict.fromkeys(arm.tested, arm))


def cross_ways(ground: Ground) -> list[Way]:
    """{nothing, augment, denoise, both}, noises held out (sections 5.4 and 5.5)."""
    heard, tested = ground.tested, ground.crossed
    return [
        everywhere("nothing", clean_trained(list(tested))),
        Way("augment", held_out(heard, None, tested)),
        everywhere("denoise", denoised_in_front(ground, ground.denoiser, list(tested))),
        Way("both", held_out(heard, ground.denoiser, tested)),
    ]


def compared(results: Results, label: str, ways: Sequence[Way], conditions: Sequence[str]) -> list[str]:
    """The conditions under which all ways were asked, so that means over them are of the same; who never was is none.

    Some lack conditions: those whose partners are not whitelisted, or whose nets could not be had.
    """
    asked = [[name for name in conditions if any(results.has(label, one) for one in way.asked(name))] for way in ways]
    return [name for name in conditions if all(name in found for found in asked if found)]


def told_row(results: Results, condition: str) -> str:
    """What a row is called, marked where people did not say that labels stay."""
    unsure = condition != CLEAN and condition not in results.ground.tested
    return row_name(condition) + (f" {UNSURE}" if unsure else "")


def uars(results: Results, way: Way, label: str, condition: str) -> Measured | float | None:
    """What a way comes to: measures, or on clean the mean UAR of its several nets; None where nothing was asked."""
    found = [
        row
        for asked in way.asked(condition)
        if (row := results.measured(asked.arm).get((label, asked.condition))) is not None
    ]
    if len(found) > 1:
        return sum(row.uar for row in found) / len(found)
    return found[0] if found else None


def against(
    results: Results, label: str, ways: Sequence[Way], first: Way, conditions: Sequence[str]
) -> dict[tuple[str, str], Difference]:
    """Each way against the first, by condition and name of the way; p is adjusted over a way's conditions."""
    found: dict[tuple[str, str], Difference] = {}
    for way in ways:
        asked = {
            condition: (way.asked(condition)[0], first.asked(condition)[0])
            for condition in conditions
            if len(way.asked(condition)) == 1 and first.asked(condition)
        }
        found |= {(name, way.name): one for name, one in results.differences(label, asked).items()}
    return found


def uar_table(
    results: Results, label: str, ways: Sequence[Way], differences: Mapping[tuple[str, str], Difference], file: str
) -> Table:
    """UAR by condition and way, with a star where a way differs from the first."""
    lines = []
    for condition in (CLEAN, *in_order(name for way in ways for name in way.arms)):
        cells = [told_row(results, condition)]
        for way in ways:
            found, other = uars(results, way, label, condition), differences.get((condition, way.name))
            said = f"{found:.2f}" if isinstance(found, float) else uar_cell(found)
            cells.append(said + (STAR if other and other.p_adjusted < LEVEL else ""))
        lines.append(tuple(cells))
    columns = ("Noise", *(way.name for way in ways))
    return Table(f"{label.capitalize()}: UAR by what is done against noise", columns, tuple(lines), file)


def gain_table(
    results: Results,
    label: str,
    ways: Sequence[Way],
    differences: Mapping[tuple[str, str], Difference],
    conditions: Sequence[str],
    file: str,
    caption: str,
) -> Table:
    """Gains over the first way with their limits."""
    columns, lines = ["Noise"], []
    for way in ways:
        columns += [way.name, "Limits"]
    for condition in conditions:
        cells = [told_row(results, condition)]
        for way in ways:
            one = differences.get((condition, way.name))
            cells += [change_cell(one), limits_cell(one.lower, one.upper) if one else MISSING]
        lines.append(tuple(cells))
    return Table(f"{label.capitalize()}: {caption}", tuple(columns), tuple(lines), file)


def uar_plot(results: Results, label: str, ways: Sequence[Way], name: str) -> Plot:
    """UAR by condition, a mark for each way."""
    conditions = (CLEAN, *in_order(condition for way in ways for condition in way.arms))
    rows = [
        DotRow(told_row(results, one), tuple(_dot(uars(results, way, label, one)) for way in ways))
        for one in conditions
    ]
    return dots_plot(
        rows,
        [way.name for way in ways],
        name=f"{name}-{label}",
        title=f"UAR in {label} by condition and by what is done against noise",
        base=results.chance(label),
        base_name="chance",
        caption=f"Each mark is a UAR in {label} with its limits. The figures stand in the table.",
    )


def _dot(found: Measured | float | None) -> Dot | None:
    if found is None or isinstance(found, float):
        return None if found is None else Dot(found)
    return Dot(found.uar, found.uar_lower, found.uar_upper)


def mean_gain(
    results: Results, label: str, way: Way, first: Way, conditions: Sequence[str], line: float = 0.0
) -> Difference | None:
    """The mean over conditions of a way's gain over another; p is of its being `line`."""
    pairs = [
        (here, there)
        for condition in conditions
        for here, there in zip(way.asked(condition)[:1], first.asked(condition)[:1], strict=False)
    ]
    return results.mean_difference(label, pairs, line)


def mean_tables(results: Results, ways: Sequence[Way], groups: Mapping[str, Sequence[str]]) -> list[Table]:
    """Mean gains of ways over the first, a table a label, over the conditions of each group that all ways have."""
    columns, found = ["Conditions"], []
    for way in ways[1:]:
        columns += [way.name, "Limits"]
    for label in results.labels:
        lines = []
        for group, conditions in groups.items():
            shared = compared(results, label, ways, conditions)
            gains = [mean_gain(results, label, way, ways[0], shared) for way in ways[1:]]
            cells = [
                cell
                for one in gains
                for cell in (
                    (with_spread(signed(one.value), one.sd), limits_cell(one.lower, one.upper))
                    if one
                    else (MISSING, MISSING)
                )
            ]
            lines.append((counted(group, shared, conditions), *cells))
        found.append(Table(f"{label.capitalize()}: mean gain in UAR over nothing", tuple(columns), tuple(lines)))
    return found


def counted(group: str, shared: Sequence[str], conditions: Sequence[str]) -> str:
    """A group of conditions with how many of them all ways have.

    >>> counted("fades", ["fade-in"], ["fade-in", "fade-out"])
    'fades (1 of 2)'
    """
    return f"{group} ({len(shared)}{f' of {len(conditions)}' if len(shared) < len(conditions) else ''})"


def mean_gains(results: Results, ways: Sequence[Way], conditions: Sequence[str]) -> str:
    """A sentence for each label: the mean gain of every way, over the conditions that all have."""
    said = []
    for label in results.labels:
        shared = compared(results, label, ways, conditions)
        gains = {way.name: mean_gain(results, label, way, ways[0], shared) for way in ways[1:]}
        told = [
            f"{name} {signed(one.value)} ({limits_cell(one.lower, one.upper)})" for name, one in gains.items() if one
        ]
        if told:
            over = f"the {many(len(shared), 'condition')} that all ways have"
            said.append(f"Mean gain in {label} over {over}: {listed(told)}.")
    return " ".join(said) or "Nothing was measured."
