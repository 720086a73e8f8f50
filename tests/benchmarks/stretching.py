"""How fast and how clean changes of tempo and pitch are: python tests/benchmarks/stretching.py [SECONDS].

Prints a table, in one process and one thread: ours, librosa, and ffmpeg's atempo (through PyAV), on recordings from
EmoDB below EARWITNESS_TEST_DATA, or on espeak-ng's where there are none. `times real time` is seconds of sound made
from a second of work; `smearing` is in dB, lower is cleaner (see `smearing`). For the pitch, atempo stretches and
librosa resamples, as both libraries' users do.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when numpy is imported, so it stands before that

import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from pipelines.audio import Samples
from pipelines.demo.espeak import Style, voice
from pipelines.sound_file import read_sound
from pipelines.stretching import stretch, transpose

RATE_HZ = 16_000
SECONDS = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 2.0
RECORDINGS = 12
MELS = 40
FRAME_S, STEP_S = 0.025, 0.010
RANGE_DB = 60.0

Change = Callable[[Samples], Samples]


def log_mel(samples: Samples, sample_rate_hz: int, step_s: float = STEP_S) -> NDArray[np.float64]:
    """Energies of 40 mel bands in dB, shape (frames, 40): Hann frames of 25 ms, centred, one every `step_s`."""
    frame = round(FRAME_S * sample_rate_hz)
    powers = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=sample_rate_hz,
        n_fft=frame,
        hop_length=round(step_s * sample_rate_hz),
        n_mels=MELS,
    )
    return np.asarray(10 * np.log10(np.maximum(powers, 1e-12))).T


def smearing(original: Samples, changed: Samples, sample_rate_hz: int, ratio: float = 1.0) -> float:
    """Mean absolute deviation, in dB, of a changed clip's log-mel from that of its original, resampled in time.

    mean over frames t and bands m of | L(changed)[t, m] - L(original)[t * T_original / T_changed, m] |, where L is
    `log_mel`, frames between two are interpolated linearly, and both are cut off 60 dB below the original's maximum.

    For a change of pitch by `ratio`, the original is resampled first (played so much faster or slower), which moves its
    frequencies exactly, formants as well, and changes its duration, which the measure then takes out again. Bands
    above what the change leaves (ratio x half the sample rate, or half the sample rate) do not count.
    """
    if ratio != 1:
        original = librosa.resample(original, orig_sr=sample_rate_hz * ratio, target_sr=sample_rate_hz)
    expected, found = log_mel(original, sample_rate_hz, STEP_S / ratio), log_mel(changed, sample_rate_hz)
    centres_hz = librosa.mel_frequencies(MELS + 2, fmax=sample_rate_hz / 2)
    counted = centres_hz[2:] <= min(1.0, ratio) * sample_rate_hz / 2 + 1e-6  # the upper edge of each band
    floor = expected.max() - RANGE_DB
    places = np.linspace(0, len(expected) - 1, len(found))
    resampled = np.stack([np.interp(places, np.arange(len(expected)), band) for band in expected.T], axis=1)
    deviations = np.abs(np.maximum(resampled, floor) - np.maximum(found, floor))
    return float(deviations[:, counted].mean())


def atempo(samples: Samples, speed: float) -> Samples:
    """ffmpeg's filter atempo, through PyAV."""
    import av

    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=RATE_HZ, layout="mono", time_base=Fraction(1, RATE_HZ))
    tempo, sink = graph.add("atempo", str(speed)), graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, 0
    source.push(frame)
    source.push(None)
    parts = []
    while True:
        try:
            parts.append(sink.pull().to_ndarray()[0])
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(parts)


def atempo_pitch(samples: Samples, ratio: float) -> Samples:
    """Another pitch by atempo and resampling."""
    stretched = atempo(samples, 1 / ratio)
    return librosa.util.fix_length(
        librosa.resample(stretched, orig_sr=RATE_HZ * ratio, target_sr=RATE_HZ), size=len(samples)
    )


def tempos(speed: float) -> dict[str, Change]:
    """Every library's way to another speed."""
    return {
        "ours (Signalsmith)": lambda x: stretch(x, RATE_HZ, speed),
        "librosa": lambda x: librosa.effects.time_stretch(x, rate=speed),
        "librosa, n_fft 512": lambda x: librosa.effects.time_stretch(x, rate=speed, n_fft=512),
        "atempo": lambda x: atempo(x, speed),
    }


def pitches(ratio: float) -> dict[str, Change]:
    """Every library's way to another pitch."""
    steps = 12 * np.log2(ratio)
    return {
        "ours (Signalsmith)": lambda x: transpose(x, RATE_HZ, ratio),
        "librosa": lambda x: librosa.effects.pitch_shift(x, sr=RATE_HZ, n_steps=steps),
        "librosa, n_fft 512": lambda x: librosa.effects.pitch_shift(x, sr=RATE_HZ, n_steps=steps, n_fft=512),
        "atempo and resampling": lambda x: atempo_pitch(x, ratio),
    }


def recordings() -> tuple[str, list[Samples]]:
    """What is stretched, and where it is from."""
    folder = Path(os.environ.get("EARWITNESS_TEST_DATA", "absent"), "emodb", "wav")
    paths = sorted(folder.glob("*.wav"))
    if paths:
        return "EmoDB", [read_sound(path, RATE_HZ) for path in paths[:: max(1, len(paths) // RECORDINGS)]]
    said = []
    for name in ("f1", "m1", "f4", "m3"):
        with voice(f"en-us+{name}") as speaker:
            speech = speaker.say("So the cat and a dog like it, and the old man left with the boy.", Style())
        said.append(librosa.resample(speech.samples, orig_sr=speech.sample_rate_hz, target_sr=RATE_HZ))
    return "espeak-ng", said


def measured(change: Change, sounds: list[Samples], ratio: float) -> tuple[float, float]:
    """The shortest time for all sounds, in seconds, and their mean smearing in dB."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    changed = [change(sound) for sound in sounds]
    while not times or time.perf_counter() < until:
        began = time.perf_counter()
        for sound in sounds:
            change(sound)
        times.append(time.perf_counter() - began)
    pairs = zip(sounds, changed, strict=True)
    return min(times), float(np.mean([smearing(before, after, RATE_HZ, ratio) for before, after in pairs]))


def main() -> None:
    """Print the table."""
    source, sounds = recordings()
    length_s = sum(map(len, sounds)) / RATE_HZ
    print(f"{len(sounds)} recordings of {source}, {length_s:.1f} s in all, one thread")
    print("change\tby\tseconds\ttimes real time\tsmearing_db")
    for factor in (1.25, 0.75):
        for name, change in tempos(factor).items():
            taken_s, smeared_db = measured(change, sounds, 1.0)
            print(f"tempo {factor}x\t{name}\t{taken_s:.4f}\t{length_s / taken_s:.0f}\t{smeared_db:.2f}")
    for factor in (1.25, 0.75):
        for name, change in pitches(factor).items():
            taken_s, smeared_db = measured(change, sounds, factor)
            print(f"pitch {factor}x\t{name}\t{taken_s:.4f}\t{length_s / taken_s:.0f}\t{smeared_db:.2f}")


if __name__ == "__main__":
    main()
