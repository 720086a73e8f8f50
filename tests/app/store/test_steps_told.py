"""A step is changed by one at a time, and told to the platform once: on both kinds of database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.store.steps import asked_under, mark_told, note_round, open_step, step_of, step_to_change, untold_steps
from tests.app.store.conftest import NOW, Launched


def test_a_step_that_many_open_at_once_is_opened_once(launched: Callable[..., Launched]) -> None:
    study = launched(pairs=3, policy="fixed")
    begun, together = study.begin(0, "W1"), Barrier(4)

    def come(number: int) -> object:
        together.wait()
        with study.database.writing() as session:
            step = step_to_change(session, begun.worker, "qualification")
            if step is None:
                asked = {"round_id": str(number)}
                step = open_step(session, begun.worker, begun.assignment_id, "qualification", asked, NOW)
        return step.asked["round_id"]

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(come, range(4)))) == 1


def test_whoever_is_through_is_told_of_once_and_who_is_not_is_not(launched: Callable[..., Launched]) -> None:
    study = launched(pairs=3, policy="fixed")
    workers = [study.begin(0, name) for name in ("W1", "W2")]
    with study.database.writing() as session:
        for number, begun in enumerate(workers):
            asked = {"round_id": f"r{number}"}
            open_step(session, begun.worker, begun.assignment_id, "qualification", asked, NOW)
        assert asked_under(session, "qualification", "r1") == {"round_id": "r1"}
        note_round(session, workers[0].worker, "qualification", {"score": 90}, NOW, settled="passed")
    with study.database.writing() as session:
        (untold,) = untold_steps(session, "qualification")
        assert (untold.platform_worker_id, untold.found[-1]["score"]) == ("W1", 90)
        mark_told(session, untold.worker, "qualification", NOW)
    with study.database.reading() as session:
        assert untold_steps(session, "qualification") == []
        assert untold_steps(session, "headphones") == []
        step = step_of(session, workers[0].worker, "qualification")
        assert step is not None
        assert step.state == "passed"
