"""Denoising: what taking noise out does, before nets that never heard any, and in training (paper section 5.4)."""

from __future__ import annotations

from analysis.report.parts import Block, Section, Words
from models.experiments.base import Layout, NothingToCompare
from models.measures.measured import Difference
from models.measures.predictions import CLEAN
from models.tables.arms import ENVIRONMENT, Arm, Ground, clean_trained, denoised_in_front, each_once, held_out
from models.tables.cells import FAMILY, differences_csv, measured_csv, notes
from models.tables.paper import in_order
from models.tables.results import Results
from models.tables.section import noted
from models.tables.ways import Way, against, everywhere, gain_table, mean_gains, mean_tables, uar_plot, uar_table

FILE, MEASURED = "denoising.csv", "denoising-uar.csv"
NOTES = (
    "In front: nets trained on clean clips, with the denoiser put before them when they are asked. A denoiser that is "
    "a part of its net can't be put before another: its nets are trained with it, on clean clips. With others' noise: "
    "nets trained with the denoiser on clean clips and on the noises that are left when the tested one is held out.",
    "The paper says both that nets are trained together with the denoiser and that trained nets are tested on denoised "
    "clips; so both stand here.",
    "Paper, IEMOCAP: denoising gains 23 % ± 3 % over the environmental noises at 20 dB (it does not say of what), "
    "nothing significant under fades and speed-ups, and in reverberation 28 % are still missing to clean.",
    "Gains are against nets trained on clean without a denoiser, in the same condition, on the same clips.",
)


class Denoising(Layout):
    """Every denoiser, in front of nets trained on clean, and trained with other noises."""

    question = "Does taking the noise out before a net listens help, and does it help to train with it?"

    def arms(self, ground: Ground) -> list[Arm]:
        """Nets trained on clean; with each denoiser in front; with each denoiser and other noises in training."""
        if not ground.tested or not ground.denoisers:
            raise NothingToCompare("denoising", "no condition is whitelisted, or there is no denoiser")
        first, *others = _ways(ground)
        return each_once(first.arms, *(way.arms for way in others))

    def table(self, results: Results) -> Section:
        """For each label the UAR by condition and way, and the gains over doing nothing."""
        ways = _ways(results.ground)
        named = [CLEAN, *in_order(results.ground.tested)]
        blocks: list[Block] = []
        told: dict[tuple[str, str, str], Difference] = {}
        for label in results.labels:
            found = against(results, label, ways[1:], ways[0], named)
            told |= {(label, *key): one for key, one in found.items()}
            caption = "gain in UAR over nothing"
            blocks.append(uar_table(results, label, ways, found, FILE))
            blocks.append(gain_table(results, label, ways[1:], found, named, FILE, caption))
            for name, both in zip(results.ground.denoisers, zip(ways[1::2], ways[2::2], strict=True), strict=True):
                blocks.append(uar_plot(results, label, [ways[0], *both], f"denoising-{name}"))
        arms = dict.fromkeys(arm.name for way in ways for arm in way.arms.values())
        rows = [row for arm in arms for row in results.measured(arm).values()]
        groups = {
            "environmental, continuous, 20 dB": _at_20_db(results.ground),
            "all conditions": named[1:],
        }
        means = mean_tables(results, ways, {group: found for group, found in groups.items() if found})
        blocks = [Words(mean_gains(results, ways, named[1:])), *means, *blocks]
        files = {FILE: differences_csv(told, results), MEASURED: measured_csv(rows, results)}
        return noted("denoising", self.question, blocks, notes(results, *NOTES, family=FAMILY), files)


def _ways(ground: Ground) -> list[Way]:
    tested = ground.tested
    ways = [everywhere("nothing", clean_trained(list(tested)))]
    for name, joint in ground.denoisers.items():
        in_front = denoised_in_front(ground, name, list(tested))
        ways.append(everywhere(f"{name}, {'trained on clean' if joint else 'in front'}", in_front))
        ways.append(Way(f"{name}, others' noise", held_out(tested, name)))
    return ways


def _at_20_db(ground: Ground) -> list[str]:
    """Continuous environmental noise at 20 dB, for which the paper prints a gain."""
    return [name for name, noise in ground.tested.items() if noise.family in ENVIRONMENT and name.endswith("-co-20db")]
