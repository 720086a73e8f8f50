"""How much nearer to clean speech denoisers bring noisy speech, and how fast: python tests/benchmarks/denoisers.py.

Speech and noise are EmoDB and ESC-50 where EARWITNESS_TEST_DATA names them, else the demo's. VTS learns from every
second speaker, and all are heard on the others. Of each family and SNR, means over clips: the RMS error of the log
mel filterbanks against the clean twin (natural logarithms of energies), before and after; and of sound the SNR in dB,
as what lies along the clean sound over all else. The last column is seconds of sound a second, one thread.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

warnings.filterwarnings("ignore")
from models.denoisers.rnnoise.library import RnnoiseNotFound, rnnoise
from models.denoisers.rnnoise.rnnoise import RnNoise, RnNoiseSettings
from models.denoisers.vts.vts import Vts, VtsSettings
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.corpora.base import Corpus
from pipelines.corpora.demo import DemoCorpus
from pipelines.corpora.emodb import EmoDB
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import make_demo_corpus
from pipelines.sound_file import read_sound
from pipelines.sounds.base import FAMILIES, SoundBank
from pipelines.sounds.demo import DemoSounds
from pipelines.sounds.esc50 import Esc50

RATE_HZ = 16_000
EVERY = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 2  # clip of the speakers heard
SNRS_DB = (20, 10, 0)
Frames: TypeAlias = NDArray[np.float32]


def material(folder: Path) -> tuple[Corpus, SoundBank]:
    """Real speech and sounds where they are, else the demo's."""
    named = os.environ.get("EARWITNESS_TEST_DATA")
    if named:
        return EmoDB(Path(named) / "emodb"), Esc50(Path(named) / "ESC-50")
    return (
        DemoCorpus(make_demo_corpus(folder / "speech", 1, speakers=6)),
        DemoSounds(make_demo_sounds(folder / "sounds", 1, 4)),
    )


def frames_of(sounds: Sequence[Samples]) -> list[Frames]:
    """Log mel filterbanks, shape (frames, bands) each."""
    return LogMel(Filterbanks()).of(sounds)


def error(found: Sequence[Frames], clean: Sequence[Frames]) -> float:
    """Mean over clips of the RMS error."""
    return float(np.mean([np.sqrt(np.mean((one - two) ** 2)) for one, two in zip(found, clean, strict=True)]))


def snr_db(found: Sequence[Samples], clean: Sequence[Samples]) -> float:
    """Mean over clips of what lies along the clean sound over all else."""
    ratios = []
    for heard, speech in zip(found, clean, strict=True):
        along = float(heard @ speech) / float(speech @ speech) * speech
        rest = heard - along
        ratios.append(10 * np.log10(float(along @ along) / max(float(rest @ rest), 1e-10)))  # 1e-10: of clean sound
    return float(np.mean(ratios))


def times_real(work: Callable[[], object], length_s: float) -> float:
    """Seconds of sound a second."""
    began = time.perf_counter()
    work()
    return length_s / (time.perf_counter() - began)


def vts_by_name(known: Sequence[Frames]) -> dict[str, Vts]:
    """The default, and what else its settings offer, all fitted."""
    made = {
        "vts": Vts(VtsSettings()),
        "vts, shift": Vts(VtsSettings(estimate="shift")),
        "vts, edges": Vts(VtsSettings(noise="edges")),
        "vts, edges, shift": Vts(VtsSettings(noise="edges", estimate="shift")),
    }
    fitted = made["vts"]
    fitted.fit(known, seed=1)
    for denoiser in made.values():
        denoiser.restore(fitted.arrays())
    return made


def rows(clean: Sequence[Samples], noisy: Sequence[Samples], vts: dict[str, Vts]) -> list[str]:
    """Of each denoiser: its name and its figures."""
    length_s = sum(map(len, clean)) / RATE_HZ
    wanted, before = frames_of(clean), frames_of(noisy)
    first = f"{error(before, wanted):.2f}"
    found = []
    for name, denoiser in vts.items():
        after: list[Frames] = []
        speed = times_real(lambda: after.extend(map(denoiser.denoise, before)), length_s)  # noqa: B023
        found.append(f"{name}\t{first}\t{error(after, wanted):.2f}\t\t\t{speed:,.0f}")
    try:
        rnnoise()
    except RnnoiseNotFound:
        return found
    sound, heard = RnNoise(RnNoiseSettings()), list[Samples]()
    speed = times_real(lambda: heard.extend(sound.denoise(one, RATE_HZ) for one in noisy), length_s)
    levels = f"{snr_db(noisy, clean):.1f}\t{snr_db(heard, clean):.1f}"
    return [*found, f"rnnoise\t{first}\t{error(frames_of(heard), wanted):.2f}\t{levels}\t{speed:,.0f}"]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, sounds = material(Path(folder))
        clips = [clip for clip in corpus.read() if isinstance(clip, Clip)]
        speakers = sorted({clip.speaker for clip in clips})
        known = [read_sound(clip.path, RATE_HZ) for clip in clips if clip.speaker in speakers[1::2]]
        clean = [read_sound(clip.path, RATE_HZ) for clip in clips if clip.speaker in speakers[::2]][::EVERY]
        vts = vts_by_name(frames_of(known))
        print(
            f"{len(clean)} clips of {len(speakers[::2])} speakers of {type(corpus).__name__}, {type(sounds).__name__}"
        )
        print("family\tSNR, dB\tdenoiser\terror before\tafter\tSNR before\tafter\tx real time")
        for family in FAMILIES:
            for level_db in SNRS_DB:
                noise, noisy = condition(f"{family}-co-{level_db}db"), []
                for number, samples in enumerate(clean):
                    speech = Speech(samples, RATE_HZ)
                    drawn = noise.draw(speech, sounds, np.random.default_rng(number))
                    noisy.append(noise.apply(speech, drawn, sounds))
                for row in rows(clean, noisy, vts):
                    print(f"{family}\t{level_db}\t{row}", flush=True)
        print("\n".join(f"clean\t\t{row}" for row in rows(clean, [one + 0 for one in clean], vts)))


if __name__ == "__main__":
    main()
