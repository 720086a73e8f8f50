"""The server keeps its hands at work, and takes them along when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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


#: A process that answers pages is forked within the block, and ends by leaving it.
FORKED = """
import os, sys
from pathlib import Path
from app.cli import serve
with serve.hands_at_work(Path(sys.argv[1])):
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print("ended", flush=True)
    sys.stdin.readline()
"""


def test_hands_stay_when_a_process_that_answers_pages_ends(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:9")
    command = [sys.executable, "-c", FORKED, str(study)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ended\n"
        hands = running(study)
        time.sleep(1)  # for the signal that must not come
        assert running(study) == hands != []
    assert wait_for(lambda: not running(study))
