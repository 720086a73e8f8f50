"""The course of one net's training: epoch by epoch, stopped early, and taken up again after a kill."""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.checkpoint import make_net, restore, weights_of
from models.experiment import Training
from models.hearing.batches import Version, batches
from models.hearing.heard import CLEAN
from models.hearing.material import Material
from models.measures.recall import class_weights, uar
from models.nets.base import Net
from models.training.ask import logits_of
from models.training.optimising import advance, arithmetic, make_optimiser, make_scaler, make_schedule
from models.training.run import Job, Run
from pipelines.whole_file import write_whole

STATE = "state.pt"  # of a net that is still learning
EPOCHS = "epochs.jsonl"
DIGEST_BYTES = 32  # of SHA-256, in front of the state


class LossNotFinite(ArithmeticError):
    """Training broke down: its loss is no number any more."""

    def __init__(self, name: str, epoch: int, loss: float, learning_rate: float) -> None:
        super().__init__(
            f"the loss of {name} became {loss} in epoch {epoch}; try a learning rate below {learning_rate:g}, a "
            "clip_norm of 1, and look for clips with broken sound"
        )
        self.arguments = (name, epoch, loss, learning_rate)

    def __reduce__(self) -> tuple[type[LossNotFinite], tuple[Any, ...]]:
        return type(self), self.arguments  # so that it survives the way back from a worker process


class NothingHeard(ValueError):
    """No clip of a part of a fold can be heard with the features that a net reads."""

    def __init__(self, name: str, part: str, reasons: Sequence[str]) -> None:
        super().__init__(
            f"{name} has no clip for {part}: none of its {len(reasons)} can be heard, the first since: "
            f"{reasons[0]}; add clips, leave these speakers out, or take another feature"
        )
        self.arguments = (name, part, reasons)

    def __reduce__(self) -> tuple[type[NothingHeard], tuple[Any, ...]]:
        return type(self), self.arguments  # so that it survives the way back from a worker process


@dataclass(frozen=True)
class Epoch:
    """One pass over the training clips, and what validation says of it."""

    number: int
    train_loss: float
    loss: float
    uar: float
    learning_rate: float


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


