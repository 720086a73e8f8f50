"""`earwitness rehearse`: its report, its sentences, and the study that stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import read_settings
from app.store.events import note_event
from app.store.revisions import upgrade
from app.wiring import wire
from hits.crowd import Crowd
from tests.app.cli.conftest import Ended
from tests.app.rehearsed import SAFE, study_of_tones

CROWD = Crowd(workers=6, arrivals_per_hour=60, collecting_every_s=600, drop_out_share=0)


@pytest.fixture
def tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with a database of its own in which something happened, and temporary folders beside it."""
    folder = tmp_path / "s"
    study_of_tones(folder, CROWD, pairs=8)
    wired = wire(folder, read_settings())
    upgrade(wired.database)
    with wired.database.writing() as session:
        note_event(session, "launch", "something that happened")
    wired.database.dispose()
    (tmp_path / "t").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder, by its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_it_says_what_a_launch_comes_to_and_leaves_the_study_as_it_was(
    tones: Path, tmp_path: Path, earwitness: Callable[..., Ended]
) -> None:
    before = contents(tones)
    done = earwitness("rehearse", "--study", tones, "--conditions", SAFE, "--seed", 5, "--json", tmp_path / "r.json")
    assert done.code == 0, done.err
    table = dict(line.split("\t")[:2] for line in done.out.splitlines())
    found = json.loads((tmp_path / "r.json").read_text())
    assert table["cost, with fees"] == f"{found['spent_minor'] / 100:.2f} USD" != "0.00 USD"
    assert table[SAFE] == "4"
    assert (found["simulated"], found["seed"], found["share"]) == (True, 5, 0.5)
    assert "SIMULATED" in done.err
    assert contents(tones) == before
    assert not list((tmp_path / "t").iterdir())


def test_killed_it_leaves_the_study_as_it_was(tones: Path, tmp_path: Path) -> None:
    before = contents(tones)
    command = [sys.executable, "-P", "-m", "app.cli", "rehearse", f"--study={tones}"]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ))
    while not list((tmp_path / "t").glob("*/study.db")):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert contents(tones) == before


def test_what_can_t_be_rehearsed_is_said_in_a_sentence(tones: Path, earwitness: Callable[..., Ended]) -> None:
    unknown = earwitness("rehearse", "--study", tones, "--conditions", "hum")
    assert (unknown.code, unknown.err.strip()) == (
        1,
        f"Error: the study has no pair of the condition hum; it has laugh, {SAFE}",
    )
    assert "--share" in earwitness("rehearse", "--study", tones, "--share", 0).err
    (tones / "pairs" / "manifest.jsonl").unlink()
    assert "run `earwitness pairs make` first" in earwitness("rehearse", "--study", tones).err
    toml = tones / "study.toml"
    toml.write_text(toml.read_text().replace("lazy_share = 0.05", "lazy_share = 0.9"))
    assert "expected 1 at most" in earwitness("rehearse", "--study", tones).err
