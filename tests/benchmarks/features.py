"""How fast features are made and found again: python tests/benchmarks/features.py [--rounds N] [--pin 0,1].

Prints two tables, on EmoDB's clips below EARWITNESS_TEST_DATA, or on hiss where there are none.

The first: log mel filterbanks by ours, librosa and kaldi-native-fbank, each in one and in two processes of one thread
(with two threads, all of them were slower on two cores than with one), on a GPU where there is one, and the Fourier
transforms alone, of windows cut beforehand. All take turns, round after round, and the best round of each counts.
Other work on the machine lengthens `best_s`, but hardly `cpu_s`, the cores' time that all processes of a contender take
together. `times librosa` compares with librosa in as many processes (a GPU: with two).

The second: `hear` with a cold and a warm cache, clean and under a noise, and the peak of memory of a fresh process
that does so for all clips once and four times over.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when numpy is imported, so it stands before that

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import kaldi_native_fbank
import librosa
import numpy as np
import torch

from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import Condition, hear
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.emodb import EmoDB
from pipelines.sound_file import read_sound, write_flac
from pipelines.sounds.folder import SoundFolder

RATE_HZ = 16_000
SETTINGS = Filterbanks()
HISS_CLIPS, HISS_S = 188, 2.8  # as many and as long as those of EmoDB
NOISE = "nat-co-10db"


def hiss(length_s: float, seed: int) -> Samples:
    """White noise of shape (time,)."""
    return np.random.default_rng(seed).normal(0, 0.1, round(length_s * RATE_HZ)).astype(np.float32)


def clips_in(folder: Path) -> list[Clip]:
    """EmoDB's clips, or some of hiss."""
    data = os.environ.get("EARWITNESS_TEST_DATA")
    if data and (Path(data) / "emodb").is_dir():
        return [clip for clip in EmoDB(Path(data) / "emodb").read() if isinstance(clip, Clip)]
    clips = []
    for number in range(HISS_CLIPS):
        write_flac(folder / f"{number}.flac", hiss(HISS_S, number), RATE_HZ)
        clips.append(Clip(f"hiss-{number}", folder / f"{number}.flac", f"speaker-{number % 10}", length_s=HISS_S))
    return clips


@cache
def _sounds(paths: tuple[Path, ...]) -> list[Samples]:
    return [read_sound(path, RATE_HZ) for path in paths]


@cache
def _windows(paths: tuple[Path, ...]) -> list[torch.Tensor]:
    half = SETTINGS.fft // 2
    padded = [torch.from_numpy(np.pad(sound, half)) for sound in _sounds(paths)]
    return [one.unfold(0, SETTINGS.fft, SETTINGS.step).contiguous() for one in padded]


def ours(paths: tuple[Path, ...], device: str = "cpu") -> None:
    """Our filterbanks."""
    LogMel(SETTINGS, device).of(_sounds(paths))


def librosas(paths: tuple[Path, ...]) -> None:
    """Those of librosa, on the same settings."""
    for sound in _sounds(paths):
        mel = librosa.feature.melspectrogram(
            y=sound,
            sr=RATE_HZ,
            n_fft=SETTINGS.fft,
            win_length=SETTINGS.window,
            hop_length=SETTINGS.step,
            window="hamming",
            pad_mode="constant",
            n_mels=SETTINGS.bands,
        )
        np.log(np.maximum(mel, SETTINGS.log_floor)).T.copy()


def kaldis(paths: tuple[Path, ...]) -> None:
    """Those of kaldi-native-fbank: its own mel scale, as many bands, windows and steps."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = SETTINGS.bands
    for sound in _sounds(paths):
        fbank = kaldi_native_fbank.OnlineFbank(options)
        fbank.accept_waveform(RATE_HZ, sound.tolist())
        fbank.input_finished()
        np.stack([fbank.get_frame(number) for number in range(fbank.num_frames_ready)])


def transforms(paths: tuple[Path, ...]) -> None:
    """The Fourier transforms alone."""
    torch.set_num_threads(1)
    for windows in _windows(paths):
        torch.fft.rfft(windows)


def on_gpu(paths: tuple[Path, ...]) -> None:
    """Our filterbanks on a GPU, from arrays in memory to arrays in memory."""
    ours(paths, "cuda")


Work = Callable[[tuple[Path, ...]], None]
WORKS: dict[str, Work] = {"ours": ours, "librosa": librosas, "kaldi-native-fbank": kaldis, "FFTs alone": transforms}


def cpu_s(work: Work, paths: tuple[Path, ...]) -> float:
    """How much of a core's time work takes in this process."""
    began = time.process_time()
    work(paths)
    return time.process_time() - began


