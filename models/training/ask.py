"""Ask a net about clips, in batches, without learning from them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.hearing.batches import Version, batches
from models.hearing.material import Material
from models.nets.base import Net

AT_ONCE = 128  # clips in a batch


def logits_of(net: Net, versions: Sequence[Version], material: Material, device: str = "cpu") -> Tensor:
    """The net's logits for each version, in their order, shape (versions, classes); dropout is off, no gradient kept.

    Args:
        net: any net, on `device`.
        versions: which clips in which conditions.
        material: their frames and scales.
        device: where the net is.
    """
    net.eval()
    found: dict[Version, Tensor] = {}
    with torch.inference_mode():
        for batch in batches(versions, material, AT_ONCE, device=device):
            found |= dict(zip(batch.versions, net(batch.inputs).float(), strict=True))
    return torch.stack([found[version] for version in versions])
