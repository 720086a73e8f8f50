"""Trained nets as files: weights (safetensors, which can't carry code) and a card that says how they came to be."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as bytes_from_tensors

import models.nets
from models.features.base import Filterbanks
from models.measures.recall import CLASSES
from models.nets.base import Net
from models.training import Dimension, ZnormStats
from pipelines.bins import USUAL_BINS, Bins
from pipelines.variants import load
from pipelines.whole_file import write_whole

WEIGHTS = "net.safetensors"
CARD = "card.json"


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
    version: Literal[1] = 1
    net: str
    net_settings: dict[str, Any]
    dimension: Dimension
    classes: tuple[str, ...] = CLASSES
    fold: int = Field(ge=0)
    train_clips: tuple[str, ...]
    validation_clips: tuple[str, ...]
    validation_by: Literal["speakers", "clips"]
    test_clips: tuple[str, ...]
    filterbanks: Filterbanks
    znorm_stats: ZnormStats
    bins: Bins = USUAL_BINS  # what low, mid and high were
    training: dict[str, Any]  # every setting of the run
    seed: int
    data_sha256: str
    weights_sha256: str
    measures: dict[str, float]
    command: str
    versions: dict[str, str]
    simulated: bool


@dataclass(frozen=True)
class Checkpoint:
    """A trained net, ready to be asked, and its card."""

    net: Net
    card: Card


def make_net(name: str, net_settings: Mapping[str, Any], bands: int, seed: int) -> Net:
    """A net with fresh weights; the same seed gives the same weights, and torch's own generator stays untouched.

    Raises:
        UnknownVariant: there is no such net.
        ValidationError: a setting that the net does not have, or out of its range.
    """
    make = load(models.nets, name, Net)
    settings = settings_of_net(name).model_validate(dict(net_settings))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(bands, len(CLASSES), settings)


def settings_of_net(name: str) -> type[BaseModel]:
    """The settings model of a net, by the net's name.

    Raises:
        UnknownVariant: there is no such net.
    """
    net: Any = load(models.nets, name, Net)
    settings: type[BaseModel] = net.Settings
    return settings


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


def save(folder: Path, weights: bytes, card: Card) -> None:
    """Write a checkpoint. The card goes last: where it lies, the checkpoint is whole.

    Raises:
        DiskFull: there is no room for it.
    """
    write_whole(folder / WEIGHTS, weights)
    write_whole(folder / CARD, (card.model_dump_json(indent=2) + "\n").encode())


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
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointMissing(folder)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != card.weights_sha256:
        raise CheckpointCorrupt(
            path, f"its SHA-256 is {found[:12]}..., and its card expects {card.weights_sha256[:12]}..."
        )
    net = make_net(card.net, card.net_settings, card.filterbanks.bands, card.seed)
    try:
        restore(net, content)
    except (SafetensorError, RuntimeError) as wrong:
        raise CheckpointCorrupt(path, f"its weights do not fit the net {card.net!r} ({wrong})") from None
    return Checkpoint(net, card)


def run_folders(folder: Path) -> list[Path]:
    """The folders of a run's checkpoints, dimension by dimension and fold by fold.

    Raises:
        CheckpointMissing: the run has none.
    """
    found = sorted(path.parent for path in folder.glob(f"*/fold-*/{CARD}"))
    if not found:
        raise CheckpointMissing(folder)
    return found
