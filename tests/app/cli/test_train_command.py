"""`earwitness train`: what is typed decides what is trained, and what can't be is one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.whitelists import verdict, whitelist

EXPERIMENT = """
labels = ["valence"]
net = "crnn"
[net_settings]
channels = 4
[features.filterbanks]
bands = 8
[folds]
folds = 2
[training]
epochs_max = 1
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture
def listeners(tmp_path: Path) -> Path:
    """A whitelist of simulated listeners, in a file of its own."""
    path = tmp_path / "theirs.json"
    judged = (verdict("fade-in", "SAFE", "UNSAFE", family="fade"), verdict("nat-co-10db", family="nat", snr_db=10.0))
    whitelist(*judged, study="theirs", simulated=True).save(path)
    return path


def cards(study: Path, run: str = "crnn") -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((study / "runs" / run).rglob("card.json"))]


def test_the_file_is_what_is_trained_but_for_what_is_typed(
    earwitness: Callable[..., Any], study: Path, experiment: Path
) -> None:
    done = earwitness(
        "train", "--study", study, "--experiment", experiment, "--net", "pooled", "--augment", "fade-in",
        "--jobs", 1, "--device", "cpu", "--run", "mine",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out == ""
    for card in cards(study, "mine"):
        assert (card["label"], card["experiment"]["net"], card["augmented"]) == ("valence", "pooled", ["fade-in"])
        assert card["experiment"]["net_settings"] == {}  # those of the file are another net's
        assert card["frame_shapes"] == {"filterbanks": [8]}
        assert card["command"].startswith("earwitness train --study")
    assert [card["fold"] for card in cards(study, "mine")] == [0, 1]
    assert "Trained" in (study / "runs" / "mine" / "index.html").read_text()
    assert f"their curves: {study / 'runs' / 'mine' / 'index.html'}" in done.err
    again = earwitness(
        "train", "--study", study, "--experiment", experiment, "--net", "pooled", "--augment", "fade-in",
        "--jobs", 1, "--device", "cpu", "--run", "mine",
    )  # fmt: skip
    assert again.code == 0
    assert "2 of 2 nets: done already" in again.err


def test_a_whitelist_of_another_study_is_kept_to(
    earwitness: Callable[..., Any], study: Path, experiment: Path, listeners: Path
) -> None:
    words = ("train", "--study", study, "--experiment", experiment, "--whitelist", listeners, "--jobs", 1)
    refused = earwitness(*words)
    assert (refused.code, "simulated" in refused.err) == (1, True)
    assert earwitness(*words, "--force").code == 0
    for card in cards(study):
        assert card["augmented"] == ["nat-co-10db"]
        assert card["simulated"] is True


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--net", "transformer"), 1, "crnn, pooled"),
        (("--augment", "everything-else"), 1, "no condition 'everything-else'"),
        (("--augment", "whitelist"), 1, "`earwitness certify` writes one"),
        (("--device", "cuda:7"), 1, "device 'cuda:7': this machine has"),
        (("--whitelist", "gone.json"), 1, "gone.json"),
        (("--experiment", "gone.toml"), 1, "gone.toml has 1 error"),
        (("--jobs", "0"), 2, "--jobs"),
        (("--run", "../out"), 2, "expected a plain name"),
        (("--dask", "nowhere"), 1, "Dask"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    earwitness: Callable[..., Any], study: Path, experiment: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    given = ("--jobs", 1) if "--jobs" not in words and "--dask" not in words else ()
    named = ("--experiment", experiment) if "--experiment" not in words else ()
    ended = earwitness("train", "--study", study, *named, *given, *words)
    assert ended.code == code
    assert sentence in ended.err
    assert "Traceback" not in ended.err
    assert not list((study / "runs").rglob("card.json"))


def test_a_setting_that_no_net_has_is_told_with_its_key(
    earwitness: Callable[..., Any], study: Path, experiment: Path
) -> None:
    experiment.write_text(EXPERIMENT.replace("channels = 4", "canals = 4"))
    ended = earwitness("train", "--study", study, "--experiment", experiment, "--jobs", 1)
    assert (ended.code, "canals" in ended.err, "Traceback" in ended.err) == (1, True, False)
