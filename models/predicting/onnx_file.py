"""A trained net as an ONNX file, checked against torch before it is kept."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoint import Checkpoint
from models.nets.base import Net, Padded
from pipelines.whole_file import write_whole

OPSET = 18
TOLERANCE = 1e-4  # of logits, between torch and ONNX Runtime
#: (clips, frames) that both are asked about, beside those that the file was traced with.
TRIED = ((1, 1), (1, 37), (2, 150), (5, 333))


class OnnxMissing(RuntimeError):
    """The libraries for ONNX are not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"writing ONNX needs the library {name}; install earwitness[onnx]")


class OnnxDiffers(ArithmeticError):
    """The file says something else than the net."""

    def __init__(self, clips: int, frames: int, difference: float) -> None:
        super().__init__(
            f"for {clips} clips of {frames} frames the ONNX file's logits differ by up to {difference:g} from the "
            f"net's; expected at most {TOLERANCE:g}, so the file is not kept"
        )


class _Plain(nn.Module):
    """A net whose inputs are plain tensors: values and lengths of each feature in turn."""

    def __init__(self, net: Net, features: tuple[str, ...]) -> None:
        super().__init__()
        self.net, self.features = net, features

    def forward(self, *tensors: Tensor) -> Tensor:
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        logits: Tensor = self.net({name: Padded(*pair) for name, pair in zip(self.features, pairs, strict=True)})
        return logits


def export_onnx(checkpoint: Checkpoint, path: Path) -> float:
    """Write a net as ONNX; gives the largest difference of logits from torch that was found.

    Inputs are, for each feature, `<feature>` (clips, time, *frame_shape), z-normalised, in float32, and
    `<feature>_lengths` (clips,) in int64; the output is `logits` (clips, classes). The number of clips and of frames is
    free. Normalisation and denoisers of sound or frames stay outside; the card in the file's metadata says which.

    Raises:
        OnnxMissing: onnx or onnxruntime is not installed.
        OnnxDiffers: the file would say something else than the net; it is not written.
        DiskFull: there is no room.
    """
    features = tuple(checkpoint.card.frame_shapes)
    # The whole of it, since the exporter leaves what it found: else a net with dropout would guess from here on.
    plain = _Plain(checkpoint.net.cpu(), features).eval()
    content = _traced(plain, checkpoint)
    difference = max(_difference(plain, content, checkpoint, *shape) for shape in TRIED)
    write_whole(path, content)
    return difference


def _traced(plain: _Plain, checkpoint: Checkpoint) -> bytes:
    try:
        import onnx
    except ImportError:
        raise OnnxMissing("onnx") from None
    names = [name for feature in plain.features for name in (feature, f"{feature}_lengths")]
    axes = {name: {0: "clips"} if name.endswith("_lengths") else {0: "clips", 1: "frames"} for name in names}
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as kept:
        # Tracing warns of what would be fixed by it; that nothing is, the check on other shapes shows. The newer
        # exporter can't leave the length of a GRU free.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain,
            _inputs(checkpoint, 3, 120),
            written := Path(kept, "net.onnx"),
            dynamo=False,
            opset_version=OPSET,
            input_names=names,
            output_names=["logits"],
            dynamic_axes={**axes, "logits": {0: "clips"}},
        )
        found = onnx.load(written)
    told = {"card": checkpoint.card.model_dump_json(), "classes": json.dumps(checkpoint.card.classes)}
    onnx.helper.set_model_props(found, {"made_by": "earwitness", **told})
    content: bytes = found.SerializeToString()
    return content


def _inputs(checkpoint: Checkpoint, clips: int, frames: int) -> tuple[Tensor, ...]:
    """Random features of so many clips, whose lengths differ."""
    rng = torch.Generator().manual_seed(clips * 1000 + frames)
    found: list[Tensor] = []
    for shape in checkpoint.card.frame_shapes.values():
        found.append(torch.randn(clips, frames, *shape, generator=rng))
        found.append(torch.randint(1, frames + 1, (clips,), generator=rng))
    return tuple(found)


def _difference(plain: _Plain, content: bytes, checkpoint: Checkpoint, clips: int, frames: int) -> float:
    try:
        import onnxruntime
    except ImportError:
        raise OnnxMissing("onnxruntime") from None
    inputs = _inputs(checkpoint, clips, frames)
    session: Any = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given: Mapping[str, Any] = {
        one.name: tensor.numpy() for one, tensor in zip(session.get_inputs(), inputs, strict=True)
    }
    with torch.inference_mode():
        wanted = plain(*inputs).numpy()
    found = float(np.abs(session.run(None, dict(given))[0] - wanted).max())
    if not found <= TOLERANCE:
        raise OnnxDiffers(clips, frames, found)
    return found
