"""`predict`, `nets`, `tune` and `experiment`: data on stdout, news on stderr, what can't be is one line."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from app.cli.main import earwitness as command
from models.nets.crnn import Crnn
from models.predicting.reverberance import THRESHOLD_S

EXPERIMENT = """
labels = {labels}
[net_settings]
channels = 4
gru_width = 4
[folds]
folds = 2
[training]
epochs_max = 1
[measures]
resamples = 100
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, demo_folders: tuple[Path, Path]) -> Path:
    """A study with a run of two labels."""
    folder = tmp_path_factory.mktemp("nets")
    speech, sounds = demo_folders
    words = ["init", folder / "s", "--corpus", f"demo={speech}", "--sounds", f"demo={sounds}", "--clips", 2]
    for name, labels in (("one", '["valence"]'), ("two", '["activation", "valence"]')):
        (folder / f"{name}.toml").write_text(EXPERIMENT.format(labels=labels))
    train = ["train", "--study", folder / "s", "--experiment", folder / "two.toml", "--jobs", 1, "--device", "cpu"]
    for line in (words, train):
        command.main([str(word) for word in line], standalone_mode=False)
    toml = folder / "s" / "study.toml"
    text = toml.read_text()
    begin, end = text.index("draws = ["), text.index("\n]\n", text.index("draws = [")) + 2
    toml.write_text(text[:begin] + 'draws = [{ of = ["fade-in", "nat-co-10db", "hum-co-10db"] }]' + text[end:])
    return folder / "s"


@pytest.fixture
def files(study: Path, demo_folders: tuple[Path, Path]) -> list[Path]:
    return sorted(demo_folders[0].rglob("*.wav"))[:3]


def rows_of(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(out.splitlines()))


class TestPredict:
    def test_each_file_is_a_line_of_csv(self, earwitness: Callable[..., Any], study: Path, files: list[Path]) -> None:
        done = earwitness("predict", *files, "--nets", study / "runs/crnn", "--label", "valence")
        assert done.code == 0, done.err
        rows = rows_of(done.out)
        assert [row["file"] for row in rows] == [str(path) for path in files]
        for row in rows:
            shares = {name: float(row[f"p_{name}"]) for name in ("low", "mid", "high")}
            assert sum(shares.values()) == pytest.approx(1, abs=2e-4)
            assert row["label"] == max(shares, key=lambda name: shares[name])
            assert row["normalised_by"] == "training"
            assert (row["low_confidence"] == "yes") == bool(row["why"])
        assert "listening (files)" in done.err
        assert "without --enrol" in done.err

    def test_enrolment_is_said_and_told(self, earwitness: Callable[..., Any], study: Path, files: list[Path]) -> None:
        words = ("predict", files[0], "--nets", study / "runs/crnn/valence/seed-1/fold-0")
        (alone,), (enrolled,) = (
            rows_of(earwitness(*words, *more).out) for more in ((), ("--enrol", files[1], "--enrol", files[2]))
        )
        assert enrolled["normalised_by"] == "enrolment"
        assert "without" not in earwitness(*words, "--enrol", files[1]).err
        assert enrolled["p_low"] != alone["p_low"]

    def test_a_broken_file_is_named_and_the_others_are_written(
        self, earwitness: Callable[..., Any], study: Path, files: list[Path], tmp_path: Path
    ) -> None:
        (broken := tmp_path / "broken.wav").write_bytes(b"RIFF of no sound")
        words = ("--nets", study / "runs/crnn", "--label", "valence")
        done = earwitness("predict", files[0], broken, tmp_path / "none.wav", files[1], *words)
        assert done.code == 1
        assert [row["file"] for row in rows_of(done.out)] == [str(files[0]), str(files[1])]
        assert f"{broken} " in done.err
        assert "none.wav does not exist" in done.err
        assert "2 of 4 files can't be heard" in done.err

    def test_what_is_reverberant_is_an_option(
        self, earwitness: Callable[..., Any], study: Path, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(0)
        bursts = rng.standard_normal(32000) * (np.sin(np.arange(32000) / 16000 * 8 * np.pi) > 0) * 0.1
        soundfile.write(file := tmp_path / "bursts.wav", bursts, 16000)
        words = ("predict", file, "--nets", study / "runs/crnn", "--label", "valence")
        usual, strict = (rows_of(earwitness(*words, *more).out)[0] for more in ((), ("--reverberant-above-s", 0.0001)))
        assert float(usual["reverberation_s"]) < THRESHOLD_S
        assert "reverberant" not in usual["why"]
        assert "reverberant" in strict["why"]
        assert f"[default: {THRESHOLD_S:g}," in " ".join(earwitness("predict", "--help").out.split())

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("--nets", "{study}/runs/crnn"), "nets for activation and valence; expected the name of one of them"),
            (("--nets", "{study}/runs/crnn", "--label", "emotion"), "found none for emotion"),
            (("--nets", "{study}/runs"), "there is no trained net in"),
            (("--nets", "{study}/nowhere"), "there is no trained net in"),
            (("--nets", "{study}/runs/crnn", "--label", "valence", "--device", "cuda:99"), "GPU(s)"),
        ],
    )
    def test_nets_that_can_not_be_asked_are_one_line(
        self, words: tuple[str, ...], says: str, earwitness: Callable[..., Any], study: Path, files: list[Path]
    ) -> None:
        done = earwitness("predict", files[0], *(word.format(study=study) for word in words))
        assert done.code == 1
        assert says in done.err
        assert "Traceback" not in done.err


