"""What every attack promises, whatever it does to find its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import models.attacks
from models.attacking.asking import OneByOne, attack_clip, attack_clips
from models.attacks.base import Attack, Outcome, Scene, snr_db
from pipelines.audio import Samples
from pipelines.sounds.base import SoundBank
from pipelines.variants import load_class, variant_names
from tests.models.conftest import Hums
from tests.models.ears import EVERYTHING, RATE_HZ, THROUGHOUT, Ear, attack_named, attacked, placed, scene, speech

NEVER, ALWAYS = -100.0, 60.0  # dB; sounds are added at 40 dB at most


@dataclass
class Hall:
    """Recognisers of several clips as one target that hears four sounds at once."""

    ears: dict[str, Ear]
    batch: int = 4
    sample_rate_hz: int = RATE_HZ
    widths: list[int] = field(default_factory=list)

    def labels(self, sounds: Sequence[Samples], clip_ids: Sequence[str]) -> list[int]:
        self.widths.append(len(sounds))
        return [self.ears[clip_id](samples) for samples, clip_id in zip(sounds, clip_ids, strict=True)]


@pytest.mark.parametrize("name", variant_names(models.attacks))
class TestEveryAttack:
    @pytest.fixture
    def attack(self, name: str) -> Attack:
        return attack_named(name)

    @pytest.mark.parametrize("queries", [1, 5, 25])
    @pytest.mark.parametrize("yields_db", [NEVER, 17.0, ALWAYS])
    def test_it_never_asks_more_than_it_may(
        self, attack: Attack, queries: int, yields_db: float, sounds: SoundBank
    ) -> None:
        ear = Ear(yields_db)
        outcome = attacked(attack, ear, scene(sounds), queries)
        assert 1 <= len(ear.asked) == len(outcome.trace) <= queries
        assert [query.number for query in outcome.trace] == list(range(1, len(outcome.trace) + 1))

    def test_what_it_hands_out_was_itself_sent_and_changes_the_label(self, attack: Attack, sounds: SoundBank) -> None:
        ear = Ear(17.0)
        outcome = attacked(attack, ear, scene(sounds, EVERYTHING))
        best = outcome.best(25)
        assert best is not None
        assert outcome.samples is not None
        assert np.array_equal(outcome.samples, ear.asked[best.number - 1])
        assert ear(outcome.samples) == best.label == 1

    def test_the_trace_tells_what_was_sent(self, attack: Attack, sounds: SoundBank) -> None:
        ear = Ear(17.0)
        outcome = attacked(attack, ear, scene(sounds, EVERYTHING))
        for query, sent in zip(outcome.trace, list(ear.asked), strict=True):
            assert sent.dtype == np.float32
            assert np.abs(sent).max() <= 1
            assert query.snr_db is None or query.snr_db == pytest.approx(snr_db(ear.original, sent), abs=1e-5)
            assert query.label == int(query.changed) == ear(sent)

    def test_a_smaller_budget_is_the_beginning_of_a_larger_one(self, attack: Attack, sounds: SoundBank) -> None:
        told = scene(sounds, EVERYTHING)
        whole = attacked(attack, Ear(12.0), told, 25).trace
        for queries in (1, 5, 15):
            assert attacked(attack, Ear(12.0), told, queries).trace == whole[:queries]

    def test_the_seed_decides(self, attack: Attack, sounds: SoundBank) -> None:
        first, again, other = (attacked(attack, Ear(), scene(sounds, seed=seed)).trace for seed in (1, 1, 2))
        assert first == again != other

    def test_a_net_that_never_yields_is_never_beaten(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attacked(attack, Ear(NEVER), scene(sounds, EVERYTHING))
        assert outcome.samples is None
        assert outcome.best(25) is None
        assert not any(query.changed for query in outcome.trace)

    def test_a_net_that_always_yields_is_beaten_at_once(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attacked(attack, Ear(ALWAYS), scene(sounds, EVERYTHING))
        assert outcome.trace[0].changed
        assert outcome.best(1) is not None

    def test_any_number_of_labels_will_do(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attacked(
            attack, lambda samples: 7 if snr_db(speech(), samples) > 20 else 2, scene(sounds, label=7), 9
        )
        assert {query.label for query in outcome.trace} == {2, 7}
        assert all(query.changed == (query.label == 2) for query in outcome.trace)

    def test_a_batch_asks_what_each_clip_is_asked_alone(self, attack: Attack, sounds: SoundBank) -> None:
        lengths = [8000, 3200, 5333, 9600, 4000, 7000]
        told = [scene(sounds, original=speech(length), seed=length) for length in lengths]

        def hall() -> Hall:
            ears = (Ear(yields, one.speech.samples) for one, yields in zip(told, (2, 8, 14, 20, 26, 32), strict=True))
            return Hall({one.speech.clip_id: ear for one, ear in zip(told, ears, strict=True)})

        alone = {one.speech.clip_id: attack_clip(attack, one, hall(), 12) for one in told}
        for order in (told, told[::-1]):
            target = hall()
            found = {one.speech.clip_id: outcome for one, outcome in attack_clips(attack, order, target, 12)}
            assert max(target.widths) <= target.batch
            assert all(_same(found[clip_id], alone[clip_id]) for clip_id in alone)

    def test_clips_of_one_seed_share_no_draws(self, attack: Attack, sounds: SoundBank) -> None:
        one = scene(sounds)
        other = replace(one, speech=replace(one.speech, clip_id="another"))
        target = Hall({"another": Ear(), one.speech.clip_id: Ear()})
        pair = [outcome for _, outcome in attack_clips(attack, [one, other], target, 12)]
        assert _same(*pair)


def _same(one: Outcome, other: Outcome) -> bool:
    kept = one.samples is None if other.samples is None else np.array_equal(one.samples, other.samples)  # type: ignore[arg-type]
    return one.trace == other.trace and kept


WITH_MOVES = [name for name in variant_names(models.attacks) if load_class(models.attacks, name, Attack).uses_moves]


@pytest.mark.parametrize("name", WITH_MOVES)
class TestEveryAttackWithMoves:
    @pytest.fixture
    def attack(self, name: str) -> Attack:
        return attack_named(name)

    def test_it_keeps_to_the_moves_that_it_may_make(self, attack: Attack, sounds: SoundBank) -> None:
        moves = (replace(THROUGHOUT[0], levels_db=(20.0, 30.0)), replace(placed("st")[2], levels_db=(15.0,)))
        for yields_db in (NEVER, 25.0, ALWAYS):
            trace = attacked(attack, Ear(yields_db), scene(sounds, moves)).trace
            assert trace
            assert {(query.move, query.level_db) for query in trace} <= {("nat-co", 20), ("nat-co", 30), ("int-st", 15)}

    def test_without_a_move_nothing_is_asked(self, attack: Attack, sounds: SoundBank) -> None:
        assert attacked(attack, Ear(), scene(sounds, ())) == Outcome((), None)

    def test_moves_that_the_clip_can_not_carry_cost_no_query(self, attack: Attack, sounds: SoundBank) -> None:
        silent = scene(sounds, original=np.zeros(8000, np.float32))
        assert attacked(attack, Ear(), silent).trace == ()
        assert _moves_of(attack, scene(_Still())) == {"hum-co", "int-co"}

    def test_moves_without_an_snr_are_tried_too(self, attack: Attack, sounds: SoundBank) -> None:
        outcome = attacked(attack, Ear(ALWAYS), scene(sounds, EVERYTHING[-2:]))
        assert outcome.trace[0].snr_db is None
        assert len(outcome.trace) == 1  # nothing is nearer


class _Still(Hums):
    """A bank whose natural sounds are silent."""

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        return super().samples(sound_id, sample_rate_hz) * np.float32(not sound_id.startswith("nat"))


def _moves_of(attack: Attack, told: Scene) -> set[str]:
    return {query.move for query in attack_clip(attack, told, OneByOne(Ear(NEVER), RATE_HZ), 25).trace}
