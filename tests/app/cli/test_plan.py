"""`earwitness plan`: a table on stdout, files beside the study, and news where the controls are too few."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from app.plan_files import changed_since
from app.settings import read_settings
from app.study import Study, read_study
from app.wiring import with_usual_fees


def controls(study: Path, identical: int, positive: int) -> None:
    """Ask for so many controls."""
    toml = study / "study.toml"
    text = re.sub(r"(?m)^identical_controls = .*$", f"identical_controls = {identical}", toml.read_text())
    toml.write_text(re.sub(r"(?m)^positive_controls = .*$", f"positive_controls = {positive}", text))


def as_served(study: Path) -> Study:
    """Its settings as pages and hands see them."""
    return with_usual_fees(read_study(study), read_settings())


def test_a_plan_is_printed_and_written(study: Path, earwitness) -> None:
    controls(study, 800, 200)
    ended = earwitness("plan", "--study", study)
    assert ended.code == 0, ended.err
    table = pd.read_csv(study / "plan" / "plan.csv")
    designs = pd.read_csv(study / "plan" / "designs.csv")
    assert len(ended.out.splitlines()) == 1 + len(designs)
    assert len(earwitness("plan", "--study", study, "--by", "formula").out.splitlines()) == 1 + len(table)
    assert designs["design"].iloc[0].startswith("c-prime")
    assert designs["judgments"].iloc[0] < designs["judgments_95"].iloc[0]
    assert "is certified safe with probability" in " ".join(ended.err.split())
    assert (table["price_minor"] > 0).any()
    assert changed_since(study, as_served(study)) == ()
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace("tau = 0.1\n", "tau = 0.05\n"))
    assert changed_since(study, as_served(study)) == ("decision.tau",)
    assert (study / "plan" / "curves.svg").read_text().startswith("<?xml")
    assert set(pd.read_csv(study / "plan" / "curves.csv")["protocol"]) == set(table["protocol"])


def test_too_few_controls_are_said(study: Path, earwitness) -> None:
    controls(study, 10, 10)
    ended = earwitness("plan", "--study", study)
    assert ended.code == 0, ended.err
    assert "raise pairs.identical_controls" in " ".join(ended.err.split())
