"""Trained nets as files: weights (safetensors, which can't carry code) and a card that says how they came to be."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_from_bytes
from safetensors.numpy import save as bytes_from_arrays
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors

import models.nets
from models.blocks.fronted import Fronted
from models.denoisers.base import FrameDenoiser, JointDenoiser
from models.experiment import Experiment, checked_settings
from models.hearing.material import make_denoiser
from models.labelling import LabelName
from models.nets.base import Net
from pipelines.bins import USUAL_BINS, Bins
from pipelines.variants import load
from pipelines.whole_file import write_whole

WEIGHTS = "net.safetensors"
CLEANER = "denoiser.safetensors"
CARD = "card.json"
PLACE = re.compile(r"seed-[0-9]+/fold-[0-9]+")  # of a net in its run; a copy beside it is none


class CheckpointMissing(FileNotFoundError):
    """No trained net lies where one was expected."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no trained net in {path} ({CARD} and {WEIGHTS}); run `earwitness train` first")


class CheckpointCorrupt(ValueError):
    """A checkpoint is not what was once written."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path} can't be used: {found}; delete its folder and run `earwitness train` again")


class Card(BaseModel):
    """How a net came to be: enough to make it again, and to know what it may be used for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["earwitness-net"] = "earwitness-net"
    version: Literal[2] = 2
    experiment: Experiment  # every setting of the run
    label: LabelName
    classes: tuple[str, ...] = Field(min_length=2)
    fold: int = Field(ge=0)
    seed: int  # of this net, one of the experiment's
    study_seed: int
    frame_shapes: dict[str, tuple[int, ...]]
    train_clips: tuple[str, ...]
    validation_clips: tuple[str, ...]
    validation_by: Literal["speakers", "clips", "lists"]
    test_clips: tuple[str, ...]
    augmented: tuple[str, ...] = ()  # the conditions that it heard training clips in, beside clean
    #: Mean and standard deviation of each feature over all clean training clips, for speakers of whom nothing is known.
    common_scale: dict[str, tuple[list[Any], list[Any]]] = {}
    heard: dict[str, int] = {}  # training clips in each condition, clean among them; the others refused it
    heard_before: tuple[str, ...] = ()  # speakers of test clips from whom it learnt too: only fixed lists do so
    bins: Bins = USUAL_BINS  # what low, mid and high were
    mapped: bool = False  # ratings stand in for the corpus' categories
    data_sha256: str
    weights_sha256: str
    cleaner_sha256: str | None = None  # of what its denoiser learnt from the training clips
    measures: dict[str, float]
    command: str
    versions: dict[str, str]
    simulated: bool


@dataclass(frozen=True)
class Checkpoint:
    """A trained net, ready to be asked, its card, and what takes noise out of its frames, if anything."""

    net: Net
    card: Card
    cleaner: FrameDenoiser | None = None


def make_net(experiment: Experiment, frame_shapes: Mapping[str, tuple[int, ...]], classes: int, seed: int) -> Net:
    """A net with fresh weights; the same seed gives the same weights, and torch's own generator stays untouched.

    Raises:
        UnknownVariant: there is no such net or denoiser.
        SettingsWrong: a setting that they do not have, or out of its range.
    """
    make = load(models.nets, experiment.net, Net)
    settings = settings_of_net(experiment)
    denoiser = make_denoiser(experiment)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make(frame_shapes, classes, settings)
        if isinstance(denoiser, JointDenoiser):
            (bands,) = frame_shapes["filterbanks"]
            return Fronted(net, denoiser.front(bands), denoiser.weight)
    return net


def settings_of_net(experiment: Experiment) -> BaseModel:
    """The net's own settings, checked.

    Raises:
        UnknownVariant: there is no such net.
        SettingsWrong: it has no such setting, or not with such a value.
    """
    net: Any = load(models.nets, experiment.net, Net)
    return checked_settings(net.Settings, experiment.net_settings, f"the net {experiment.net!r}")


def features_of_net(experiment: Experiment) -> tuple[str, ...]:
    """The names of the features that the net reads."""
    net: Any = load(models.nets, experiment.net, Net)
    reads: tuple[str, ...] = net.reads(settings_of_net(experiment))
    return reads


