"""Vector Taylor series: speech under noise in the log-mel domain, to first order (Moreno, Raj and Stern 1996).

Where speech x and noise n add up in energy, log energies obey y = x + g(n - x) with g(d) = log(1 + exp(d)). Around
the mean of each component of the speech's mixture that is nearly a line, so that noisy speech is a mixture of Gaussians
too. Bands are taken one by one (diagonal covariances), and there is no channel (h = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

Array: TypeAlias = NDArray[np.float64]

SMALLEST_VARIANCE = 1e-2  # of log energies: a tenth of a neper, so that digital silence is no infinite certainty


@dataclass(frozen=True)
class Mixture:
    """Clean speech as a mixture of Gaussians with diagonal covariances; of log energies."""

    weights: Array  # (components,)
    means: Array  # (components, bands)
    variances: Array  # (components, bands)


@dataclass(frozen=True)
class Noise:
    """Noise as one Gaussian of log energies; shapes (bands,)."""

    mean: Array
    variance: Array


@dataclass(frozen=True)
class NoisySpeech:
    """What each component of clean speech becomes under a noise; shapes (components, bands)."""

    speech: Mixture
    noise: Noise
    shift: Array  # by which the noise raises the component's mean: g(n - mu)
    slope: Array  # of the noisy log energy over the clean one, in (0, 1)
    means: Array
    variances: Array


def under(speech: Mixture, noise: Noise) -> NoisySpeech:
    """Each component to first order around its own mean."""
    shift = np.logaddexp(0, noise.mean - speech.means)
    slope = expit(speech.means - noise.mean)
    variances = slope**2 * speech.variances + (1 - slope) ** 2 * noise.variance
    return NoisySpeech(speech, noise, shift, slope, speech.means + shift, np.maximum(variances, SMALLEST_VARIANCE))


def responsibilities(frames: Array, noisy: NoisySpeech) -> tuple[Array, float]:
    """How likely each component made each frame, shape (frames, components); and the mean log likelihood."""
    precision = 1 / noisy.variances
    # The square is multiplied out, so that the work is two matrix products.
    square = (
        frames**2 @ precision.T - 2 * frames @ (noisy.means * precision).T + (noisy.means**2 * precision).sum(axis=1)
    )
    constant = np.log(noisy.speech.weights) - 0.5 * np.log(2 * np.pi * noisy.variances).sum(axis=1)
    joint = constant - 0.5 * square  # (frames, components)
    evidence = logsumexp(joint, axis=1, keepdims=True)
    return np.exp(joint - evidence), float(evidence.mean())


def without_shift(frames: Array, noisy: NoisySpeech) -> Array:
    """Frames less the shift that is expected of each: y - sum_k p(k|y) g(n - mu_k); shape (frames, bands)."""
    likely, _ = responsibilities(frames, noisy)
    return frames - likely @ noisy.shift


def expected_speech(frames: Array, noisy: NoisySpeech) -> Array:
    """The speech that is expected within each component as well: sum_k p(k|y) E[x|y, k]; shape (frames, bands)."""
    likely, _ = responsibilities(frames, noisy)
    gain = noisy.slope * noisy.speech.variances / noisy.variances
    return frames * (likely @ gain) + likely @ (noisy.speech.means - gain * noisy.means)


def edge_noise(frames: Array, edge_frames: int) -> Noise:
    """Noise as the first and the last frames of a clip have it.

    In clips shorter than four times that, a quarter of the frames at either end counts, and one at least.

    Args:
        frames: shape (frames, bands), one frame or more.
        edge_frames: how many at either end.
    """
    count = max(1, min(edge_frames, len(frames) // 4))
    edges = np.concatenate([frames[:count], frames[-count:]])
    return Noise(edges.mean(axis=0), np.maximum(edges.var(axis=0), SMALLEST_VARIANCE))


def reestimated(frames: Array, speech: Mixture, noise: Noise) -> Noise:
    """The noise after one step of EM, with the noise of each frame as what is hidden."""
    noisy = under(speech, noise)
    likely, _ = responsibilities(frames, noisy)
    gain = (1 - noisy.slope) * noise.variance / noisy.variances  # (components, bands)
    offset = noise.mean - gain * noisy.means
    left = noise.variance - gain * (1 - noisy.slope) * noise.variance  # of the variance, once the frame is known
    first = frames * (likely @ gain) + likely @ offset
    second = frames**2 * (likely @ gain**2) + 2 * frames * (likely @ (gain * offset)) + likely @ (offset**2 + left)
    mean = first.mean(axis=0)
    return Noise(mean, np.maximum(second.mean(axis=0) - mean**2, SMALLEST_VARIANCE))
