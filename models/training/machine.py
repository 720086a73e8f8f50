"""Where nets are trained: on which processors or GPUs, how many side by side. Changes no result but its last digits."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from pipelines.parallel import Workers

WAIT_S = 0.2


class NoSuchDevice(ValueError):
    """A device was named that this machine does not have."""

    def __init__(self, device: str, gpus: int) -> None:
        super().__init__(
            f"device {device!r}: this machine has {gpus} GPU(s); expected auto, cpu, cuda, or cuda:0 and up"
        )


@dataclass(frozen=True)
class Machine:
    """What a run may use.

    Args:
        device: cpu, cuda (every GPU, one net each), cuda:1 and the like, or auto: GPUs where there are any.
        jobs: nets trained at once on processors; -1 is one for each core. GPUs take one net each.
        threads: of torch within one net; 1 is quickest for small nets, 0 leaves the number to torch.
        dask_address: of a Dask scheduler whose workers see the same files under the same paths.
    """

    device: str = "cpu"
    jobs: int = 1
    threads: int = 1
    dask_address: str | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that nets are put on, by torch's names.

        Raises:
            NoSuchDevice: this machine lacks it.
        """
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if self.device == "cpu" or (self.device == "auto" and not gpus):
            return ("cpu",)
        known = tuple(f"cuda:{number}" for number in range(gpus))
        if self.device in ("auto", "cuda") and known:
            return known
        if self.device not in known:
            raise NoSuchDevice(self.device, gpus)
        return (self.device,)

    @property
    def workers(self) -> Workers:
        """Who trains: a process for each GPU, or as many as there are jobs."""
        gpus = len(self.devices) if self.devices != ("cpu",) else 0
        return Workers(gpus or self.jobs, self.dask_address)

    @property
    def hearing(self) -> Workers:
        """Who reads sound and makes features."""
        return Workers(self.jobs, self.dask_address)


@contextmanager
def one_of(devices: tuple[str, ...], folder: Path) -> Iterator[str]:
    """A device that no other process of this run works on; waits until one is free.

    The processor is shared: it is given at once. A process that dies gives its device back.
    """
    if devices == ("cpu",):
        yield "cpu"
        return
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for device in devices:
            with (folder / f".{device.replace(':', '-')}.lock").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield device
                return
        time.sleep(WAIT_S)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Within this, no other process trains the net of this folder; waits for one that does.

    So a run that is started twice, or again while workers of a killed one are still busy, tears no net.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