class TestNets:
    def test_each_net_of_a_run_is_listed(self, earwitness: Callable[..., Any], study: Path) -> None:
        done = earwitness("nets", "list", "--study", study)
        lines = [line.split("\t") for line in done.out.splitlines()]
        assert [line[:4] for line in lines[1:]] == [
            [label, "1", fold, "crnn"] for label in ("activation", "valence") for fold in ("0", "1")
        ]
        assert earwitness("nets", "list", "--study", study, "--run", "none").code == 1

    def test_each_net_is_written_as_onnx_beside_itself(self, earwitness: Callable[..., Any], study: Path) -> None:
        pytest.importorskip("onnxruntime", reason="the libraries for ONNX are not installed (earwitness[onnx])")
        done = earwitness("nets", "export", "--study", study)
        assert done.code == 0, done.err
        assert len(list((study / "runs/crnn").glob("*/seed-*/fold-*/net.onnx"))) == 4
        assert "4 files net.onnx" in done.err


class TestTune:
    def test_candidates_are_ranked_and_the_best_can_be_pasted(
        self, earwitness: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Crnn, "grid", {"channels": (2, 3), "pool": (2, 3)})
        words = ("--study", study, "--experiment", study.parent / "one.toml", "--jobs", 1, "--device", "cpu")
        done = earwitness("tune", *words, "--trials", 2)
        assert done.code == 0, done.err
        lines = [line.split("\t") for line in done.out.splitlines()]
        assert lines[0][:3] == ["label", "settings", "validation loss"]
        assert len(lines) == 3
        assert float(lines[1][2]) <= float(lines[2][2])
        (pasted,) = (
            line.partition(": ")[2].partition(";")[0] for line in done.err.splitlines() if "net_settings" in line
        )
        best = tomllib.loads(f"net_settings = {lines[1][1]}")["net_settings"]
        assert tomllib.loads(pasted)["net_settings"] == {"channels": 4, "gru_width": 4} | best

    def test_a_net_that_is_none_is_one_line(self, earwitness: Callable[..., Any], study: Path) -> None:
        done = earwitness("tune", "--study", study, "--net", "nosuch")
        assert done.code == 1
        assert "nosuch" in done.err
        assert "Traceback" not in done.err


class TestExperiment:
    def test_without_a_name_the_tables_and_their_questions_are_listed(self, earwitness: Callable[..., Any]) -> None:
        done = earwitness("experiment")
        assert done.code == 0
        lines = done.out.splitlines()
        assert "clean-trained: How much worse" in done.out
        assert all(line.endswith("?") for line in lines)

    def test_a_table_that_is_none_is_one_line(self, earwitness: Callable[..., Any], study: Path) -> None:
        done = earwitness("experiment", "clean-trained", "table-9", "--study", study)
        assert done.code == 2
        assert "found table-9; expected some of clean-trained, cross" in done.err

    def test_tables_are_written_as_page_markdown_and_csv(self, earwitness: Callable[..., Any], study: Path) -> None:
        words = ("--study", study, "--experiment", study.parent / "one.toml", "--jobs", 1, "--device", "cpu")
        done = earwitness("experiment", "clean-trained", "leave-one-noise-out", *words)
        assert done.code == 0, done.err
        folder = study / "tables" / "clean-trained-leave-one-noise-out"
        assert f"{folder / 'index.html'} is written" in done.err
        assert {path.suffix for path in folder.iterdir()} == {".html", ".md", ".csv"}
        with (folder / "clean-trained.csv").open(newline="") as file:
            tested = {row["condition"] for row in csv.DictReader(file)}
        assert tested == {"clean", "fade-in", "nat-co-10db", "hum-co-10db"}
        cards = [json.loads(path.read_text()) for path in (study / "runs/arms").rglob("card.json")]
        assert {tuple(card["augmented"]) for card in cards} == {(), ("hum-co-10db",), ("nat-co-10db",)}
        assert all("earwitness experiment clean-trained" in card["command"] for card in cards)

    def test_a_denoiser_that_is_none_is_one_line(self, earwitness: Callable[..., Any], study: Path) -> None:
        words = ("--study", study, "--experiment", study.parent / "one.toml", "--denoiser", "earplugs")
        done = earwitness("experiment", "cross", *words)
        assert done.code == 1
        assert "earplugs" in done.err
        assert "Traceback" not in done.err
