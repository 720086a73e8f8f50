"""How the demo's sounds are synthesised: one recipe for each category, noise and tones in the shape of its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from pipelines.sounds.base import Family

SAMPLE_RATE_HZ = 16000

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


def _voice(length: int, pitch_hz: Wave | float, formants_hz: tuple[float, ...], rng: np.random.Generator) -> Wave:
    """A buzz at a steady or moving pitch through resonances, with a little breath; shape (length,)."""
    phase = np.cumsum(np.broadcast_to(pitch_hz, length)) / SAMPLE_RATE_HZ % 1
    buzz = (1 - 2 * phase) + 0.1 * rng.standard_normal(length)
    heard = (_resonant(buzz, formant_hz) / order for order, formant_hz in enumerate(formants_hz, start=1))
    return np.asarray(sum(heard, np.zeros(length)))


def _resonant(wave: Wave, centre_hz: float) -> Wave:
    """What a resonance of a vocal tract lets through."""
    sections = butter(1, (0.88 * centre_hz, 1.12 * centre_hz), btype="band", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, wave))


def _laughing(length: int, rng: np.random.Generator) -> Wave:
    pitch_hz = rng.uniform(180, 320)

    def ha() -> Wave:
        count = round(0.13 * SAMPLE_RATE_HZ)
        breath = 0.3 * _band(count, 800, 4000, rng)
        voiced = _voice(count, np.linspace(1.1, 0.9, count) * pitch_hz, VOWELS[0], rng)
        return np.asarray((voiced + breath) * np.hanning(count))

    return _at(length, _beats(length, 0.19, 0.1, rng), ha) * np.linspace(1, 0.4, length)


def _sobbing(length: int, rng: np.random.Generator) -> Wave:
    pitch_hz = rng.uniform(220, 360)

    def sob() -> Wave:
        count = round(rng.uniform(0.35, 0.5) * SAMPLE_RATE_HZ)
        glide = np.linspace(1.25, 0.8, count) * pitch_hz * (1 + 0.04 * _tone(7.0, count))
        return _voice(count, glide, VOWELS[1], rng) * np.hanning(count)

    return _at(length, _beats(length, 0.6, 0.1, rng), sob) + 0.02 * _band(length, 500, 4000, rng)


def _talker(length: int, rng: np.random.Generator) -> Wave:
    """Vowels at the pace of speech, in one voice, with pauses between them."""
    pitch_hz = rng.uniform(95, 230)

    def syllable() -> Wave:
        count = round(rng.uniform(0.1, 0.22) * SAMPLE_RATE_HZ)
        vowel = VOWELS[int(rng.integers(len(VOWELS)))]
        return _voice(count, pitch_hz * rng.uniform(0.9, 1.15), vowel, rng) * np.hanning(count)

    return _at(length, _beats(length, rng.uniform(0.2, 0.28), 0.3, rng), syllable)


def _babble(length: int, rng: np.random.Generator) -> Wave:
    return np.asarray(sum((_talker(length, rng) for _ in range(6)), np.zeros(length)))


def _melody(length: int, rng: np.random.Generator) -> Wave:
    scale_hz = rng.uniform(200, 300) * 2 ** (np.array([0, 2, 4, 7, 9]) / 12)

    def note() -> Wave:
        envelope, pitch_hz = _decay(0.6, 0.15), float(rng.choice(scale_hz))
        chord = sum((_tone(pitch_hz * part, len(envelope)) / part**2 for part in (1, 2, 3)), np.zeros(len(envelope)))
        return np.asarray(chord * envelope)

    return _at(length, _beats(length, 0.3, 0.0, rng), note)


def _train(length: int, rng: np.random.Generator) -> Wave:
    rumble = _band(length, 40, 250, rng) * _swell(length, 1.5, 0.4, rng)
    return rumble + _at(length, _beats(length, 0.35, 0.05, rng), lambda: _burst(rng, 200, 1500, 0.12, 0.02))


def _traffic(length: int, rng: np.random.Generator) -> Wave:
    return _band(length, 50, 1200, rng) * _swell(length, rng.uniform(2, 4), 0.7, rng)


def _room(length: int, rng: np.random.Generator) -> Wave:
    """An impulse response: the direct sound, and then a noise that has died away by 60 dB at its end."""
    tail = 0.12 * rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: round(0.004 * SAMPLE_RATE_HZ)] = 0
    tail[0] = 1
    return tail


#: Resonances of five vowels: a, e, i, o, u.
VOWELS = ((730.0, 1090.0, 2440.0), (530.0, 1840.0, 2480.0), (270.0, 2290.0, 3010.0), (570.0, 840.0, 2410.0),
          (300.0, 870.0, 2240.0))  # fmt: skip

LONG_S = (3.0, 5.0)

#: By family: the shortest and the longest length in seconds, and a recipe for each category, named as in ESC-50 where
#: it knows the sound.
RECIPES: dict[Family, tuple[tuple[float, float], dict[str, Recipe]]] = {
    "nat": (
        LONG_S,
        {
            "rain": _rain,
            "wind": _wind,
            "sea_waves": _sea_waves,
            "thunderstorm": _thunderstorm,
            "chirping_birds": _chirping_birds,
        },
    ),
    "hum": (LONG_S, {"footsteps": _footsteps, "breathing": _breathing, "coughing": _coughing, "clapping": _clapping}),
    "int": (
        LONG_S,
        {
            "clock_tick": _clock_tick,
            "vacuum_cleaner": _vacuum_cleaner,
            "keyboard_typing": _keyboard_typing,
            "door_wood_knock": _door_wood_knock,
        },
    ),
    "laugh": ((0.7, 1.1), {"laughing": _laughing}),
    "cry": ((1.0, 1.6), {"sobbing": _sobbing}),
    "babble": (LONG_S, {"babble": _babble}),
    "music": (LONG_S, {"melody": _melody}),
    "transportation": (LONG_S, {"train": _train, "traffic": _traffic}),
    "room": ((0.3, 0.6), {"room": _room}),
}
