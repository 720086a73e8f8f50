"""The command, run in this process as a person would run it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def earwitness(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["earwitness", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 1, printed.out, printed.err)

    return run


@pytest.fixture
def study(tmp_path: Path, demo_folders: tuple[Path, Path], earwitness: Callable[..., Ended]) -> Path:
    """A new study of the demo's speech and sounds, small enough for a test."""
    speech, sounds = demo_folders
    made = earwitness("init", tmp_path / "s", "--corpus", f"demo={speech}", "--sounds", f"demo={sounds}", "--clips", 2)
    assert made.code == 0, made.err
    toml = tmp_path / "s" / "study.toml"
    text = toml.read_text()
    begin, end = text.index("draws = ["), text.index("\n]\n", text.index("draws = [")) + 2
    toml.write_text(text[:begin] + 'draws = [{ of = ["fade-in", "nat-co-10db"] }]' + text[end:])
    return tmp_path / "s"
