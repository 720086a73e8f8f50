"""What every sound bank promises, on a small folder in its own layout; and several of them together."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile

import pipelines.sounds
from pipelines.sounds.base import (
    BACKGROUNDS,
    EMOTIONAL_WORD,
    FAMILIES,
    OTHER_FAMILIES,
    JoinedSounds,
    NoSoundOfFamily,
    SoundBank,
    SoundsNotFound,
    SoundsTwice,
)
from pipelines.sounds.demo import DemoSounds
from pipelines.sounds.esc50 import Esc50
from pipelines.sounds.impulse_responses import ImpulseResponses
from pipelines.variants import load, own_names
from tests.pipelines.banks import (
    LAYOUTS,
    all_of,
    burst,
    impulse,
    make_esc50,
    make_impulse_responses,
    write_wav,
)

banks = pytest.mark.parametrize("name", own_names(pipelines.sounds))


@pytest.fixture
def root(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    assert name in LAYOUTS, f"add a small folder in the layout of {name} to tests/pipelines/banks.py"
    folder = tmp_path / "bank"
    folder.mkdir()
    return LAYOUTS[name](folder, request)


def opened(name: str, root: Path) -> SoundBank:
    return load(pipelines.sounds, name, SoundBank)(root)


@banks
class TestEverySoundBank:
    def test_each_family_has_sounds_in_a_stable_order(self, name: str, root: Path) -> None:
        bank = opened(name, root)

        assert bank.families()
        assert set(bank.families()) <= {*FAMILIES, *OTHER_FAMILIES}
        for family in bank.families():
            assert bank.sounds(family) == opened(name, root).sounds(family)
            assert {sound.family for sound in bank.sounds(family)} == {family}

    def test_ids_are_unique_and_lead_back_to_their_sound(self, name: str, root: Path) -> None:
        bank = opened(name, root)

        for sound in all_of(bank):
            assert bank.sound(sound.sound_id) == sound
            assert len(bank.sha256(sound.sound_id)) == 64

    def test_laughing_and_crying_are_no_background(self, name: str, root: Path) -> None:
        bank = opened(name, root)

        categories = [sound.category for family in BACKGROUNDS for sound in bank.sounds(family)]

        assert not [category for category in categories if EMOTIONAL_WORD.search(category)]

    def test_sounds_come_at_the_rate_that_is_asked_for(self, name: str, root: Path) -> None:
        bank = opened(name, root)
        for sound in all_of(bank):
            at_16, at_8 = bank.samples(sound.sound_id, 16000), bank.samples(sound.sound_id, 8000)
            assert at_16.dtype == np.float32
            assert not at_16.flags.writeable
            assert len(at_8) == pytest.approx(len(at_16) / 2, rel=0.02)

    def test_sounds_come_without_padding_but_rooms_as_they_are(self, name: str, root: Path) -> None:
        bank = opened(name, root)
        for sound in all_of(bank):
            samples = bank.samples(sound.sound_id, 16000)
            if sound.family == "room":
                length_s = soundfile.info(sound.path).duration
                assert len(samples) == pytest.approx(length_s * 16000, abs=1)
            else:
                assert np.abs(samples[[0, -1]]).min() > np.abs(samples).max() * 1e-3

    def test_a_drawing_depends_on_the_seed_alone(self, name: str, root: Path) -> None:
        family = max(opened(name, root).families(), key=lambda family: len(opened(name, root).sounds(family)))
        seeds = (1, 1, *range(2, 12))
        draws = [opened(name, root).draw(family, np.random.default_rng(seed), 16000) for seed in seeds]

        assert draws[0] == draws[1]
        assert len(set(draws)) > 1

    def test_missing_files_are_listed_as_problems_and_never_offered(self, name: str, root: Path) -> None:
        before = opened(name, root)
        gone = all_of(before)[0]
        gone.path.unlink()

        bank = opened(name, root)

        assert gone not in all_of(bank)
        named_in_a_table = name in ("demo", "esc50")
        assert (gone.path in {problem.path for problem in bank.problems()}) == named_in_a_table

    def test_empty_files_are_listed_as_problems_and_never_offered(self, name: str, root: Path) -> None:
        gone = all_of(opened(name, root))[0]
        gone.path.write_bytes(b"")

        bank = opened(name, root)

        assert gone not in all_of(bank)
        assert gone.path in {problem.path for problem in bank.problems()}

    def test_silent_files_are_passed_over_when_drawing_and_told_by_a_check(self, name: str, root: Path) -> None:
        first = all_of(opened(name, root))[0]
        info = soundfile.info(first.path)
        write_wav(first.path, np.zeros(info.frames, dtype=np.float32), info.samplerate)
        bank = opened(name, root)

        drawn: set[Path] = set()
        for seed in range(8):
            try:
                drawn.add(bank.draw(first.family, np.random.default_rng(seed), 16000).path)
            except NoSoundOfFamily:
                break

        assert first.path not in drawn
        assert first.path in {problem.path for problem in bank.check()}

    def test_a_check_of_good_files_adds_nothing(self, name: str, root: Path) -> None:
        bank = opened(name, root)

        assert tuple(bank.check()) == bank.problems()

    def test_a_folder_that_is_no_such_bank_is_refused_at_once(self, name: str, root: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "file").write_text("x")
        for wrong in (tmp_path / "absent", tmp_path / "empty", tmp_path / "file"):
            with pytest.raises(SoundsNotFound, match=r"no .* sounds in .*expected"):
                opened(name, wrong)

    def test_it_travels_to_a_worker_process(self, name: str, root: Path) -> None:
        bank = opened(name, root)
        bank.families()

        assert all_of(pickle.loads(pickle.dumps(bank))) == all_of(bank)

    def test_problems_are_sentences_that_name_the_file(self, name: str, root: Path) -> None:
        for problem in opened(name, root).problems():
            assert str(problem.path) in problem.sentence
            assert len(problem.sentence) > len(str(problem.path)) + 20


def test_a_family_without_sounds_is_named(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    bank = Esc50(make_esc50(tmp_path, request))

    with pytest.raises(NoSoundOfFamily, match="no usable sound of the family 'music'"):
        bank.draw("music", np.random.default_rng(0), 16000)


def test_clipped_sounds_are_told_by_a_check_and_used(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    root = make_esc50(tmp_path, request)
    write_wav(root / "audio" / "1-100-A-10.wav", np.clip(burst() * 20, -1, 1), 22050)
    bank = Esc50(root)

    (problem,) = bank.check()

    assert "% of its samples at full scale" in problem.sentence
    assert "1-100-A-10" in {sound.sound_id for sound in bank.sounds("nat")}


@pytest.mark.parametrize(
    ("category", "emotional"),
    [
        ("crying_baby", True), ("Crying, sobbing", True), ("baby laughter", True), ("crowd laughing", True),
        ("giggle", True), ("weeping willow", True), ("crystal glass", False), ("sweeping", False), ("slaughter", False),
        ("street cries", True), ("rain", False),
    ],
)  # fmt: skip
def test_words_tell_of_laughing_and_crying(category: str, emotional: bool) -> None:
    assert bool(EMOTIONAL_WORD.search(category)) == emotional


class TestJoined:
    def test_it_offers_the_sounds_of_all_in_their_order(
        self, tmp_path: Path, sounds_root: Path, request: pytest.FixtureRequest
    ) -> None:
        (tmp_path / "esc").mkdir()
        demo, esc = DemoSounds(sounds_root), Esc50(make_esc50(tmp_path / "esc", request))
        joined = JoinedSounds([demo, esc])

        assert joined.sounds("nat") == demo.sounds("nat") + esc.sounds("nat")
        assert joined.samples("1-100-A-10", 16000) is esc.samples("1-100-A-10", 16000)

    def test_rooms_of_it_are_not_trimmed_either(
        self, tmp_path: Path, sounds_root: Path, request: pytest.FixtureRequest
    ) -> None:
        joined = JoinedSounds([DemoSounds(sounds_root), ImpulseResponses(make_impulse_responses(tmp_path, request))])

        assert len(joined.samples("office/far", 16000)) == len(impulse())

    def test_a_bank_that_is_named_twice_is_refused(self, sounds_root: Path) -> None:
        with pytest.raises(SoundsTwice, match="both have the id 'rain-1'"):
            JoinedSounds([DemoSounds(sounds_root), DemoSounds(sounds_root)]).families()

    def test_speakers_are_known_by_family(self, sounds: SoundBank) -> None:
        assert sounds.speakers("filler") == ("anna", "ben", "clara", "dora", "emil", "finn")
        assert {sound.speaker for sound in sounds.sounds("filler", "ben")} == {"ben"}
        assert sounds.speakers("nat") == ()
