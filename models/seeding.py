"""Chance for each purpose by itself."""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each thing named, so that no draw depends on what was drawn for others.

    >>> rng_for(1, "clip-7", "fade-in").integers(100) == rng_for(1, "clip-7", "fade-in").integers(100)
    np.True_
    """
    digest = hashlib.sha256("\0".join([str(seed), *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))
