"""The whole river, once: from speech to a whitelist to an attack report, by the commands that a person types."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import requests

from app.cli import demo
from app.cli.main import earwitness as command
from app.rehearsal import Rehearsal, rehearse
from app.settings import read_settings
from app.store.missing import is_complete, votes_still_missing
from app.wiring import invite_simulated, wire
from hits.listeners import PAPER_CHANGES, crowd

pytestmark = pytest.mark.slow


def earwitness(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "app.cli", *words]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(study: Path) -> Iterator[str]:
    """`earwitness serve` on a free port."""
    port = free_port()
    log = (study / "server.log").open("w")
    command = [sys.executable, "-P", "-m", "app.cli", "serve", f"--study={study}", f"--port={port}"]
    server = subprocess.Popen(command, env={**os.environ, "EARWITNESS_POLL_S": "1"}, stdout=log, stderr=log)
    try:
        for _ in range(300):
            assert server.poll() is None, (study / "server.log").read_text()
            try:
                if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def listen(study: Path, url: str, listeners: int) -> int:
    """Simulated listeners do all that there is to do."""
    wired = wire(study, read_settings())
    invite = f"{url}/marketplace/invite/{invite_simulated(wired)}"

    def missing() -> int:
        with wired.database.reading() as session:
            now = datetime.now(UTC)
            left = votes_still_missing(session, wired.study.hits, now)
            return left or int(not is_complete(session, wired.study.hits, now))

    rehearsal = Rehearsal(invite, wired.database, PAPER_CHANGES, seed=1)
    answered = rehearse(crowd(listeners, np.random.default_rng(1), 0.0), rehearsal, missing)
    wired.database.dispose()
    return answered


def change(study: Path, **settings: str) -> None:
    """Change settings of study.toml as a person would, in an editor."""
    toml = study / "study.toml"
    text = toml.read_text(encoding="utf-8")
    for name, value in settings.items():
        text, count = re.subn(rf"(?m)^{name} = (\[\n(  .*\n)*\]|.*)$", f"{name} = {value}", text)
        assert count == 1, f"{name} stands {count} times in study.toml"
    toml.write_text(text, encoding="utf-8")


def walk(
    study: Path, corpus: str, sounds: str, listeners: int, settings: dict[str, str], force: tuple[str, ...] = ()
) -> None:
    """Every command in turn, in the order of the data."""
    place = f"--study={study}"
    earwitness("init", str(study), "--corpus", corpus, "--sounds", sounds, "--clips", "12")
    (study / "marketplace.db").touch()  # a marketplace of its own
    change(study, **settings)
    earwitness("pairs", "make", place)
    with served(study) as url:
        bill = earwitness("hits", "publish", place, "--yes").stdout
        assert "pairs to be judged" in bill
        assert listen(study, url, listeners) > 0
        earwitness("hits", "collect", place)
        earwitness("hits", "pay", place)
        status = dict(line.split("\t") for line in earwitness("hits", "status", place).stdout.splitlines()[1:])
        earwitness("hits", "close", place)
        earwitness("run", "--once", place)
    assert status["pairs decided"] == status["pairs"]
    assert status["workers"] == status["workers, simulated"]
    assert status["paid"] != "0.00 USD"
    assert status["to be paid"] == "0.00 USD"
    earwitness("judgments", "export", place)
    earwitness("certify", place)
    earwitness("report", place)
    earwitness("train", place)
    earwitness("evaluate", place, "--all")
    earwitness("attack", place, *force)


SMALL = {
    "draws": '[{ of = ["nat-st", "hum-co-20db", "int-co-0db", "fade-in", "speed-utterance-0.75x"] }]',
    "identical_controls": "8",
    "positive_controls": "8",
    "checks": "4",
    "min_pairs": "5",
    "controls_after": "0",
    "tau": "0.45",
    "error": "0.2",
    "folds": "2",
    "epochs_max": "2",
    "queries": "[3]",
    "simulated": "true",
}


#: The demo in small: what a test can wait for.
SMALL_DEMO: dict[str, dict[str, object]] = {
    "study": {"simulated": True},
    "sampling": {"clips": 10},
    "pairs": {
        "draws": [{"of": ["nat-st", "hum-co-20db", "int-co-0db", "speed-utterance-0.75x"]}],
        "identical_controls": 8,
        "positive_controls": 8,
        "checks": 4,
    },
    "decision": {"min_pairs": 5, "tau": 0.45, "error": 0.2},
    "experiment": {"folds": {"folds": 2}, "training": {"epochs_max": 2}},
    "attack": {"queries": [3], "clips": 4},
}


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that `earwitness demo` has walked through."""
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")
    study = tmp_path_factory.mktemp("river") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "DESIGN", SMALL_DEMO)
        patch.setattr(demo, "FIRST_WAVE_CLIPS", 8)
        patch.setattr(demo, "LISTENERS", 16)
        command.main(["demo", str(study), f"--port={free_port()}", "--end"], standalone_mode=False)
    return study


