"""A frozen self-supervised encoder (wav2vec 2.0, HuBERT, WavLM and their kin): what today's classifiers stand on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.features.base import ClipUnfit, Feature, FeatureUnavailable
from pipelines.audio import Samples
from pipelines.sound_file import file_sha256

CONFIG, SOUND_CONFIG = "config.json", "preprocessor_config.json"
HARMLESS = {"masked_spec_embed"}  # weights of training alone, which many files leave out
LOUDNESS_FLOOR = 1e-7  # added to the variance of a clip, as transformers does


class EncoderMissing(FeatureUnavailable):
    """There are no weights of an encoder where they were said to be, or they can't be used."""

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            f"no speech encoder can be read from {folder}: {found}. Expected a folder in the layout of transformers, "
            f"with {CONFIG} and the weights as .safetensors, as `hf download facebook/hubert-base-ls960 --local-dir "
            "FOLDER` makes one; nothing is ever downloaded from here"
        )


class Encoder(BaseModel):
    """Settings of the encoder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Path = Field(description="folder with the weights, in the layout of transformers")
    layer: int | Literal["mean"] = Field(
        default=-1,
        description="which layer's output; 0 is what goes into the first, -1 the last, `mean` the mean of all layers",
    )
    sample_rate_hz: int = Field(
        default=16000, ge=8000, le=48000, description="rate at which clips are heard", json_schema_extra={"unit": "Hz"}
    )


class SpeechEncoder(Feature):
    """Hidden states of an encoder that is never trained further.

    Each clip goes through it by itself. Its sound is brought to mean 0 and variance 1 first where the encoder's own
    `preprocessor_config.json` says so, or says nothing.

    Raises:
        FeatureUnavailable: transformers is not installed.
        EncoderMissing: there are no usable weights in the folder.
    """

    Settings = Encoder
    settings: Encoder

    def __init__(self, settings: BaseModel, device: str = "cpu") -> None:
        super().__init__(settings, device)
        if find_spec("transformers") is None:
            raise FeatureUnavailable(
                "the feature encoder needs the library transformers, which is not installed; install "
                "earwitness[encoder]"
            )
        folder = self.settings.weights
        self._config = _read_config(folder)
        self._sound = _read_json(folder / SOUND_CONFIG) if (folder / SOUND_CONFIG).is_file() else {}
        layers, layer = int(self._config["num_hidden_layers"]), self.settings.layer
        if layer != "mean" and not -1 <= layer <= layers:
            raise EncoderMissing(folder, f"the layer {layer} is wanted, and it has {layers}")
        rate_hz = self._sound.get("sampling_rate", self.settings.sample_rate_hz)
        if rate_hz != self.settings.sample_rate_hz:
            found = f"it hears at {rate_hz} Hz, and sample_rate_hz is {self.settings.sample_rate_hz}"
            raise EncoderMissing(folder, found)

    @property
    def sample_rate_hz(self) -> int:
        """As in the settings."""
        return self.settings.sample_rate_hz

    @property
    def frame_shape(self) -> tuple[int]:
        """The width of its layers."""
        return (int(self._config["hidden_size"]),)

    def recipe(self) -> dict[str, Any]:
        """The settings, with a hash of the weights in place of their folder."""
        recipe = super().recipe()
        settings = {name: value for name, value in recipe["settings"].items() if name != "weights"}
        return {**recipe, "settings": settings, "weights": _weights_sha256(self.settings.weights)}

    def of(self, clips: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """Hidden states of each clip, shape (frames, width); usually one frame each 20 ms.

        Raises:
            ClipUnfit: a clip is shorter than what one frame sees.
            EncoderMissing: the weights don't fit their configuration.
        """
        return [self._of(clip) for clip in clips]

    def _of(self, clip: Samples) -> NDArray[np.float32]:
        shortest = self._shortest()
        if len(clip) < shortest:
            raise ClipUnfit(
                f"the clip lasts {len(clip) / self.sample_rate_hz:.3f} s; a frame of the encoder sees "
                f"{shortest / self.sample_rate_hz:.3f} s"
            )
        if self._sound.get("do_normalize", True):
            clip = (clip - clip.mean()) / np.sqrt(clip.var() + LOUDNESS_FLOOR)
        net = _net(self.settings.weights, _stamp(self.settings.weights), self.device)
        samples = torch.from_numpy(np.array(clip, dtype=np.float32))[None].to(self.device)  # (1, time)
        with torch.inference_mode():
            said = net(samples, output_hidden_states=self.settings.layer != -1)
            if self.settings.layer == -1:
                states = said.last_hidden_state
            elif self.settings.layer == "mean":
                states = torch.stack(said.hidden_states[1:]).mean(dim=0)
            else:
                states = said.hidden_states[self.settings.layer]
        frames: NDArray[np.float32] = states[0].float().cpu().numpy()  # (frames, width)
        return frames

    def _shortest(self) -> int:
        """How many samples one frame sees: the reach of the convolutions at its front."""
        seen = 1
        strides, kernels = self._config["conv_stride"], self._config["conv_kernel"]
        for stride, kernel in zip(reversed(strides), reversed(kernels), strict=True):
            seen = (seen - 1) * int(stride) + int(kernel)
        return seen


def _read_config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise EncoderMissing(folder, "there is no such folder")
    if not (folder / CONFIG).is_file():
        raise EncoderMissing(folder, f"it holds no {CONFIG}")
    if not any(folder.glob("*.safetensors")):
        others = ", ".join(sorted(path.name for path in folder.glob("*.bin"))) or "none"
        raise EncoderMissing(folder, f"it holds no weights as .safetensors (other weights: {others})")
    config = _read_json(folder / CONFIG)
    lacking = sorted({"hidden_size", "num_hidden_layers", "conv_stride", "conv_kernel"} - set(config))
    if lacking:
        kind = config.get("model_type", "unknown")
        raise EncoderMissing(folder, f"its {CONFIG} is of the kind {kind!r} and says nothing of {', '.join(lacking)}")
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EncoderMissing(path.parent, f"{path.name} can't be read ({error})") from error
    if not isinstance(found, dict):
        raise EncoderMissing(path.parent, f"{path.name} holds no object")
    return found


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of change of all files that decide what the encoder says."""
    paths = sorted([*folder.glob("*.safetensors"), folder / CONFIG, folder / SOUND_CONFIG])
    states = [(path.name, path.stat()) for path in paths if path.is_file()]
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _weights_sha256(folder: Path) -> str:
    return _hash_of(folder, _stamp(folder))


@lru_cache(maxsize=4)
def _hash_of(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """A hash of files, read once for as long as sizes and times of change stand still."""
    hashes = [(name, file_sha256(folder / name)) for name, _, _ in stamp]
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


@lru_cache(maxsize=1)
def _net(folder: Path, stamp: tuple[tuple[str, int, int], ...], device: str) -> Any:  # noqa: ARG001
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        net, about = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
        )
    except Exception as error:  # whatever is wrong with a file surfaces as any of a dozen kinds
        reason = str(error).partition("\n")[0]
        raise EncoderMissing(folder, f"{type(error).__name__}: {reason}") from error
    lacking = sorted(set(about["missing_keys"]) - HARMLESS)
    if lacking:
        raise EncoderMissing(folder, f"its weights lack {len(lacking)} tensors, {lacking[0]} among them")
    return net.eval().to(device)