@dataclass
class Course:
    """A net and everything that its next epoch depends on."""

    run: Run
    job: Job
    material: Material
    device: str
    best: Best = field(default_factory=Best)
    epochs: list[Epoch] = field(default_factory=list)

    def __post_init__(self) -> None:
        run, training = self.run, self.training
        self.labels = run.labellings[self.job.label].by_clip
        self.net = fresh_net(run, self.job, self.material).to(self.device)
        self.optimiser = make_optimiser(self.net, training)
        self.schedule = make_schedule(self.optimiser, training)
        self.scaler = make_scaler(training, self.device)
        fold = self.job.fold
        classes = len(run.labellings[self.job.label].classes)
        heard = self._heard("training", fold.train)
        self._heard("validation", fold.validation)
        weights = torch.from_numpy(class_weights([self.labels[clip_id] for clip_id in heard], classes))
        self.weights = (weights if training.weight_classes else torch.ones_like(weights)).to(self.device)
        self.validation = run.versions(self.job, fold.validation, self.material)

    def _heard(self, part: str, clip_ids: Sequence[str]) -> list[str]:
        """Those of the clips of a part that every feature can be made of.

        Raises:
            NothingHeard: there is none.
        """
        found = [clip_id for clip_id in clip_ids if self.material.carries(clip_id, CLEAN)]
        if not found:
            refused = self.material.refused(CLEAN)
            raise NothingHeard(self.job.name, part, [refused[clip_id] for clip_id in clip_ids])
        return found

    @property
    def training(self) -> Training:
        """How the net learns."""
        return self.run.experiment.training

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return len(self.epochs) - self.best.number

    @property
    def over(self) -> bool:
        """Whether there is nothing more to learn."""
        return len(self.epochs) >= self.training.epochs_max or self.waited >= self.training.patience

    def go_on(self, place: Path) -> Iterator[Epoch]:
        """Train until it is over, beginning where an earlier call was killed; each epoch is kept before it is told.

        Args:
            place: the net's folder.

        Raises:
            LossNotFinite: a loss became nan or infinite.
            DiskFull: there is no room for the state.
        """
        self._take_up(place)
        while not self.over:
            epoch = self._epoch(len(self.epochs) + 1)
            for value in (epoch.train_loss, epoch.loss):
                if not math.isfinite(value):
                    raise LossNotFinite(self.job.name, epoch.number, value, self.training.learning_rate)
            self.best.beaten_by(epoch, self.net)
            self.epochs.append(epoch)
            self._keep(place)
            yield epoch

    def _epoch(self, number: int) -> Epoch:
        rate = float(self.optimiser.param_groups[0]["lr"])
        train_loss = self._learn(number)
        loss, found_uar = self.ask(self.validation)
        advance(self.schedule, loss)
        return Epoch(number, train_loss, loss, found_uar, rate)

    def _learn(self, number: int) -> float:
        """Learn from every training clip once; the mean loss."""
        rng = self.run.rng(self.job, "epoch", number)
        versions = self.run.versions(self.job, self.job.fold.train, self.material, rng)
        losses: list[Tensor] = []
        sizes: list[int] = []
        self.net.train()
        with torch.random.fork_rng([self.device] if self.device != "cpu" else []):
            torch.manual_seed(int(rng.integers(2**31)))  # dropout draws from torch's own generator
            for batch in batches(
                versions,
                self.material,
                self.training.batch,
                rng=rng,
                device=self.device,
                clean=self.net.wants_clean,
            ):
                labels = self._labels(batch.versions)
                with arithmetic(self.training, self.device):
                    loss = self.net.loss(batch.inputs, labels, self.weights, batch.clean)
                self._step(loss)
                losses.append(loss.detach())
                sizes.append(len(labels))
        # Asked for once an epoch: to ask a GPU after each batch would keep it waiting.
        told = torch.stack(losses).float().cpu()
        return float((told * torch.tensor(sizes)).sum() / sum(sizes))

    def _step(self, loss: Tensor) -> None:
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.training.clip_norm:
            self.scaler.unscale_(self.optimiser)
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.training.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()

    def ask(self, versions: Sequence[Version]) -> tuple[float, float]:
        """Weighted loss and UAR on versions that the net does not learn from."""
        said = logits_of(self.net, versions, self.material, self.device)  # (versions, classes)
        truth = self._labels(versions)
        # A class that training never met has weight 0: with nothing else to validate on, every class counts the same.
        usable = self.weights if float(self.weights[truth].sum()) > 0 else None
        loss = torch.nn.functional.cross_entropy(said, truth, usable).item()
        return loss, uar(truth.cpu().numpy(), said.argmax(dim=1).cpu().numpy(), len(self.weights))

    def _labels(self, versions: Sequence[Version]) -> Tensor:
        return torch.tensor([self.labels[version.clip_id] for version in versions], device=self.device)

    def _keep(self, place: Path) -> None:
        """Write down all that the next epoch depends on; chance follows from the seed and the epoch's number."""
        content = io.BytesIO()
        torch.save(
            {
                "net": self.net.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "scaler": self.scaler.state_dict(),
                "best": asdict(self.best),
                "epochs": [asdict(epoch) for epoch in self.epochs],
            },
            content,
        )
        write_whole(place / STATE, hashlib.sha256(content.getvalue()).digest() + content.getvalue())
        write_whole(place / EPOCHS, "".join(map(_line, self.epochs)).encode())

    def _take_up(self, place: Path) -> None:
        """Go back to where a killed run was; a state that can't be read is as good as none.

        Raises:
            RuntimeError: the device has no room, or failed, which says nothing of the state.
        """
        try:
            kept = _state_in(place, self.device)
            self.net.load_state_dict(kept["net"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.schedule.load_state_dict(kept["schedule"])
            self.scaler.load_state_dict(kept["scaler"])
            self.best = Best(**kept["best"])
            self.epochs = [Epoch(**epoch) for epoch in kept["epochs"]]
        except (torch.OutOfMemoryError, torch.AcceleratorError):
            raise
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError):
            fresh = Course(self.run, self.job, self.material, self.device)
            self.__dict__.update(fresh.__dict__)
        write_whole(place / EPOCHS, "".join(map(_line, self.epochs)).encode())


def _state_in(place: Path, device: str) -> dict[str, Any]:
    """The state that was kept.

    Raises:
        OSError, ValueError: there is none, or it is damaged, which torch alone would not always see.
    """
    told = (place / STATE).read_bytes()
    digest, content = told[:DIGEST_BYTES], told[DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError(STATE)
    kept: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location=device)
    return kept


def _line(epoch: Epoch) -> str:
    return json.dumps(asdict(epoch)) + "\n"


def epochs_in(place: Path) -> list[Epoch]:
    """The epochs that a net has behind it, finished or not; none where what was noted can't be read."""
    try:
        lines = (place / EPOCHS).read_text(encoding="utf-8").splitlines()
        return [Epoch(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError):
        return []


def fresh_net(run: Run, job: Job, material: Material) -> Net:
    """The net of a job before it has learnt anything."""
    seed = int(run.rng(job, "weights").integers(2**31))
    classes = len(run.labellings[job.label].classes)
    return make_net(run.experiment, material.frame_shapes, classes, seed)


def best_net(course: Course) -> Net:
    """The net of the best epoch, ready to be asked."""
    net = fresh_net(course.run, course.job, course.material)
    restore(net, course.best.weights)
    return net.to(course.device)
