"""Any torch module from a waveform to logits as a target."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from models.attacking.asking import AnswerWrong
from pipelines.audio import Samples


class TorchModule:
    """A torch module; it is put into evaluation mode.

    Args:
        module: from samples of shape (batch, time), or (batch, 1, time) with `channel`, to logits of shape
            (batch, classes), or to an object with such `logits`, as those of the library transformers.
        sample_rate_hz: at which it listens.
        batch: most sounds that are padded with silence into one batch. More than 1 only for a module to which silence
            after a sound's end makes no difference, which few are: else a label depends on who else is in the batch.
        channel: whether it wants an axis for the channel.
        device: where it works.
    """

    def __init__(
        self, module: nn.Module, sample_rate_hz: int, *, batch: int = 1, channel: bool = False, device: str = "cpu"
    ) -> None:
        self.sample_rate_hz, self.batch = sample_rate_hz, batch
        self._module = module.to(device).eval()
        self._channel, self._device = channel, device

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:  # noqa: ARG002 - all are strangers
        """The likeliest class of each sound.

        Raises:
            AnswerWrong: what came out are no logits, or not finite.
        """
        groups = [sounds[start : start + self.batch] for start in range(0, len(sounds), self.batch)]
        return [int(label) for group in groups for label in self._logits(group).argmax(dim=1)]

    def _logits(self, sounds: Sequence[Samples]) -> Tensor:
        """Shape (sounds, classes)."""
        waves = pad_sequence([torch.tensor(samples, dtype=torch.float32) for samples in sounds], batch_first=True)
        with torch.inference_mode():
            said = self._module((waves[:, None] if self._channel else waves).to(self._device))
        logits = said if isinstance(said, Tensor) else getattr(said, "logits", None)
        who = f"the module {type(self._module).__name__}"
        expected = f"logits of shape ({len(sounds)}, classes) with two classes or more"
        if not isinstance(logits, Tensor):
            raise AnswerWrong(f"with {type(said).__name__}", expected, who)
        if logits.ndim != 2 or len(logits) != len(sounds) or logits.shape[1] < 2:
            raise AnswerWrong(f"with the shape {tuple(logits.shape)}", expected, who)
        for row in logits:
            if not row.isfinite().all():
                raise AnswerWrong(row.tolist(), "finite logits", who)
        return logits
