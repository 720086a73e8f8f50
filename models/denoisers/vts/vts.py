"""Vector Taylor series: what speech is expected under the noise of a clip (Moreno et al. 1996; paper section 5.4)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.denoisers.base import FrameDenoiser, FramesWrong, checked_frames
from models.denoisers.vts.gaussians import (
    SMALLEST_VARIANCE,
    Array,
    Mixture,
    edge_noise,
    expected_speech,
    reestimated,
    under,
    without_shift,
)

NAMES = ("weights", "means", "variances")


class NothingLearnt(RuntimeError):
    """It was not told yet what clean speech is like."""

    def __init__(self) -> None:
        super().__init__("vts knows no clean speech yet; call fit with clean filterbanks, or restore with its arrays")


class TooFewFrames(ValueError):
    """There is less clean speech than the mixture has components."""

    def __init__(self, frames: int, components: int) -> None:
        super().__init__(
            f"{frames} frames of clean speech can't be told apart into {components} components; expected at least as "
            "many frames as components: give more clips, or fewer `components`"
        )


class ArraysWrong(ValueError):
    """Arrays are not those of a mixture."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the arrays of vts are {found}; expected weights (components,), means and variances (components, bands)"
        )


class VtsSettings(BaseModel):
    """Settings of VTS; the paper gives none. What was tried for the defaults stands in docs/denoising.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    components: int = Field(default=32, ge=1, le=1024, description="Gaussians that clean speech is made of")
    noise: Literal["edges", "em"] = Field(
        default="em", description="noise as the clip's first and last frames have it, or re-estimated from there by EM"
    )
    edge_frames: int = Field(
        default=20, ge=1, le=1000, description="frames at either end that count as noise; a quarter of a shorter clip"
    )
    steps: int = Field(default=5, ge=1, le=100, description="steps of EM, where the noise is re-estimated")
    estimate: Literal["expected", "shift"] = Field(
        default="expected",
        description="expected speech given frame and component, or the frame less the shift that noise is expected to "
        "make",
    )
    most_frames: int = Field(
        default=50_000, ge=100, description="frames of clean speech that are learnt from; drawn from more"
    )


class Vts(FrameDenoiser):
    """A mixture of Gaussians on clean log mel filterbanks, moved to the noise of each clip by a first-order series."""

    Settings = VtsSettings

    def __init__(self, settings: BaseModel) -> None:
        super().__init__(settings)
        if not isinstance(settings, VtsSettings):
            raise TypeError(f"VTS takes VtsSettings, found {type(settings).__name__}")
        self.settings: VtsSettings = settings
        self._speech: Mixture | None = None

    def fit(self, clean: Sequence[NDArray[np.float32]], seed: int) -> None:
        """Learn from clean clips, each of shape (frames, bands), natural logarithms of energies.

        Raises:
            FramesWrong: clips are not finite, or differ in their bands.
            TooFewFrames: they hold fewer frames than there are components.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        frames = self._drawn(clean, np.random.default_rng(seed))
        mixture = GaussianMixture(
            self.settings.components,
            covariance_type="diag",
            reg_covar=SMALLEST_VARIANCE,
            max_iter=60,
            init_params="k-means++",
            random_state=seed,
        )
        with warnings.catch_warnings():
            # The steps are bounded on purpose: what follows them changes nothing that was measured.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(frames)
        # Through the precision in which arrays are kept, so that what is restored says exactly the same.
        learnt = (mixture.weights_, mixture.means_, mixture.covariances_)
        self.restore({name: np.asarray(values, dtype=np.float32) for name, values in zip(NAMES, learnt, strict=True)})

    def _drawn(self, clean: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> Array:
        clips = [checked_frames(clip) for clip in clean]
        bands = {clip.shape[1] for clip in clips}
        if len(bands) > 1:
            raise FramesWrong(f"clean clips have {' and '.join(map(str, sorted(bands)))} bands")
        frames = np.concatenate(clips) if clips else np.zeros((0, 0))
        if len(frames) < self.settings.components:
            raise TooFewFrames(len(frames), self.settings.components)
        if len(frames) > self.settings.most_frames:
            frames = frames[rng.choice(len(frames), self.settings.most_frames, replace=False)]
        return frames

    def denoise(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The frames of one clip with less noise; shape (frames, bands), never above what came in.

        Raises:
            NothingLearnt: before `fit` and `restore`.
            FramesWrong: the frames are not finite, or have other bands than were learnt.
        """
        if self._speech is None:
            raise NothingLearnt
        speech = self._speech
        noisy = checked_frames(frames, speech.means.shape[1])
        if not len(noisy):
            return frames.copy()
        noise = edge_noise(noisy, self.settings.edge_frames)
        if self.settings.noise == "em":
            for _ in range(self.settings.steps):
                noise = reestimated(noisy, speech, noise)
        estimate = expected_speech if self.settings.estimate == "expected" else without_shift
        return np.minimum(estimate(noisy, under(speech, noise)), noisy).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Weights (components,), means and variances (components, bands).

        Raises:
            NothingLearnt: before `fit` and `restore`.
        """
        if self._speech is None:
            raise NothingLearnt
        speech = self._speech
        return {name: getattr(speech, name).astype(np.float32) for name in NAMES}

    def restore(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        """Take up what was learnt before.

        Raises:
            ArraysWrong: an array is missing, not finite, or of another shape; or a variance is not above 0.
        """
        if set(arrays) != set(NAMES):
            raise ArraysWrong(f"called {', '.join(sorted(arrays)) or 'nothing'}")
        weights, means, variances = (np.asarray(arrays[name], dtype=np.float64) for name in NAMES)
        if weights.ndim != 1 or means.ndim != 2 or len(means) != len(weights) or variances.shape != means.shape:
            raise ArraysWrong(f"of shapes {weights.shape}, {means.shape} and {variances.shape}")
        if not all(np.isfinite(array).all() for array in (weights, means, variances)):
            raise ArraysWrong("not finite")
        if (weights <= 0).any() or (variances <= 0).any():
            raise ArraysWrong("weights or variances of 0 or below")
        self._speech = Mixture(weights, means, variances)
