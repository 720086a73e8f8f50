"""Devices are named, refused, and taken by one process at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.training.machine import Machine, NoSuchDevice, one_of

ROOT = Path(__file__).parents[2]
#: Takes a device and holds it until it is killed.
HOLDS = """
import sys
from pathlib import Path
from models.training.machine import one_of
with one_of(("left:0", "right:0"), Path(sys.argv[1])) as device:
    print(device, flush=True)
    sys.stdin.read()
"""


def gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


def test_devices_are_those_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    assert Machine("auto").devices == Machine("cpu").devices == ("cpu",)
    assert Machine("auto", jobs=3).workers.processes == 3
    gpus(monkeypatch, 2)
    assert Machine("auto").devices == Machine("cuda").devices == ("cuda:0", "cuda:1")
    assert Machine("cuda:1").devices == ("cuda:1",)
    assert Machine("cpu").devices == ("cpu",)
    assert Machine("auto", jobs=7).workers.processes == 2  # a GPU takes one net at a time
    assert Machine("auto", jobs=7).hearing.processes == 7


@pytest.mark.parametrize(("name", "there"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2), ("tpu", 1), ("", 0)])
def test_a_device_that_is_not_there_is_refused(name: str, there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, there)
    with pytest.raises(NoSuchDevice, match=rf"device '{name}': this machine has {there} GPU\(s\); expected auto, cpu"):
        _ = Machine(name).devices


def test_a_device_is_taken_by_one_process_and_given_back_when_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=told) as other:
        assert other.stdout
        assert other.stdout.readline() == "left:0\n"
        with one_of(("left:0", "right:0"), tmp_path) as mine:
            assert mine == "right:0"
            waits: list[float] = []

            def sleep(seconds: float) -> None:
                waits.append(seconds)
                other.send_signal(signal.SIGKILL)
                other.wait()

            monkeypatch.setattr("models.training.machine.time.sleep", sleep)
            with one_of(("left:0", "right:0"), tmp_path) as third:
                assert third == "left:0"
        assert len(waits) == 1  # both were taken, until the other died


def test_the_processor_is_shared_and_leaves_no_file(tmp_path: Path) -> None:
    with one_of(("cpu",), tmp_path / "run") as first, one_of(("cpu",), tmp_path / "run") as second:
        assert (first, second) == ("cpu", "cpu")
    assert not (tmp_path / "run").exists()