def took_s(work: Work, pool: Sequence[ProcessPoolExecutor], paths: tuple[Path, ...]) -> tuple[float, float]:
    """Seconds that work takes, by the clock and of cores, its clips dealt to processes that keep their share."""
    began = time.perf_counter()
    if pool:
        shares = [paths[place :: len(pool)] for place in range(len(pool))]
        begun = [process.submit(cpu_s, work, share) for process, share in zip(pool, shares, strict=True)]
        cores_s = sum(done.result() for done in begun)
    else:
        cores_s = cpu_s(work, paths)
    return time.perf_counter() - began, cores_s


def filterbank_rows(paths: tuple[Path, ...], rounds: int) -> Iterator[str]:
    """The first table."""
    sound_s = sum(len(sound) for sound in _sounds(paths)) / RATE_HZ
    with ExitStack() as stack:
        spawn = get_context("spawn")
        two = [stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn)) for _ in range(2)]
        contests = [(name, work, pool) for name, work in WORKS.items() for pool in ([], two)]
        if torch.cuda.is_available():
            contests.append(("ours, on a GPU", on_gpu, []))
        times: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
        for number in range(rounds + 1):
            for name, work, pool in contests:
                found = took_s(work, pool, paths)
                if number:  # the first round imports, reads and plans
                    times[name, len(pool) or 1].append(found)
    best = {contest: np.min(found, axis=0) for contest, found in times.items()}
    yield "filterbanks\tprocesses\tbest_s\tx real time\ttimes librosa\tcpu_s\ttimes librosa's\ttimes the FFTs'"
    for (name, processes), (best_s, cores_s) in best.items():
        peer_s, peer_cores_s = best["librosa", 2 if "GPU" in name else processes]
        faster, cheaper, beyond = peer_s / best_s, peer_cores_s / cores_s, cores_s / best["FFTs alone", processes][1]
        speed = f"{best_s:.4f}\t{sound_s / best_s:.0f}\t{faster:.2f}"
        yield f"{name}\t{processes}\t{speed}\t{cores_s:.4f}\t{cheaper:.2f}\t{beyond:.2f}"


def peak_mib() -> float:
    """The most memory that this process has held; `getrusage` would tell that of its parent where it was larger."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) / 1024


def heard_once(clips: Sequence[Clip], sounds: Path, folder: Path, name: str) -> tuple[float, float]:
    """Seconds and the peak of memory of a process that hears clips through a cache and reads all frames."""
    noise = None if name == "clean" else Condition(name, condition(name))
    feature, bank = LogMel(SETTINGS), SoundFolder(sounds)
    feature.of([hiss(1.0, 0)])  # plans
    began = time.perf_counter()
    heard = hear(clips, feature, condition=noise, sounds=bank, seed=1, cache=FeatureCache(folder))
    for frames in heard.frames.values():
        frames.sum()
    return time.perf_counter() - began, peak_mib()


def hearing_rows(clips: Sequence[Clip], folder: Path) -> Iterator[str]:
    """The second table."""
    for number in range(8):
        write_flac(folder / "sounds" / "nat" / f"{number}.flac", hiss(5.0, number), RATE_HZ)
    yield "hear\tclips\tcold_s\twarm_s\twarm ms a clip\tpeak cold MiB\tpeak warm MiB"
    for name in ("clean", NOISE):
        for times in (1, 4):
            many = [replace(clip, clip_id=f"{clip.clip_id}-{copy}") for copy in range(times) for clip in clips]
            given = (many, folder / "sounds", folder / f"cache-{name}-{times}", name)
            said = []
            for _ in range(2):  # each in a process of its own, so that it has a peak of its own
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
                    said.append(fresh.submit(heard_once, *given).result())
            (cold_s, cold_mib), (warm_s, warm_mib) = said
            each_ms = 1000 * warm_s / len(many)
            yield f"{name}\t{len(many)}\t{cold_s:.2f}\t{warm_s:.3f}\t{each_ms:.3f}\t{cold_mib:.0f}\t{warm_mib:.0f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="that each contender runs")
    parser.add_argument("--pin", default="", help="cores to stay on, as 0,1, where other work disturbs")
    asked = parser.parse_args()
    if asked.pin:
        os.sched_setaffinity(0, {int(core) for core in asked.pin.split(",")})
    with TemporaryDirectory() as made:
        clips = clips_in(Path(made))
        print(f"{len(clips)} clips, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for row in filterbank_rows(tuple(clip.path for clip in clips), asked.rounds):
            print(row)
        print()
        for row in hearing_rows(clips, Path(made)):
            print(row)


if __name__ == "__main__":
    main()
