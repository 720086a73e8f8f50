"""The full cross: nothing, augmentation, denoising, or both, under every condition (paper sections 5.4 and 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report.parts import Block, Plot, Section, Words
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Difference, Measured
from models.measures.predictions import CLEAN
from models.tables.arms import ENVIRONMENT, Arm, Ground, each_once
from models.tables.bars import bars_plot
from models.tables.blocks import calibration, confusions, worst
from models.tables.cells import FAMILY, differences_csv, measured_csv, notes
from models.tables.dots import Dot, DotRow
from models.tables.paper import in_order
from models.tables.results import Results
from models.tables.section import noted
from models.tables.ways import (
    UNSURE,
    UNSURE_NOTE,
    Way,
    against,
    compared,
    counted,
    cross_ways,
    gain_table,
    mean_gains,
    mean_tables,
    uar_plot,
    uar_table,
    uars,
)

FILE, MEASURED = "cross.csv", "cross-uar.csv"
NOTES = (
    "Nothing: trained on clean. Augment: trained with other noises, the tested one held out (within its placement, or "
    "among SpeedSeg, Fade and Reverb). Denoise: nets trained on clean behind a denoiser. Both: trained with other "
    "noises and the denoiser. A star: differs from nothing in the same condition.",
    "On clean, ways that hold noises out have as many nets as there are sets of noises: their mean UAR is shown, "
    "without a test.",
)


class Cross(Layout):
    """{nothing, augment, denoise, both} x every condition and clean."""

    question = "Against which noise do augmentation, denoising or both help, and what do they cost on clean?"

    def arms(self, ground: Ground) -> list[Arm]:
        """Those of the four ways."""
        if not ground.tested:
            raise NothingToCompare("cross", "no condition is whitelisted; expected at least one")
        return each_once(*(way.arms for way in cross_ways(ground)))

    def table(self, results: Results) -> Section:
        """For each label UAR by condition and way, and the gains over nothing."""
        ways, named = cross_ways(results.ground), [CLEAN, *in_order(results.ground.crossed)]
        whitelisted = in_order(results.ground.tested)
        blocks: list[Block] = [
            Words(mean_gains(results, ways, whitelisted)),
            *mean_tables(results, ways, {**_groups(results), "all whitelisted": whitelisted}),
        ]
        told: dict[tuple[str, str, str], Difference] = {}
        for label in results.labels:
            found = against(results, label, ways[1:], ways[0], named)
            told |= {(label, *key): one for key, one in found.items()}
            blocks.append(uar_table(results, label, ways, found, MEASURED))
            blocks.append(gain_table(results, label, ways[1:], found, named, FILE, "gain in UAR over nothing"))
            blocks.append(uar_plot(results, label, ways, "cross"))
            blocks.append(_bars(results, label, ways))
        rows = [row for arm in results.predictions for row in results.measured(arm).values()]
        shown = [row for label in results.labels for row in worst(_measured(results, ways[0], label), 2)]
        blocks += [confusions(results, shown, "cross"), calibration(shown, "cross")]
        unsure = (UNSURE_NOTE,) if len(whitelisted) < len(named) - 1 else ()
        said = notes(results, f"The denoiser is {results.ground.denoiser}.", *NOTES, *unsure, family=FAMILY)
        files = {FILE: differences_csv(told, results), MEASURED: measured_csv(rows, results)}
        return noted("cross", self.question, blocks, said, files)


def _measured(results: Results, way: Way, label: str) -> list[Measured]:
    named = (CLEAN, *in_order(way.arms))
    return [row for name in named if isinstance(row := uars(results, way, label, name), Measured)]


def _groups(results: Results) -> dict[str, list[str]]:
    tested, crossed = results.ground.tested, results.ground.crossed
    environment = [name for name, noise in tested.items() if noise.family in ENVIRONMENT]
    others = [name for name in tested if name not in environment and name != "reverb"]
    reverberation = "reverberation" if "reverb" in tested else f"reverberation {UNSURE}"
    fades = [name for name in crossed if name not in tested and name != "reverb"]
    groups = {
        "environmental noise": environment,
        reverberation: ["reverb"] if "reverb" in crossed else [],
        "all else": others,
        f"fades {UNSURE}": fades,
    }
    return {name: found for name, found in groups.items() if found}


def _bars(results: Results, label: str, ways: Sequence[Way]) -> Plot:
    rows = []
    for group, conditions in {"clean": [CLEAN], **_groups(results)}.items():
        shared = compared(results, label, ways, conditions)
        dots: list[Dot | None] = []
        for way in ways:
            found = [uars(results, way, label, condition) for condition in shared]
            values = [one.uar if isinstance(one, Measured) else one for one in found if one is not None]
            dots.append(Dot(sum(values) / len(values)) if values else None)
        rows.append(DotRow(counted(group, shared, conditions), tuple(dots)))
    return bars_plot(
        rows,
        [way.name for way in ways],
        name=f"cross-bars-{label}",
        title=f"Mean UAR in {label} by group of conditions and by what is done against noise",
        base=results.chance(label),
        base_name="chance",
        caption=f"Each bar is the mean of the UARs in {label} of a group's conditions that all ways have, as many as "
        "it says; they stand in the table.",
    )
