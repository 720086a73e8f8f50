"""`earwitness report`: from a study's folder to the report, and what it says was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from hits.judgments_csv import write_judgments
from pipelines.manifest import FILE_NAME, read_manifest
from tests.analysis.rows import crowded_rows

Run = Callable[..., Any]
SHARES = (("fade-in", "fade", None, 0.0, 0.0), ("nat-co-10db", "nat", 10.0, 0.1, 0.0))


def judged(study: Path) -> None:
    write_judgments(crowded_rows(SHARES, pairs=6, identical=6, positive=6), study / "judgments.csv")


def test_judgments_from_elsewhere_have_a_report_without_a_manifest(study: Path, earwitness: Run) -> None:
    judged(study)
    assert earwitness("certify", "--study", study).code == 0
    found = earwitness("report", "--study", study)
    assert found.code == 0, found.err
    assert "without the pairs' manifest the report does not say what foretells a change" in found.err
    tables = sorted(path.name for path in (study / "report").glob("*.csv"))
    assert f"{study / 'report' / 'index.html'} is written, with {len(tables)} tables as CSV" in found.err
    assert {"verdicts.csv", "controls.csv", "sensitivity.csv", "workers.csv"} <= set(tables)
    text = (study / "report" / "index.html").read_text(encoding="utf-8")
    assert "There were 2 noise conditions, and among the pairs" in text
    assert "The original sounded first." in text


def test_a_manifest_tells_what_foretells_a_change(study: Path, earwitness: Run) -> None:
    assert earwitness("pairs", "make", "--study", study).code == 0
    pairs = list(read_manifest(study / "pairs" / FILE_NAME))
    rows = crowded_rows(SHARES, pairs=len(pairs), identical=0, positive=0)
    known = {pair.pair_id: pair for pair in pairs if pair.role == "study"}
    taken = [
        {**row, "pair_id": pair.pair_id, "clip_id": pair.clip_id, "condition": pair.condition, "family": pair.family}
        for pair in known.values()
        for row in rows[:3]
    ]
    numbered = [
        {**row, "judgment_id": f"j{place}", "worker": f"w{place % 3}", "snr_db": known[str(row["pair_id"])].snr_db}
        for place, row in enumerate(taken)
    ]
    write_judgments(numbered, study / "judgments.csv")
    assert earwitness("certify", "--study", study).code == 0
    found = earwitness("report", "--study", study)
    assert found.code == 0, found.err
    assert "without the pairs' manifest" not in found.err
    effects = pd.read_csv(study / "report" / "effects.csv")
    gender = effects[effects["effect"] == "gender"]
    assert not gender["note"].astype(str).str.contains("known of 0%").any()
