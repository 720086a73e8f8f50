"""The study's decision-boundary attack: real sounds as moves, loss of SNR as distance, k queries (section 5.6).

First a random sound of each family at the lowest SNR; once one of them changes the label, the search stays with
its family and looks for the highest SNR at which the label is still another, with this sound or with others.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attacks.base import Attack, LabelOf, Moves, Outcome, Query, snr_db
from models.measures.recall import CLASSES
from pipelines.audio import Samples, gain_for_snr
from pipelines.joining import loop
from pipelines.sounds.base import Family, SoundBank

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # foolbox names a module that scipy has moved
    import eagerpy as ep
    from eagerpy.astensor import astensor_, astensors_
    from foolbox.attacks.base import MinimizationAttack, get_criterion, raise_if_kwargs, verify_input_bounds
    from foolbox.criteria import Misclassification
    from foolbox.distances import Distance
    from foolbox.models.base import Model
    from foolbox.types import Bounds


class BudgetSpent(RuntimeError):
    """The attacker asked once more than it may."""

    def __init__(self, queries: int) -> None:
        super().__init__(f"the budget of {queries} queries is spent; no further question is answered")


class LabelModel(Model):
    """A label function as a Foolbox model: its logits are 1 for the label and 0 for the others."""

    def __init__(self, label_of: LabelOf, full_scale: float = 1.0, classes: int = len(CLASSES)) -> None:
        self._label_of, self._full_scale, self._classes = label_of, full_scale, classes

    @property
    def bounds(self) -> Any:
        """Lowest and highest sample."""
        return Bounds(-self._full_scale, self._full_scale)

    def __call__(self, inputs: Any) -> Any:
        """Logits of shape (batch, classes) for samples of shape (batch, time)."""
        x, restore_type = astensor_(inputs)
        labels = [self._label_of(samples) for samples in x.numpy()]
        return restore_type(ep.from_numpy(x, np.eye(self._classes, dtype=np.float32)[labels]))


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
        found = [-snr_db(one, other) for one, other in zip(x.numpy(), y.numpy(), strict=True)]
        return restore_type(ep.from_numpy(x, np.array(found, dtype=np.float32)))

    def clip_perturbation(self, references: Any, perturbed: Any, epsilon: float) -> Any:
        """What was added, turned down where needed until its SNR is at least minus epsilon."""
        (x, y), restore_type = astensors_(references, perturbed)
        missing_db = [max(0.0, -epsilon - snr_db(one, other)) for one, other in zip(x.numpy(), y.numpy(), strict=True)]
        factors = np.array([10 ** (-missing / 20) for missing in missing_db], dtype=np.float32)  # (batch,)
        return restore_type(x + (y - x) * ep.from_numpy(x, factors[:, None]))


class NoiseBoundarySearch(MinimizationAttack):
    """The attack in Foolbox' own form. Every item of a batch has a budget of its own.

    Foolbox' `__call__` asks the model once more, after the search, whether each result is adversarial: that
    question steers nothing and does not count towards k.
    """

    distance = MinusSnr()

    def __init__(
        self, moves: Moves, sounds: SoundBank, *, sample_rate_hz: int, queries: int, rng: np.random.Generator
    ) -> None:
        self.moves, self.sounds, self.sample_rate_hz = moves, sounds, sample_rate_hz
        self.queries, self.rng = queries, rng
        #: The questions of the last run, for each item of its batch.
        self.traces: list[tuple[Query, ...]] = []

    def run(self, model: Any, inputs: Any, criterion: Any, *, early_stop: float | None = None, **kwargs: Any) -> Any:
        """The cleanest adversarial sound found for each item, or the item itself where none was.

        Args:
            model: labels as logits.
            inputs: samples of shape (batch, time).
            criterion: Foolbox' Misclassification, or the labels that must change, shape (batch,).
            early_stop: a distance (minus an SNR in dB) at which to stop looking.
            kwargs: none.
        """
        raise_if_kwargs(kwargs)
        x, restore_type = astensor_(inputs)
        del inputs, kwargs
        verify_input_bounds(x, model)
        criterion = get_criterion(criterion)
        if not isinstance(criterion, Misclassification):
            raise TypeError(f"this attack is untargeted; expected Misclassification, found {criterion!r}")
        labels = criterion.labels.numpy()  # (batch,)
        self.traces, found = [], []
        for item, label in zip(x.numpy(), labels, strict=True):
            walk = _Walk(self, QueryBudget(model, self.queries), item, int(label), early_stop)
            walk.go()
            self.traces.append(tuple(walk.trace))
            found.append(item if walk.best is None else walk.best)
        return restore_type(ep.from_numpy(x, np.stack(found)))


class _Walk:
    """The search for one clip."""

    def __init__(
        self, search: NoiseBoundarySearch, model: QueryBudget, original: Samples, label: int, early_stop: float | None
    ) -> None:
        self.moves, self.sounds, self.rate_hz = search.moves, search.sounds, search.sample_rate_hz
        self.rng, self.model, self.original, self.label = search.rng, model, original, label
        self.enough_db = math.inf if early_stop is None else -early_stop
        self.trace: list[Query] = []
        self.best: Samples | None = None
        self.best_snr_db = self.best_level_db = -math.inf

    def go(self) -> None:
        """Walk until the budget is spent, the result is good enough, or no move is left."""
        pools = {family: self._pool(family) for family in self.moves.families}
        try:
            while any(pools.values()):
                for family in self.moves.families:
                    if pools[family] and self._try(family, pools[family].pop()):
                        # Once a family works, its other sounds come before those of other families.
                        while pools[family]:
                            self._try(family, pools[family].pop())
        except (BudgetSpent, _GoodEnough):
            return

    def _pool(self, family: Family) -> list[str]:
        names = [sound.sound_id for sound in self.sounds.sounds(family)]
        return [str(name) for name in self.rng.permutation(names)[: self.moves.sounds_per_family]]

    def _try(self, family: Family, sound_id: str) -> bool:
        """A sound at the lowest level that would be better than what was found; if it works, at higher ones."""
        levels = [level for level in self.moves.levels_db[family] if level > self.best_level_db]
        sound = self.sounds.samples(sound_id, self.rate_hz)
        start = int(self.rng.integers(len(sound))) if len(sound) else 0
        try:
            noise = loop(sound, self.rate_hz, len(self.original), start=start)
            noise = noise * np.float32(gain_for_snr(self.original, noise, 0.0))  # now at 0 dB
        except ValueError:
            return False  # this piece is silent: not worth a query

        def ask(level_db: float) -> bool:
            return self._ask(noise, Query(0, family, sound_id, start / self.rate_hz, level_db, 0.0, -1, changed=False))

        if not levels or not ask(levels[0]):
            return False
        low, high = 1, len(levels)  # everything below `low` worked, nothing from `high` on will
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ask(levels[middle]) else (low, middle)
        return True

    def _ask(self, noise: Samples, plan: Query) -> bool:
        """Put one question; note the answer, and keep the samples if they are the cleanest that changed the label."""
        lowest, highest = self.model.bounds
        mixed = self.original + noise * np.float32(10 ** (-plan.level_db / 20))
        sent: NDArray[np.float32] = np.clip(mixed, lowest, highest).astype(np.float32)
        label = int(np.argmax(self.model(sent[None])[0]))
        found_db = snr_db(self.original, sent)
        changed = label != self.label
        number = len(self.trace) + 1
        self.trace.append(
            Query(number, plan.family, plan.sound_id, plan.start_s, plan.level_db, found_db, label, changed)
        )
        if changed:
            self.best_level_db = max(self.best_level_db, plan.level_db)
            if found_db > self.best_snr_db:
                self.best, self.best_snr_db = sent, found_db
            if self.best_snr_db >= self.enough_db:
                raise _GoodEnough
        return changed


class _GoodEnough(Exception):  # nothing is wrong
    """The distance at which to stop looking is reached."""


class NoiseBoundary(Attack):
    """The search, run by Foolbox on one clip at a time, so that queries are counted exactly."""

    def attack(
        self,
        label_of: LabelOf,
        samples: Samples,
        label: int,
        moves: Moves,
        sounds: SoundBank,
        *,
        sample_rate_hz: int,
        queries: int,
        rng: np.random.Generator,
    ) -> Outcome:
        """Look for the least noise under which the label of a clip changes, with `queries` questions at most.

        The recogniser is asked once more at the end, by Foolbox, to verify the result.
        """
        search = NoiseBoundarySearch(moves, sounds, sample_rate_hz=sample_rate_hz, queries=queries, rng=rng)
        # A resampled clip may exceed 1 by a hair; what is sent never goes beyond the clip's own range.
        model = LabelModel(label_of, max(1.0, float(np.abs(samples).max())), classes=max(len(CLASSES), label + 1))
        # epsilons=None: nothing is turned down afterwards, so the result is a sound that was really asked about.
        found, _, changed = search(model, samples[None], Misclassification(np.array([label])), epsilons=None)
        return Outcome(search.traces[0], found[0] if changed[0] else None)
