"""Make one of the paper's tables: train every arm of a layout, ask its nets, and hold them against each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

import models.denoisers
import models.experiments
from analysis.report.parts import Section
from analysis.whitelist import Whitelist
from models.checkpoint import load_card, versions
from models.denoisers.base import Denoiser, JointDenoiser
from models.denoisers.rnnoise.library import RnnoiseBroken, RnnoiseNotFound
from models.evaluating.asking import Asked, ask_run
from models.evaluating.trained_run import load_run
from models.evaluating.voices import borrowed_voices
from models.experiment import Experiment
from models.experiments.base import Layout
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN
from models.tables.arms import Arm, Ground
from models.tables.page import write_tables
from models.tables.results import Facts, Results
from models.training.augmentation import NothingToAugmentWith, WhitelistMissing
from models.training.machine import Machine
from models.training.run import Run, identity, plan_run
from models.training.train import train_run
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.variants import load, variant_names

ARMS = "arms"  # the folder of their runs, which tables share
#: Why an arm can't be had, without which the table is still worth something.
CANT_BE_HAD = (RnnoiseNotFound, RnnoiseBroken, WhitelistMissing, NothingToAugmentWith)


@dataclass(frozen=True)
class Bench:
    """What a comparison is made on.

    Args:
        clips: with all labels that are learnt.
        base: the experiment that arms change.
        conditions: noises by name.
        sounds: where background sounds come from.
        runs: a folder for the runs of arms; tables that share arms share it.
        corpus: its name, for the table.
        seed: the study's.
        command: what the user typed.
        whitelist: what people hear as the same emotion; without it every condition is tested.
        cache: a folder for what was heard.
        bins: what low, mid and high are.
        simulated: whether anything is made up.
        machine: where to train.
        denoiser: of tables that show a single one.
    """

    clips: Sequence[Clip]
    base: Experiment
    conditions: Mapping[str, Noise]
    sounds: SoundBank
    runs: Path
    corpus: str
    seed: int
    command: str
    whitelist: Whitelist | None = None
    cache: Path | None = None
    bins: Bins = USUAL_BINS
    simulated: bool = False
    machine: Machine = field(default_factory=Machine)
    denoiser: str = "rnnoise"

    def plan(self, experiment: Experiment) -> Run:
        """A run of an experiment on this bench, for a folder of its own; errors as `models.training.run.plan_run`."""
        return plan_run(
            self.clips,
            experiment,
            self.runs,
            seed=self.seed,
            command=self.command,
            conditions=self.conditions,
            sounds=self.sounds,
            whitelist=self.whitelist,
            cache=self.cache,
            bins=self.bins,
            simulated=self.simulated,
        )

    @property
    def ground(self) -> Ground:
        """What layouts may choose from."""
        return Ground(self.conditions, self.whitelist, self.denoiser, _denoisers())


@dataclass(frozen=True)
class CompareEvent:
    """What just happened; `done` of `total` counts epochs and conditions asked, and the last event has the section."""

    done: int
    total: int
    sentence: str
    section: Section | None = None
    results: Results | None = None


def compare(name: str, bench: Bench) -> Iterator[CompareEvent]:
    """Train and ask all arms of the layout `name`; what was trained or asked before is taken as it is.

    Raises:
        UnknownVariant: there is no such layout.
        NothingToCompare: there are no conditions that it is about.
        as `models.training.train.train` and `models.evaluating.asking.ask_run`.
    """
    layout = _layout(name)
    ground = bench.ground
    trained = plan_arms(layout.arms(ground), bench)
    asking = sum(len(arm.tested) + 1 for arm in trained.planned)
    total = trained.epochs(bench) + asking
    told: dict[str, pd.DataFrame] = {}
    for event in train_arms(trained, bench):
        yield replace(event, total=total)
    before = total - asking
    for arm, run in trained.planned.items():
        try:
            for one in _ask(arm, run, bench, told):
                yield CompareEvent(before + one.done, total, f"{arm.name}: {one.sentence}")
        except CANT_BE_HAD as reason:
            trained.missing[arm.name] = str(reason)
        before += len(arm.tested) + 1
    results = Results(told, ground, _facts(bench, trained.planned, trained.missing), bench.base.measures)
    yield CompareEvent(total, total, f"{len(told)} arms compared", layout.table(results), results)


@dataclass
class ArmRuns:
    """The runs of arms, those that train alike in one folder; and why some arms can't be had."""

    planned: dict[Arm, Run]
    missing: dict[str, str]  # by the arm's name

    @property
    def runs(self) -> Mapping[Path, Run]:
        """Each run once."""
        return {run.folder: run for run in self.planned.values()}

    def epochs(self, bench: Bench) -> int:
        """How many epochs its nets take at most."""
        return sum(len(run.jobs) for run in self.runs.values()) * bench.base.training.epochs_max


def plan_arms(arms: Sequence[Arm], bench: Bench) -> ArmRuns:
    """The runs of arms, as planned; errors as `models.training.run.plan_run`, but for `CANT_BE_HAD`."""
    found = ArmRuns({}, {})
    for arm in arms:
        try:
            found.planned[arm] = _plan(arm, bench)
        except CANT_BE_HAD as reason:
            found.missing[arm.name] = str(reason)
    return found


