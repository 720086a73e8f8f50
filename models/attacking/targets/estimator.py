"""A scikit-learn estimator, or whatever predicts as those do, as a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.attacking.asking import AnswerWrong
from models.features.base import Feature
from pipelines.audio import Samples

#: From samples of shape (time,) and their rate in Hz to a vector.
Vector: TypeAlias = Callable[[Samples, int], NDArray[np.floating[Any]]]


class Predicts(Protocol):
    """What a classifier or a pipeline of scikit-learn offers once it is fitted."""

    @property
    def classes_(self) -> Sequence[Any]:
        """Everything that it may say, in an order of its own."""

    def predict(self, features: Any) -> Any:
        """One of the classes for each row, or each sound."""


class NotFitted(ValueError):
    """An estimator does not say which classes it knows."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} has no classes_; expected a classifier that is fitted: call fit first")


class NoVector(ValueError):
    """What is to be an estimator's row is none."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(
            f"the features of a sound have the shape {shape}; expected (features,), as the functionals of egemaps are"
        )


class RateWrong(ValueError):
    """An estimator and what it sees of a sound listen at two rates."""

    def __init__(self, found_hz: int, expected_hz: int) -> None:
        super().__init__(f"the estimator listens at {found_hz} Hz; expected the feature's {expected_hz} Hz")


class Estimator:
    """An estimator with `predict` and `classes_`; a label is the place among its classes.

    Args:
        estimator: that is fitted.
        sample_rate_hz: at which it listens.
        vector: what it sees of a sound, as `functionals_of(feature)`; None gives it the sounds as they are, as a list
            of arrays of shape (time,), for a pipeline that begins with sound.
        batch: most sounds that it is given at once.

    Raises:
        NotFitted: it has no classes.
    """

    def __init__(
        self, estimator: Predicts, sample_rate_hz: int, vector: Vector | None = None, *, batch: int = 64
    ) -> None:
        self.sample_rate_hz, self.batch = sample_rate_hz, batch
        self._estimator, self._vector = estimator, vector
        self._kind = type(estimator).__name__
        try:
            self.classes = tuple(np.asarray(estimator.classes_).tolist())
        except AttributeError:
            raise NotFitted(self._kind) from None

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:  # noqa: ARG002 - all are strangers
        """The place of each sound's class among `classes`.

        Raises:
            AnswerWrong: it said what is none of its classes.
            NoVector: what it is to see of a sound is no vector.
        """
        vector = self._vector
        rows: Any = list(sounds) if vector is None else np.stack([self._row(vector, samples) for samples in sounds])
        said = np.asarray(self._estimator.predict(rows))
        expected = f"one of {', '.join(map(str, self.classes))} for each of {len(sounds)} sounds"
        if said.shape != (len(sounds),):
            raise AnswerWrong(f"with the shape {said.shape}", expected, self._kind)
        for one in said.tolist():
            if one not in self.classes:
                raise AnswerWrong(one, expected, self._kind)
        return [self.classes.index(one) for one in said.tolist()]

    def _row(self, vector: Vector, samples: Samples) -> NDArray[np.floating[Any]]:
        row = np.asarray(vector(samples, self.sample_rate_hz))
        if row.ndim != 1:
            raise NoVector(row.shape)
        return row


def functionals_of(feature: Feature) -> Vector:
    """What a feature that has one frame for a whole clip says of it, as egemaps does; at the feature's own rate.

    Raises, when it is called:
        NoVector: the feature has more than one frame.
        ClipUnfit: the sound is too short for it.
    """

    def vector(samples: Samples, sample_rate_hz: int) -> NDArray[np.float32]:
        if sample_rate_hz != feature.sample_rate_hz:
            raise RateWrong(sample_rate_hz, feature.sample_rate_hz)
        frames = feature.of([samples])[0]  # (1, features)
        if len(frames) != 1:
            raise NoVector(frames.shape)
        row: NDArray[np.float32] = frames[0]
        return row

    return vector
