"""The same calls on the cores of this machine or on a Dask cluster, their results in order as they come."""

from __future__ import annotations

import hashlib
import pickle
import secrets
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from pipelines.whole_file import write_whole

Value = TypeVar("Value")
Given = TypeVar("Given", covariant=True)
Result = TypeVar("Result")


class ClusterUnreachable(RuntimeError):
    """There is no Dask cluster where one was named, or the library for it is not installed."""


class ProcessKilled(RuntimeError):
    """Something else ended a process that was at work: the kernel, where memory ran short, or a person."""

    def __init__(self) -> None:
        super().__init__(
            "a process that was at work was killed, most often since memory ran short; what was done is kept: run the "
            "same command again and it goes on from here, with fewer --jobs if memory is short"
        )


class SharedChanged(RuntimeError):
    """What workers share is not what was written for them."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was changed by somebody else while work went on; run the same command again")
        self.path = path

    def __reduce__(self) -> tuple[type[SharedChanged], tuple[Path]]:
        return type(self), (self.path,)  # so that it survives the way back from a worker process


@dataclass(frozen=True)
class Workers:
    """Where the work is done: processes of this machine, or a cluster.

    Args:
        processes: as joblib counts them; -1 is one for each core. Not used with a cluster.
        dask_address: of a Dask scheduler whose workers see the same files under the same paths; None for this machine.
    """

    processes: int = 1
    dask_address: str | None = None

    def each(self, calls: Iterable[tuple[Callable[..., Result], tuple[Any, ...]]]) -> Generator[Result]:
        """The result of each call, in the order of the calls; few are in flight at a time, so memory stays flat.

        Raises:
            ClusterUnreachable: the cluster does not answer, or Dask is not installed.
            ProcessKilled: a process of this machine was killed; what was given is good.
        """
        jobs = (joblib.delayed(function)(*arguments) for function, arguments in calls)
        # A worker that grew, as by importing torch, is exchanged between two calls; nobody has to know.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        with self._backend():
            results = joblib.Parallel(n_jobs=self.processes, return_as="generator", batch_size=1)(jobs)
            try:
                for result in results:  # noqa: UP028 - `yield from` would hand a close on before it is made quiet
                    yield result
            except BrokenProcessPool as error:
                raise ProcessKilled from error
            finally:
                with warnings.catch_warnings():
                    # joblib regrets work that nobody waited for; here it is made again, or found, by the next run.
                    warnings.simplefilter("ignore", UserWarning)
                    results.close()

    @contextmanager
    def sharing(self, value: Value, folder: Path) -> Iterator[Shared[Value]]:
        """Hand a value over to the workers for as long as the block lasts, if need be by a file in `folder`.

        Raises:
            DiskFull: there is no room for that file.
        """
        if self.processes == 1 and self.dask_address is None:
            yield Held(value)
            return
        content = pickle.dumps(value)
        # By chance and not by process id: containers that share a folder may each be process 1.
        path = folder / f".shared.{secrets.token_hex(8)}.pickle"
        write_whole(path, content)
        try:
            yield Filed(path, hashlib.sha256(content).hexdigest())
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _backend(self) -> Iterator[None]:
        if self.dask_address is None:
            yield
            return
        try:
            from distributed import Client
            from distributed.comm.addressing import get_address_host_port
        except ImportError as error:
            raise ClusterUnreachable(
                "work on a Dask cluster needs the library distributed; install earwitness[dask]"
            ) from error
        try:
            # A client of an address that is none would wait for itself as it goes, and leave a traceback.
            get_address_host_port(self.dask_address)
            client = Client(self.dask_address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ClusterUnreachable(
                f"no Dask scheduler answers at {self.dask_address} ({error}); start one with `dask scheduler`, and "
                "workers with `dask worker ADDRESS`"
            ) from error
        with client, joblib.parallel_config(backend="dask", client=client):
            yield


def end_processes() -> None:
    """End this machine's worker processes at once, whatever they do; the next call starts new ones."""
    get_reusable_executor().shutdown(wait=False, kill_workers=True)


class Shared(Protocol[Given]):
    """A value that many calls need: each worker reads it once, and no call carries it."""

    def get(self) -> Given:
        """The value."""


@dataclass(frozen=True)
class Held(Generic[Value]):
    """A value for calls in this very process."""

    value: Value

    def get(self) -> Value:
        """The value itself."""
        return self.value


@dataclass(frozen=True)
class Filed(Generic[Value]):
    """A value in a file that every worker sees."""

    path: Path
    sha256: str

    def get(self) -> Value:
        """The value, read once in each process."""
        value: Value = _unpickled(self.path, self.sha256)
        return value


@lru_cache(maxsize=2)
def _unpickled(path: Path, sha256: str) -> Any:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SharedChanged(path)
    return pickle.loads(content)  # noqa: S301 - the very bytes that `Workers.sharing` wrote
