"""Train a net for each label, seed and fold, from clips to checkpoints (paper section 3.2).

Reads from top to bottom: the run, its nets one after another or side by side, one net. An epoch is in `course.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis.whitelist import Whitelist
from models.checkpoint import Card, learnt_by, load_card, save, versions
from models.denoisers.base import FrameDenoiser
from models.experiment import Experiment
from models.hearing.batches import Version
from models.hearing.heard import CLEAN
from models.hearing.material import Material, fitted_cleaner
from models.hearing.normalise import scale_by_speaker
from models.training.course import STATE, Course, Epoch, best_net
from models.training.folds import heard_before
from models.training.machine import Machine, alone_in
from models.training.optimising import make_scaler, repeatable
from models.training.run import Job, Run, claim, is_done, plan_run
from models.training.side_by_side import Finished, all_nets
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank


@dataclass(frozen=True)
class TrainEvent:
    """What just happened, for whoever shows progress.

    `done` of `total` counts epochs of the whole run; a net that stops early leaps ahead.
    """

    stage: Literal["clips", "epoch", "fold", "resumed"]
    done: int
    total: int
    sentence: str
    job: Job | None = None
    epoch: Epoch | None = None


def train(
    clips: Sequence[Clip],
    experiment: Experiment,
    folder: Path,
    *,
    seed: int,
    command: str,
    conditions: Mapping[str, Noise] | None = None,
    sounds: SoundBank | None = None,
    whitelist: Whitelist | None = None,
    cache: Path | None = None,
    bins: Bins = USUAL_BINS,
    simulated: bool = False,
    machine: Machine | None = None,
) -> Iterator[TrainEvent]:
    """Train every net of a run into `folder`, telling each step; a net is saved as soon as it is done.

    After a kill, the same call goes on in the very epoch. The same clips, experiment and seed give the same weights
    on the same machine with the same number of threads, one net at a time or side by side.

    Args:
        clips: with all labels that are learnt.
        experiment: the design.
        folder: of the run, as `runs/<name>`; made where it is missing.
        seed: the study's; folds and noise follow from it, and with the experiment's own seeds the weights.
        command: what the user typed, for the cards.
        conditions: noises by name that clips may be heard in.
        sounds: where background sounds come from; needed where an experiment augments with them.
        whitelist: what people hear as the same emotion; needed where an experiment keeps to it.
        cache: a folder for what was heard; None keeps it in memory.
        bins: what low, mid and high are.
        simulated: whether anything in the clips is made up; clips that say so themselves count too.
        machine: where to train; one process on the processor by default.

    Raises:
        NoClips, UnlabelledClips, OneClass, TooFewSpeakers, TooFewClips: these clips can't be learnt from.
        TooFewSessions, SessionsShareSpeakers, FoldListsWrong: nor can they be cut into these folds.
        UnknownVariant, SettingsWrong: there is no such net, feature or denoiser, or it has no such setting.
        WhitelistMissing, NothingToAugmentWith, ConditionsUnknown: there is no such noise to augment with.
        OtherRun, RunUnreadable: the folder holds another run.
        SoundUnreadable: a clip's file holds no usable sound.
        LossNotFinite: a loss became nan or infinite.
        NoSuchDevice, PrecisionNeedsGpu, ClusterUnreachable, ProcessKilled: the machine is not up to it.
        DiskFull: there is no room for the nets.
    """
    run = plan_run(
        clips,
        experiment,
        folder,
        seed=seed,
        command=command,
        conditions=conditions or {},
        sounds=sounds,
        whitelist=whitelist,
        cache=cache,
        bins=bins,
        simulated=simulated,
    )
    return train_run(run, machine or Machine())


def train_run(run: Run, machine: Machine) -> Iterator[TrainEvent]:
    """Train what `plan_run` planned; as `train`."""
    devices = machine.devices
    make_scaler(run.experiment.training, devices[0])  # refuses a precision that the device lacks
    claim(run)
    total = len(run.jobs) * run.experiment.training.epochs_max
    todo = [job for job in run.jobs if not is_done(run, job)]
    done_before = len(run.jobs) - len(todo)
    per_net = run.experiment.training.epochs_max
    if done_before:
        yield TrainEvent(
            "resumed", done_before * per_net, total, f"{done_before} of {len(run.jobs)} nets: done already"
        )
    material = run.source.material(workers=machine.hearing, device=devices[0])
    for sentence in _hear_all(run, material) if todo else ():
        yield TrainEvent("clips", done_before * per_net, total, sentence)
    reached: dict[Job, int] = {}  # epochs of each net
    for job, told in all_nets(train_net, run, todo, material, machine):
        reached[job] = per_net if isinstance(told, Finished) else told.number
        done = done_before * per_net + sum(reached.values())
        if isinstance(told, Finished):
            yield TrainEvent("fold", done, total, f"{job.name}: {told.sentence}", job)
        else:
            sentence = f"{job.name}, epoch {told.number}: validation loss {told.loss:.3f}"
            yield TrainEvent("epoch", done, total, sentence, job, told)


def _hear_all(run: Run, material: Material) -> Iterator[str]:
    """Hear everything that is learnt from before the first net, so that nets side by side find it done."""
    clips, speakers = len(run.source.clips), len({clip.speaker for clip in run.source.clips})
    for condition in (CLEAN, *dict.fromkeys(name for names in run.augmented.values() for name in names)):
        yield f"hearing {clips} clips of {speakers} speakers, {condition}"
        for feature in run.source.reads:
            material.heard(condition, feature)


def train_net(run: Run, job: Job, material: Material, device: str, threads: int) -> Iterator[Epoch | Finished]:
    """Train one net from where it was left, save it, and say how it does on its test clips."""
    place = run.folder / job.place
    with alone_in(place), repeatable(threads):
        if not is_done(run, job):
            yield from _learnt(run, job, material, device)
        yield Finished(finished(load_card(place).measures))


def _learnt(run: Run, job: Job, material: Material, device: str) -> Iterator[Epoch]:
    """The epochs of a net, which is saved after the last."""
    place = run.folder / job.place
    cleaner = fitted_cleaner(run.experiment, job.fold.train, material)
    course = Course(run, job, material.cleaned_by(cleaner) if cleaner else material, device)
    yield from course.go_on(place)
    _save(course, cleaner, place)
    (place / STATE).unlink(missing_ok=True)


def finished(measures: Mapping[str, float]) -> str:
    """What is said of a net that is done, from the measures on its card."""
    tested = f", test UAR {measures['test_uar']:.2f}" if "test_uar" in measures else ""
    return f"best epoch {measures['best_epoch']:.0f}{tested}"


def _save(course: Course, cleaner: FrameDenoiser | None, place: Path) -> None:
    """Write the best net of a fold and its card."""
    run, job, best = course.run, course.job, course.best
    course.net = best_net(course)
    test = [Version(clip_id) for clip_id in job.fold.test if course.material.carries(clip_id, CLEAN)]
    tested = dict(zip(("test_loss", "test_uar"), course.ask(test), strict=True)) if test else {}
    labelling = run.labellings[job.label]
    card = Card(
        experiment=run.experiment,
        label=job.label,
        classes=labelling.classes,
        fold=job.fold.number,
        seed=job.seed,
        study_seed=run.source.seed,
        frame_shapes=dict(course.material.frame_shapes),
        train_clips=job.fold.train,
        validation_clips=job.fold.validation,
        validation_by=job.fold.validation_by,
        test_clips=job.fold.test,
        augmented=run.augmented[job.label],
        common_scale=_common_scale(course),
        heard=dict(Counter(one.condition for one in run.versions(job, job.fold.train, course.material))),
        heard_before=heard_before(run.source.clips, job.fold),
        bins=run.bins,
        mapped=labelling.mapped,
        data_sha256=run.data_sha256,
        weights_sha256=hashlib.sha256(best.weights).hexdigest(),
        cleaner_sha256=hashlib.sha256(learnt_by(cleaner)).hexdigest() if cleaner else None,
        measures={
            "best_epoch": best.number,
            "validation_loss": best.loss,
            "validation_uar": best.uar,
            **tested,
        },
        command=run.command,
        versions=versions(),
        simulated=run.simulated,
    )
    save(place, best.weights, card, cleaner)


def _common_scale(course: Course) -> dict[str, tuple[list[Any], list[Any]]]:
    """Mean and standard deviation of each feature over all clean training clips together."""
    material, found = course.material, {}
    for feature in material.features:
        heard = [name for name in course.job.fold.train if material.carries(name, CLEAN)]
        scale = scale_by_speaker(("all", material.frames(feature, CLEAN, name)) for name in heard)["all"]
        found[feature] = (scale.mean.tolist(), scale.sd.tolist())
    return found
