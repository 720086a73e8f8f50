"""The decision-boundary attack in Foolbox' own form, so that anyone's Foolbox code can call it on any Foolbox model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.attacks.base import (
    Answer,
    BudgetSpent,
    BudgetWrong,
    Knowledge,
    Move,
    Outcome,
    Probe,
    Query,
    Scene,
    Search,
    snr_db,
)
from models.attacks.noise_boundary.noise_boundary import NoiseBoundary
from models.foolbox_model import (
    Distance,
    MinimizationAttack,
    Misclassification,
    Model,
    astensor_,
    astensors_,
    ep,
    get_criterion,
    raise_if_kwargs,
    verify_input_bounds,
)
from models.seeding import rng_for
from pipelines.audio import Samples, Speech
from pipelines.sounds.base import SoundBank


class NotAdditive(ValueError):
    """A move has no SNR, so Foolbox could not say how far it is from the clip."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(names)} can't be tried through Foolbox, whose distance here is the loss of SNR; expected "
            "noises that are added at a level, as nat-co"
        )


class NotUntargeted(TypeError):
    """Foolbox was asked for a certain label."""

    def __init__(self, criterion: object) -> None:
        super().__init__(f"this attack is untargeted; expected Misclassification or labels, found {criterion!r}")


class NotOneChannel(ValueError):
    """The inputs are no clips of one channel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(f"the inputs have shape {shape}; expected samples, as (batch, time) or (batch, 1, time)")


class QueryBudget(Model):
    """A model that answers k queries, counted one by one, and refuses the next."""

    def __init__(self, model: Any, queries: int) -> None:
        self._model, self.queries, self.used = model, queries, 0

    @property
    def bounds(self) -> Any:
        """Those of the model."""
        return self._model.bounds

    def __call__(self, inputs: Any) -> Any:
        """The model's answer.

        Raises:
            BudgetSpent: these inputs are more than what is left; none of them is answered.
        """
        if self.used + len(inputs) > self.queries:
            raise BudgetSpent(self.queries)
        self.used += len(inputs)
        return self._model(inputs)


class MinusSnr(Distance):
    """Loss of SNR: minus the SNR in dB, so that less noise is nearer. An epsilon of -10 reads "at least 10 dB"."""

    def __call__(self, references: Any, perturbed: Any) -> Any:
        """Minus the SNR of each item; inputs of shape (batch, time), result (batch,); -inf where nothing changed."""
        (x, y), restore_type = astensors_(references, perturbed)
        return restore_type(ep.from_numpy(x, -_snrs_db(x, y)))

    def clip_perturbation(self, references: Any, perturbed: Any, epsilon: float) -> Any:
        """What was added, turned down where needed until its SNR is at least minus epsilon."""
        (x, y), restore_type = astensors_(references, perturbed)
        missing_db = np.maximum(0, -epsilon - _snrs_db(x, y))
        factors = (10 ** (-missing_db / 20)).reshape(-1, *[1] * (x.ndim - 1))  # (batch, 1)
        return restore_type(x + (y - x) * ep.from_numpy(x, factors.astype(np.float32)))


def _snrs_db(x: Any, y: Any) -> Any:
    found = [snr_db(one.ravel(), other.ravel()) for one, other in zip(x.numpy(), y.numpy(), strict=True)]
    return np.array(found, dtype=np.float32)  # (batch,)


class NoiseBoundarySearch(MinimizationAttack):
    """The study's attack as a Foolbox attack. Every item of a batch has a budget, and chance, of its own.

    Foolbox' `__call__` asks the model once more, after the search, whether each result is adversarial: that
    question steers nothing and does not count towards k. With `epsilons=None` the result was itself asked about
    within k; with epsilons Foolbox turns the noise down afterwards to a level that nobody has asked about.

    Args:
        moves: what may be tried, all of them additive.
        sounds: what the attacker has at hand.
        sample_rate_hz: of the inputs.
        queries: most questions about an item (k).
        seed: for everything left to chance.
        knowledge: what the attacker knows beforehand; None if nothing.
        sounds_per_category: how many sounds of a category it has at hand, at most.
        goal_db: the search takes a noise for a success only above this SNR.
        search: what is run; the study's attack unless another is given.

    Raises:
        NotAdditive: a move has no SNR.
        BudgetWrong: there is no budget.
    """

    distance = MinusSnr()

    def __init__(
        self,
        moves: Sequence[Move],
        sounds: SoundBank,
        *,
        sample_rate_hz: int,
        queries: int,
        seed: int,
        knowledge: Knowledge | None = None,
        sounds_per_category: int = 10,
        goal_db: float = 10.0,
        search: Search | None = None,
    ) -> None:
        if queries < 1:
            raise BudgetWrong(queries)
        if singles := [move.name for move in moves if not move.additive]:
            raise NotAdditive(singles)
        self.moves, self.sounds, self.sample_rate_hz = tuple(moves), sounds, sample_rate_hz
        self.queries, self.seed, self.goal_db = queries, seed, goal_db
        self.knowledge, self.sounds_per_category = knowledge, sounds_per_category
        self.search = search or NoiseBoundary()
        #: The questions of the last run, for each item of its batch.
        self.traces: list[tuple[Query, ...]] = []

    def run(self, model: Any, inputs: Any, criterion: Any, *, early_stop: float | None = None, **kwargs: Any) -> Any:
        """The cleanest adversarial sound found for each item, or the item itself where none was.

        Args:
            model: of Foolbox' kind; it gives logits.
            inputs: samples of shape (batch, time) or (batch, 1, time).
            criterion: Foolbox' Misclassification, or the labels that must change, shape (batch,).
            early_stop: a distance (minus an SNR in dB) at which to stop looking.
            kwargs: none.

        Raises:
            NotUntargeted: the criterion is another.
            NotOneChannel: the inputs are no samples.
        """
        raise_if_kwargs(kwargs)
        x, restore_type = astensor_(inputs)
        del inputs, kwargs
        verify_input_bounds(x, model)
        criterion = get_criterion(criterion)
        if not isinstance(criterion, Misclassification):
            raise NotUntargeted(criterion)
        if x.ndim < 2 or x[0].numpy().size != x.shape[-1]:
            raise NotOneChannel(x.shape)
        self.traces, found = [], []
        for number, label in enumerate(criterion.labels.numpy()):  # (batch,)
            asking = _Asking(QueryBudget(model, self.queries), x[number : number + 1], int(label), early_stop)
            outcome = asking.go(self.search, self._scene(asking.original, int(label), number))
            self.traces.append(outcome.trace)
            found.append(asking.original if outcome.samples is None else outcome.samples)
        return restore_type(ep.from_numpy(x, np.stack(found).reshape(x.shape)))

    def _scene(self, samples: Samples, label: int, number: int) -> Scene:
        seed = int(rng_for(self.seed, "item", str(number)).integers(2**63))
        return Scene(
            Speech(samples, self.sample_rate_hz), label, self.moves, self.sounds, seed, self.goal_db, self.knowledge,
            self.sounds_per_category,
        )  # fmt: skip


class _Asking:
    """The questions about one item."""

    def __init__(self, model: QueryBudget, item: Any, label: int, early_stop: float | None) -> None:
        self.original: Samples = item.numpy().reshape(-1)
        self._model, self._item, self._label, self._early_stop = model, item, label, early_stop
        self._trace: list[Query] = []
        self._best: tuple[float, Samples | None] = (-np.inf, None)  # SNR in dB

    def go(self, search: Search, scene: Scene) -> Outcome:
        """Search until the budget is spent, the result is good enough, or nothing is left to try."""
        with contextlib.suppress(BudgetSpent, _GoodEnough):
            search.run(self._ask, scene)
        return Outcome(tuple(self._trace), self._best[1])

    def _ask(self, probe: Probe) -> Answer:
        lowest, highest = self._model.bounds
        sent = np.clip(probe.samples, lowest, highest, dtype=np.float32)
        logits = self._model(ep.from_numpy(self._item, sent.reshape(self._item.shape)))
        label = int(logits.argmax(axis=-1).item())
        found_db = snr_db(self.original, sent)
        answer = Answer(label, label != self._label)
        self._trace.append(
            Query(
                self._model.used, probe.move, probe.category, probe.sound_id, probe.level_db, found_db, label,
                answer.changed, probe.params,
            )
        )  # fmt: skip
        if answer.changed and found_db > self._best[0]:
            self._best = (found_db, sent)
            if self._early_stop is not None and -found_db <= self._early_stop:
                raise _GoodEnough
        return answer


class _GoodEnough(Exception):  # nothing is wrong
    """The distance at which to stop looking is reached."""
