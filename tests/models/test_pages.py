"""The pages on nets: their examples run, and they leave out no column and no setting that they list."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import models.nets
from analysis.whitelist import Whitelist
from models.checkpoint import load_checkpoint
from models.evaluating.evaluate import COLUMNS
from models.experiment import Experiment
from models.predicting.onnx_file import export_onnx
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.sounds.base import SoundBank
from pipelines.variants import variant_names

DOCS = Path(__file__).parents[2] / "docs"
LINK = re.compile(r"\]\((?!http)([^)#]+)?(?:#([^)]+))?\)")
PAGES = ("models", "training", "predicting", "harness", "experiments", "measures")


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def examples(name: str, language: str = "python") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


@pytest.fixture
def place(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which examples find the run that they name, and train for an epoch only."""
    for name in ("first", "crnn"):
        shutil.copytree(run, tmp_path / "runs" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_example(example: str, names: dict[str, Any]) -> None:
    # An epoch is enough to see that it runs.
    quick = example.replace('{"epochs_max": 30}', '{"epochs_max": 1}').replace(
        'folds={"folds": 2}', 'folds={"folds": 2}, training={"epochs_max": 1}'
    )
    exec(compile(quick, "docs", "exec"), names)


def test_the_examples_of_training_run(place: Path, clips: list[Clip], sounds: SoundBank) -> None:
    shutil.rmtree(place / "runs")
    names: dict[str, Any] = {"clips": clips[:12], "sounds": sounds}
    names["conditions"] = {name: study_conditions()[name] for name in ("nat-st",)}
    first, second = examples("training")
    run_example(first, names)
    assert (place / "runs/first/evaluation.csv").is_file()
    run_example(second, names)
    assert names["page"] == Path("tables/index.html")
    assert names["page"].is_file()


def test_the_examples_of_predicting_run(place: Path, clips: list[Clip]) -> None:
    files = [clip.path for clip in clips[:6]]
    names: dict[str, Any] = {"files": files, "of_the_speaker": files, "strangers": [clip.path for clip in clips[6:8]]}
    names |= {"emotions": ["a", "b", "c"] * 2, "speakers": ["x"] * 3 + ["y"] * 3}
    first, second, third = examples("predicting")
    run_example(first, names)
    assert names["shares"].shape == (6, 3)
    run_example(second, names)
    assert (place / "my-nets/run.json").is_file()
    pytest.importorskip("onnxruntime")
    net = place / "runs/crnn/valence/seed-1/fold-0"
    export_onnx(load_checkpoint(net), net / "net.onnx")
    names |= {"frames": np.zeros((2, 50, 40), np.float32), "lengths": np.array([50, 20])}
    run_example(third, names)
    assert names["logits"].shape == (2, 3)


def test_the_example_of_attacking_a_function_runs(place: Path, real_data: Path) -> None:
    (example,) = (one for one in examples("attacks") if "my function, version 1" in one)
    for name in ("emodb", "ESC-50"):
        (place / name).symlink_to(real_data / name)
    names: dict[str, Any] = {"my_function": lambda samples: int(np.abs(samples).mean() > 0.05)}
    run_example(example, names)
    assert names["page"].is_file()


def test_the_example_of_the_attack_runs(
    place: Path, clips: list[Clip], sounds: SoundBank, make_whitelist: Callable[..., Whitelist]
) -> None:
    (example,) = (one for one in examples("attacks") if "attack_run" in one)
    names: dict[str, Any] = {"clips": clips, "sounds": sounds, "whitelist": make_whitelist({"nat-co-10db": "SAFE"})}
    run_example(example, names)
    assert names["page"].is_file()
    assert (place / "runs/first/attack/queries.parquet").is_file()


@pytest.mark.parametrize("example", examples("training", "toml"))
def test_every_experiment_of_the_page_is_one(example: str) -> None:
    experiment = Experiment.model_validate(tomllib.loads(example))
    assert experiment.net in variant_names(models.nets)


def test_every_column_of_evaluation_csv_is_explained() -> None:
    rows = [line for line in page("training").splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(COLUMNS) <= told


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for path, heading in LINK.findall(page(name)):
        other = DOCS / path if path else DOCS / f"{name}.md"
        assert other.is_file(), path
        if heading:
            headings = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {one.lower().replace(" ", "-").replace("`", "") for one in headings}, heading
