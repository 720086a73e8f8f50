"""Nets of a run one after another, or several at once: on cores, on GPUs, on a Dask cluster."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from models.hearing.material import Material
from models.training.course import Epoch, epochs_in
from models.training.machine import Machine, one_of
from models.training.run import Job, Run
from pipelines.parallel import Shared, end_processes

POLL_S = 0.25  # how often the epochs of nets in other processes are looked for


@dataclass(frozen=True)
class Finished:
    """A net is trained and saved."""

    sentence: str


#: Trains one net: (run, job, material, device, threads) to its epochs, and then that it is finished.
TrainNet: TypeAlias = Callable[[Run, Job, Material, str, int], Iterator[Epoch | Finished]]
Told: TypeAlias = tuple[Job, Epoch | Finished]


def all_nets(
    train_net: TrainNet, run: Run, jobs: Sequence[Job], material: Material, machine: Machine
) -> Iterator[Told]:
    """What each net tells as it is trained; nets at once take turns in telling.

    Args:
        train_net: a function of a module, so that other processes find it.
        run: what nets share.
        jobs: the nets that are still to be trained.
        material: for nets of this very process; others make their own out of the run's source.
        machine: where.
    """
    workers = machine.workers
    if machine.dask_address is None and (workers.processes == 1 or len(jobs) < 2):
        with one_of(machine.devices, run.folder) as device:
            for job in jobs:
                for told in train_net(run, job, material, device, machine.threads):
                    yield job, told
        return
    yield from _at_once(train_net, run, jobs, machine)


def _at_once(train_net: TrainNet, run: Run, jobs: Sequence[Job], machine: Machine) -> Iterator[Told]:
    """Other processes train; this one looks into the nets' folders for their epochs."""
    ended: queue.Queue[tuple[Job, Finished] | BaseException | None] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=_drive, args=(train_net, run, jobs, machine, ended, stop), daemon=True)
    seen = {job: len(epochs_in(run.folder / job.place)) for job in jobs}
    running = set(jobs)
    thread.start()
    done = False
    try:
        while True:
            try:
                end = ended.get(timeout=POLL_S)
            except queue.Empty:
                end = ()  # type: ignore[assignment]  # nothing ended meanwhile
            if isinstance(end, BaseException):
                raise end
            for job in sorted(running, key=lambda job: job.name):
                epochs = epochs_in(run.folder / job.place)
                yield from ((job, epoch) for epoch in epochs[seen[job] :])
                seen[job] = max(seen[job], len(epochs))
            if end is None:
                done = True
                return
            if end:
                running.discard(end[0])
                yield end
    finally:
        stop.set()
        if not done and machine.dask_address is None:
            end_processes()  # else they would train on after whoever waits for them has gone


def _drive(
    train_net: TrainNet,
    run: Run,
    jobs: Sequence[Job],
    machine: Machine,
    ended: queue.Queue[tuple[Job, Finished] | BaseException | None],
    stop: threading.Event,
) -> None:
    """Hand the jobs to the workers, and each result to the queue as it comes."""
    workers = machine.workers
    try:
        with workers.sharing(run, run.folder) as shared:
            calls = ((_whole_net, (train_net, shared, job, machine)) for job in jobs)
            with closing(workers.each(calls)) as results:
                for job, finished in zip(jobs, results, strict=True):
                    if stop.is_set():
                        return
                    ended.put((job, finished))
        ended.put(None)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised again in the thread that waits
        ended.put(error)


def _whole_net(train_net: TrainNet, shared: Shared[Run], job: Job, machine: Machine) -> Finished:
    """Train one net in a process of its own."""
    run = shared.get()
    with one_of(machine.devices, run.folder) as device:
        *_, last = train_net(run, job, _material(run, device), device, machine.threads)
    assert isinstance(last, Finished)
    return last


@lru_cache(maxsize=1)
def _material(run: Run, device: str) -> Material:
    """Heard once in each process, most of it out of the cache."""
    return run.source.material(device=device)
