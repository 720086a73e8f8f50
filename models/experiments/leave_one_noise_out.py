"""Table 1, right: what hearing other noises in training does for a noise that was held out (paper section 5.5)."""

from __future__ import annotations

from analysis.report.parts import Block, Plot, Section, Words
from analysis.tables import MISSING, Table
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Difference, adjusted_together
from models.measures.predictions import CLEAN
from models.tables.arms import CLEAN_TRAINED, Arm, Ground, clean_trained, each_once, held_out
from models.tables.blocks import all_figures, calibration, confusions, worst
from models.tables.cells import change_cell, differences_csv, limits_cell, measured_csv, notes, signed, uar_cell
from models.tables.dots import Dot, DotRow, dots_plot
from models.tables.paper import in_order, paper_change, row_name
from models.tables.results import Asked, Results
from models.tables.section import noted

FILE, MEASURED = "leave-one-noise-out.csv", "leave-one-noise-out-uar.csv"
FAMILY = "a label's conditions, gains and what is left each by themselves"
GAIN, DROP = "gain over clean-trained, same noise", "left to clean-trained on clean"


class LeaveOneNoiseOut(Layout):
    """One noise held out at a time, within its placement or among {SpeedSeg, Fade, Reverb}."""

    question = "Do nets that heard other noises in training do better in a noise that they never heard?"

    def arms(self, ground: Ground) -> list[Arm]:
        """Nets trained on clean, and nets trained with each set of partners."""
        found = held_out(ground.tested)
        if not found:
            lacks = "no condition has partners to train with; expected two noises of one placement that are whitelisted"
            raise NothingToCompare("leave-one-noise-out", lacks)
        return each_once(clean_trained(list(found)), found)

    def table(self, results: Results) -> Section:
        """UAR in the held-out noise, the gain over nets trained on clean, and what is left to clean."""
        arms = held_out(results.ground.tested)
        named = in_order(arms)
        gains = {label: _against(results, label, arms, None) for label in results.labels}
        drops = {label: _against(results, label, arms, CLEAN) for label in results.labels}
        told = {(label, name, GAIN): one for label, found in gains.items() for name, one in found.items()}
        told |= {(label, name, DROP): one for label, found in drops.items() for name, one in found.items()}
        rows = adjusted_together(
            [
                row
                for label in results.labels
                for name in named
                if (row := results.measured(arms[name].name).get((label, name)))
            ]
        )
        shown = [row for label in results.labels for row in worst([one for one in rows if one.label == label], 2)]
        blocks: tuple[Block, ...] = (
            Words(_headline(results, gains, arms)),
            *(_main(results, label, arms, gains[label], drops[label]) for label in results.labels),
            *(_plot(label, named, gains[label], drops[label]) for label in results.labels),
            all_figures(results, rows, MEASURED),
            confusions(results, shown, "leave-one-noise-out"),
            calibration(shown, "leave-one-noise-out"),
        )
        files = {FILE: differences_csv(told, results), MEASURED: measured_csv(rows, results)}
        return noted("leave-one-noise-out", self.question, blocks, notes(results, *NOTES, family=FAMILY), files)


NOTES = (
    "Gain: UAR of the nets that heard the other noises less UAR of nets trained on clean, both in the held-out noise, "
    "on the same clips. Left to clean: the same less UAR of nets trained on clean, on clean clips: what the noise "
    "still costs. The paper prints one column and does not say which of the two it is; its text speaks of a jump "
    "against nets trained on clean and tested in noise, which is the gain.",
    "Held out: of Nat, Hum and Int one at a time, trained on the two others in the same placement; of SpeedSeg, Fade "
    "(in and out) and Reverb one at a time, trained on the others. Conditions of neither set are tested on nets "
    "trained with all three of the second.",
    "In the tables of every figure, change is against clean clips with the same nets.",
)


def _against(results: Results, label: str, arms: dict[str, Arm], on: str | None) -> dict[str, Difference]:
    """Held-out nets against nets trained on clean: in the same noise, or on clean."""
    asked = {name: (Asked(arm.name, name), Asked(CLEAN_TRAINED, on or name)) for name, arm in arms.items()}
    return results.differences(label, asked)


def _headline(results: Results, gains: dict[str, dict[str, Difference]], arms: dict[str, Arm]) -> str:
    said = []
    for label, found in gains.items():
        pairs = [(Asked(arms[name].name, name), Asked(CLEAN_TRAINED, name)) for name in found]
        if mean := results.mean_difference(label, pairs):
            better = sum(one.value > 0 and one.p_adjusted < 0.05 for one in found.values())
            said.append(
                f"In {label} the mean gain over all held-out noises is {signed(mean.value)} "
                f"({limits_cell(mean.lower, mean.upper)}); {better} of {len(found)} gains have p < 0.05."
            )
    return " ".join(said) or "Nothing was measured."


def _main(
    results: Results, label: str, arms: dict[str, Arm], gains: dict[str, Difference], drops: dict[str, Difference]
) -> Table:
    lines = []
    for name in in_order(arms):
        row = results.measured(arms[name].name).get((label, name))
        gain, drop = gains.get(name), drops.get(name)
        lines.append(
            (
                row_name(name),
                uar_cell(row),
                change_cell(gain),
                limits_cell(gain.lower, gain.upper) if gain else MISSING,
                change_cell(drop),
                limits_cell(drop.lower, drop.upper) if drop else MISSING,
                signed(paper_change(name, label, augmented=True)),
                ", ".join(map(row_name, arms[name].augment)),
            )
        )
    columns = ("Held out", "UAR", "Gain", "Limits", "Left to clean", "Limits", "Paper, IEMOCAP", "Trained with")
    caption = f"{label.capitalize()}: UAR in a noise that was held out of training"
    return Table(caption, columns, tuple(lines), FILE, "words")


def _plot(label: str, named: list[str], gains: dict[str, Difference], drops: dict[str, Difference]) -> Plot:
    return dots_plot(
        [DotRow(row_name(name), (_dot(gains.get(name)), _dot(drops.get(name)))) for name in named],
        ("gain", "left to clean"),
        name=f"leave-one-noise-out-{label}",
        title=f"Gain in {label} by other noises, and what is left to clean, by held-out noise",
        base=0.0,
        base_name="no change",
        caption=f"In {label}, gains lie right of the dashed line where other noises helped; what is left to clean lies "
        "left of it as long as the noise costs anything. The figures stand in the tables.",
    )


def _dot(one: Difference | None) -> Dot | None:
    return Dot(one.value, one.lower, one.upper) if one else None
