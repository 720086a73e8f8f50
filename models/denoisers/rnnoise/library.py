"""RNNoise's own library through ctypes: find it, open it, and run sound at 48 kHz through it (Valin 2018)."""

from __future__ import annotations

import ctypes
import os
from ctypes.util import find_library
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.audio import PCM_STEPS, Samples

RATE_HZ = 48_000
FRAME = 480  # samples: 10 ms
VARIABLE = "EARWITNESS_RNNOISE_LIBRARY"
DISTRIBUTION = "pyrnnoise"
INSTALL = f"pip install --no-deps {DISTRIBUTION}"
FUNCTIONS = ("rnnoise_get_frame_size", "rnnoise_create", "rnnoise_process_frame", "rnnoise_destroy")
PROBE_FRAMES = 60
MOST_DELAY = 4  # frames: versions differ between one and two


class RnnoiseNotFound(FileNotFoundError):
    """RNNoise's library is nowhere on this machine."""

    def __init__(self) -> None:
        super().__init__(
            f"RNNoise's library is not there: {VARIABLE} is not set, no installed package {DISTRIBUTION} carries it, "
            f"and the system knows no library 'rnnoise'; install it by `{INSTALL}` (what it depends on is not needed), "
            f"or set {VARIABLE} to the file librnnoise.so"
        )

    def __reduce__(self) -> tuple[type[RnnoiseNotFound], tuple[()]]:
        return type(self), ()  # so that it survives the way back from a worker process


class RnnoiseBroken(OSError):
    """A file is no library of RNNoise, or of one that works in another way."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"{file} can't be used as RNNoise's library: {reason}; expected a shared library for this machine with "
            f"{', '.join(FUNCTIONS)} (as in `{INSTALL}`; {VARIABLE} names another)"
        )
        self.arguments = (file, reason)

    def __reduce__(self) -> tuple[type[RnnoiseBroken], tuple[str, str]]:
        return type(self), self.arguments


class Rnnoise:
    """An opened library. Each clip has a state of its own, so that none depends on the one before."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._library = _opened(file)
        self.delay = self._measured_delay()

    def denoise(self, samples: Samples) -> Samples:
        """Samples at 48 kHz of shape (time,) with less noise, as long as before and in time with them."""
        return self._run(samples, len(samples) + self.delay)[self.delay :]

    def _run(self, samples: Samples, length: int) -> Samples:
        """What comes out while the samples, and silence after them, go in; shape (length,)."""
        frames = np.zeros((-(-length // FRAME), FRAME), dtype=np.float32)
        frames.reshape(-1)[: len(samples)] = samples * np.float32(PCM_STEPS)  # it counts in steps of 16 bits
        out = np.empty_like(frames)
        state = self._library.rnnoise_create(None)  # None is the model that was built in
        if not state:
            raise RnnoiseBroken(self.file, "it makes no state, as one does that was built without a model")
        try:
            for before, after in zip(frames, out, strict=True):
                self._library.rnnoise_process_frame(state, after.ctypes.data, before.ctypes.data)
        finally:
            self._library.rnnoise_destroy(state)
        return np.divide(out, PCM_STEPS, dtype=np.float32).reshape(-1)[:length]

    def _measured_delay(self) -> int:
        """Samples by which what comes out lags: one frame in older versions, two in those that look ahead.

        Raises:
            RnnoiseBroken: what comes out has nothing to do with what went in.
        """
        probe = _probe()
        heard = self._run(probe, len(probe) + MOST_DELAY * FRAME)
        products = [float(np.dot(heard[lag : lag + len(probe)], probe)) for lag in _lags()]
        best = int(np.argmax(products))
        if not products[best] > 0:
            raise RnnoiseBroken(self.file, "a voice that goes in does not come out")
        return _lags()[best]


def _lags() -> range:
    return range(0, (MOST_DELAY + 1) * FRAME, FRAME)


def _probe() -> Samples:
    """A buzz at the pitch of a voice in syllables; shape (time,). Its period does not divide a frame."""
    seconds: NDArray[np.float64] = np.arange(PROBE_FRAMES * FRAME) / RATE_HZ
    pitch_hz = 110 + 60 * seconds  # it glides, so that only one lag fits
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    buzz = sum(np.sin(phase * harmonic) / harmonic for harmonic in range(1, 24))
    return np.asarray(0.1 * buzz * np.sin(2 * np.pi * 2.5 * seconds) ** 2, dtype=np.float32)


@cache
def rnnoise() -> Rnnoise:
    """The library of this machine, opened once in a process.

    Raises:
        RnnoiseNotFound: there is none.
        RnnoiseBroken: there is one that can't be used.
    """
    return Rnnoise(library_file())


def library_file() -> str:
    """Where the library is: named by the environment, brought by a package, or the system's.

    Raises:
        RnnoiseNotFound: nowhere.
    """
    found = os.environ.get(VARIABLE) or _brought_by_package() or find_library("rnnoise")
    if not found:
        raise RnnoiseNotFound
    return found


def _brought_by_package() -> str | None:
    """The file that the installed package carries; the package is not imported, since that loads 300 MB of others."""
    try:
        carried = files(DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
    for file in carried:
        if Path(file.name).stem in ("librnnoise", "rnnoise") and file.suffix in (".so", ".dylib", ".dll"):
            return str(file.locate())
    return None


def _opened(file: str) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(file)
    except OSError as error:
        raise RnnoiseBroken(file, str(error)) from error
    missing = [name for name in FUNCTIONS if not hasattr(library, name)]
    if missing:
        raise RnnoiseBroken(file, f"it has no {', '.join(missing)}")
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_process_frame.restype = ctypes.c_float  # how likely the frame holds speech
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    if library.rnnoise_get_frame_size() != FRAME:
        raise RnnoiseBroken(file, f"its frames have {library.rnnoise_get_frame_size()} samples, not {FRAME}")
    return library