def test_the_first_wave_is_decided_and_paid_and_the_second_is_there_for_people(river: Path) -> None:
    lines = earwitness("hits", "status", f"--study={river}").stdout.splitlines()[1:]
    status = dict(line.split("\t") for line in lines)
    assert status["paid"] != "0.00 USD"
    assert status["to be paid"] == "0.00 USD"
    assert int(status["pairs decided"]) >= 8 * 4
    assert int(status["pairs"]) - int(status["pairs decided"]) >= 2 * 4
    assert int(status["HITs open"]) > 0
    assert status["workers"] == status["workers, simulated"]


def test_every_stage_leaves_its_file(river: Path) -> None:
    for name in (
        "study.toml",
        "pairs/manifest.jsonl",
        "study.db",
        "judgments.csv",
        "whitelist.json",
        "report/index.html",
        "runs/crnn/evaluation.csv",
        "runs/crnn/attack/attack.html",
    ):
        assert (river / name).stat().st_size > 0, name


def test_every_pair_has_the_votes_of_different_workers(river: Path) -> None:
    import pandas as pd

    judgments = pd.read_csv(river / "judgments.csv")
    asked = judgments[~judgments.role.isin(["check", "repeat"])]
    assert not asked.duplicated(["pair_id", "worker"]).any()
    counted = asked[asked.used]  # those of a listener whom the checks found careless are asked of somebody else
    assert counted.groupby("pair_id").size().between(2, 3).all()
    assert set(counted.pair_id) == set(asked.pair_id)
    assert judgments.simulated.all()
    assert (judgments.elapsed_s >= judgments.listened_s * 0.9).all()


def test_every_listener_practised_first_and_nothing_of_it_counts(river: Path) -> None:
    with closing(sqlite3.connect(river / "study.db")) as database:
        practised = dict(
            database.execute(
                "SELECT worker, json_array_length(found) FROM steps WHERE step = 'practice' AND state = 'passed'"
            )
        )
    lines = (river / "judgments.csv").read_text().splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=False)) for line in lines[1:]]
    assert {row["worker"] for row in rows} <= practised.keys()
    assert set(practised.values()) == {5}  # how to answer, two trials, and what each was
    assert "practice" not in {row["role"] for row in rows}


def test_what_is_simulated_says_so_wherever_it_is_shown(river: Path) -> None:
    assert json.loads((river / "whitelist.json").read_text())["simulated"] is True
    for page in ("report/index.html", "runs/crnn/attack/attack.html"):
        assert "simulated" in (river / page).read_text().lower()


def test_the_whitelist_follows_from_the_judgments_again(river: Path) -> None:
    before = json.loads((river / "whitelist.json").read_text())
    earwitness("certify", f"--study={river}")
    after = json.loads((river / "whitelist.json").read_text())
    assert {**before, "created_at": 0} == {**after, "created_at": 0}


def test_a_whitelist_of_simulated_listeners_is_refused_outside_the_demo(river: Path) -> None:
    toml = river / "study.toml"
    text = toml.read_text()
    try:
        toml.write_text(text.replace("simulated = true", "simulated = false"))
        command = [sys.executable, "-P", "-m", "app.cli", "evaluate", f"--study={river}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    finally:
        toml.write_text(text)
    assert done.returncode == 1
    assert "simulated" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_the_same_commands_run_on_real_recordings(real_data: Path, tmp_path: Path) -> None:
    settings = {
        **SMALL,
        "simulated": "false",
        "draws": '[{ of = ["nat-co-10db", "fade-out"] }]',
        "identical_controls": "2",
        "positive_controls": "0",
        "checks": "2",
    }
    walk(
        tmp_path / "real",
        f"emodb={real_data / 'emodb'}",
        f"esc50={real_data / 'ESC-50'}",
        listeners=16,
        settings=settings,
        force=("--force",),  # real speech, but nobody real has listened
    )
    whitelist = json.loads((tmp_path / "real" / "whitelist.json").read_text())
    assert {verdict["condition"] for verdict in whitelist["conditions"]} == {"nat-co-10db", "fade-out"}
