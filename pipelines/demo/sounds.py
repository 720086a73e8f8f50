"""Make the demo's sounds: one small recording of every kind by synthesis, so that the demo needs no recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipelines.audio import Samples
from pipelines.demo.held import refuse_other
from pipelines.demo.recipes import RECIPES, SAMPLE_RATE_HZ
from pipelines.sound_file import write_wav
from pipelines.sounds.demo import FILE_NAME, FORMAT
from pipelines.whole_folder import whole_folder

PEAK = 0.7


def make_demo_sounds(folder: Path, seed: int, variants: int = 3) -> Path:
    """Make the demo's sounds, completely or not at all: 20 categories of 0.3 to 5 s at 16 kHz, in several variants.

    The same seed gives the same bytes. A folder that holds these very sounds is left as it is.

    Returns:
        The folder, to be read by `pipelines.sounds.demo`.

    Raises:
        FolderInTheWay: something else is in the folder.
        DiskFull: there is no room.
    """
    header = {"format": FORMAT, "version": 2, "simulated": True, "seed": seed, "variants": variants}
    if folder.exists():
        refuse_other(folder / FILE_NAME, header, f"the demo's sounds of seed {seed}, {variants} of each")
        return folder
    with whole_folder(folder) as part:
        (part / "wav").mkdir()
        with (part / FILE_NAME).open("w", encoding="utf-8") as file:
            file.write(json.dumps(header) + "\n")
            for row, samples in _sounds(seed, variants):
                write_wav(part / "wav" / row["file"], samples, SAMPLE_RATE_HZ)
                file.write(json.dumps(row) + "\n")
    return folder


def _sounds(seed: int, variants: int) -> Iterator[tuple[dict[str, str], Samples]]:
    for number, (family, (lengths_s, recipes)) in enumerate(RECIPES.items()):
        for place, (category, recipe) in enumerate(recipes.items()):
            for variant in range(1, variants + 1):
                rng = np.random.default_rng([seed, number, place, variant])
                wave = recipe(round(rng.uniform(*lengths_s) * SAMPLE_RATE_HZ), rng)
                sound_id = f"{category}-{variant}"
                row = {"sound_id": sound_id, "family": family, "category": category, "file": f"{sound_id}.wav"}
                yield row, (wave * PEAK / np.abs(wave).max()).astype(np.float32)
