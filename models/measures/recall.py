"""How well labels are told: unweighted average recall, and its spread over folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLASSES = ("low", "mid", "high")  # of activation or valence
CHANCE = 1 / len(CLASSES)


def confusion(truth: ArrayLike, said: ArrayLike, classes: int = len(CLASSES)) -> NDArray[np.int64]:
    """How often each class (row) was called each class (column); shape (classes, classes).

    >>> confusion([0, 0, 2], [0, 1, 2])
    array([[1, 1, 0],
           [0, 0, 0],
           [0, 0, 1]])
    """
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (np.asarray(truth, dtype=int), np.asarray(said, dtype=int)), 1)
    return counts


def uar(truth: ArrayLike, said: ArrayLike, classes: int = len(CLASSES)) -> float:
    """Unweighted average recall over the classes that occur in `truth`; nan where there is none at all.

    >>> uar([0, 0, 0, 1], [0, 0, 1, 1])  # recalls 2/3 and 1; class 2 does not occur
    0.833...
    """
    counts = confusion(truth, said, classes)
    heard = counts.sum(axis=1)
    if not heard.any():
        return float("nan")
    return float((counts.diagonal()[heard > 0] / heard[heard > 0]).mean())


def class_weights(labels: ArrayLike, classes: int = len(CLASSES)) -> NDArray[np.float32]:
    """N / (C * N_c) for each class, 0 for a class that never occurs; shape (classes,).

    >>> class_weights([0, 0, 1, 2])
    array([0.6666667, 1.3333334, 1.3333334], dtype=float32)
    """
    counts = np.bincount(np.asarray(labels, dtype=int), minlength=classes)
    shares = counts.sum() / (classes * np.maximum(counts, 1))
    return np.where(counts > 0, shares, 0).astype(np.float32)


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1; 0 for a single value) of the values that are numbers.

    >>> mean_and_spread([0.5, 0.7, float("nan")])
    (0.6, 0.14142...)
    """
    numbers = np.array([value for value in values if np.isfinite(value)])
    if not len(numbers):
        return float("nan"), float("nan")
    return float(numbers.mean()), float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
