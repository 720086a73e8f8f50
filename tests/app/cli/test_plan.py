"""`earwitness plan`: a table on stdout, files beside the study, and news where the controls are too few."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def test_a_plan_is_printed_and_written(study: Path, earwitness) -> None:
    toml = study / "study.toml"
    text = toml.read_text().replace("identical_controls = 10", "identical_controls = 800")
    toml.write_text(text.replace("positive_controls = 10", "positive_controls = 200"))
    ended = earwitness("plan", "--study", study)
    assert ended.code == 0, ended.err
    table = pd.read_csv(study / "plan" / "plan.csv")
    assert len(ended.out.splitlines()) == 1 + len(table)
    assert (table["price_minor"] > 0).any()
    assert (study / "plan" / "curves.svg").read_text().startswith("<?xml")
    assert set(pd.read_csv(study / "plan" / "curves.csv")["protocol"]) == set(table["protocol"])


def test_too_few_controls_are_said(study: Path, earwitness) -> None:
    ended = earwitness("plan", "--study", study)
    assert ended.code == 0, ended.err
    assert "raise pairs.identical_controls" in " ".join(ended.err.split())
