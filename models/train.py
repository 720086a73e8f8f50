"""Train a net for each dimension and fold, from clips to checkpoints (paper section 5.4).

Reads from top to bottom: the run, one net, one epoch. The settings are in `models.training`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.ask import logits_by_clip
from models.checkpoint import CARD, Card, make_net, restore, save, settings_of_net, versions, weights_of
from models.data import batches, data_sha256, hear, labels_of, rng_for
from models.folds import Fold, make_folds
from models.measures.recall import CLASSES, class_weights, uar
from models.nets.base import Net
from models.normalise import Scale, scale_by_speaker
from models.training import Dimension
from models.training import Training as Training
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.whole_file import write_whole

RUN = "run.json"


class LossNotFinite(ArithmeticError):
    """Training broke down: its loss is no number any more."""

    def __init__(self, dimension: str, fold: int, epoch: int, loss: float, learning_rate: float) -> None:
        super().__init__(
            f"the loss of {dimension}, fold {fold}, became {loss} in epoch {epoch}; try a learning rate below "
            f"{learning_rate:g}, and look for clips with broken sound"
        )


class OtherRun(ValueError):
    """A run's folder holds nets that were trained in another way or on other clips."""

    def __init__(self, folder: Path, differing: Sequence[str]) -> None:
        super().__init__(
            f"{folder} holds a run with another {', another '.join(differing)}; give this run a name of its own, or "
            "delete that folder"
        )


