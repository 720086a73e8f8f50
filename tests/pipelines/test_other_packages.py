"""Another package's noise, corpus and sound bank: the one of docs/extend.md, installed and used as a stranger would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

PAGE = Path(__file__).parents[2] / "docs" / "extend.md"
TOML = re.compile(r"`(\S+)`:\n\n```\w+\n(.*?)```", re.DOTALL)

Run = Callable[..., subprocess.CompletedProcess[str]]


def install(site: Path, files: dict[str, str]) -> None:
    """What an installer does with a package: its modules, and beside them what its pyproject.toml says."""
    for name, content in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content, encoding="utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    about = site / f"{project['name']}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {module}" for name, module in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture(scope="session")
def package() -> dict[str, str]:
    """The files of the package on the page, by name."""
    files = dict(TOML.findall(PAGE.read_text(encoding="utf-8")))
    assert len(files) == 5
    return files


@pytest.fixture
def site(package: dict[str, str], tmp_path: Path) -> Path:
    """A folder of installed packages with that one."""
    install(tmp_path / "site", package)
    return tmp_path / "site"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Python in a process of its own, with the installed packages of a folder."""

    def running(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        command = [sys.executable, "-P", *map(str, words)]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return running


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    """Speech and sounds in the layouts that the package reads."""
    speech, streets = tmp_path / "interviews", tmp_path / "streets"
    speech.mkdir()
    streets.mkdir()
    rows = ["file,speaker,gender,activation,valence"]
    for place, (speaker, activation) in enumerate((name, rating) for name in ("ada", "bob") for rating in (1.5, 4.5)):
        soundfile.write(speech / f"c{place}.wav", 0.2 * np.sin(np.arange(16000) / (9 + place)), 16000)
        rows.append(f"c{place}.wav,{speaker},{'f' if speaker == 'ada' else 'm'},{activation},3")
    (speech / "clips.csv").write_text("\n".join([*rows, "c9.wav,ada,f,high,3"]))
    for name in ("rain1", "tram1"):
        soundfile.write(streets / f"{name}.wav", np.random.default_rng(1).uniform(-0.5, 0.5, 16000), 16000)
    return speech, streets


def test_its_own_tests_pass(site: Path, run: Run) -> None:
    ended = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", site / "test_otherlab.py")

    assert ended.returncode == 0, ended.stdout
    assert "4 passed" in ended.stdout


def test_it_is_listed_beside_ours(site: Path, run: Run) -> None:
    shown = run(site, "-m", "app.cli", "init", "--help").stdout
    here = run(site / "nothing", "-m", "app.cli", "init", "--help").stdout

    assert re.search(r"Corpora: .*emodb, .*fieldwork, .*Sound banks: .*esc50, .*streets", " ".join(shown.split()))
    assert "emodb" in here
    assert "fieldwork" not in here


def test_a_study_is_made_of_it_from_end_to_end(site: Path, run: Run, data: tuple[Path, Path], tmp_path: Path) -> None:
    speech, streets = data
    study = tmp_path / "my-study"
    made = run(
        site, "-m", "app.cli", "init", study, "--corpus", f"fieldwork={speech}", "--sounds", f"streets={streets}"
    )
    assert made.returncode == 0, made.stderr
    toml = study / "study.toml"
    text, found = re.subn(
        r"(?ms)^draws = .*?\n\]$", 'draws = [{ of = ["hiss-20db", "hiss-7db", "nat-co-10db"] }]', toml.read_text()
    )
    text, more = re.subn(r"(?m)^\[pairs.noises\]$", '[pairs.noises.hiss-7db]\nnoise = "hiss"\nsnr_db = 7', text)
    assert (found, more) == (1, 1)
    toml.write_text(text)

    rows = [
        row.split("\t")
        for row in run(site, "-m", "app.cli", "pairs", "conditions", "--study", study).stdout.splitlines()
    ]
    pairs = run(site, "-m", "app.cli", "pairs", "make", "--study", study, "--jobs", 2)
    listed = run(site, "-m", "app.cli", "pairs", "list", "--study", study).stdout

    assert ["hiss-7db", "synthetic", "hiss", "7", "True", "snr_db = 7.0"] in rows
    assert pairs.returncode == 0, pairs.stderr
    assert "clips.csv, line 6: could not convert string to float: 'high'; expected ratings" in pairs.stderr
    assert [listed.count(f"\tstudy\t{name}\t") for name in ("hiss-20db", "hiss-7db", "nat-co-10db")] == [4, 4, 4]
    assert run(site, "-m", "app.cli", "pairs", "verify", "--study", study).returncode == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "otherlab/hiss.py",
            "import kazoo",
            "'hiss' of noises is brought by the module otherlab.hiss of another package, which can't be "
            "imported (ModuleNotFoundError: No module named 'kazoo'); mend that package, or uninstall it",
        ),
        (
            "otherlab/hiss.py",
            "from pipelines.noises.fade import STUDY",
            "which another noise offers already",
        ),
        (
            "pyproject.toml",
            '[project]\nname = "otherlab"\nversion = "1"\n[project.entry-points."earwitness.pipelines.noises"]\n'
            'fade = "otherlab.hiss"',
            "otherlab.hiss and pipelines.noises.fade are both noises named 'fade'",
        ),
    ],
    ids=["broken", "condition taken", "name taken"],
)
def test_a_package_that_does_not_fit_is_named_in_a_sentence(
    package: dict[str, str], run: Run, data: tuple[Path, Path], tmp_path: Path, name: str, content: str, said: str
) -> None:
    install(tmp_path / "site", {**package, name: content})
    speech = data[0]
    (speech / "sounds").mkdir()

    ended = run(
        tmp_path / "site", "-m", "app.cli", "init", tmp_path / "s", "--corpus", f"emodb={speech}",
        "--sounds", f"esc50={speech}/sounds",
    )  # fmt: skip

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert said in " ".join(ended.stderr.split())
