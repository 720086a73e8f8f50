"""A checkpoint is whole, or it is refused; reading one never runs anything."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from models.checkpoint import (
    CARD,
    WEIGHTS,
    CheckpointCorrupt,
    CheckpointMissing,
    load_card,
    load_checkpoint,
    run_folders,
    weights_of,
)


@pytest.fixture
def place(run: Path) -> Path:
    return run / "activation" / "seed-1" / "fold-0"


def test_a_net_comes_back_as_it_was_saved(place: Path) -> None:
    assert weights_of(load_checkpoint(place).net) == (place / WEIGHTS).read_bytes()
    assert not load_checkpoint(place).net.training


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(place: Path, name: str) -> None:
    (place / name).unlink()
    with pytest.raises(CheckpointMissing, match="run `earwitness train` first"):
        load_checkpoint(place)


def test_a_folder_without_nets_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing, match=str(tmp_path)):
        run_folders(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "not JSON"), ("[]", "error"), ('{"format": "else"}', "error"), ("\ufeff", "not JSON")],
)
def test_a_broken_card_is_refused(place: Path, content: str, sentence: str) -> None:
    (place / CARD).write_text(content)
    with pytest.raises(CheckpointCorrupt, match=sentence):
        load_card(place)


def test_weights_that_were_cut_off_are_refused(place: Path) -> None:
    content = (place / WEIGHTS).read_bytes()
    (place / WEIGHTS).write_bytes(content[:-100])
    with pytest.raises(CheckpointCorrupt, match="SHA-256"):
        load_checkpoint(place)


def test_weights_of_another_net_are_refused(place: Path) -> None:
    card = json.loads((place / CARD).read_text())
    card["experiment"]["net_settings"] = {}
    (place / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointCorrupt, match="do not fit the net 'crnn'"):
        load_checkpoint(place)


def test_code_in_the_place_of_weights_is_never_run(place: Path, tmp_path: Path) -> None:
    from hashlib import sha256

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    content = pickle.dumps(Trap())
    card = json.loads((place / CARD).read_text())
    (place / WEIGHTS).write_bytes(content)
    (place / CARD).write_text(json.dumps(card | {"weights_sha256": sha256(content).hexdigest()}))
    with pytest.raises(CheckpointCorrupt):
        load_checkpoint(place)
    assert not (tmp_path / "sprung").exists()