class RunUnreadable(ValueError):
    """The file that describes a run is broken."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not the JSON that was once written; delete its folder and train again")


@dataclass(frozen=True)
class Epoch:
    """One pass over the training clips, and what validation says of it."""

    number: int
    train_loss: float
    loss: float
    uar: float


@dataclass(frozen=True)
class TrainEvent:
    """What just happened, for whoever shows progress.

    `done` of `total` counts epochs of the whole run; a net that stops early leaps ahead.
    """

    stage: Literal["clips", "epoch", "fold", "resumed"]
    done: int
    total: int
    sentence: str
    dimension: Dimension | None = None
    fold: int | None = None
    epoch: Epoch | None = None


@dataclass(frozen=True)
class Run:
    """What every net of a run shares."""

    folder: Path
    training: Training
    seed: int
    data_sha256: str
    command: str
    simulated: bool
    frames: Mapping[str, Tensor]
    scales: Mapping[str, Scale]  # by clip id
    labels: Mapping[Dimension, Mapping[str, int]]  # by clip id
    bins: Bins

    def rng(self, *names: str | int) -> np.random.Generator:
        """Chance for one purpose, apart from all others."""
        return rng_for(self.seed, "train", *map(str, names))


def train(
    clips: Sequence[Clip],
    training: Training,
    folder: Path,
    *,
    seed: int,
    command: str,
    bins: Bins = USUAL_BINS,
    simulated: bool = False,
) -> Iterator[TrainEvent]:
    """Train every net of a run into `folder`, telling each step; a net is saved as soon as it is done.

    After a kill, the same call goes on with the first fold that is not saved. The same clips, settings and seed
    give the same weights on the same machine with the same number of threads.

    Args:
        clips: with ratings in every dimension that is trained.
        training: the settings.
        folder: of the run, as `runs/<name>`; made where it is missing.
        seed: the study's.
        command: what the user typed, for the cards.
        bins: what low, mid and high are.
        simulated: whether anything in the clips is made up; clips that say so themselves count too.

    Raises:
        NoClips, UnratedClips, TooFewSpeakers, TooFewClips: these clips can't be learnt from.
        UnknownVariant, ValidationError: there is no such net, or it has no such setting.
        OtherRun, RunUnreadable: the folder holds another run.
        SoundUnreadable: a clip's file holds no usable sound.
        LossNotFinite: a loss became nan or infinite.
        DiskFull: there is no room for the nets.
    """
    settings_of_net(training.net).model_validate(training.net_settings)
    labels = {dimension: labels_of(clips, dimension, bins) for dimension in training.dimensions}
    folds = make_folds(clips, training.folds, seed)
    data = data_sha256(clips)
    _claim(folder, training, data, seed, bins)

    nets = list(product(training.dimensions, folds))
    total = len(nets) * training.epochs_max
    yield TrainEvent("clips", 0, total, f"hearing {len(clips)} clips of {len({c.speaker for c in clips})} speakers")
    frames = hear(clips, training.filterbanks).frames
    scale_of = scale_by_speaker((clip.speaker, frames[clip.clip_id]) for clip in clips)
    scales = {clip.clip_id: scale_of[clip.speaker] for clip in clips}
    simulated = simulated or any(clip.simulated for clip in clips)
    run = Run(folder, training, seed, data, command, simulated, frames, scales, labels, bins)
    threads = torch.get_num_threads()
    torch.set_num_threads(training.threads or threads)
    try:
        for before, (dimension, fold) in enumerate(nets):
            yield from _train_net(run, dimension, fold, before * training.epochs_max, total)
    finally:
        torch.set_num_threads(threads)


def _train_net(run: Run, dimension: Dimension, fold: Fold, before: int, total: int) -> Iterator[TrainEvent]:
    """Train and save the net of one fold, unless that was done before the run was killed."""
    place, name = run.folder / dimension / f"fold-{fold.number}", f"{dimension}, fold {fold.number}"
    after = before + run.training.epochs_max
    if (place / CARD).is_file():
        yield TrainEvent("resumed", after, total, f"{name}: done already", dimension, fold.number)
        return
    best = Best()
    for epoch in _epochs(run, dimension, fold, best):
        yield TrainEvent(
            "epoch",
            before + epoch.number,
            total,
            f"{name}, epoch {epoch.number}: validation loss {epoch.loss:.3f}",
            dimension,
            fold.number,
            epoch,
        )
    test_uar = _save(run, dimension, fold, best, place)
    yield TrainEvent(
        "fold", after, total, f"{name}: best epoch {best.number}, test UAR {test_uar:.2f}", dimension, fold.number
    )


@dataclass
class Best:
    """The best epoch so far: its weights come back at the end."""

    number: int = 0
    loss: float = math.inf
    uar: float = math.nan
    weights: bytes = b""

    def beaten_by(self, epoch: Epoch, net: Net) -> bool:
        """Take the epoch over if its validation loss is lower."""
        if epoch.loss >= self.loss:
            return False
        self.number, self.loss, self.uar, self.weights = epoch.number, epoch.loss, epoch.uar, weights_of(net)
        return True


def _epochs(run: Run, dimension: Dimension, fold: Fold, best: Best) -> Iterator[Epoch]:
    """Train until validation has not got better for `patience` epochs; `best` holds what came out."""
    training, labels = run.training, run.labels[dimension]
    net = _fresh_net(run, dimension, fold)
    # As in Keras, which the paper used; torch's own alpha of 0.99 starts with steps three times as large.
    optimiser = torch.optim.RMSprop(net.parameters(), lr=training.learning_rate, alpha=0.9, eps=1e-7)
    weights = torch.from_numpy(class_weights([labels[clip_id] for clip_id in fold.train]))
    weights = weights if training.weight_classes else torch.ones_like(weights)
    waited = 0
    for number in range(1, training.epochs_max + 1):
        train_loss = _one_epoch(run, dimension, fold, net, optimiser, weights, number)
        loss, found_uar = _ask(run, dimension, fold.validation, net, weights)
        for value in (train_loss, loss):
            if not math.isfinite(value):
                raise LossNotFinite(dimension, fold.number, number, value, training.learning_rate)
        epoch = Epoch(number, train_loss, loss, found_uar)
        waited = 0 if best.beaten_by(epoch, net) else waited + 1
        yield epoch
        if waited == training.patience:
            return


def _fresh_net(run: Run, dimension: Dimension, fold: Fold) -> Net:
    seed = int(run.rng("weights", dimension, fold.number).integers(2**31))
    return make_net(run.training.net, run.training.net_settings, run.training.filterbanks.bands, seed)


def _one_epoch(
    run: Run, dimension: Dimension, fold: Fold, net: Net, optimiser: torch.optim.Optimizer, weights: Tensor, number: int
) -> float:
    """Learn from every training clip once; the mean loss."""
    rng = run.rng("epoch", dimension, fold.number, number)
    losses, sizes = [], []
    net.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))  # dropout draws from torch's own generator
        for batch in batches(fold.train, run.frames, run.scales, run.training.batch, rng):
            labels = torch.tensor([run.labels[dimension][clip_id] for clip_id in batch.clip_ids])  # (batch,)
            loss = cross_entropy(net(batch.filterbanks, batch.lengths), labels, weights)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(loss.item())
            sizes.append(len(labels))
    return float(np.average(losses, weights=sizes))


def _ask(run: Run, dimension: Dimension, clip_ids: Sequence[str], net: Net, weights: Tensor) -> tuple[float, float]:
    """Loss and UAR of a net on clips that it does not learn from."""
    logits = logits_by_clip(net, clip_ids, run.frames, run.scales)
    truth = torch.tensor([run.labels[dimension][clip_id] for clip_id in clip_ids])  # (clips,)
    said = torch.stack([logits[clip_id] for clip_id in clip_ids])  # (clips, classes)
    # A class that training never met has weight 0: with nothing else to validate on, every class counts the same.
    usable = weights if float(weights[truth].sum()) > 0 else None
    return cross_entropy(said, truth, usable).item(), uar(truth.numpy(), said.argmax(dim=1).numpy())


def _save(run: Run, dimension: Dimension, fold: Fold, best: Best, place: Path) -> float:
    """Write the best net of a fold and its card; its UAR on the test clips."""
    net = _fresh_net(run, dimension, fold)
    restore(net, best.weights)
    _, test_uar = _ask(run, dimension, fold.test, net, torch.ones(len(CLASSES)))
    card = Card(
        net=run.training.net,
        net_settings=dict(run.training.net_settings),
        dimension=dimension,
        fold=fold.number,
        train_clips=fold.train,
        validation_clips=fold.validation,
        validation_by=fold.validation_by,
        test_clips=fold.test,
        filterbanks=run.training.filterbanks,
        znorm_stats=run.training.znorm_stats,
        bins=run.bins,
        training=run.training.model_dump(mode="json"),
        seed=run.seed,
        data_sha256=run.data_sha256,
        weights_sha256=hashlib.sha256(best.weights).hexdigest(),
        measures={
            "best_epoch": best.number,
            "validation_loss": best.loss,
            "validation_uar": best.uar,
            "test_uar": test_uar,
        },
        command=run.command,
        versions=versions(),
        simulated=run.simulated,
    )
    save(place, best.weights, card)
    return test_uar


def _claim(folder: Path, training: Training, data: str, seed: int, bins: Bins) -> None:
    """Write down what a run is, or refuse a folder that holds another one."""
    path = folder / RUN
    # Threads change the order of sums, and so the last digits alone.
    settings = training.model_dump(mode="json", exclude={"threads"})
    this = {"clips": data, "seed": seed, "bins": bins.model_dump(mode="json"), "settings": settings}
    if not path.is_file():
        write_whole(path, (json.dumps(this, indent=2) + "\n").encode())
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise RunUnreadable(path) from None
    differing = [key for key, value in this.items() if not isinstance(before, dict) or before.get(key) != value]
    if differing:
        raise OtherRun(folder, differing)
