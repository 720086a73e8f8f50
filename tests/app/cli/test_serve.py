"""The server keeps its hands at work, and takes them along when it ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from app.cli import serve


def running(study: Path) -> list[int]:
    """The processes of `earwitness run` for a study; one that has ended has no command line any more."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it ended while we looked
            continue
        if "run" in words and str(study) in words:
            found.append(int(place.parent.name))
    return found


def wait_for(what: object) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if what():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def test_hands_that_die_are_replaced_and_leave_with_the_server(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "HANDS_REST_S", 0.2)
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:9")
    with serve.hands_at_work(study):
        assert wait_for(lambda: running(study))
        first = running(study)
        os.kill(first[0], signal.SIGKILL)
        assert wait_for(lambda: running(study) and running(study) != first)
    assert wait_for(lambda: not running(study))
