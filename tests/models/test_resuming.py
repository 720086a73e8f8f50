"""A run that was killed goes on in the very epoch, and ends with the weights of one that never was."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joblib.externals.loky import reusable_executor

from models.checkpoint import WEIGHTS
from models.experiment import Experiment
from models.training.course import EPOCHS, STATE
from models.training.machine import Machine
from models.training.train import TrainEvent, train
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.parallel import ProcessKilled
from tests.models.conftest import Hums

Change = Callable[..., Experiment]
KILLED_IN = (1, 2, 5)  # the first epoch, one after, and the last
PLACES = ("activation/seed-1/fold-0", "activation/seed-1/fold-1")

#: Trains in a child for each epoch, and kills the child after its second step in that epoch.
KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from models.training.course import Course
from models.training.train import train

clips, experiment, runs, epochs, noisy = pickle.loads(Path(sys.argv[1]).read_bytes())
really_step = Course._step
for epoch in epochs:
    steps = []
    def step(self, loss):
        really_step(self, loss)
        steps.append(len(self.epochs) + 1)
        if self.job.fold.number == 1 and steps[-1] == epoch and steps[-2] == epoch:
            os.kill(os.getpid(), signal.SIGKILL)
    Course._step = step
    child = os.fork()
    if not child:
        for _ in train(clips, experiment, runs / str(epoch), seed=1, command="x", **noisy):
            pass
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
"""


@pytest.fixture(scope="module")
def busy(tiny: Experiment, change: Change) -> Experiment:
    """A training in which all that a state could forget matters: momentum, schedule, dropout, chance in each epoch."""
    return change(
        tiny,
        labels=["activation"],
        net_settings=dict(tiny.net_settings) | {"dropout": 0.3},
        augment={"conditions": ["fade-in"], "probability": 0.5},
        training__epochs_max=5,
        training__momentum=0.5,
        training__schedule="step",
        training__schedule_epochs=2,
        training__schedule_factor=0.5,
    )


def noisy() -> dict[str, Any]:
    """The one noise that is trained with; it needs no sounds."""
    return {"conditions": {"fade-in": study_conditions()["fade-in"]}, "sounds": Hums()}


def begun(clips: list[Clip], experiment: Experiment, folder: Path, jobs: int = 1) -> Generator[TrainEvent]:
    yield from train(clips, experiment, folder, seed=1, command="x", machine=Machine(jobs=jobs), **noisy())


def go(clips: list[Clip], experiment: Experiment, folder: Path, jobs: int = 1) -> list[TrainEvent]:
    return list(begun(clips, experiment, folder, jobs))


def weights_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob(WEIGHTS))}