def train_arms(trained: ArmRuns, bench: Bench) -> Iterator[CompareEvent]:
    """Train what is not trained yet; arms that turn out not to be had go from the planned to the missing.

    Raises:
        as `models.training.train.train`, but for `CANT_BE_HAD`.
    """
    total, before = trained.epochs(bench), 0
    for folder, run in trained.runs.items():
        try:
            for event in train_run(run, bench.machine):
                yield CompareEvent(before + event.done, total, f"{folder.name}: {event.sentence}")
        except CANT_BE_HAD as reason:
            trained.missing |= {arm.name: str(reason) for arm, one in trained.planned.items() if one.folder == folder}
        before += len(run.jobs) * bench.base.training.epochs_max
    trained.planned = {arm: run for arm, run in trained.planned.items() if arm.name not in trained.missing}


def layout_names() -> list[str]:
    """All tables that can be made, by the names of their files."""
    return variant_names(models.experiments)


def questions() -> dict[str, str]:
    """What each table answers, by its name."""
    return {name: _layout(name).question for name in layout_names()}


def _layout(name: str) -> Layout:
    return load(models.experiments, name, Layout)()


def write_comparison(made: Mapping[str, tuple[Section, Results]], folder: Path) -> Path:
    """Write tables that were made on one bench as one page, as Markdown and as CSV; gives the page.

    Raises:
        DiskFull: there is no room.
    """
    sections = [section for section, _ in made.values()]
    facts = next(iter(made.values()))[1].facts
    return write_tables(sections, facts, folder)[0]


def _plan(arm: Arm, bench: Bench) -> Run:
    experiment = arm.experiment(bench.base)
    words = [experiment.net, *([experiment.denoiser] if experiment.denoiser else []), *_heard_words(arm)]
    slug = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower())[:60].strip("-")
    run = bench.plan(experiment)
    # The hash keeps runs apart whose names would be cut alike, or whose settings differ in what no name says.
    return replace(run, folder=bench.runs / ARMS / f"{slug}-{identity(run)[:8]}")


def _heard_words(arm: Arm) -> tuple[str, ...]:
    if isinstance(arm.augment, str):
        return (arm.augment,)
    return arm.augment or ("clean",)


def _ask(arm: Arm, run: Run, bench: Bench, told: dict[str, pd.DataFrame]) -> Iterator[CompareEvent]:
    """Ask an arm's nets; what they say goes into `told` by the arm's name."""
    asked = Asked()
    base, hashes = bench.base, FeatureCache(bench.cache).hashes if bench.cache else None
    for event in ask_run(
        load_run(run.folder, bench.clips, seeds=run.experiment.seeds, hashes=hashes),
        {name: bench.conditions[name] for name in arm.tested},
        bench.sounds,
        asked,
        seed=bench.seed,
        cache=bench.cache,
        machine=bench.machine,
        denoiser=arm.in_front,
        denoiser_settings=base.denoiser_settings if arm.in_front == base.denoiser else None,
    ):
        yield CompareEvent(event.done, event.total, event.sentence)
    told[arm.name] = asked.predictions


def _denoisers() -> dict[str, bool]:
    """Every denoiser by name, and whether it is a part of its net."""
    names = variant_names(models.denoisers)
    return {name: issubclass(_class(name), JointDenoiser) for name in names}


def _class(name: str) -> type[Denoiser]:
    found = load(models.denoisers, name, Denoiser)
    assert isinstance(found, type)
    return found


def _facts(bench: Bench, planned: Mapping[Arm, Run], missing: Mapping[str, str]) -> Facts:
    run = next(iter(planned.values()))
    return Facts(
        corpus=bench.corpus,
        command=bench.command,
        data_sha256=run.data_sha256,
        classes={label: found.classes for label, found in run.labellings.items()},
        net=bench.base.net,
        seeds=bench.base.seeds,
        mapped=any(found.mapped for found in run.labellings.values()),
        simulated=any(one.simulated for one in planned.values()) or bool(bench.whitelist and bench.whitelist.simulated),
        earwitness=versions()["earwitness"],
        missing=missing,
        notes=borrowed_voices(_in_use(planned), bench.conditions, bench.sounds),
        heard={arm.name: _noisy_clips(run) for arm, run in planned.items()},
        training_clips=float(np.mean([len(fold.train) for fold in run.folds])),
    )


def _in_use(planned: Mapping[Arm, Run]) -> set[str]:
    """The conditions that nets hear in training or are tested under."""
    tested = {name for arm in planned for name in arm.tested}
    return tested | {name for run in planned.values() for names in run.augmented.values() for name in names}


def _noisy_clips(run: Run) -> Mapping[tuple[str, str], float]:
    """How many noisy versions of training clips a net hears in an epoch, mean over nets, by condition and label."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    nets = len(run.folds) * len(run.experiment.seeds)
    for card in (load_card(run.folder / job.place) for job in run.jobs):
        for condition, clips in card.heard.items():
            if condition != CLEAN:
                found[condition, card.label] += clips * run.experiment.augment.probability / nets
    return dict(found)
