"""Judgments made for tests: every row as the app writes it, with what a test asks for changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hits.judgments_csv import write_judgments
from pipelines.clip import Pair
from tests.analysis.rows import Row, crowded_rows, judgment, pairs_of, spent

#: condition, family, SNR, share of votes that hear another activation, another valence
STUDY: tuple[tuple[str, str, float | None, float, float], ...] = (
    ("nat-co-20db", "nat", 20.0, 0.02, 0.02),
    ("nat-co-10db", "nat", 10.0, 0.03, 0.02),
    ("nat-co-0db", "nat", 0.0, 0.05, 0.04),
    ("hum-co-20db", "hum", 20.0, 0.05, 0.04),
    ("hum-co-10db", "hum", 10.0, 0.15, 0.12),
    ("hum-co-0db", "hum", 0.0, 0.45, 0.30),
    ("int-co-10db", "int", 10.0, 0.08, 0.05),
    ("fade-in", "fade", None, 0.10, 0.03),
    ("fade-out", "fade", None, 0.08, 0.04),
    ("speed-utterance-1.25x", "speed-utterance", None, 0.40, 0.10),
    ("speed-utterance-0.75x", "speed-utterance", None, 0.60, 0.20),
)


def study_rows(pairs: int = 60, seed: int = 7, simulated: bool = False, positive: int = 0) -> list[Row]:
    """A small study: three votes a pair, identical controls (positive if asked for), checks, repeats, and so on."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    asked = [(*place, "study", pairs) for place in STUDY] + [
        ("identical", "identical", None, 0.02, 0.02, "identical", pairs),
        ("positive", "positive", None, 0.85, 0.85, "positive", positive),
    ]
    for condition, family, snr_db, activation, valence, role, count in asked:
        for pair in range(count):
            for worker in rng.choice(24, size=3, replace=False):
                changed = rng.random(2) < (activation, valence)
                rated = changed.any() and role == "study"
                rows.append(
                    judgment(
                        len(rows),
                        pair_id=f"{condition}-{pair}",
                        clip_id=f"c{pair}",
                        condition=condition,
                        family=family,
                        snr_db=snr_db,
                        role=role,
                        worker=f"w{worker}",
                        activation="different" if changed[0] else "same",
                        valence="different" if changed[1] else "same",
                        activation_rating=int(rng.integers(3, 6)) if rated else None,
                        valence_rating=int(rng.integers(2, 5)) if rated else None,
                        simulated=simulated,
                    )
                )
    first = rows[0]
    extra = [
        judgment(len(rows), pair_id="check-1", condition="check", family="check", snr_db=None, role="check"),
        {**first, "judgment_id": "again", "role": "repeat", "simulated": simulated},
        {**first, "judgment_id": "late", "worker": "wlate", "late": True},
        {**first, "judgment_id": "bad", "worker": "wbad", "used": False},
    ]
    return rows + [{**row, "simulated": simulated} for row in extra]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Iterable[Row]], Path]:
    """Writes rows as judgments.csv and gives the path."""

    def write(rows: Iterable[Row]) -> Path:
        path = tmp_path / "judgments.csv"
        write_judgments(rows, path)
        return path

    return write


@pytest.fixture
def make() -> Callable[..., Row]:
    """`judgment`, for tests that build their own rows."""
    return judgment


@pytest.fixture
def study() -> Callable[..., Sequence[Row]]:
    """`study_rows`."""
    return study_rows


@pytest.fixture(scope="session")
def crowded() -> Callable[..., list[Row]]:
    """`crowded_rows`."""
    return crowded_rows


@pytest.fixture
def stopped() -> Callable[..., list[Row]]:
    """`spent`."""
    return spent


@pytest.fixture(scope="session")
def manifest() -> Callable[..., tuple[Pair, ...]]:
    """`pairs_of`."""
    return pairs_of
