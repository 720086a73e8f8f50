"""What tests of spliced noises ask of them."""

import json

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.splicing import REACH_S
from tests.pipelines.conftest import RATE_HZ

REACH_AND_ROUNDING_S = REACH_S + 1 / RATE_HZ


def drawn(noise: Noise, speech: Speech, sounds: SoundBank, seed: int = 1) -> tuple[Params, Samples]:
    """What a noise draws with a seed, and the speech that it makes of what was written down of that."""
    params = noise.draw(speech, sounds, np.random.default_rng(seed))
    return params, noise.apply(speech, json.loads(json.dumps(params, allow_nan=False)), sounds)


def largest_jump(samples: Samples) -> float:
    """By how much two neighbouring samples differ at most."""
    return float(np.abs(np.diff(samples.astype(np.float64))).max(initial=0))


def near(time_s: object, edges_s: list[float]) -> bool:
    """Whether a time is one of the edges, but for what a splice may move it."""
    assert isinstance(time_s, float)
    return min(abs(time_s - edge_s) for edge_s in edges_s) <= REACH_AND_ROUNDING_S


def cut_samples(params: Params) -> int:
    """How many samples were cut out."""
    starts, ends = params["cut_starts_s"], params["cut_ends_s"]
    return sum(round(end * RATE_HZ) - round(start * RATE_HZ) for start, end in zip(starts, ends, strict=True))  # type: ignore[arg-type, operator]
