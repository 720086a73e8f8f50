"""A trained net of ours as an attacker meets it: samples in, a label out, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.attacking.asking import AnswerWrong
from models.checkpoint import Checkpoint
from models.denoisers.base import FrameDenoiser, SoundDenoiser
from models.features.base import Feature
from models.hearing.batches import in_groups, padded
from models.hearing.heard import CLEAN
from models.hearing.material import Material, fitted_cleaner, make_denoiser
from models.nets.base import Padded
from pipelines.audio import PCM_STEPS, Samples
from pipelines.sound_file import to_pcm16

BATCH = 64
TOGETHER = 32  # sounds of like length that go through the net at once
#: Sums of float32 in another order differ by less than this share of a logit.
ROUNDING = 1e-4


class NetTarget:
    """Denoisers, features, the speaker's scale and a net behind one door: it says what an evaluation would say.

    The scale is that of the speaker's clean clips, whatever `znorm_stats` is: a recogniser that listens to one clip
    has no others under the same noise.

    Args:
        checkpoint: the net, behind the denoiser that its card names.
        material: what the speakers' clean clips sound like to it, as `TrainedRun.source(...).material()`.
        batch: most sounds that it hears at once.
        device: where the net works.
    """

    def __init__(self, checkpoint: Checkpoint, material: Material, *, batch: int = BATCH, device: str = "cpu") -> None:
        card = checkpoint.card
        self.batch, self.device = batch, device
        self.name = f"the net {card.experiment.net!r} for {card.label}, seed {card.seed}, fold {card.fold},"
        self._net = checkpoint.net.to(device).eval()
        denoiser = make_denoiser(card.experiment)
        self._denoiser = denoiser if isinstance(denoiser, SoundDenoiser) else None
        self._cleaner: FrameDenoiser | None = None
        if isinstance(denoiser, FrameDenoiser):
            self._cleaner = checkpoint.cleaner or fitted_cleaner(card.experiment, card.train_clips, material)
        self._material = material.cleaned_by(self._cleaner) if self._cleaner else material

    @property
    def sample_rate_hz(self) -> int:
        """At which the first feature listens."""
        return next(iter(self._material.features.values())).sample_rate_hz

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:
        """The label of each sound, on the scale of the speaker of its clip.

        What is nearly undecided in a batch is asked for alone, so that no rounding in company decides.

        Raises:
            AnswerWrong: its logits are not finite.
            ClipUnfit: a sound is too short for a feature.
            KeyError: the run has no such clip.
        """
        logits = self._logits(sounds, clip_ids)  # (sounds, classes)
        if len(sounds) > 1:
            best = logits.topk(2, dim=1).values  # (sounds, 2)
            close = best[:, 0] - best[:, 1] <= ROUNDING * (1 + logits.abs().amax(dim=1))
            for place in close.nonzero()[:, 0].tolist():
                logits[place] = self._logits([sounds[place]], [clip_ids[place]])[0]
        return [int(label) for label in logits.argmax(dim=1)]

    def _logits(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> Tensor:
        """Shape (sounds, classes), on the CPU."""
        frames = {name: self._frames(name, sounds) for name in self._material.features}
        lengths = np.array([len(one) for one in next(iter(frames.values()))])
        # Sounds of like length together, so that little is padded.
        groups = in_groups(np.argsort(lengths, kind="stable").tolist(), lengths, TOGETHER)
        found: dict[int, Tensor] = {}
        for group in groups:
            ids = [clip_ids[place] for place in group]
            inputs = {name: self._padded(name, [all_[place] for place in group], ids) for name, all_ in frames.items()}
            with torch.inference_mode():
                rows = self._net(inputs).float().cpu()  # (group, classes)
            for place, clip_id, row in zip(group, ids, rows, strict=True):
                if not row.isfinite().all():
                    raise AnswerWrong(f"{row.tolist()} to a version of {clip_id}", "finite logits", self.name)
                found[place] = row
        return torch.stack([found[place] for place in range(len(sounds))])

    def _frames(self, name: str, sounds: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """One feature of all sounds, each of shape (time, *frame_shape), before normalisation."""
        feature = self._material.features[name]
        frames = feature.of([self._sound(samples, feature) for samples in sounds])
        if self._cleaner is None or name != "filterbanks":
            return frames
        return [self._cleaner.denoise(one) for one in frames]

    def _padded(self, name: str, frames: Sequence[NDArray[np.float32]], clip_ids: Sequence[str]) -> Padded:
        scales = [self._material.scale(name, CLEAN, clip_id) for clip_id in clip_ids]
        return padded(frames, scales, self.device)

    def _sound(self, samples: Samples, feature: Feature) -> Samples:
        """A sound as it comes to a feature: as a 16-bit file holds it, which is what listeners get."""
        rate_hz = feature.sample_rate_hz
        samples = (to_pcm16(samples) / PCM_STEPS).astype(np.float32)
        if rate_hz != self.sample_rate_hz:
            samples = librosa.resample(samples, orig_sr=self.sample_rate_hz, target_sr=rate_hz)
        return samples if self._denoiser is None else self._denoiser.denoise(samples, rate_hz)
