"""How fast the hot paths are, as ratios against a peer in the same run: python tests/benchmarks/speed.py [SECONDS].

Prints a table. A ratio above 1 means that ours is faster. Absolute figures depend on the machine; ratios hardly do.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import librosa
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore", message="'audioop' is deprecated|Couldn't find ffmpeg")
import pydub

from analysis.aggregators.majority_vote import MajorityVote
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from pipelines.audio import mix_at_snr
from pipelines.sound_file import to_pcm16

RATE_HZ = 16_000
SECONDS = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 2.0


def best_s(work: Callable[[], object]) -> float:
    """The shortest of as many runs as fit into the time."""
    times, until = [], time.perf_counter() + SECONDS
    work()  # imports, caches
    while not times or time.perf_counter() < until:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def clips(count: int, length_s: float) -> list[np.ndarray]:
    """Noise bursts."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(int(length_s * RATE_HZ)).astype(np.float32) * 0.1 for _ in range(count)]


def filterbank_work() -> tuple[float, float]:
    """40 log mel bands of 50 clips of 4 s: ours and librosa, one by one."""
    sounds, feature = clips(50, 4.0), LogMel(Filterbanks())

    def peer() -> None:
        for sound in sounds:
            mel = librosa.feature.melspectrogram(
                y=sound, sr=RATE_HZ, n_fft=512, win_length=400, hop_length=160, window="hamming", n_mels=40
            )
            np.log(np.maximum(mel, 1e-10))

    return best_s(lambda: feature.of(sounds)), best_s(peer)


def majority_work() -> tuple[float, float]:
    """The majority of a million votes: ours, and a pandas groupby."""
    rng = np.random.default_rng(0)
    votes = pd.DataFrame(
        {
            "task": np.char.add("p", np.repeat(np.arange(333_333), 3).astype(str)),
            "worker": np.char.add("w", np.tile(np.arange(3), 333_333).astype(str)),
            "label": np.where(rng.random(999_999) < 0.1, "different", "same"),
        }
    )

    def peer() -> None:
        votes.assign(different=votes["label"] == "different").groupby("task")["different"].mean().gt(0.5)

    return best_s(lambda: MajorityVote().fit_predict(votes)), best_s(peer)


def mixing_work() -> tuple[float, float]:
    """Mixing noise into 50 clips of 4 s: ours (levels of what sounds), and pydub's overlay (no level at all)."""
    sounds = clips(50, 4.0)
    segments = [
        pydub.AudioSegment(to_pcm16(sound).tobytes(), sample_width=2, frame_rate=RATE_HZ, channels=1)
        for sound in sounds
    ]
    ours = best_s(lambda: [mix_at_snr(sound, sounds[0], 10.0) for sound in sounds])
    return ours, best_s(lambda: [segment.overlay(segments[0]) for segment in segments])


def main() -> None:
    """Print the table."""
    print("work\tours_s\tpeer_s\ttimes as fast")
    for name, work in (
        ("filterbanks, against librosa", filterbank_work),
        ("majority of 1e6 votes, against pandas groupby", majority_work),
        ("mixing at an SNR, against pydub's overlay", mixing_work),
    ):
        ours, peer = work()
        print(f"{name}\t{ours:.4f}\t{peer:.4f}\t{peer / ours:.2f}")


if __name__ == "__main__":
    main()
