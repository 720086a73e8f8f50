"""What several aggregators share: who tends to say what, and which tasks were really changed, each from the other.

Expectation-maximisation (EM) after Dawid & Skene (1979) and Hovy et al. (2013), on whole columns of votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Codes: TypeAlias = npt.NDArray[np.intp]
Truths: TypeAlias = npt.NDArray[np.bool_]
Shares: TypeAlias = npt.NDArray[np.float64]
_Colours: TypeAlias = npt.NDArray[np.uint64]

LEAST = 1e-10  # no probability is smaller: its logarithm would decide alone
ROUNDS = 4  # of telling votes apart by who agrees with whom

#: What is known of a crowd before its first vote, as made-up votes: 2 false alarms among 20 votes on pairs that are the
#: same, 17 changes heard among 20 that are not.
FALSE_ALARMS = (2.0, 20.0)
HEARD = (17.0, 20.0)


@dataclass(frozen=True)
class Coded:
    """Votes as numbers.

    Attributes:
        tasks: shape (votes,), the number of each vote's task, 0..tasks-1; every task has a vote.
        workers: shape (votes,), the number of each vote's worker, 0..workers-1.
        different: shape (votes,), whether the vote says different.
        conditions: shape (tasks,), the number of each task's condition; all 0 where nobody said.
    """

    tasks: Codes
    workers: Codes
    different: Truths
    conditions: Codes

    def share_different(self) -> Shares:
        """The share of each task's votes that say different, shape (tasks,)."""
        said = np.bincount(self.tasks[self.different], minlength=len(self.conditions))
        return said / np.bincount(self.tasks, minlength=len(self.conditions))


class Rates(NamedTuple):
    """What an EM finds out.

    Attributes:
        changed: shape (tasks,), how likely each task is really changed, 0..1.
        false_alarm: shape (workers,), how often a worker says different where nothing changed.
        sensitivity: shape (workers,), how often a worker says different where something changed.
    """

    changed: Shares
    false_alarm: Shares
    sensitivity: Shares


class Order(NamedTuple):
    """Where each task and each worker stands among votes that were put in order."""

    said: Coded
    task: Codes
    worker: Codes


def in_order(said: Coded) -> Order:
    """The votes in an order that hangs on nothing but who agrees with whom.

    Sums of floats depend on their order, and a tie may hang on the last bit. So tasks, workers and conditions are told
    apart by their votes alone (colour refinement: whoever has the same neighbours has the same colour), with whole
    numbers that wrap round, whose sums have no order.
    """
    tasks, workers = len(said.conditions), int(said.workers.max(initial=-1)) + 1
    conditions = int(said.conditions.max(initial=-1)) + 1
    label = np.where(said.different, np.uint64(2), np.uint64(1))
    worker, condition = np.ones(workers, np.uint64), np.ones(conditions, np.uint64)
    task = np.ones(tasks, np.uint64)
    for _ in range(ROUNDS):
        task = _mixed(task + np.uint64(5) * condition[said.conditions])
        task += _summed(said.tasks, _mixed(worker[said.workers] * np.uint64(3) + label), tasks)
        worker = _mixed(worker) + _summed(said.workers, _mixed(task[said.tasks] * np.uint64(3) + label), workers)
        condition = _mixed(condition) + _summed(said.conditions, _mixed(task), conditions)
    task_places, worker_places, places = _ranks(task), _ranks(worker), _ranks(condition)
    new_tasks, new_workers = task_places[said.tasks], worker_places[said.workers]
    order = np.argsort(new_tasks * max(workers, 1) + new_workers, kind="stable")
    of_task = np.empty(tasks, np.intp)
    of_task[task_places] = places[said.conditions]
    moved = Coded(new_tasks[order], new_workers[order], said.different[order], of_task)
    return Order(moved, task_places, worker_places)


def _mixed(colours: _Colours) -> _Colours:
    """Colours scattered over all 64 bits (splitmix64)."""
    mixed = colours + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _summed(places: Codes, colours: _Colours, count: int) -> _Colours:
    total = np.zeros(count, np.uint64)
    np.add.at(total, places, colours)
    return total


def _ranks(colours: _Colours) -> Codes:
    ranks = np.empty(len(colours), np.intp)
    ranks[np.argsort(colours, kind="stable")] = np.arange(len(colours))
    return ranks


def dawid_skene(
    said: Coded, *, shrink: float = 0.0, by_condition: float | None = None, iterations: int = 200, near: float = 1e-6
) -> Rates:
    """Two rates a worker (false alarm, sensitivity), estimated together with what is really changed.

    Args:
        said: the votes, in any order.
        shrink: how many votes the crowd's own rates weigh in each worker's, 0 for none. Workers with few votes need it.
        by_condition: how many tasks the whole study's share of changed tasks weighs in each condition's; None: one
            share for all.
        iterations: at most so many.
        near: it ends when no task's probability moves by more.
    """
    order = in_order(said)
    votes = order.said
    count = len(order.worker)
    changed = votes.share_different()
    false_alarm = sensitivity = np.zeros(count)
    for step in range(iterations + 1):
        share = _prevalence(changed, votes.conditions, by_condition)
        weight = changed[votes.tasks]
        false_alarm = _rate(votes, 1 - weight, count, shrink, FALSE_ALARMS)
        sensitivity = _rate(votes, weight, count, shrink, HEARD)
        if step == iterations:
            break
        odds = np.where(
            votes.different,
            np.log(sensitivity / false_alarm)[votes.workers],
            np.log((1 - sensitivity) / (1 - false_alarm))[votes.workers],
        )
        before = changed
        changed = expit(logit(share) + np.bincount(votes.tasks, odds, minlength=len(changed)))
        if np.abs(changed - before).max(initial=0) < near:
            break
    return Rates(changed[order.task], false_alarm[order.worker], sensitivity[order.worker])


