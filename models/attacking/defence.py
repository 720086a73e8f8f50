"""Which training makes nets hard to fool: clean, with everything, with the whitelist, and behind each denoiser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from models.attacking.asked import together
from models.attacking.attack import AttackEvent, AttackResult, NothingToAttack, attack_run
from models.attacking.ground import AttackGround, settings_of
from models.comparison import Bench, plan_arms, train_arms
from models.experiment import Experiment
from models.tables.arms import Arm, Ground, clean_trained, denoised_in_front
from pipelines.sound_parts import apart

#: Nets trained on clean, with everything, with what is SAFE; beside them every denoiser by its name.
CLEAN, AUGMENTED = "clean", ("everything", "whitelist")
#: Of the recordings of each family: what training hears; the attacker has the others.
TRAINING_SHARE: Final = 0.5


class WaysUnknown(ValueError):
    """Nets are named that nobody knows how to train."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(f"there are no nets {', '.join(map(repr, unknown))}; expected some of {', '.join(known)}")


class NoNetsToAttack(RuntimeError):
    """The nets that others are held against can't be had or attacked."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"there are no nets to hold others against: {'; '.join(missing)}")


def ways(ground: Ground) -> tuple[str, ...]:
    """The nets that can be held against each other, by name."""
    return (CLEAN, *AUGMENTED, *ground.denoisers)


def arm_of(way: str, ground: Ground) -> Arm:
    """How the nets of a way are trained and asked.

    Raises:
        WaysUnknown: there is no such way.
    """
    if way not in ways(ground):
        raise WaysUnknown([way], ways(ground))
    if way == CLEAN:
        return replace(clean_trained(()), name=way)
    if way in AUGMENTED:
        return Arm(way, (), augment=way)  # type: ignore[arg-type]  # one of the two words
    return replace(denoised_in_front(ground, way, ()), name=way)


def apart_from_training(base: Experiment) -> Experiment:
    """The same experiment, whose training leaves recordings to the attacker."""
    if base.augment.sounds_share < 1:
        return base
    augment = base.augment.model_copy(update={"sounds_share": TRAINING_SHARE})
    return base.model_copy(update={"augment": augment})


def defend(names: Sequence[str], bench: Bench, ground: AttackGround) -> Iterator[AttackEvent]:
    """Train the nets of each way, attack them all on the same clips, and put what was asked into one table.

    Args:
        names: the ways, as `ways` lists them; the first is what others are held against.
        bench: what nets are trained on.
        ground: what they are attacked on.

    Raises:
        WaysUnknown: there is no such way.
        NoNetsToAttack: the first way can't be had, or not be attacked.
        as `models.training.train.train` and `models.attacking.attack.attack_run`.
    """
    unknown = [name for name in names if name not in ways(bench.ground)]
    if unknown:
        raise WaysUnknown(unknown, ways(bench.ground))
    bench = replace(bench, base=apart_from_training(bench.base))
    # One attack on all nets: others beside it would say nothing more of the nets.
    ground = replace(ground, design=ground.design.model_copy(update={"beside": ()}))
    settings_of(ground, ground.moves)  # refuses a design before hours of training
    # Every way meets the same sounds, also one whose nets heard none and were trained for another table.
    _, sounds = apart(ground.sounds, bench.base.augment.sounds_share, bench.seed)
    trained = plan_arms([arm_of(name, bench.ground) for name in names], bench)
    if names[0] in trained.missing:
        raise NoNetsToAttack([f"{names[0]}: {trained.missing[names[0]]}"])
    nets = sum(len(run.jobs) for run in trained.planned.values())
    total = trained.epochs(bench) + nets
    for event in train_arms(trained, bench):
        yield AttackEvent(event.done, total, event.sentence)
    before, results = total - nets, []
    for arm, run in trained.planned.items():
        try:
            for told in attack_run(ground, run.folder, nets=arm.name, in_front=arm.in_front, sounds=sounds):
                yield AttackEvent(before + told.done, total, f"{arm.name}: {told.sentence}")
                if told.result is not None:
                    results.append(told.result)
        except NothingToAttack as reason:
            trained.missing[arm.name] = str(reason)
        before += len(run.jobs)
    missing = [f"{name}: {reason}" for name, reason in trained.missing.items()]
    if not results or results[0].tables.clips["nets"].iloc[0] != names[0]:
        raise NoNetsToAttack(missing)
    yield AttackEvent(total, total, f"{len(results)} ways compared", _as_one(results, missing))


def _as_one(results: Sequence[AttackResult], missing: Sequence[str]) -> AttackResult:
    """What was asked of all nets as one result."""
    first = results[0]
    notes = dict.fromkeys([*(note for one in results for note in one.facts.notes), *missing])
    facts = replace(first.facts, notes=tuple(notes))
    unlimited = pd.concat([one.unlimited for one in results], ignore_index=True)
    return AttackResult(together([one.tables for one in results]), unlimited, facts)


def place_of(folder: Path, nets: Sequence[str]) -> Path:
    """Where the table of these nets lies."""
    return folder / f"attack-{'-'.join(nets)}"
