"""Make the demo's sounds: the three environmental families by synthesis, so that the demo needs no recordings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from pipelines.audio import Samples, write_wav
from pipelines.sounds.base import Family
from pipelines.sounds.demo import FILE_NAME, FORMAT
from pipelines.whole_folder import FolderInTheWay, whole_folder

SAMPLE_RATE_HZ = 16000
SHORTEST_S, LONGEST_S = 3.0, 5.0
PEAK = 0.7

Wave: TypeAlias = NDArray[np.float64]
Recipe: TypeAlias = Callable[[int, np.random.Generator], Wave]


def _band(length: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """White noise between two frequencies, shape (length,)."""
    sections = butter(2, (low_hz, high_hz), btype="band", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, rng.standard_normal(length)))


def _swell(length: int, period_s: float, depth: float, rng: np.random.Generator) -> Wave:
    """Loudness that comes and goes, between 1 - depth and 1, shape (length,)."""
    phase = rng.uniform(0, 2 * np.pi)
    seconds = np.arange(length) / SAMPLE_RATE_HZ
    return np.asarray(1 - depth / 2 + depth / 2 * np.sin(2 * np.pi * seconds / period_s + phase))


def _decay(length_s: float, half_life_s: float) -> Wave:
    """From 1 downwards, halved every `half_life_s`."""
    seconds = np.arange(round(length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.asarray(0.5 ** (seconds / half_life_s))


def _at(length: int, moments_s: list[float], event: Callable[[], Wave]) -> Wave:
    """An event at each of several moments; what reaches past the end is cut off; shape (length,)."""
    track = np.zeros(length)
    for moment_s in moments_s:
        start = round(moment_s * SAMPLE_RATE_HZ)
        sound = event()[: max(0, length - start)]
        track[start : start + len(sound)] += sound
    return track


def _beats(length: int, every_s: float, jitter: float, rng: np.random.Generator) -> list[float]:
    """Moments at a steady pace, each off by up to a share of it."""
    count = int(length / SAMPLE_RATE_HZ / every_s)
    return [max(0.0, every_s * (beat + rng.uniform(-jitter, jitter) + 0.2)) for beat in range(count)]


def _burst(rng: np.random.Generator, low_hz: float, high_hz: float, length_s: float, half_life_s: float) -> Wave:
    """A short noise that dies away."""
    envelope = _decay(length_s, half_life_s)
    return _band(len(envelope), low_hz, high_hz, rng) * envelope


def _tone(frequencies_hz: Wave | float, length: int) -> Wave:
    """A sine of a steady or moving frequency, shape (length,)."""
    return np.asarray(np.sin(2 * np.pi * np.cumsum(np.broadcast_to(frequencies_hz, length)) / SAMPLE_RATE_HZ))


def _rain(length: int, rng: np.random.Generator) -> Wave:
    drops = sorted(rng.uniform(0, length / SAMPLE_RATE_HZ, size=length // 200).tolist())
    return _band(length, 1000, 7000, rng) * 0.3 + _at(length, drops, lambda: _burst(rng, 2000, 7500, 0.01, 0.002))


def _wind(length: int, rng: np.random.Generator) -> Wave:
    return _band(length, 80, rng.uniform(400, 800), rng) * _swell(length, rng.uniform(1.5, 3), 0.8, rng)


def _sea_waves(length: int, rng: np.random.Generator) -> Wave:
    return np.asarray(_band(length, 200, 4000, rng) * _swell(length, rng.uniform(2, 4), 0.9, rng) ** 2)


def _thunderstorm(length: int, rng: np.random.Generator) -> Wave:
    claps = [0.1, rng.uniform(1.2, 2.0)]
    rumble = _at(length, claps, lambda: 2 * _burst(rng, 40, 300, 2.5, rng.uniform(0.3, 0.6)))
    return rumble + 0.05 * _band(length, 1000, 6000, rng)


def _chirping_birds(length: int, rng: np.random.Generator) -> Wave:
    def chirp() -> Wave:
        count = round(rng.uniform(0.05, 0.12) * SAMPLE_RATE_HZ)
        sweep = np.linspace(rng.uniform(2500, 4000), rng.uniform(4000, 6000), count)
        return _tone(sweep, count) * np.hanning(count)

    return _at(length, _beats(length, rng.uniform(0.18, 0.3), 0.4, rng), chirp) + 0.01 * _band(length, 500, 5000, rng)


def _footsteps(length: int, rng: np.random.Generator) -> Wave:
    steps = _beats(length, rng.uniform(0.45, 0.6), 0.05, rng)
    return _at(length, steps, lambda: _burst(rng, 60, 500, 0.15, 0.02) + 0.2 * _burst(rng, 1500, 5000, 0.15, 0.01))


def _breathing(length: int, rng: np.random.Generator) -> Wave:
    def breath() -> Wave:
        count = round(rng.uniform(0.8, 1.0) * SAMPLE_RATE_HZ)
        return _band(count, 400, 3000, rng) * np.hanning(count)

    return _at(length, _beats(length, rng.uniform(1.2, 1.5), 0.05, rng), breath)


def _coughing(length: int, rng: np.random.Generator) -> Wave:
    def cough() -> Wave:
        burst = _burst(rng, 300, 3500, 0.35, rng.uniform(0.04, 0.07))
        voiced: Wave = _tone(rng.uniform(180, 300), len(burst)) * _decay(0.35, 0.03)
        return np.asarray(burst + 0.4 * np.abs(burst).max() * voiced)

    return _at(length, _beats(length, rng.uniform(0.5, 0.8), 0.2, rng), cough)


def _clapping(length: int, rng: np.random.Generator) -> Wave:
    claps = _beats(length, rng.uniform(0.2, 0.3), 0.1, rng)
    return _at(length, claps, lambda: _burst(rng, 800, 4000, 0.1, 0.008))


def _clock_tick(length: int, rng: np.random.Generator) -> Wave:
    return _at(length, _beats(length, 0.5, 0.0, rng), lambda: _burst(rng, 2500, 6000, 0.04, 0.004))


def _vacuum_cleaner(length: int, rng: np.random.Generator) -> Wave:
    motor_hz = rng.uniform(90, 130)
    hum = sum((_tone(motor_hz * harmonic, length) / harmonic for harmonic in range(1, 8)), np.zeros(length))
    return np.asarray(0.3 * hum) + _band(length, 300, 5000, rng)


def _keyboard_typing(length: int, rng: np.random.Generator) -> Wave:
    keys = _beats(length, rng.uniform(0.12, 0.18), 0.4, rng)
    return _at(length, keys, lambda: rng.uniform(0.5, 1) * _burst(rng, 1500, 6500, 0.05, 0.006))


def _door_wood_knock(length: int, rng: np.random.Generator) -> Wave:
    knocks = [start + beat * 0.22 for start in (0.1, 1.6) for beat in range(4)]
    return _at(length, knocks, lambda: _burst(rng, 100, 900, 0.2, 0.02))


#: Named as in ESC-50. Laughing and crying are absent on purpose: they are noises of their own.
RECIPES: dict[Family, dict[str, Recipe]] = {
    "nat": {
        "rain": _rain,
        "wind": _wind,
        "sea_waves": _sea_waves,
        "thunderstorm": _thunderstorm,
        "chirping_birds": _chirping_birds,
    },
    "hum": {"footsteps": _footsteps, "breathing": _breathing, "coughing": _coughing, "clapping": _clapping},
    "int": {
        "clock_tick": _clock_tick,
        "vacuum_cleaner": _vacuum_cleaner,
        "keyboard_typing": _keyboard_typing,
        "door_wood_knock": _door_wood_knock,
    },
}


def make_demo_sounds(folder: Path, seed: int, variants: int = 3) -> Path:
    """Make the demo's sounds, completely or not at all: 13 categories of 3 to 5 s at 16 kHz, several variants of each.

    The same seed gives the same bytes. A folder that holds these very sounds is left as it is.

    Returns:
        The folder, to be read by `pipelines.sounds.demo`.

    Raises:
        FolderInTheWay: something else is in the folder.
        DiskFull: there is no room.
    """
    header = {"format": FORMAT, "version": 1, "simulated": True, "seed": seed, "variants": variants}
    if folder.exists():
        _refuse_other(folder, header)
        return folder
    with whole_folder(folder) as part:
        (part / "wav").mkdir()
        with (part / FILE_NAME).open("w", encoding="utf-8") as file:
            file.write(json.dumps(header) + "\n")
            for row, samples in _sounds(seed, variants):
                write_wav(part / "wav" / row["file"], samples, SAMPLE_RATE_HZ)
                file.write(json.dumps(row) + "\n")
    return folder


def _refuse_other(folder: Path, header: dict[str, Any]) -> None:
    try:
        with (folder / FILE_NAME).open(encoding="utf-8") as file:
            found = json.loads(file.readline())
    except (OSError, ValueError):
        found = None
    if found != header:
        raise FolderInTheWay(folder, f"the demo's sounds of seed {header['seed']}, {header['variants']} of each")


def _sounds(seed: int, variants: int) -> Iterator[tuple[dict[str, str], Samples]]:
    for number, (family, recipes) in enumerate(RECIPES.items()):
        for place, (category, recipe) in enumerate(recipes.items()):
            for variant in range(1, variants + 1):
                rng = np.random.default_rng([seed, number, place, variant])
                wave = recipe(round(rng.uniform(SHORTEST_S, LONGEST_S) * SAMPLE_RATE_HZ), rng)
                sound_id = f"{category}-{variant}"
                row = {"sound_id": sound_id, "family": family, "category": category, "file": f"{sound_id}.wav"}
                yield row, (wave * PEAK / np.abs(wave).max()).astype(np.float32)
