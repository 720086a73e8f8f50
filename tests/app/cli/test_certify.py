"""`earwitness certify`: a whitelist that says what applying it needs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis.whitelist import Whitelist
from hits.judgments_csv import write_judgments
from pipelines.transform import SafeNoise

ASKED = (
    ("study", "nat-co-10db", 10.0, "same"),
    ("identical", "identical", None, "same"),
    ("positive", "positive", None, "different"),
)
CHANGED = "[pairs.noises]\nnat-co-10db = { snr_db = 12 }"


def change(study: Path, line: str) -> None:
    """Say what differs from the usual settings of conditions."""
    toml = study / "study.toml"
    text, found = re.subn(r"(?m)^\[pairs.noises\]\n(nat.*)?", f"{line}\n", toml.read_text())
    assert found == 1
    toml.write_text(text)


@pytest.fixture
def judged(study: Path) -> Path:
    """A study under one condition, in which three people who hear everything never heard a change, a hundred times."""
    began = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = [
        {
            "judgment_id": f"import-{role}-{pair}-{worker}", "pair_id": f"{role}{pair}", "clip_id": f"c{pair}",
            "condition": condition, "family": condition.partition("-")[0], "snr_db": snr_db, "role": role,
            "worker": f"w{worker}", "assignment_id": "a1", "order": "original-first",
            "activation": said, "valence": said,
            "activation_rating": None, "valence_rating": None,
            "original_activation_rating": None, "original_valence_rating": None, "scale": "manikins",
            "listened_s": 6.2, "elapsed_s": 11.0,
            "submitted_at": began + timedelta(seconds=pair), "used": True, "late": False, "simulated": False,
        }
        for role, condition, snr_db, said in ASKED
        for pair in range(100)
        for worker in range(3)
    ]  # fmt: skip
    write_judgments(rows, study / "judgments.csv")
    return study


def test_the_whitelist_alone_is_enough_to_apply_it(judged: Path, demo_folders, earwitness) -> None:
    change(judged, CHANGED)
    assert earwitness("certify", "--study", judged).code == 0

    whitelist = Whitelist.load(judged / "whitelist.json")
    done = SafeNoise(whitelist).change(np.sin(np.arange(16000) / 5), 16000, np.random.default_rng(1))

    assert [(place.name, place.path) for place in whitelist.sounds] == [("demo", str(demo_folders[1].resolve()))]
    assert (done.condition, done.params["snr_db"]) == ("nat-co-10db", 12.0)


def test_what_people_heard_counts_and_not_what_was_changed_since(judged: Path, earwitness) -> None:
    change(judged, CHANGED)
    assert earwitness("pairs", "make", "--study", judged, "--jobs", 1).code == 0
    change(judged, "[pairs.noises]")

    assert earwitness("certify", "--study", judged).code == 0

    assert Whitelist.load(judged / "whitelist.json").noises == {"nat-co-10db": {"snr_db": 12}}
