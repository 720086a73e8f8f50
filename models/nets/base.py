"""Net: a trainable classifier of what features tell of a clip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Padded(NamedTuple):
    """One feature of several clips."""

    values: Tensor  # (batch, time, *frame_shape), z-normalised, anything after a clip's end
    lengths: Tensor  # (batch,): frames of each clip that are its own, at least 1


#: Each feature of a batch by the feature's name, as "filterbanks"; of several modalities where a net reads several.
Inputs: TypeAlias = Mapping[str, Padded]


class Net(nn.Module, ABC):
    """A classifier.

    A variant's file defines one subclass and its `Settings`, a frozen pydantic model in which everything has a
    default. Padding after the end of a clip must never change what is said of it, nor may the clips beside it.
    """

    Settings: ClassVar[type[BaseModel]]
    #: Values that a tuner tries, by setting; empty where nobody has published a grid.
    grid: ClassVar[Mapping[str, Sequence[Any]]] = {}
    #: Whether `loss` wants what the same clips are without noise.
    wants_clean: bool = False

    @abstractmethod
    def __init__(self, frame_shapes: Mapping[str, tuple[int, ...]], classes: int, settings: BaseModel) -> None:
        """A net with fresh weights.

        Args:
            frame_shapes: the shape of one frame of every feature that it reads, as {"filterbanks": (40,)}.
            classes: how many are told apart.
            settings: of this net.
        """
        super().__init__()

    @classmethod
    def reads(cls, settings: BaseModel) -> tuple[str, ...]:  # noqa: ARG003 - a variant may let its settings choose
        """The names of the features that it reads."""
        return ("filterbanks",)

    @abstractmethod
    def forward(self, inputs: Inputs) -> Tensor:
        """Logits of shape (batch, classes)."""

    def loss(
        self,
        inputs: Inputs,
        labels: Tensor,
        weights: Tensor,
        clean: Inputs | None = None,  # noqa: ARG002 - for nets that learn from the clean twins too
    ) -> Tensor:
        """What training makes small, as one number: weighted cross-entropy, unless a net has more to say.

        Args:
            inputs: of a batch.
            labels: shape (batch,).
            weights: of each class; shape (classes,).
            clean: the same clips without noise where `wants_clean`; a clip whose noise changed its length has a
                length of 0 there.
        """
        return cross_entropy(self(inputs), labels, weights)


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """1 where a frame belongs to its clip, 0 after its end; shape (batch, frames).

    >>> frame_mask(torch.tensor([1, 3]), 3)
    tensor([[1., 0., 0.],
            [1., 1., 1.]])
    """
    return (torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]).float()


def masked_mean(values: Tensor, lengths: Tensor) -> Tensor:
    """The mean over the frames that belong to each clip; (batch, time, width) to (batch, width).

    >>> masked_mean(torch.tensor([[[1.0], [3.0], [99.0]]]), torch.tensor([2]))
    tensor([[2.]])
    """
    mask = frame_mask(lengths, values.shape[1])[:, :, None]
    # Chosen, not multiplied: what lies after the end may be nan.
    return torch.where(mask > 0, values, 0.0).sum(dim=1) / lengths[:, None]
