"""The curves of a run while it learns: a page of its own, and files that TensorBoard reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import jinja2
from tensorboardX import SummaryWriter

from models.checkpoint import CARD, Card, load_card
from models.training.course import Epoch, epochs_in
from models.training.folds import Fold
from models.training.run import Job
from models.training.train import TrainEvent, finished
from pipelines.whole_file import write_whole

PAGE = "index.html"
BOARD = "tensorboard"
EVERY_S = 2.0  # the page is written anew at most so often
#: A page of a run that goes on, of one that is done, or of one that was killed or failed.
Stage: TypeAlias = Literal["training", "trained", "stopped"]
WIDTH, HEIGHT = 300.0, 120.0  # of a plot, in its own units


@dataclass
class Curve:
    """What is known of one net."""

    job: Job
    epochs: list[Epoch] = field(default_factory=list)
    ended: str = ""  # what was said when it was done

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss."""
        return min(self.epochs, key=lambda epoch: epoch.loss)


@dataclass(frozen=True)
class Plot:
    """Curves of one net as the points of two lines, and what they end in."""

    title: str
    train: str
    validation: str
    best: tuple[float, float]
    low: float
    high: float
    words: str


def watched(
    events: Iterable[TrainEvent], folder: Path, clock: Callable[[], float] = time.monotonic
) -> Iterator[TrainEvent]:
    """The same events; on their way they are drawn into the run's page and its TensorBoard files.

    Args:
        events: of a training.
        folder: of the run.
        clock: seconds, for how often the page is written.
    """
    page = _Page(folder, dict(_earlier(folder)), clock)
    whole = False
    try:
        for event in events:
            page.take(event)
            yield event
        whole = True
    finally:
        page.close("trained" if whole else "stopped")


@dataclass
class _Page:
    """The page and the TensorBoard files of a run, as far as it has come."""

    folder: Path
    curves: dict[Job, Curve]
    clock: Callable[[], float]
    writers: dict[Job, SummaryWriter] = field(default_factory=dict)
    written_s: float | None = None
    last: TrainEvent | None = None
    card: Card | None = None  # of any net that is done: what all of them rest on

    def take(self, event: TrainEvent) -> None:
        """Draw one event."""
        if event.job is not None:
            if event.job not in self.writers:
                self.writers[event.job] = SummaryWriter(str(self.folder / BOARD / event.job.place))
                self.curves.setdefault(event.job, Curve(event.job, _before(self.folder, event)))
            _note(self.curves[event.job], self.writers[event.job], event)
            if event.stage == "fold":
                self.writers.pop(event.job).close()
            if self.card is None and (self.folder / event.job.place / CARD).is_file():
                self.card = load_card(self.folder / event.job.place)
        self.last = event
        if self.written_s is None or self.clock() - self.written_s >= EVERY_S:
            self._write("training")
            self.written_s = self.clock()

    def close(self, stage: Stage) -> None:
        """Say how it ended, and let go of the files."""
        for writer in self.writers.values():
            writer.close()
        if self.curves:
            self._write(stage)

    def _write(self, stage: Stage) -> None:
        if self.last is not None:
            content = page_of(list(self.curves.values()), self.last, self.folder.name, stage, self.card)
            write_whole(self.folder / PAGE, content.encode())


def _earlier(folder: Path) -> Iterator[tuple[Job, Curve]]:
    """Nets that were trained before, with what was said of them."""
    for path in sorted(folder.glob(f"*/seed-*/fold-*/{CARD}")):
        card = load_card(path.parent)
        yield _job_of(card), Curve(_job_of(card), epochs_in(path.parent), finished(card.measures))


def _job_of(card: Card) -> Job:
    fold = Fold(card.fold, card.train_clips, card.validation_clips, card.test_clips, card.validation_by)
    return Job(card.label, card.seed, fold)


def _before(folder: Path, event: TrainEvent) -> list[Epoch]:
    """The epochs of a net before the one that is told: it was killed after them."""
    if event.job is None or event.epoch is None:
        return []
    return epochs_in(folder / event.job.place)[: event.epoch.number - 1]


def _note(curve: Curve, writer: SummaryWriter, event: TrainEvent) -> None:
    """Take one event up."""
    if event.epoch is None:
        curve.ended = event.sentence.partition(": ")[2]
        return
    curve.epochs.append(event.epoch)
    for name in ("train_loss", "loss", "uar", "learning_rate"):
        tag = {"loss": "validation/loss", "uar": "validation/uar", "train_loss": "train/loss"}.get(name, name)
        writer.add_scalar(tag, getattr(event.epoch, name), event.epoch.number)
    writer.flush()


def page_of(curves: Sequence[Curve], event: TrainEvent, name: str, stage: Stage, card: Card | None = None) -> str:
    """The page as HTML; while the run goes on it reloads itself.

    Args:
        curves: of all nets so far.
        event: the last one.
        name: of the run.
        stage: where the run is.
        card: of a net that is done, by which the page says what is simulated and mapped.
    """
    templates = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("models"), jinja2.PackageLoader("analysis")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    drawn = sorted((curve for curve in curves if curve.epochs), key=lambda curve: curve.job.name)
    return templates.get_template("run.html").render(
        name=name,
        stage=stage,
        done=event.done,
        total=event.total,
        sentence=_summary(drawn) if stage == "trained" and drawn else event.sentence,
        labels=list(dict.fromkeys(curve.job.label for curve in drawn)),
        plots=[(curve.job.label, _plot(curve)) for curve in drawn],
        curves=drawn,
        width=WIDTH,
        height=HEIGHT,
        simulated=bool(card and card.simulated),
        mapped=bool(card and card.mapped),
    )


def _summary(curves: Sequence[Curve]) -> str:
    """What a run came to, in one sentence."""
    uars = [curve.best.uar for curve in curves]
    nets = "1 net" if len(uars) == 1 else f"{len(uars)} nets"
    return f"{nets}; validation UAR {sum(uars) / len(uars):.2f} on average, {min(uars):.2f} to {max(uars):.2f}"


def _plot(curve: Curve) -> Plot:
    losses = [loss for epoch in curve.epochs for loss in (epoch.train_loss, epoch.loss)]
    low, high = min(losses), max(losses)
    spread = (high - low) or 1.0
    last = max(len(curve.epochs) - 1, 1)

    def place(number: int, loss: float) -> tuple[float, float]:
        return round(WIDTH * (number - 1) / last, 1), round(HEIGHT * (high - loss) / spread, 1)

    def line(losses: Iterable[float]) -> str:
        points = [place(number, loss) for number, loss in enumerate(losses, start=1)]
        return " ".join(f"{x},{y}" for x, y in points)

    best = curve.best
    return Plot(
        f"seed {curve.job.seed}, fold {curve.job.fold.number}",
        line(epoch.train_loss for epoch in curve.epochs),
        line(epoch.loss for epoch in curve.epochs),
        place(best.number, best.loss),
        low,
        high,
        curve.ended or f"epoch {len(curve.epochs)}",
    )
