"""A corpus as a bank: who says uh, and for how long."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.clip import Clip, Word
from pipelines.fillers import LONGEST_FILLER_S, SHORTEST_FILLER_S, CorpusSounds, is_filler
from pipelines.sound_file import read_sound
from pipelines.sounds.base import JoinedSounds, SoundBank
from tests.pipelines.conftest import RATE_HZ, spoken


@pytest.fixture
def corpus(tmp_path: Path) -> list[Clip]:
    """Two speakers; one recording holds two clips, one of which says uh."""
    soundfile.write(tmp_path / "both.wav", spoken(3.0), RATE_HZ)
    soundfile.write(tmp_path / "c.wav", spoken(2.0, seed=1), RATE_HZ)
    said = (Word("I", 0.1, 0.3), Word("Uh,", 0.35, 0.75), Word("know", 0.8, 1.2))
    return [
        Clip("a", tmp_path / "both.wav", "anna", language="en", length_s=1.5, start_s=0.0, end_s=1.5),
        Clip("b", tmp_path / "both.wav", "anna", language="en", length_s=1.5, start_s=1.5, end_s=3.0, words=said),
        Clip("c", tmp_path / "c.wav", "ben", language="en", length_s=2.0, words=(Word("um", 0.2, 0.6),)),
    ]


def test_fillers_are_found_by_speaker_with_their_clip_and_word(corpus: list[Clip]) -> None:
    (uh,) = CorpusSounds(corpus).sounds("filler", "anna")

    assert (uh.category, uh.clip_id, uh.speaker) == ("uh", "b", "anna")
    assert (uh.start_s, uh.end_s) == (1.85, 2.25)  # from the start of the recording, not of the clip


def test_a_filler_sounds_as_its_piece_of_the_recording(corpus: list[Clip]) -> None:
    bank = CorpusSounds(corpus)
    (uh,) = bank.sounds("filler", "anna")

    heard = bank.samples(uh.sound_id, RATE_HZ)

    piece = read_sound(uh.path, RATE_HZ, 1.85, 2.25)
    assert 0 < len(heard) <= len(piece)  # silent padding is cut off
    assert any(np.array_equal(heard, piece[at : at + len(heard)]) for at in range(len(piece) - len(heard) + 1))


def test_every_clip_is_speech_of_its_speaker(corpus: list[Clip]) -> None:
    bank = CorpusSounds(corpus)

    assert [(sound.clip_id, sound.speaker) for sound in bank.sounds("speech")] == [
        ("a", "anna"), ("b", "anna"), ("c", "ben"),
    ]  # fmt: skip
    assert len(bank.samples("speech:a", RATE_HZ)) == pytest.approx(1.5 * RATE_HZ, rel=0.2)


@pytest.mark.parametrize(
    ("length_s", "kept"),
    [(SHORTEST_FILLER_S / 2, 0), (SHORTEST_FILLER_S * 1.1, 1), (LONGEST_FILLER_S, 1), (LONGEST_FILLER_S + 0.1, 0)],
)
def test_slips_of_the_aligner_are_no_fillers(corpus: list[Clip], length_s: float, kept: int) -> None:
    clip = replace(corpus[2], words=(Word("um", 0.25, 0.25 + length_s),))

    assert len(CorpusSounds([clip]).sounds("filler")) == kept


@pytest.mark.parametrize(
    ("word", "language", "is_one"),
    [
        ("UH", "en", True), ("umm", "en-US", True), ("Erm...", "en", True), ("'er", "en", False),
        ("umbrella", "en", False), ("um", "de", False), ("er", "de", False), ("ähm", "de", True),
        ("um", "und", False), ("uhm", "und", True), ("", "en", False), ("uh-huh", "en", False),
    ],
)  # fmt: skip
def test_a_filler_is_one_in_its_language_alone(word: str, language: str, is_one: bool) -> None:
    assert is_filler(word, language) is is_one


def test_the_bank_joins_others(corpus: list[Clip], sounds: SoundBank) -> None:
    joined = JoinedSounds([sounds, CorpusSounds(corpus)])

    assert {"filler", "speech", "nat", "laugh"} <= set(joined.families())
    assert {"anna-uh", "filler:b:2"} <= {sound.sound_id for sound in joined.sounds("filler", "anna")}


def test_the_same_clips_give_the_same_ids(corpus: list[Clip]) -> None:
    assert list(CorpusSounds(corpus).listed()) == list(CorpusSounds(corpus).listed())


def test_a_corpus_without_clips_is_a_bank_without_sounds() -> None:
    assert CorpusSounds([]).families() == ()


def test_fillers_of_a_real_recording_are_where_the_speaker_hesitates(real_data: Path) -> None:
    from praatio import textgrid

    folder = real_data / "mfa-samples"
    grid = textgrid.openTextgrid(str(folder / "textgrid" / "acoustic_corpus.TextGrid"), includeEmptyIntervals=False)
    words = tuple(Word(entry.label, entry.start, entry.end) for entry in grid.getTier("words").entries)
    clip = Clip("acoustic_corpus", folder / "wav" / "acoustic_corpus.wav", "michael", language="en", words=words)

    found = CorpusSounds([clip]).sounds("filler", "michael")

    assert [(sound.category, round(sound.start_s, 2)) for sound in found] == [("um", 8.02), ("um", 22.9)]
