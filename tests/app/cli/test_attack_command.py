"""`earwitness attack`: a run, nets trained in several ways, what answers at a web address; refusals are one line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.cli.main import earwitness as command
from models.attacking.attack import QUERIES_FILE

EXPERIMENT = """
labels = ["valence"]
[net_settings]
channels = 8
gru_width = 8
[folds]
folds = 2
[training]
epochs_max = 10
learning_rate = 0.005
batch = 8
"""
#: So little that minutes of attacks become seconds.
ATTACK = """
[attack]
queries = [2]
clips = 24
own_share = 0.2
beside = []
snr_levels_db = [0.0, 12.0]
conditions = ["nat-co", "fade-in"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, demo_folders: tuple[Path, Path]) -> Path:
    """A study with a run of one label."""
    folder = tmp_path_factory.mktemp("attacks")
    speech, sounds = demo_folders
    (folder / "one.toml").write_text(EXPERIMENT)
    for line in (
        ["init", folder / "s", "--corpus", f"demo={speech}", "--sounds", f"demo={sounds}", "--clips", 2],
        ["train", "--study", folder / "s", "--experiment", folder / "one.toml", "--jobs", 1, "--device", "cpu"],
    ):
        command.main([str(word) for word in line], standalone_mode=False)
    toml = folder / "s" / "study.toml"
    text = toml.read_text()
    begin, end = text.index("draws = ["), text.index("\n]\n", text.index("draws = [")) + 2
    text = text[:begin] + 'draws = [{ of = ["fade-in", "nat-co-10db"] }]' + text[end:]
    begin = text.index("[attack]")
    end = text.index("\n[", begin)
    toml.write_text(text[:begin] + ATTACK.strip() + "\n" + text[end:])
    return folder / "s"


@pytest.fixture
def attack(earwitness: Callable[..., Any], study: Path) -> Callable[..., Any]:
    def run(*words: object) -> Any:
        return earwitness("attack", "--study", study, "--jobs", 1, "--device", "cpu", *words)

    return run


def test_a_run_is_attacked_and_what_is_missing_is_said(attack: Callable[..., Any], study: Path) -> None:
    done = attack()
    assert done.code == 0, done.err
    assert "P_IF" in done.out
    assert "noise-boundary" in done.out
    assert "Eval is not run: there is no whitelist" in done.err
    folder = study / "runs" / "crnn" / "attack"
    assert str(folder / "attack.html") in done.err
    assert json.loads((folder / "attack.json").read_text())["command"].startswith("earwitness attack")
    queries = pd.read_parquet(folder / QUERIES_FILE)
    assert set(queries["move"]) <= {"nat-co", "fade-in"}
    assert queries["number"].max() == 2


def test_nets_of_several_ways_stand_in_one_table(attack: Callable[..., Any], study: Path) -> None:
    done = attack("--nets", "clean,everything", "--table", "--experiment", study.parent / "one.toml")
    assert done.code == 0, done.err
    page = study / "tables" / "attack-clean-everything" / "defence.html"
    assert str(page) in done.err
    table = pd.read_csv(page.parent / "defence.csv")
    assert set(table["nets"]) == {"clean", "everything"}
    cards = [json.loads(path.read_text()) for path in study.glob("runs/arms/*/*/*/*/card.json")]
    assert {card["experiment"]["augment"]["sounds_share"] for card in cards} == {0.5}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--table",), "expected --nets beside it"),
        (("--nets", "clean,steel"), "no nets 'steel'; expected some of clean, everything, whitelist,"),
        (("--nets", "clean,clean"), "'clean' is named twice"),
        (("--run", "../x"), "expected a plain name"),
        (("--run", "nowhere"), "earwitness train"),
        (("--endpoint", "/nowhere.toml"), "can't be read"),
        (("--endpoint", "/nowhere.toml", "--label", "mood"), "expected one of activation, valence, emotion"),
    ],
)
def test_what_cannot_be_is_one_line(attack: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    done = attack(*words)
    assert done.code != 0
    assert said in done.err
    assert "Traceback" not in done.err


class Service(BaseHTTPRequestHandler):
    """It hears loud and soft, and calls the one high and the other low."""

    def do_POST(self) -> None:
        sound = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"label": "high" if max(sound[45::2], default=0) % 2 else "low"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/emotion"
    server.shutdown()
    server.server_close()


def test_what_answers_at_a_web_address_is_attacked(
    attack: Callable[..., Any], study: Path, tmp_path: Path, service: str
) -> None:
    path = tmp_path / "service.toml"
    told = 'sample_rate_hz = 16000\nclasses = ["low", "mid", "high"]\nqueries_per_s = 1000.0\nburst = 100\n'
    path.write_text(f'url = "{service}"\n{told}')
    done = attack("--endpoint", path, "--label", "valence")
    assert done.code == 0, done.err
    page = study / "runs" / "service" / "attack" / "attack.html"
    assert str(page) in done.err
    assert "of somebody" in page.read_text()