def versions() -> dict[str, str]:
    """What computed: releases of this package, of Python and of the libraries that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in ("earwitness", "torch", "numpy", "librosa", "foolbox"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a checkout that was never installed
            found[package] = "unknown"
    return found


def weights_of(net: Net) -> bytes:
    """The weights in the safetensors format; the same weights give the same bytes."""
    return bytes_from_tensors({name: tensor.contiguous() for name, tensor in net.state_dict().items()})


def restore(net: Net, weights: bytes) -> None:
    """Put weights back into a net of the same make, and make it ready to be asked.

    Raises:
        RuntimeError, SafetensorError: they are of another make, or no weights.
    """
    net.load_state_dict(tensors_from_bytes(weights))
    net.eval()


def save(folder: Path, weights: bytes, card: Card, cleaner: FrameDenoiser | None = None) -> None:
    """Write a checkpoint. The card goes last: where it lies, the checkpoint is whole.

    Raises:
        DiskFull: there is no room for it.
    """
    write_whole(folder / WEIGHTS, weights)
    if cleaner is not None:
        write_whole(folder / CLEANER, learnt_by(cleaner))
    write_whole(folder / CARD, (card.model_dump_json(indent=2) + "\n").encode())


def learnt_by(cleaner: FrameDenoiser) -> bytes:
    """What a denoiser of frames learnt, in the safetensors format."""
    return bytes_from_arrays(cleaner.arrays())


def load_card(folder: Path) -> Card:
    """The card of a checkpoint.

    Raises:
        CheckpointMissing: there is none in this folder.
        CheckpointCorrupt: it is no card, or of another version.
    """
    path = folder / CARD
    if not path.is_file():
        raise CheckpointMissing(folder)
    try:
        return Card.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError) as broken:
        raise CheckpointCorrupt(path, f"it is not JSON ({broken})") from None
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise CheckpointCorrupt(path, f"{wrong.error_count()} error(s), first in {where}: {first['msg']}") from None


def load_checkpoint(folder: Path) -> Checkpoint:
    """The trained net of a folder, in evaluation mode. Reads numbers only: nothing in the file is ever run.

    Raises:
        CheckpointMissing: card or weights are not there.
        CheckpointCorrupt: they are not what was once written.
    """
    card = load_card(folder)
    weights = _content(folder / WEIGHTS, card.weights_sha256)
    net = make_net(card.experiment, card.frame_shapes, len(card.classes), card.seed)
    try:
        restore(net, weights)
    except (SafetensorError, RuntimeError) as wrong:
        found = f"its weights do not fit the net {card.experiment.net!r} ({wrong})"
        raise CheckpointCorrupt(folder / WEIGHTS, found) from None
    denoiser = make_denoiser(card.experiment)
    if not isinstance(denoiser, FrameDenoiser) or card.cleaner_sha256 is None:
        return Checkpoint(net, card)
    denoiser.restore(arrays_from_bytes(_content(folder / CLEANER, card.cleaner_sha256)))
    return Checkpoint(net, card, denoiser)


def _content(path: Path, sha256: str) -> bytes:
    """A file of a checkpoint, as it was written.

    Raises:
        CheckpointMissing, CheckpointCorrupt: it is gone, or another.
    """
    if not path.is_file():
        raise CheckpointMissing(path.parent)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CheckpointCorrupt(path, f"its SHA-256 is {found[:12]}..., and its card expects {sha256[:12]}...")
    return content


def _place(path: Path) -> str:
    return "/".join(path.parent.parts[-2:])


def run_folders(folder: Path) -> list[Path]:
    """The folders of a run's checkpoints, label by label, seed by seed and fold by fold.

    Raises:
        CheckpointMissing: the run has none.
    """
    found = [path.parent for path in folder.glob(f"*/seed-*/fold-*/{CARD}") if PLACE.fullmatch(_place(path))]
    if not found:
        raise CheckpointMissing(folder)
    return sorted(found, key=lambda place: (place.parts[-3], *(int(name.split("-")[1]) for name in place.parts[-2:])))
