"""What the mask network learns by itself, without a net behind it: python tests/benchmarks/mask.py [steps].

It is trained by squared error alone on every second speaker under human and interior sounds, and heard on the others,
under natural ones too, which it has not met. Bands are z-normalised by speaker, from clean frames. EmoDB and ESC-50
where EARWITNESS_TEST_DATA names them, else the demo's.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

warnings.filterwarnings("ignore")
from models.denoisers.mask import Mask, MaskFront, MaskSettings
from models.nets.base import frame_mask
from pipelines.audio import Speech
from pipelines.clip import Clip
from pipelines.conditions import condition
from pipelines.sound_file import read_sound
from pipelines.sounds.base import FAMILIES, SoundBank
from tests.benchmarks.denoisers import RATE_HZ, SNRS_DB, Frames, frames_of, material

STEPS = int(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 150
BATCH = 16
LEARNING_RATE = 3e-3
UNMET = "nat"


def heard(clips: Sequence[Clip], sounds: SoundBank, name: str) -> list[Frames]:
    """Filterbanks of clips, clean or under a condition."""
    sound = [read_sound(clip.path, RATE_HZ) for clip in clips]
    if name == "clean":
        return frames_of(sound)
    noise = condition(name)
    speech = [Speech(samples, RATE_HZ) for samples in sound]
    drawn = [noise.draw(one, sounds, np.random.default_rng(number)) for number, one in enumerate(speech)]
    return frames_of([noise.apply(one, params, sounds) for one, params in zip(speech, drawn, strict=True)])


def normalised(clips: Sequence[Clip], sounds: SoundBank, names: Sequence[str]) -> dict[str, list[Tensor]]:
    """The same on the scale of each speaker's clean frames; tensors of shape (frames, bands)."""
    frames_by_name = {name: heard(clips, sounds, name) for name in names}
    scale = {}
    for speaker in {clip.speaker for clip in clips}:
        own = np.concatenate(
            [frames for frames, clip in zip(frames_by_name["clean"], clips, strict=True) if clip.speaker == speaker]
        )
        scale[speaker] = own.mean(axis=0), own.std(axis=0)
    return {
        name: [
            torch.from_numpy((one - scale[clip.speaker][0]) / scale[clip.speaker][1])
            for one, clip in zip(frames, clips, strict=True)
        ]
        for name, frames in frames_by_name.items()
    }


def squared_error(found: Tensor, clean: Sequence[Tensor]) -> Tensor:
    """The mean over all frames that are a clip's own."""
    lengths = torch.tensor([len(one) for one in clean])
    own = frame_mask(lengths, found.shape[1])[:, :, None]
    squares = (found - pad_sequence(list(clean), batch_first=True)).square() * own
    return squares.sum() / (own.sum() * found.shape[2])


def cleaned(front: MaskFront, noisy: Sequence[Tensor]) -> Tensor:
    """What comes out, padded; shape (batch, frames, bands)."""
    values: Tensor = front(pad_sequence(list(noisy), batch_first=True), torch.tensor([len(one) for one in noisy]))
    return values


def trained(frames: dict[str, list[Tensor]], met: Sequence[str]) -> MaskFront:
    """A mask after some steps."""
    torch.manual_seed(1)
    rng, front = np.random.default_rng(1), Mask(MaskSettings()).front(frames["clean"][0].shape[1])
    optimiser = torch.optim.Adam(front.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS):
        drawn = rng.integers(len(frames["clean"]), size=BATCH)
        noisy = [frames[str(rng.choice(list(met)))][number] for number in drawn]
        optimiser.zero_grad()
        squared_error(cleaned(front, noisy), [frames["clean"][number] for number in drawn]).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return front.eval()


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    names = [f"{family}-co-{level_db}db" for family in FAMILIES for level_db in SNRS_DB]
    with tempfile.TemporaryDirectory() as folder:
        corpus, sounds = material(Path(folder))
        clips = [clip for clip in corpus.read() if isinstance(clip, Clip)]
        speakers = sorted({clip.speaker for clip in clips})
        known, others = ([clip for clip in clips if clip.speaker in speakers[first::2]] for first in (1, 0))
        met = [name for name in names if not name.startswith(UNMET)]
        frames = normalised(known, sounds, ["clean", *met])
        began = time.perf_counter()
        front = trained(frames, met)
        print(f"{STEPS} steps of {BATCH} clips in {time.perf_counter() - began:.0f} s; {type(corpus).__name__}")
        print("condition\tsquared error before\tafter")
        for name, noisy in normalised(others[::2], sounds, ["clean", *names]).items():
            if name == "clean":
                clean = noisy
            with torch.no_grad():
                before = squared_error(pad_sequence(noisy, batch_first=True), clean)
                print(f"{name}\t{before:.2f}\t{squared_error(cleaned(front, noisy), clean):.2f}", flush=True)


if __name__ == "__main__":
    main()
