"""Drivers of attacks: what happens when recognisers do not answer, or not as they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from models.attacking.asking import AnswerWrong, AskAgain, attack_clips, unbudgeted
from models.attacks.base import Probe, Scene, Search, Steps
from pipelines.audio import Samples, Speech
from pipelines.sounds.base import SoundBank

RATE_HZ = 16000


class Insists(Search):
    """It asks of the same sound for ever."""

    def steps(self, scene: Scene) -> Steps:
        while True:
            yield Probe(scene.speech.samples)


@dataclass
class Busy:
    """A recogniser that answers every third time."""

    batch: int = 4
    sample_rate_hz: int = RATE_HZ
    asked: list[int] = field(default_factory=list)
    answers: int | None = None

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:
        self.asked.append(len(sounds))
        if len(self.asked) % 3:
            raise AskAgain
        return [0] * (len(sounds) if self.answers is None else self.answers)


def scenes(sounds: SoundBank, many: int = 5) -> list[Scene]:
    speech = np.full(3200, 0.1, dtype=np.float32)
    return [Scene(Speech(speech, RATE_HZ, clip_id=f"c{n}"), 0, (), sounds, n) for n in range(many)]


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_question_without_an_answer_counts_and_is_put_again(batch: int, sounds: SoundBank) -> None:
    target = Busy(batch)
    found = list(attack_clips(Insists(), scenes(sounds), target, 9))
    assert {scene.speech.clip_id for scene, _ in found} == {f"c{n}" for n in range(5)}
    assert sum(target.asked) == 5 * 9
    for _, outcome in found:
        numbers = [query.number for query in outcome.trace]
        assert 1 <= len(numbers) <= 9
        assert numbers == sorted(numbers)
        assert numbers[-1] <= 9


@pytest.mark.parametrize("batch", [1, 4])
def test_a_recogniser_that_answers_for_too_few_is_named(batch: int, sounds: SoundBank) -> None:
    with pytest.raises(AnswerWrong, match="answered 0 labels; expected one for each of"):
        list(attack_clips(Insists(), scenes(sounds), Busy(batch, answers=0), 9))
    with pytest.raises(AnswerWrong, match="0 labels"):
        unbudgeted(Busy(batch, answers=0), [np.zeros(10, dtype=np.float32)], ["c"])
