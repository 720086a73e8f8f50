"""Pairs to ask about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.clip import Pair, Role


@pytest.fixture
def make_pair() -> Callable[..., Pair]:
    def make(number: int, role: Role = "study", clip: int | None = None, condition: str = "fade-in") -> Pair:
        return Pair(
            pair_id=f"{role}{number}",
            clip_id=f"c{number if clip is None else clip}",
            condition=condition,
            role=role,
            original_path=Path("o.flac"),
            noisy_path=Path("n.flac"),
            original_length_s=1.0,
            noisy_length_s=1.0,
            original_sha256="",
            noisy_sha256="",
            seed=0,
            params={},
        )

    return make
