"""Ask a net about clips, in batches, without learning from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from models.data import batches
from models.nets.base import Net
from models.normalise import Scale

AT_ONCE = 128  # clips in a batch


def logits_by_clip(
    net: Net, clip_ids: Sequence[str], frames: Mapping[str, Tensor], scales: Mapping[str, Scale]
) -> dict[str, Tensor]:
    """The net's logits for each clip, shape (classes,); dropout is off, and no gradient is kept.

    Args:
        net: any net.
        clip_ids: which clips.
        frames: filterbanks by clip id, before normalisation.
        scales: the scale of each clip, by clip id.
    """
    net.eval()
    found: dict[str, Tensor] = {}
    with torch.inference_mode():
        for batch in batches(clip_ids, frames, scales, AT_ONCE):
            found |= dict(zip(batch.clip_ids, net(batch.filterbanks, batch.lengths), strict=True))
    return found
