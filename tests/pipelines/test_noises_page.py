"""docs/noises.md names every condition of the study and each of its settings, and its examples are study files."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipelines.conditions import settings_of, study_conditions

PAGE = (Path(__file__).parents[2] / "docs" / "noises.md").read_text(encoding="utf-8")
CONDITIONS = study_conditions()
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in PAGE.splitlines() if line[:3] == "| `"
]
LONG = 60  # characters: lists of phones are named, not spelt out


def written(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(written(one) for one in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("|", r"\|") + '"'
    return "none" if value is None else f"{round(value, 3):g}"


def row_of(name: str) -> list[str]:
    found = [row for row in ROWS if f"`{name}`" in row[0]]
    assert len(found) == 1, f"{name} stands in {len(found)} rows of docs/noises.md; expected one"
    return found[0]


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_stands_in_the_table_with_its_family_and_settings(name: str) -> None:
    row = row_of(name)

    assert len(row) == 6
    assert f"`{CONDITIONS[name].family}`" in row[1]
    for setting, default in settings_of(CONDITIONS[name]).items():
        assert f"`{setting}`" in row[3], f"{name} has a setting {setting} that docs/noises.md lacks"
        if len(written(default)) <= LONG:
            said = row[3].split(f"`{setting}`")[1].split(";")[0]
            assert re.search(rf"(?<![\w.-]){re.escape(written(default))}(?![\w.])", said), (setting, written(default))


def test_every_row_is_of_conditions_that_there_are() -> None:
    for row in ROWS:
        assert set(re.findall(r"`([^`]+)`", row[0])) <= set(CONDITIONS)


def test_its_examples_are_taken_by_a_study() -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert len(examples) == 2
    for example in examples:
        changes = tomllib.loads(example)["pairs"]["noises"]
        assert set(changes) <= set(study_conditions(changes))
