"""A net with a denoiser in front of it, trained as one: the right emotion and the quality of speech (section 5.4)."""

from __future__ import annotations

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from models.denoisers.base import Front
from models.nets.base import Inputs, Net, Padded, frame_mask


class Fronted(Net):
    """Filterbanks go through the front first; the net behind hears what is left."""

    Settings = BaseModel
    wants_clean = True

    def __init__(self, net: Net, front: Front, weight: float) -> None:
        """Join the two.

        Args:
            net: that recognises.
            front: that cleans.
            weight: what the squared error of cleaned filterbanks counts beside the loss of the net.
        """
        nn.Module.__init__(self)
        self.net, self.front, self.weight = net, front, weight

    def cleaned(self, inputs: Inputs) -> Inputs:
        """The inputs with noise taken out of the filterbanks."""
        values, lengths = inputs["filterbanks"]
        return {**inputs, "filterbanks": Padded(self.front(values, lengths), lengths)}

    def forward(self, inputs: Inputs) -> Tensor:
        """Logits of shape (batch, classes)."""
        logits: Tensor = self.net(self.cleaned(inputs))
        return logits

    def loss(self, inputs: Inputs, labels: Tensor, weights: Tensor, clean: Inputs | None = None) -> Tensor:
        """The loss of the net and, where the clean twins are known, how far the cleaned bands are from theirs."""
        cleaned = self.cleaned(inputs)
        loss = self.net.loss(cleaned, labels, weights, clean)
        if clean is None:
            return loss
        return loss + self.weight * _distance(cleaned["filterbanks"], clean["filterbanks"])


def _distance(found: Padded, wanted: Padded) -> Tensor:
    """Mean squared error over the frames that have a twin; 0 where none has."""
    frames = min(found.values.shape[1], wanted.values.shape[1])
    mask = frame_mask(wanted.lengths, frames)[:, :, None]
    # Chosen before the difference is taken: what lies after the end may be nan, and would be in the gradient too.
    one, other = (torch.where(mask > 0, padded.values[:, :frames], 0.0) for padded in (found, wanted))
    errors = one - other
    return errors.square().sum() / (mask.sum() * errors.shape[2]).clamp(min=1)
