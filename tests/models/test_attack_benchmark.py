"""The benchmark of the attack goes on running: it makes net and scenes by hand, where no other test would notice."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.attack import main


def test_every_contender_is_in_its_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed; earwitness[demo] brings them")
    monkeypatch.delenv("EARWITNESS_TEST_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["attack.py", "--clips", "3", "--rounds", "1", "--epochs", "1"])
    main()
    told = capsys.readouterr().out
    assert "3 clips, 25 questions each at most" in told
    assert all(name in told for name in ("ours, clips in batches", "the net alone", "Foolbox, clip by clip"))
    assert "ours against the net alone" in told
