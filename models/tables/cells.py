"""How figures of nets are written, and the sentences that stand below every table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

import pandas as pd

from analysis.report.parts import csv_text
from analysis.tables import MISSING, listed, many
from models.measures.measured import Difference, Measured
from models.measures.resampling import ALL_SWAPS, SWAPS, smallest_p
from models.tables.results import Results

STAR = "*"
LEVEL = 0.05  # of adjusted p that gets a star
FAMILY = "the conditions of a label and a way (in the file of UARs, changes against clean over those of the nets)"
SIMULATED = "Simulated: clips or listeners are made up, so these figures say nothing about people."
FEW_UNITS = 10  # below so many speakers or nets it is said how little they tell
TAKEN_APART = ("change", "reliability", "confusion", "recalls")


def signed(value: float | None) -> str:
    """A change with its sign.

    >>> signed(-0.254), signed(0.1), signed(None), signed(-0.001)
    ('−0.25', '+0.10', '–', '0.00')
    """
    if value is None:
        return MISSING
    return "0.00" if round(value, 2) == 0 else f"{value:+.2f}".replace("-", "−")


def with_spread(said: str, sd: float | None) -> str:
    """A figure with its standard deviation over seeds, where there are several.

    >>> with_spread("+0.10", 0.012), with_spread("+0.10", None)
    ('+0.10 ± 0.01', '+0.10')
    """
    return said if sd is None else f"{said} ± {sd:.2f}"


def change_cell(change: Difference | None) -> str:
    """A change, its spread, and a star where its adjusted p is below .05."""
    if change is None:
        return MISSING
    return with_spread(signed(change.value), change.sd) + (STAR if change.p_adjusted < LEVEL else "")


def limits_cell(lower: float | None, upper: float | None, *, sign: bool = True) -> str:
    """The limits of an interval.

    >>> limits_cell(-0.3, 0.1), limits_cell(0.3, 0.4, sign=False), limits_cell(None, None)
    ('−0.30 to +0.10', '0.30 to 0.40', '–')
    """
    if lower is None or upper is None:
        return MISSING
    return f"{signed(lower)} to {signed(upper)}" if sign else f"{lower:.2f} to {upper:.2f}"


def uar_cell(row: Measured | None) -> str:
    """UAR with its spread over seeds."""
    return MISSING if row is None else with_spread(f"{row.uar:.2f}", row.uar_sd)


def uar_limits(row: Measured | None) -> str:
    """The interval of a UAR."""
    return MISSING if row is None else limits_cell(row.uar_lower, row.uar_upper, sign=False)


def measured_csv(rows: Iterable[Measured], results: Results) -> str:
    """Every figure of every row in full precision; recalls and confusions by class, and what is made up or mapped."""
    return csv_text(pd.DataFrame([_flat(row) | _rests_on(results) for row in rows]))


def _rests_on(results: Results) -> dict[str, object]:
    """What each row of a file says, so that it can't be taken for more than it is."""
    whitelist = results.ground.whitelist
    kind = whitelist.kind if whitelist else "none"
    return {"whitelist": kind, "simulated": results.simulated, "mapped": results.facts.mapped}


def _flat(row: Measured) -> dict[str, object]:
    found: dict[str, object] = {one.name: getattr(row, one.name) for one in fields(row) if one.name not in TAKEN_APART}
    found |= {f"change_{one.name}": getattr(row.change, one.name, None) for one in fields(Difference)}
    found |= {f"recall_{n}": recall for n, recall in enumerate(row.recalls)}
    return found | {f"said_{n}_as_{m}": value for n, line in enumerate(row.confusion) for m, value in enumerate(line)}


def differences_csv(found: Mapping[tuple[str, str, str], Difference], results: Results) -> str:
    """Differences by label, row and what they are of, in full precision, and what is made up or mapped."""
    names, rests_on = [one.name for one in fields(Difference)], _rests_on(results)
    return csv_text(
        pd.DataFrame(
            [[*key, *(getattr(one, name) for name in names), *rests_on.values()] for key, one in found.items()],
            columns=["label", "row", "difference", *names, *rests_on],
        )
    )


def notes(results: Results, *more: str, family: str = "a label's conditions") -> tuple[str, ...]:
    """The sentences below a table: how its figures were taken, what they rest on, what is missing.

    Args:
        results: of the table.
        more: what this table alone has to say.
        family: what p is adjusted over.
    """
    facts, missing = results.facts, results.facts.missing
    return (
        *more,
        _seeds(results),
        _chance(results),
        _intervals(results, family),
        *(
            ["Ratings: where clips have no ratings of activation and valence, the categories' centres stand in."]
            if facts.mapped
            else []
        ),
        *([SIMULATED] if results.simulated else []),
        _whitelist(results),
        _refused(results),
        *facts.notes,
        *(f"Missing: {name}: {why}" for name, why in missing.items()),
        f"Corpus: {facts.corpus}; net: {facts.net}; data SHA-256 {facts.data_sha256}.",
        f"Command: {facts.command}",
    )


def _whitelist(results: Results) -> str:
    whitelist = results.ground.whitelist
    if whitelist is None:
        return "No whitelist chose the conditions: in some of them people may hear another emotion than the label."
    source = "certified" if whitelist.kind == "certified" else "reported, not certified: somebody printed its verdicts"
    made_up = "; its listeners are simulated and say nothing about people" if whitelist.simulated else ""
    return f"Whitelist: of the study {whitelist.study!r}, {source}{made_up}."


def _seeds(results: Results) -> str:
    seeds = results.facts.seeds
    over = "all test clips of a seed" if results.design.pooled == "clips" else "a fold, then the mean over folds"
    if len(seeds) == 1:
        return (
            f"UAR is over {over}; one seed ({seeds[0]}), so how nets differ by chance shows only in how folds differ."
        )
    return f"UAR is over {over}; mean ± standard deviation over {len(seeds)} seeds ({', '.join(map(str, seeds))})."


def _chance(results: Results) -> str:
    return (
        "Chance: "
        + listed([f"{results.chance(label):.3f} for {label}" for label in results.labels])
        + ", among the classes that occur."
    )


def _intervals(results: Results, family: str) -> str:
    speakers, nets = results.speakers, results.nets
    swaps = "all ways" if 2**speakers <= ALL_SWAPS else f"{SWAPS:,} draws"
    drawn = f"{results.design.resamples:,} resamples of {many(speakers, 'speaker')}"
    swapped = f"swapping predictions speaker by speaker ({swaps}; p is at least {smallest_p(speakers):.2g})"
    if 1 < nets < speakers:
        drawn += f", net by net: the {nets} nets of a seed test several each, who share its luck"
        test = f"both by t over the {nets} nets and by {swapped}; the larger counts"
        few = nets < FEW_UNITS
    else:
        luck = "each with a net of their own" if nets > 1 else "all tested by one net, so its luck is in no limits or p"
        drawn, test, few = f"{drawn}, {luck}", f"by {swapped}", speakers < FEW_UNITS
    few_said = " So few say little: limits are wide, and a small gain is not seen." if few else ""
    return (
        f"Limits: {100 * results.design.confidence:g} %, by t from {drawn}.{few_said} {STAR} p < {LEVEL:g} {test}, "
        f"adjusted by Holm over {family}."
    )


def _refused(results: Results) -> str:
    rows = [row for arm in results.predictions for row in results.measured(arm).values() if row.refused]
    found = {row.condition: row.refused for row in rows}
    if not found:
        return "Every clip could carry every condition."
    said = listed([f"{name} ({count})" for name, count in found.items()])
    return f"Clips that could not carry a condition are left out of both sides: {said}."
