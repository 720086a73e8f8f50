"""Put an attacker's questions: each clip has a budget of its own, and many clips share a batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from models.attacks.base import (
    Answer,
    Attack,
    BudgetSpent,
    BudgetWrong,
    Counts,
    Outcome,
    Probe,
    Query,
    Scene,
    Search,
    Steps,
    everything_counts,
    snr_db,
)
from pipelines.audio import Samples


class AskAgain(RuntimeError):
    """A recogniser did not answer, and may be asked again; the question has been put and counts."""


class AnswerWrong(ValueError):
    """A recogniser's answer is no label.

    Args:
        found: what it said; text is shown as it is.
        expected: instead of that.
        who: said it.
    """

    def __init__(
        self, found: object, expected: str = "a label, a whole number from 0 on", who: str = "the recogniser"
    ) -> None:
        super().__init__(f"{who} answered {found if isinstance(found, str) else repr(found)}; expected {expected}")


class Target(Protocol):
    """A recogniser as an attacker meets it."""

    @property
    def sample_rate_hz(self) -> int:
        """At which it listens."""

    @property
    def batch(self) -> int:
        """Most sounds that it hears at once; 1 where each has to be asked for alone."""

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> Sequence[int]:
        """A label for each sound, whatever else is in the batch.

        Args:
            sounds: at most `batch`, each of shape (time,) at `sample_rate_hz`.
            clip_ids: of which clip each is a version; ours hears it on the scale of that clip's speaker.

        Raises:
            AskAgain: it gave none; it may be asked again.
            AnswerWrong: what it said is no label.
        """


@dataclass(frozen=True)
class OneByOne:
    """Any function from samples to a label as a target."""

    label_of: Callable[[Samples], int]
    sample_rate_hz: int
    batch: int = 1

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> Sequence[int]:  # noqa: ARG002
        """The label of each sound, one after another."""
        return [self.label_of(samples) for samples in sounds]


def checked(label: object) -> int:
    """A label as a whole number.

    Raises:
        AnswerWrong: it is none.

    >>> checked(2.0)
    2
    """
    try:
        whole = int(label)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):  # nothing, a word, nan, infinite
        raise AnswerWrong(label) from None
    if whole < 0 or whole != label:
        raise AnswerWrong(label)
    return int(whole)


def _labels(target: Target, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> Sequence[int]:
    """What a target says, if it is a label for each sound."""
    labels = target.labels(sounds, clip_ids)
    if len(labels) != len(sounds):
        raise AnswerWrong(f"{len(labels)} labels", f"one for each of {len(sounds)} sounds")
    return labels


def unbudgeted(target: Target, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:
    """Labels that count for no budget, as those of clean clips: in batches, and asked for until they are given.

    Raises:
        AnswerWrong: the recogniser said something that is no label.
    """
    found: list[int] = []
    while len(found) < len(sounds):
        these = slice(len(found), len(found) + target.batch)
        with contextlib.suppress(AskAgain):
            found += map(checked, _labels(target, sounds[these], clip_ids[these]))
    return found


class Questions:
    """What was asked about one clip, counted, and the nearest success that counts.

    Args:
        scene: the clip.
        queries: most questions (k); question k+1 is refused.
        counts: which successes count for what is kept.

    Raises:
        BudgetWrong: there is no budget.
    """

    def __init__(self, scene: Scene, queries: int, counts: Counts = everything_counts) -> None:
        if queries < 1:
            raise BudgetWrong(queries)
        self.queries = queries
        self.used = 0
        self.trace: list[Query] = []
        self._scene, self._counts = scene, counts
        self._best: Query | None = None
        self._samples: Samples | None = None

    def spend(self) -> None:
        """Count one question that is about to be put.

        Raises:
            BudgetSpent: it would be question k+1.
        """
        if self.used >= self.queries:
            raise BudgetSpent(self.queries)
        self.used += 1

    def note(self, probe: Probe, label: int) -> Answer:
        """Write down the answer to the question that was counted last.

        Raises:
            AnswerWrong: it is no label.
        """
        label = checked(label)
        answer = Answer(label, label != self._scene.label)
        found_db = None if probe.single else self._snr_db(probe)
        query = Query(
            self.used, probe.move, probe.category, probe.sound_id, probe.level_db, found_db,
            answer.label, answer.changed, probe.params,
        )  # fmt: skip
        self.trace.append(query)
        if answer.changed and self._counts(query) and (self._best is None or query.reach_db > self._best.reach_db):
            self._best, self._samples = query, probe.samples
        return answer

    def _snr_db(self, probe: Probe) -> float:
        speech = self._scene.speech
        return snr_db(speech.samples, probe.samples, speech.level) if probe.snr_db is None else probe.snr_db

    def outcome(self) -> Outcome:
        """What has come of it so far."""
        return Outcome(tuple(self.trace), self._samples)


def attack_clip(
    attack: Attack, scene: Scene, target: Target, queries: int, counts: Counts = everything_counts
) -> Outcome:
    """Attack one clip.

    Args:
        attack: the search.
        scene: the clip and what may be done to it.
        target: the recogniser.
        queries: most questions (k).
        counts: which successes count for the samples that are kept.

    Raises:
        BudgetWrong: there is no budget.
        AnswerWrong: the recogniser said something that is no label.
    """
    questions = Questions(scene, queries, counts)
    clip_id = scene.speech.clip_id
    with contextlib.suppress(BudgetSpent):
        attack.run(lambda probe: questions.note(probe, _insisting(questions, target, probe, clip_id)), scene)
    return questions.outcome()


def attack_clips(
    attack: Attack,
    scenes: Sequence[Scene],
    target: Target,
    queries: int,
    counts: Callable[[Scene], Counts] = lambda _: everything_counts,
) -> Iterator[tuple[Scene, Outcome]]:
    """Attack clips, those of one batch in step; each is asked what it would be asked alone, and has its own budget.

    Yields:
        A clip and what came of it, in the order in which attacks end.

    Raises:
        as `attack_clip`.
    """
    if target.batch == 1 or not isinstance(attack, Search):
        for scene in scenes:
            yield scene, attack_clip(attack, scene, target, queries, counts(scene))
        return
    waiting = (_Going(scene, attack.steps(scene), Questions(scene, queries, counts(scene))) for scene in scenes)
    batch: list[_Going] = []
    while True:
        while len(batch) < target.batch and (fresh := next(waiting, None)) is not None:
            if fresh.begin():
                batch.append(fresh)
            else:
                yield fresh.end()
        if not batch:
            return
        asked, batch = batch, []
        for one, goes_on in zip(asked, _heard(asked, target), strict=True):
            if goes_on:
                batch.append(one)
            else:
                yield one.end()


def _heard(asked: Sequence[_Going], target: Target) -> list[bool]:
    """Put the questions of a batch; whether each clip has another, or the same once more."""
    sounds = [one.probe.samples for one in asked]
    clip_ids = [one.scene.speech.clip_id for one in asked]
    try:
        labels = _labels(target, sounds, clip_ids)
    except AskAgain:
        return [one.once_more() for one in asked]  # the question was put, and counts for each clip
    return [one.go_on(label) for one, label in zip(asked, labels, strict=True)]


def _insisting(questions: Questions, target: Target, probe: Probe, clip_id: str) -> int:
    """The label of a probe, asked for until there is one; every time counts."""
    while True:
        questions.spend()
        try:
            return _labels(target, [probe.samples], [clip_id])[0]
        except AskAgain:
            continue


@dataclass
class _Going:
    """A clip whose attack is going on."""

    scene: Scene
    steps: Steps
    questions: Questions
    probe: Probe = field(init=False)

    def begin(self) -> bool:
        """Whether there is a first question."""
        try:
            self.probe = next(self.steps)
        except StopIteration:
            return False
        self.questions.spend()
        return True

    def go_on(self, label: int) -> bool:
        """Note the answer; whether there is another question."""
        answer = self.questions.note(self.probe, label)
        try:
            self.probe = self.steps.send(answer)
            self.questions.spend()
        except (StopIteration, BudgetSpent):
            return False
        return True

    def once_more(self) -> bool:
        """Count the same question again; whether the budget has room for it."""
        try:
            self.questions.spend()
        except BudgetSpent:
            return False
        return True

    def end(self) -> tuple[Scene, Outcome]:
        """What came of it."""
        self.steps.close()
        return self.scene, self.questions.outcome()
