"""A real Dask cluster makes the same bytes, though one of its workers dies in the middle."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed (earwitness[dask])")

from pipelines.clip import Clip
from pipelines.design import PairDesign, all_of
from pipelines.pairs import make_pairs
from pipelines.parallel import ClusterUnreachable, Workers
from pipelines.plan import plan_pairs
from pipelines.sounds.base import SoundBank

DESIGN = PairDesign(
    draws=(all_of(["nat-st", "hum-co-0db", "fade-out"]),), identical_controls=4, positive_controls=0, checks=4
)
START_S = 60


def started(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-m", *words], stdout=out, stderr=out)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two worker processes: its address, and the workers."""
    place = tmp_path / "scheduler.json"
    scheduler = started(
        [
            "distributed.cli.dask_scheduler",
            "--port=0",
            "--no-dashboard",
            "--host=127.0.0.1",
            f"--scheduler-file={place}",
        ],
        tmp_path / "scheduler.log",
    )
    give_up_at = time.monotonic() + START_S
    while not place.exists():
        assert time.monotonic() < give_up_at, (tmp_path / "scheduler.log").read_text()
        time.sleep(0.1)
    workers = [
        started(
            ["distributed.cli.dask_worker", f"--scheduler-file={place}", "--nthreads=1", "--no-nanny", "--no-dashboard",
             f"--local-directory={tmp_path}"],
            tmp_path / f"worker{number}.log",
        )
        for number in range(2)
    ]  # fmt: skip
    try:
        yield json.loads(place.read_text())["address"], workers
    finally:
        for process in (*workers, scheduler):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait(timeout=30)


def contents(folder: Path) -> dict[str, str]:
    """Every whole file; who is killed leaves a part of one, under a name of its own."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".part"
    }


def test_a_cluster_that_loses_a_worker_makes_the_same_bytes_as_one_process(
    clips: list[Clip], sounds: SoundBank, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, (first, _) = cluster
    plan = plan_pairs(clips, DESIGN, 7, sounds=sounds)
    alone = list(make_pairs(plan, sounds, DESIGN, tmp_path / "alone", 7))

    making = make_pairs(plan, sounds, DESIGN, tmp_path / "cluster", 7, workers=Workers(dask_address=address))
    together = [next(making)]
    first.kill()
    together += list(making)

    assert together == alone
    assert contents(tmp_path / "cluster") == contents(tmp_path / "alone")


def test_a_cluster_that_is_not_there_is_said_in_a_sentence(
    clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    plan = plan_pairs(clips, DESIGN, 7, sounds=sounds)

    with pytest.raises(ClusterUnreachable, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*dask scheduler"):
        list(make_pairs(plan, sounds, DESIGN, tmp_path, 7, workers=Workers(dask_address="tcp://127.0.0.1:9")))


@pytest.mark.parametrize("address", ["nonsense", "", "foo://x:1", "tcp://["])
def test_an_address_that_is_none_is_said_at_once(address: str) -> None:
    with pytest.raises(ClusterUnreachable, match="no Dask scheduler answers at"):
        next(Workers(1, address).each([(str, (1,))]))
