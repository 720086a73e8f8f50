"""The curves of a run, on its page and in TensorBoard's files."""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from models.experiment import Experiment
from models.training.course import Epoch
from models.training.folds import Fold
from models.training.run import Job
from models.training.run_page import BOARD, PAGE, watched
from models.training.train import TrainEvent, train
from pipelines.clip import Clip

JOBS = [Job(label, 1, Fold(0, ("a",), ("b",), ("c",), "clips")) for label in ("valence", "emotion")]


def epoch(number: int, loss: float) -> Epoch:
    return Epoch(number, loss + 0.5, loss, 0.4, 0.001)


def told() -> list[TrainEvent]:
    """Two nets in turns, one of them done."""
    events = [TrainEvent("clips", 0, 8, "hearing 4 clips")]
    for number, loss in ((1, 1.0), (2, 0.25), (3, 0.75)):
        events += [TrainEvent("epoch", number, 8, "an epoch", job, epoch(number, loss)) for job in JOBS]
    events.append(TrainEvent("fold", 7, 8, f"{JOBS[0].name}: best epoch 2, test UAR 0.61", JOBS[0]))
    return events


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard reads: records of (length, checksum, event, checksum)."""
    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(folder.glob("events.*")):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, round(value.simple_value, 6)))
    return found


def test_events_pass_through_unchanged(tmp_path: Path) -> None:
    assert list(watched(told(), tmp_path)) == told()


def test_the_page_has_a_figure_for_each_net_with_its_words(tmp_path: Path) -> None:
    list(watched(told(), tmp_path))
    page = (tmp_path / PAGE).read_text()
    assert page.count("<figure>") == page.count('role="img"') == 2
    assert [found.strip() for found in re.findall(r"<h2[^>]*>(.*?)</h2>", page)] == ["Emotion", "Valence", "In numbers"]
    assert 'aria-label="seed 1, fold 0: losses between 0.25 and 1.50; best epoch 2, test UAR 0.61"' in page
    assert 'aria-label="seed 1, fold 0: losses between 0.25 and 1.50; epoch 3"' in page
    assert page.count('<polyline class="validation" points="0.0,48.0 150.0,120.0 300.0,72.0"/>') == 2
    assert page.count('<circle cx="150.0" cy="120.0"') == 2  # where the loss is lowest


def test_the_page_reloads_while_the_run_goes_on_and_not_after(tmp_path: Path) -> None:
    now = iter(range(0, 1000, 10))
    pages = [(tmp_path / PAGE).read_text() for _ in watched(told(), tmp_path, clock=lambda: float(next(now)))]
    assert all('http-equiv="refresh"' in page and "<h1>Training</h1>" in page for page in pages)
    after = (tmp_path / PAGE).read_text()
    assert 'http-equiv="refresh"' not in after
    assert "<h1>Trained</h1>" in after


def test_the_page_is_written_no_more_than_every_two_seconds(tmp_path: Path) -> None:
    pages = {(tmp_path / PAGE).read_text() for _ in watched(told(), tmp_path, clock=lambda: 0.0)}
    assert len(pages) == 1


def test_tensorboard_finds_every_epoch_of_every_net(tmp_path: Path) -> None:
    list(watched(told(), tmp_path))
    for job in JOBS:
        found = scalars(tmp_path / BOARD / job.place)
        assert found["validation/loss"] == [(1, 1.0), (2, 0.25), (3, 0.75)]
        assert found["train/loss"] == [(1, 1.5), (2, 0.75), (3, 1.25)]
        assert set(found) == {"validation/loss", "train/loss", "validation/uar", "learning_rate"}


def test_a_run_taken_up_again_shows_what_was_learnt_before(
    clips: list[Clip], tiny: Experiment, trained: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    shutil.rmtree(run / "valence")
    events = train(clips, tiny, run, seed=1, command="x")
    while True:
        event = next(events)
        if event.epoch and event.epoch.number == 3:
            break
    events.close()  # type: ignore[attr-defined]
    list(watched(train(clips, tiny, run, seed=1, command="x"), run))
    page = (run / PAGE).read_text()
    assert page.count("<figure>") == 4
    assert len(re.findall(r"<td>8</td>", page)) >= 4  # all epochs of all four nets
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', page)]
    assert len(places) == 4
    assert all(0 <= x <= 300 for x in places)
    assert len(re.findall(r"<small>best epoch", page)) == 4


def test_the_page_stands_alone_and_names_are_never_markup(tmp_path: Path) -> None:
    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [value or "" for name, value in attrs if name in ("src", "href")]

    folder = tmp_path / "<b>run"
    list(watched(told(), folder))
    links = Links()
    links.feed((folder / PAGE).read_text())
    assert set(links.found) == {"data:,"}
    assert "&lt;b&gt;run" in (folder / PAGE).read_text()


def test_a_run_that_fails_says_on_its_page_that_it_stopped(tmp_path: Path) -> None:
    def failing() -> Iterator[TrainEvent]:
        yield from told()
        raise RuntimeError("no power")

    with pytest.raises(RuntimeError, match="no power"):
        list(watched(failing(), tmp_path))
    page = (tmp_path / PAGE).read_text()
    assert "<h1>Stopped</h1>" in page
    assert "The same command goes on from here" in page
    assert "http-equiv" not in page  # nothing will come, so it does not load itself again


def test_the_page_says_what_is_simulated_and_mapped_as_soon_as_a_net_is_done(trained: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    for card in run.glob("*/seed-*/fold-*/card.json"):
        card.write_text(re.sub(r'"(simulated|mapped)": (true|false)', r'"\1": true', card.read_text()))
    event = TrainEvent("epoch", 1, 8, "an epoch", JOBS[1], epoch(1, 1.0))
    list(watched([event], run))
    page = (run / PAGE).read_text()
    assert "SIMULATED" not in page  # nobody knows of a net that is not done
    (place,) = run.glob("valence/seed-1/fold-0")
    list(watched([TrainEvent("fold", 2, 8, "valence: done", Job("valence", 1, JOBS[0].fold))], run))
    page = (run / PAGE).read_text()
    assert place.is_dir()
    assert "SIMULATED" in page
    assert "categories stand in" in page
