"""Work on several processes: what becomes of it when one of them dies."""

import os
import signal
from pathlib import Path

import pytest

from pipelines.parallel import Filed, ProcessKilled, SharedChanged, Workers


def given_back(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_process_that_is_killed_ends_the_work_in_a_sentence() -> None:
    with pytest.raises(ProcessKilled, match=r"killed, most often since memory ran short; .* fewer --jobs"):
        list(Workers(2).each((given_back, (number,)) for number in range(40)))


def test_what_was_given_before_a_process_is_killed_is_good() -> None:
    results = Workers(2).each((given_back, (number,)) for number in range(40))
    given = []

    with pytest.raises(ProcessKilled):
        for result in results:
            given.append(result)  # noqa: PERF402 - `list` would lose what came before the error

    assert given == list(range(len(given)))
    assert len(given) <= 5
    assert list(Workers(2).each((abs, (-number,)) for number in range(6))) == list(range(6))


def test_two_that_share_a_folder_never_get_what_is_the_others(tmp_path: Path) -> None:
    workers = Workers(2)  # as in two containers, each of which is process 1
    with workers.sharing("one", tmp_path) as first, workers.sharing("other", tmp_path) as second:
        assert [first.get(), second.get()] == ["one", "other"]
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_on_its_way_is_not_believed(tmp_path: Path) -> None:
    with Workers(2).sharing([1, 2], tmp_path) as shared:
        assert isinstance(shared, Filed)
        shared.path.write_bytes(shared.path.read_bytes()[:-1] + b"?")
        with pytest.raises(SharedChanged, match="changed by somebody else"):
            shared.get()