def numbers_in(place: Path) -> list[int]:
    return [json.loads(line)["number"] for line in (place / EPOCHS).read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(clips: list[Clip], busy: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    go(clips, busy, folder)
    return folder


@pytest.fixture(scope="module")
def killed(clips: list[Clip], busy: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run for each epoch, killed in the middle of it."""
    runs = tmp_path_factory.mktemp("killed")
    (runs / "told").write_bytes(pickle.dumps((clips, busy, runs, KILLED_IN, noisy())))
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-P", "-c", KILLED, runs / "told"], check=True, timeout=300, env=here)
    return runs


@pytest.fixture
def several() -> Iterator[None]:
    """What other processes are started is ended afterwards."""
    yield
    if reusable_executor._executor is not None:
        reusable_executor._executor.shutdown(wait=True, kill_workers=True)


@pytest.mark.parametrize("epoch", KILLED_IN)
def test_a_run_killed_in_an_epoch_ends_with_the_same_bytes(
    epoch: int, killed: Path, whole: Path, clips: list[Clip], busy: Experiment
) -> None:
    folder = killed / str(epoch)
    assert len(numbers_in(folder / PLACES[1]) if epoch > 1 else []) == epoch - 1
    events = go(clips, busy, folder)
    assert [event.epoch.number for event in events if event.epoch] == list(range(epoch, 6))
    assert weights_in(folder) == weights_in(whole)
    for place in PLACES:
        assert (folder / place / EPOCHS).read_bytes() == (whole / place / EPOCHS).read_bytes()
        assert numbers_in(folder / place) == [1, 2, 3, 4, 5]
        assert not (folder / place / STATE).exists()


def stopped(clips: list[Clip], busy: Experiment, folder: Path, epochs: int) -> Path:
    """A run that was left after so many epochs of its first net; the folder of that net."""
    events = begun(clips, busy, folder)
    while epochs:
        epochs -= next(events).stage == "epoch"
    events.close()
    return folder / PLACES[0]


@pytest.fixture(scope="module")
def halfway(clips: list[Clip], busy: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stopped(clips, busy, tmp_path_factory.mktemp("halfway") / "run", 3).parents[2]


@pytest.mark.parametrize("left", [0, 10, 5000])
def test_a_torn_state_starts_its_net_anew(
    left: int, halfway: Path, whole: Path, clips: list[Clip], busy: Experiment, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(halfway, tmp_path / "run"))
    state = folder / PLACES[0] / STATE
    state.write_bytes(state.read_bytes()[:left])
    go(clips, busy, folder)
    assert weights_in(folder) == weights_in(whole)
    assert numbers_in(folder / PLACES[0]) == [1, 2, 3, 4, 5]


def test_an_epoch_that_was_kept_and_never_noted_is_noted_once(
    halfway: Path, whole: Path, clips: list[Clip], busy: Experiment, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(halfway, tmp_path / "run"))
    noted = folder / PLACES[0] / EPOCHS
    noted.write_text("".join(noted.read_text().splitlines(keepends=True)[:2]) + '{"number": 3, "tr')
    go(clips, busy, folder)
    assert noted.read_bytes() == (whole / PLACES[0] / EPOCHS).read_bytes()


def test_a_finished_run_trains_nothing_again(whole: Path, clips: list[Clip], busy: Experiment, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    events = go(clips, busy, folder)
    assert [event.stage for event in events] == ["resumed"]
    assert events[-1].done == events[-1].total
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_further_seeds_train_new_nets_alone_and_on_the_same_folds(
    whole: Path, clips: list[Clip], busy: Experiment, change: Change, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    events = go(clips, change(busy, seeds=[1, 2]), folder)
    assert {event.job.seed for event in events if event.job} == {2}
    found = weights_in(folder)
    assert {name: found[name] for name in weights_in(whole)} == weights_in(whole)
    for fold in (0, 1):
        first, second = (folder / f"activation/seed-{seed}/fold-{fold}" for seed in (1, 2))
        assert (first / WEIGHTS).read_bytes() != (second / WEIGHTS).read_bytes()
        one, other = (json.loads((place / "card.json").read_text()) for place in (first, second))
        for part in ("train_clips", "validation_clips", "test_clips"):
            assert one[part] == other[part]


def test_two_at_once_end_with_the_same_bytes_even_after_a_kill(
    clips: list[Clip], busy: Experiment, change: Change, tmp_path: Path, several: None
) -> None:
    long = change(busy, training__epochs_max=20, training__patience=20)
    go(clips, long, tmp_path / "alone")
    with pytest.raises(ProcessKilled, match="goes on from here"):
        for event in begun(clips, long, tmp_path / "run", jobs=2):
            if event.stage == "epoch":
                for process in list(reusable_executor._executor._processes):
                    os.kill(process, signal.SIGKILL)
    assert not all((tmp_path / "run" / place / "card.json").exists() for place in PLACES)
    assert {event.stage for event in go(clips, long, tmp_path / "run", jobs=2)} >= {"epoch", "fold"}
    assert weights_in(tmp_path / "run") == weights_in(tmp_path / "alone")
    for place in PLACES:
        assert numbers_in(tmp_path / "run" / place) == list(range(1, 21))
        assert (tmp_path / "run" / place / EPOCHS).read_bytes() == (tmp_path / "alone" / place / EPOCHS).read_bytes()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=40))
def test_a_state_full_of_wrong_bytes_is_never_a_traceback(
    flips: list[tuple[float, int]], halfway: Path, clips: list[Clip], busy: Experiment, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    folder = Path(shutil.copytree(halfway, tmp_path / "run"))
    state = folder / PLACES[0] / STATE
    content = bytearray(state.read_bytes())
    for where, how in flips:
        content[int(where * len(content))] ^= how
    state.write_bytes(content)
    events = begun(clips, busy, folder)
    while next(events).stage != "epoch":
        pass
    events.close()
