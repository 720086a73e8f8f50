"""Work on several processes: what becomes of it when one of them dies."""

import os
import signal

import pytest

from pipelines.parallel import ProcessKilled, Workers


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
