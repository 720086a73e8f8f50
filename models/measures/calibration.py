"""Calibration: whether nets are right as often as their probabilities say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15  # Guo et al. 2017


@dataclass(frozen=True)
class Bin:
    """Clips of which a net was about as sure."""

    lower: float  # confidence
    upper: float
    clips: int
    confidence: float  # mean; of an empty bin, its middle
    accuracy: float | None  # None where there is no clip


def reliability(probabilities: NDArray[np.floating], truth: NDArray[np.integer], bins: int = BINS) -> tuple[Bin, ...]:
    """Accuracy by confidence, the probability of what was said, in bins of equal width over 0 to 1.

    Args:
        probabilities: shape (clips, classes), each row sums to 1.
        truth: the true class of each clip; shape (clips,).
        bins: how many.
    """
    sure, right = _sure_and_right(probabilities, truth)
    edges = np.linspace(0, 1, bins + 1)
    return _bins(sure, right, np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1), edges)


def expected_calibration_error(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], bins: int = BINS, *, adaptive: bool = False
) -> float:
    """ECE: the mean over clips of |accuracy - confidence| of their bin (Naeini et al. 2015; Guo et al. 2017).

    ECE = sum over bins of n_b / n * |accuracy_b - confidence_b|, of what was said and its probability. Bins have equal
    widths, or, adaptive, as many clips each (Nguyen and O'Connor 2015). nan where there is no clip; it grows with few
    clips, even for a net that is perfectly calibrated.
    """
    sure, right = _sure_and_right(probabilities, truth)
    if not len(sure):
        return float("nan")
    if adaptive:
        order = np.argsort(sure, kind="stable")
        parts = [part for part in np.array_split(order, bins) if len(part)]
    else:
        place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
        parts = [np.flatnonzero(place == number) for number in np.unique(place)]
    return float(sum(abs(right[part].sum() - sure[part].sum()) for part in parts) / len(sure))


def brier(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Mean over clips of the sum over classes of (p - 1 if true else 0) squared (Brier 1950); 0 to 2; nan of none."""
    if not len(truth):
        return float("nan")
    told = np.asarray(probabilities, dtype=float)
    hit = np.eye(told.shape[1])[np.asarray(truth)]
    return float(((told - hit) ** 2).sum(axis=1).mean())


def _sure_and_right(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    told = np.asarray(probabilities, dtype=float)
    return told.max(axis=1, initial=0), (told.argmax(axis=1) == np.asarray(truth)).astype(float)


def _bins(
    sure: NDArray[np.float64], right: NDArray[np.float64], place: NDArray[np.int64], edges: NDArray[np.float64]
) -> tuple[Bin, ...]:
    count = len(edges) - 1
    clips = np.bincount(place, minlength=count)
    confidence = np.bincount(place, sure, minlength=count)
    hits = np.bincount(place, right, minlength=count)
    return tuple(
        Bin(
            float(edges[n]),
            float(edges[n + 1]),
            int(clips[n]),
            float(confidence[n] / clips[n]) if clips[n] else float(edges[n : n + 2].mean()),
            float(hits[n] / clips[n]) if clips[n] else None,
        )
        for n in range(count)
    )
