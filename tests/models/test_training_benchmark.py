"""The benchmark of the harness goes on running: it makes its runs by hand, where no other test would notice."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.training import main


def test_every_contender_is_in_its_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["training.py", "--clips", "20", "--epochs", "1"])
    main()
    told = capsys.readouterr().out
    assert "an epoch of 16 clips" in told
    assert all(name in told for name in ("bare loop", "harness, whole", "padded to the longest", "padded by batch"))