def one_coin(said: Coded, *, iterations: int = 200, near: float = 1e-6) -> Rates:
    """One rate a worker: how often the worker is right, whatever is right."""
    order = in_order(said)
    votes = order.said
    changed = votes.share_different()
    count = np.bincount(votes.workers, minlength=len(order.worker))
    right = np.zeros(len(order.worker))
    for step in range(iterations + 1):
        share = _prevalence(changed, votes.conditions, None)
        weight = changed[votes.tasks]
        right = np.bincount(votes.workers, np.where(votes.different, weight, 1 - weight), minlength=len(right)) / count
        right = np.clip(right, LEAST, 1 - LEAST)
        if step == iterations:
            break
        odds = logit(right)[votes.workers] * np.where(votes.different, 1.0, -1.0)
        before = changed
        changed = expit(logit(share) + np.bincount(votes.tasks, odds, minlength=len(changed)))
        if np.abs(changed - before).max(initial=0) < near:
            break
    return Rates(changed[order.task], 1 - right[order.worker], right[order.worker])


def mace(
    said: Coded, *, share: float | None = None, smoothing: float = 0.005, iterations: int = 200, near: float = 1e-6
) -> Rates:
    """Each worker either attends and is right, or answers by habit (Hovy et al. 2013).

    The paper takes both answers as equally likely to be true. Where changes are rare that is far off, and the habits of
    the workers then explain what is really a rare truth; so the share of changed tasks is estimated, too.

    Args:
        said: the votes, in any order.
        share: of tasks that are changed, 0..1; None estimates it, with one made-up task of either kind. 0.5 is the
            paper's.
        smoothing: added to each worker's count of attending, of straying, and of either habit.
        iterations: at most so many.
        near: it ends when no task's probability moves by more.
    """
    order = in_order(said)
    votes, count = order.said, len(order.worker)
    attends = np.full(count, 0.5)
    by_habit = np.full((count, 2), 0.5)  # of the answers same, different
    label = votes.different.astype(np.intp)
    changed, prior = votes.share_different(), 0.5
    for step in range(iterations + 1):
        habitual = ((1 - attends)[:, np.newaxis] * by_habit)[votes.workers, label]
        right = habitual + attends[votes.workers]
        odds = np.log(np.maximum(right, LEAST) / np.maximum(habitual, LEAST)) * np.where(votes.different, 1.0, -1.0)
        before = changed
        changed = expit(logit(prior) + np.bincount(votes.tasks, odds, minlength=len(changed)))
        if step == iterations or np.abs(changed - before).max(initial=0) < near:
            break
        prior = float((changed.sum() + 1) / (len(changed) + 2)) if share is None else share
        is_right = np.where(votes.different, changed[votes.tasks], 1 - changed[votes.tasks])
        knowing = is_right * attends[votes.workers] / right
        strays = np.bincount(votes.workers * 2 + label, 1 - knowing, minlength=2 * count).reshape(count, 2) + smoothing
        knew = np.bincount(votes.workers, knowing, minlength=count) + smoothing
        by_habit = strays / strays.sum(axis=1, keepdims=True)
        attends = knew / (knew + strays.sum(axis=1) - smoothing)  # attending or not is smoothed once each
    false_alarm = (1 - attends) * by_habit[:, 1]
    return Rates(changed[order.task], false_alarm[order.worker], (false_alarm + attends)[order.worker])


def _prevalence(changed: Shares, conditions: Codes, weight: float | None) -> Shares:
    """The share of changed tasks, for each task, shape (tasks,)."""
    overall = changed.mean() if len(changed) else 0.5
    if weight is None:
        return np.full(len(changed), np.clip(overall, LEAST, 1 - LEAST))
    tasks = np.bincount(conditions)
    share = (np.bincount(conditions, changed) + weight * overall) / (tasks + weight)
    return np.asarray(np.clip(share, LEAST, 1 - LEAST)[conditions])


def _rate(votes: Coded, weight: Shares, count: int, shrink: float, before: tuple[float, float]) -> Shares:
    """How often each worker says different, over votes that count by their weight, shape (workers,)."""
    said = np.bincount(votes.workers, weight * votes.different, minlength=count)
    if shrink:
        of = np.bincount(votes.workers, weight, minlength=count)
        crowd = (said.sum() + before[0]) / (of.sum() + before[1])
        rate = (said + shrink * crowd) / (of + shrink)
    else:
        said = np.maximum(said, LEAST)
        rate = said / (said + np.maximum(np.bincount(votes.workers, weight * ~votes.different, minlength=count), LEAST))
    return np.asarray(np.clip(rate, LEAST, 1 - LEAST))
