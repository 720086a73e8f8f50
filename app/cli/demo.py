"""`earwitness demo`: the whole river on sound made here, command by command; ends with the pages open."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.init import make_study
from app.cli.opening import opened
from app.cli.say import progress_bar, tell
from app.cli.serve import require_port

if TYPE_CHECKING:
    from app.wiring import Wired

#: What differs from the defaults, so that all of it is done in minutes on two cores.
DESIGN: dict[str, dict[str, object]] = {
    "study": {
        "simulated": True,
        "about": "This is a demonstration: the voices are synthetic, and most of its listeners were simulated. "
        "Nothing that you answer here is used for research, and no money is paid.",
    },
    "sampling": {"clips": 44},
    "pairs": {
        "draws": [
            {
                "of": [
                    f"{family}-{how}"
                    for family in ("nat", "hum", "int")
                    for how in ("st", "co-20db", "co-10db", "co-0db")
                ]
            },
            {"of": ["fade-out", "speed-segment", "drop-words", "laugh", "pitch-1.25x", "reverb"]},
        ],
        "identical_controls": 44,
        "positive_controls": 44,
        "checks": 12,
    },
    "hits": {"assignment_duration_s": 900, "checks_per_hit": 2},
    "pay": {"expected_s_per_trial": 12.0},
    "decision": {"tau": 0.2},
    "experiment": {"folds": {"folds": 4}, "training": {"epochs_max": 12, "batch": 8}},
    "attack": {"queries": [5, 15], "clips": 16},
}

#: Clips whose pairs simulated listeners judge; those of the others are left for whoever follows the invite link.
FIRST_WAVE_CLIPS = 40
LISTENERS = 90
SERVER_START_S = 60


class ServerDown(RuntimeError):
    """The server did not come up, or went away."""


@click.command(short_help="The whole river on sound made here, in minutes.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-study"))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port of the pages.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of everything random.")
@click.option("--end", is_flag=True, help="End when all is done, instead of keeping the pages open.")
def demo(folder: Path, port: int, seed: int, end: bool) -> None:
    """Walk the whole river in minutes, in FOLDER (default: demo-study).

    Speech and sounds are synthesised here, listeners are simulated but work through the real pages over HTTP, and
    every step is the command that a study of your own would use. At the end the pages stay open: the dashboard for
    the researcher, and an invite under which you can judge pairs yourself. Nothing leaves this machine.
    """
    began = time.monotonic()
    require_port("127.0.0.1", port)
    _prepare(folder, seed)
    _command("pairs", "make", folder)
    with _server(folder, port) as server:
        if _first_time(folder):
            _command("hits", "publish", folder, f"--clips={FIRST_WAVE_CLIPS}", "--yes")
        with opened(folder) as wired:
            _listen(wired)
        for words in (("hits", "pay"), ("hits", "status"), ("judgments", "export"), ("certify",), ("report",)):
            _command(*words, folder)
        for word in ("train", "evaluate", "attack"):
            _command(word, folder)
        _command("hits", "publish", folder, "--yes")  # the second wave: for people
        tell(f"\nAll done in {time.monotonic() - began:.0f} s. Voices and listeners were SIMULATED.")
        _say_where(folder)
        if not end:
            tell("The pages stay open until you press Ctrl-C.")
            with suppress(KeyboardInterrupt):  # the natural end
                server.wait()


def _prepare(folder: Path, seed: int) -> None:
    """Speech, sounds and study.toml; what is there already stays."""
    from pipelines.demo.sounds import make_demo_sounds
    from pipelines.demo.speech import make_demo_corpus

    with progress_bar("speaking (clips)", None) as step:
        corpus = make_demo_corpus(folder / "speech", seed, progress=lambda done, _total: step(done))
    sounds = make_demo_sounds(folder / "sounds", seed)
    if not (folder / "study.toml").exists():
        overrides = {section: dict(settings) for section, settings in DESIGN.items()}
        make_study(
            folder,
            ("demo", corpus.resolve()),
            [("demo", sounds.resolve())],
            seed=seed,
            name="demo",
            overrides=overrides,
        )
    (folder / "marketplace.db").touch()  # a marketplace of its own, apart from the user's


def _command(*words: str | Path) -> None:
    """Show a command and run it, as a person would.

    Raises:
        Exit: it failed; it has said why.
    """
    typed = [word if isinstance(word, str) else f"--study={word}" for word in words]
    tell(f"\n$ earwitness {' '.join(typed)}")
    done = subprocess.run([sys.executable, "-P", "-m", "app.cli", *typed], check=False)  # noqa: S603
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)


@contextmanager
def _server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`earwitness serve` for as long as the block lasts; its words go to server.log."""
    import requests

    tell(f"\n$ earwitness serve --study={folder} --port={port}")
    environment = {"EARWITNESS_POLL_S": "1", **os.environ}
    log_path = folder / "server.log"
    with log_path.open("ab") as log:
        server = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "app.cli", "serve", f"--study={folder}", f"--port={port}"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        give_up_at = time.monotonic() + SERVER_START_S
        while True:
            if server.poll() is not None or time.monotonic() > give_up_at:
                raise ServerDown(f"the server did not come up; {log_path} ends with:\n{_tail(log_path)}")
            try:
                if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.2)
        yield server
    finally:
        server.terminate()
        server.wait(timeout=60)


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _listen(wired: Wired) -> None:
    """Let simulated listeners judge the first wave to its end."""
    from datetime import UTC, datetime

    import numpy as np

    from app.cli.opening import server_url
    from app.rehearsal import Rehearsal, rehearse
    from app.store.missing import is_complete, votes_still_missing
    from app.store.progress import overview
    from app.wiring import MARKETPLACE_PATH, invite_simulated
    from hits.listeners import PAPER_CHANGES, crowd

    database, design, seed = wired.database, wired.study.hits, wired.study.study.seed

    def missing() -> int:
        now = datetime.now(UTC)
        with database.reading() as session:  # between two rounds of a sequential study nothing is missing for a moment
            return votes_still_missing(session, design, now) or int(not is_complete(session, design, now))

    if _people_have_work(wired) or not missing():
        return
    invite = f"{server_url(wired)}{MARKETPLACE_PATH}/invite/{invite_simulated(wired)}"
    tell(f"\n{LISTENERS} SIMULATED listeners come by {invite}")
    rehearsal = Rehearsal(invite, database, PAPER_CHANGES, seed)
    with database.reading() as session:
        total = overview(session, design, wired.study.pay).pairs
    with progress_bar("listening (pairs decided)", total) as step:

        def look() -> int:
            with database.reading() as session:
                step(overview(session, design, wired.study.pay).pairs_decided)
            return missing()

        rehearse(crowd(LISTENERS, np.random.default_rng(seed)), rehearsal, look)


def _first_time(folder: Path) -> bool:
    """Whether nothing was published yet."""
    from app.store.hits import count_hits

    with opened(folder) as wired, wired.database.reading() as session:
        return count_hits(session) == 0


def _people_have_work(wired: Wired) -> bool:
    """Whether the second wave is out, which is not for simulated listeners."""
    from app.store.pairs import known_pairs
    from pipelines.manifest import FILE_NAME, read_manifest

    with wired.database.reading() as session:
        known = known_pairs(session)
    return all(pair.pair_id in known for pair in read_manifest(wired.folder.pairs / FILE_NAME))


def _say_where(folder: Path) -> None:
    """The two links, and the files that were written."""
    from app.cli.opening import server_url
    from app.store.people import make_link
    from app.wiring import MARKETPLACE_PATH

    with opened(folder) as wired:
        url, keys = server_url(wired), wired.folder.keys()
        with wired.database.writing() as session:
            token = make_link(session, "researcher")
    tell(f"Whitelist: {folder / 'whitelist.json'}")
    tell(f"Report:    {folder / 'report' / 'index.html'}")
    tell(f"Attack:    {folder / 'runs' / 'crnn' / 'attack' / 'attack.html'}")
    tell(f"Dashboard (signs you in once): {url}/sign-in/{token}")
    tell(f"Judge pairs yourself:          {url}{MARKETPLACE_PATH}/invite/{keys.invite}")
