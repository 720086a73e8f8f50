"""Noises that cut, splice and stretch speech: exact in length, on the edges of words and phones, never clicking."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.audio import Speech, active_rms, rms
from pipelines.clip import Clip, Phone, Word
from pipelines.conditions import condition
from pipelines.corpora.emodb import EmoDB
from pipelines.fillers import CorpusSounds
from pipelines.noises.appended import Appended
from pipelines.noises.base import NoiseRefused
from pipelines.noises.drop_words import DropWords
from pipelines.noises.filler import Filler
from pipelines.noises.speed_segment import SpeedSegment
from pipelines.sound_file import load_speech
from pipelines.sounds.base import SoundBank
from pipelines.splicing import FADE_S, REACH_S
from tests.pipelines.conftest import RATE_HZ, spoken
from tests.pipelines.splices import cut_samples, drawn, largest_jump, near

FADE = round(FADE_S * RATE_HZ)
SPLICED = ("speed-segment", "filler-s", "filler-l", "drop-words", "drop-letters", "laugh", "cry")


def said(text: str, *, word_s: float = 0.2, gap_s: float = 0.05, language: str = "en") -> Speech:
    """Words of one length, so many seconds apart, spoken by Anna."""
    names = text.split()
    words = tuple(
        Word(name, round(0.1 + number * (word_s + gap_s), 4), round(0.1 + number * (word_s + gap_s) + word_s, 4))
        for number, name in enumerate(names)
    )
    samples = spoken(words[-1].end_s + 0.1 if words else 1.0)
    return Speech(samples, RATE_HZ, words, clip_id="x", speaker="anna", language=language)


@pytest.mark.parametrize("name", SPLICED)
class TestEverySplicedNoise:
    @pytest.mark.parametrize("seed", range(4))
    def test_it_never_jumps_more_than_what_is_joined(
        self, name: str, seed: int, speech: Speech, sounds: SoundBank
    ) -> None:
        params, changed = drawn(condition(name), speech, sounds, seed)

        joined = [largest_jump(speech.samples)]
        if "sound_id" in params:
            sound = sounds.samples(str(params["sound_id"]), RATE_HZ)
            joined.append(largest_jump(sound) * active_rms(speech.samples) / active_rms(sound))
        # Weights of a cross-fade move by pi / 2 / FADE a sample; the part of a sound that is heard has its own level.
        assert largest_jump(changed) <= 1.5 * max(joined) + np.pi / FADE * float(np.abs(changed).max())

    def test_its_name_begins_with_its_family(self, name: str, speech: Speech, sounds: SoundBank) -> None:
        assert name.startswith(condition(name).family)

    def test_silence_is_refused(self, name: str, speech: Speech, sounds: SoundBank) -> None:
        silence = replace(speech, samples=np.zeros_like(speech.samples))

        if name.startswith("drop"):
            assert not drawn(condition(name), silence, sounds)[1].any()
        else:
            with pytest.raises(NoiseRefused, match=r"silent|no stretch of"):
                drawn(condition(name), silence, sounds)


class TestSpeedSegment:
    @pytest.mark.parametrize("seed", range(8))
    def test_it_is_as_long_as_the_arithmetic_says(self, seed: int, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(condition("speed-segment"), speech, sounds, seed)

        segment = round((params["end_s"] - params["start_s"]) * RATE_HZ)  # type: ignore[operator]
        assert len(changed) == len(speech.samples) - segment + round(segment / 1.25)
        assert 0.1 * len(speech.samples) <= segment <= 0.25 * len(speech.samples)

    @pytest.mark.parametrize("seed", range(4))
    def test_what_lies_outside_the_segment_is_untouched(self, seed: int, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(condition("speed-segment"), speech, sounds, seed)

        start, end = (round(float(params[key]) * RATE_HZ) for key in ("start_s", "end_s"))  # type: ignore[arg-type]
        np.testing.assert_allclose(changed[: start - FADE], speech.samples[: start - FADE], atol=1e-6)
        after = speech.samples[end + FADE :]
        np.testing.assert_allclose(changed[len(changed) - len(after) :], after, atol=1e-6)

    @pytest.mark.parametrize("speed", [1.25, 0.75])
    def test_every_moment_of_the_segment_is_where_its_speed_puts_it(
        self, speed: float, speech: Speech, sounds: SoundBank
    ) -> None:
        faint = 1e-4 * np.random.default_rng(0).standard_normal(len(speech.samples)).astype(np.float32)
        faint[20000:20020] += np.hanning(20).astype(np.float32)
        params = {"speed": speed, "start_s": 1.1, "end_s": 1.6}

        changed = SpeedSegment().apply(replace(speech, samples=faint), params, sounds)

        due = round(1.1 * RATE_HZ + (20010 - 1.1 * RATE_HZ) / speed)
        assert abs(int(np.argmax(np.abs(changed))) - due) <= 0.002 * RATE_HZ

    @pytest.mark.parametrize("seed", range(8))
    def test_its_edges_are_those_of_words(self, seed: int, speech: Speech, sounds: SoundBank) -> None:
        params, _ = drawn(condition("speed-segment"), speech, sounds, seed)

        assert near(params["start_s"], [word.start_s for word in speech.words])
        assert near(params["end_s"], [word.end_s for word in speech.words])

    def test_phones_do_where_no_words_fit(self, speech: Speech, sounds: SoundBank) -> None:
        one = replace(speech, words=(Word("everything", 0.0, speech.length_s),))

        params, _ = drawn(condition("speed-segment"), one, sounds)

        assert near(params["start_s"], [phone.start_s for phone in speech.phones])
        assert near(params["end_s"], [phone.end_s for phone in speech.phones])

    def test_quiet_moments_do_without_an_alignment(self, speech: Speech, sounds: SoundBank) -> None:
        unaligned = replace(speech, words=(), phones=())

        params, changed = drawn(condition("speed-segment"), unaligned, sounds)

        assert len(changed) < len(speech.samples)
        start = round(float(params["start_s"]) * RATE_HZ)  # type: ignore[arg-type]
        assert rms(speech.samples[start - 48 : start + 48]) < active_rms(speech.samples)

    def test_the_draw_reaches_many_segments(self, speech: Speech, sounds: SoundBank) -> None:
        starts = {drawn(condition("speed-segment"), speech, sounds, seed)[0]["start_s"] for seed in range(30)}

        assert len(starts) >= 4

    def test_share_and_speed_are_settings(self, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(SpeedSegment(speed=0.8, largest_share=0.6, smallest_share=0.4), speech, sounds)

        segment = round((params["end_s"] - params["start_s"]) * RATE_HZ)  # type: ignore[operator]
        assert 0.4 * len(speech.samples) <= segment <= 0.6 * len(speech.samples)
        assert len(changed) == len(speech.samples) - segment + round(segment / 0.8)

    def test_a_clip_that_is_too_short_is_refused(self, sounds: SoundBank) -> None:
        with pytest.raises(
            NoiseRefused, match=r"lasts 0\.300 s; a segment of 0\.1 s .* 25% of it needs 0\.4 s or more"
        ):
            drawn(condition("speed-segment"), Speech(spoken(0.3), RATE_HZ), sounds)

    def test_where_no_segment_fits_the_shares_are_named(self, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match=r"no stretch of 20% to 20% of the clip's 0\.500 s"):
            drawn(SpeedSegment(smallest_share=0.2, largest_share=0.205), Speech(spoken(0.5, seed=3), RATE_HZ), sounds)


class TestFiller:
    @pytest.mark.parametrize(("name", "pause_s"), [("filler-s", 0.0), ("filler-l", 0.75)])
    def test_the_clip_grows_by_the_filler_and_its_pauses(
        self, name: str, pause_s: float, speech: Speech, sounds: SoundBank
    ) -> None:
        params, changed = drawn(condition(name), speech, sounds)

        filler = sounds.samples(str(params["sound_id"]), RATE_HZ)
        assert len(changed) == len(speech.samples) + len(filler) + 2 * round(pause_s * RATE_HZ)

    @pytest.mark.parametrize("seed", range(6))
    def test_it_is_the_same_speaker_s_and_stands_between_two_words(
        self, seed: int, speech: Speech, sounds: SoundBank
    ) -> None:
        params, _ = drawn(condition("filler-s"), speech, sounds, seed)

        gaps = [(one.end_s, following.start_s) for one, following in pairwise(speech.words)]
        assert sounds.sound(str(params["sound_id"])).speaker == speech.speaker
        assert any(before - REACH_S <= params["at_s"] <= after + REACH_S for before, after in gaps)  # type: ignore[operator]
        assert speech.length_s / 4 < params["at_s"] < speech.length_s * 3 / 4  # type: ignore[operator]

    def test_it_is_as_loud_as_the_speech(self, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(condition("filler-l"), speech, sounds)
        _, softer = drawn(Filler(pause_s=0.75, level_db=-20), speech, sounds)

        begin = round((float(params["at_s"]) + 0.75) * RATE_HZ)  # type: ignore[arg-type]
        end = begin + len(sounds.samples(str(params["sound_id"]), RATE_HZ))
        assert active_rms(changed[begin:end]) == pytest.approx(active_rms(speech.samples), rel=0.05)
        assert active_rms(softer[begin:end]) == pytest.approx(active_rms(speech.samples) / 10, rel=0.05)

    def test_a_pause_sounds_as_the_clip_s_own(self, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(condition("filler-l"), speech, sounds)

        at = round(float(params["at_s"]) * RATE_HZ)  # type: ignore[arg-type]
        pause = changed[at + FADE : at + round(0.75 * RATE_HZ) - FADE]
        assert 0 < rms(pause) < active_rms(speech.samples) / 10

    def test_a_clip_that_is_never_quiet_gets_pauses_of_zeros(self, speech: Speech, sounds: SoundBank) -> None:
        hiss = 0.1 * np.random.default_rng(0).standard_normal(len(speech.samples)).astype(np.float32)

        params, changed = drawn(condition("filler-l"), replace(speech, samples=hiss), sounds)

        at = round(float(params["at_s"]) * RATE_HZ)  # type: ignore[arg-type]
        assert params["tone_start_s"] is None
        assert not changed[at + FADE : at + round(0.75 * RATE_HZ) - FADE].any()

    def test_fillers_of_other_clips_come_before_the_clip_s_own(self, speech: Speech, sounds: SoundBank) -> None:
        ours = replace(speech, clip_id="anna-9", speaker="anna")  # the clip that the bank's fillers of Anna are from

        assert str(drawn(condition("filler-s"), ours, sounds)[0]["sound_id"]).startswith("anna-")
        sounds_of_two = CorpusSounds([clip_with_uh(sounds, "anna-9", "uh"), clip_with_uh(sounds, "anna-8", "um")])
        chosen = {drawn(condition("filler-s"), ours, sounds_of_two, seed)[0]["category"] for seed in range(8)}
        assert chosen == {"um"}

    def test_a_speaker_without_fillers_is_named(self, speech: Speech, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match=r"have 12 fillers and none of them is by speaker 'zoe'"):
            drawn(condition("filler-s"), replace(speech, speaker="zoe"), sounds)

    @pytest.mark.parametrize("count", [0, 1])
    def test_a_filler_needs_two_words(self, count: int, speech: Speech, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match=rf"an alignment of {count} words; a filler goes between two words"):
            drawn(condition("filler-l"), replace(speech, words=speech.words[:count]), sounds)

    def test_two_words_are_enough(self, sounds: SoundBank) -> None:
        params, _ = drawn(condition("filler-s"), said("hello there"), sounds)

        assert params["after_word"] == "hello"


class TestDropWords:
    def test_every_such_word_goes_and_no_other(self, sounds: SoundBank) -> None:
        params, _ = drawn(condition("drop-words"), said("So, the cat AND a dog like an android"), sounds)

        assert params["words"] == ["So,", "the", "AND", "a", "like", "an"]

    def test_the_cuts_lie_on_the_words_edges(self, sounds: SoundBank) -> None:
        speech = said("we saw the cat and some dogs")
        params, changed = drawn(condition("drop-words"), speech, sounds)

        dropped = [word for word in speech.words if word.text in ("the", "and")]
        assert len(params["cut_starts_s"]) == 2  # type: ignore[arg-type]
        for word, start_s, end_s in zip(dropped, params["cut_starts_s"], params["cut_ends_s"], strict=True):  # type: ignore[arg-type]
            assert near(start_s, [word.start_s])
            assert near(end_s, [word.end_s])
        assert len(changed) == len(speech.samples) - cut_samples(params)

    @given(
        texts=st.lists(st.sampled_from(["a", "the", "so", "cat", "dog"]), min_size=1, max_size=12),
        seed=st.integers(0, 9),
    )
    @settings(max_examples=40, deadline=None)
    def test_removed_and_kept_are_the_whole_for_any_alignment(self, texts: list[str], seed: int) -> None:
        speech, noise = random_alignment(texts, seed), DropWords()
        if noise.lacks(speech, CorpusSounds([])) is not None:
            assert not {"cat", "dog"} & set(texts) or not {"a", "the", "so"} & set(texts)
            return

        params, changed = drawn(noise, speech, CorpusSounds([]))

        assert len(changed) == len(speech.samples) - cut_samples(params)
        starts, ends = params["cut_starts_s"], params["cut_ends_s"]
        edges = [edge for cut in zip(starts, ends, strict=True) for edge in cut]  # type: ignore[arg-type]
        assert edges == sorted(edges)
        assert np.abs(changed).max() <= np.abs(speech.samples).max() + 1e-6

    @pytest.mark.parametrize(
        ("speech", "reason"),
        [
            (said("the cat", language="de"), "language is 'de' and the words to drop are of 'en'"),
            (said("the cat", language="und"), "language is 'und'"),
            (replace(said("the cat"), words=()), "no alignment of words"),
            (said("every cat sleeps"), "none of the clip's 3 words is one of a, the, an, so, like, and"),
            (said("so so"), "each of the clip's 2 words is one of .* none would be left"),
        ],
    )
    def test_a_clip_that_can_not_carry_it_is_told_why(self, speech: Speech, reason: str, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match=reason):
            drawn(condition("drop-words"), speech, sounds)

    def test_a_study_brings_its_own_words(self, sounds: SoundBank) -> None:
        german = DropWords(words=("der", "die", "das"), language="de")

        params, _ = drawn(german, said("das will er am Mittwoch abgeben", language="de"), sounds)

        assert params["words"] == ["das"]


class TestAppended:
    @pytest.mark.parametrize("family", ["laugh", "cry"])
    def test_the_clip_stays_and_the_sound_follows_after_a_gap(
        self, family: str, speech: Speech, sounds: SoundBank
    ) -> None:
        params, changed = drawn(condition(family), speech, sounds)

        heard = round((params["end_s"] - params["start_s"]) * RATE_HZ)  # type: ignore[operator]
        end = len(speech.samples)
        assert len(changed) == end + round(0.1 * RATE_HZ) + heard
        assert heard <= 2.0 * RATE_HZ
        assert sounds.sound(str(params["sound_id"])).family == family
        np.testing.assert_allclose(changed[: end - FADE], speech.samples[: end - FADE], atol=1e-6)
        assert not changed[end + FADE : end + round(0.1 * RATE_HZ) - FADE].any()

    def test_it_is_as_loud_as_the_speech(self, speech: Speech, sounds: SoundBank) -> None:
        _, changed = drawn(condition("laugh"), speech, sounds)
        _, softer = drawn(Appended("laugh", level_db=-20), speech, sounds)

        begin = len(speech.samples) + round(0.1 * RATE_HZ)
        assert active_rms(changed[begin:]) == pytest.approx(active_rms(speech.samples), rel=0.1)
        assert active_rms(softer[begin:]) == pytest.approx(active_rms(speech.samples) / 10, rel=0.1)

    def test_length_and_gap_are_settings(self, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(Appended("cry", longest_s=0.5, gap_s=0.0), speech, sounds)

        heard = round((params["end_s"] - params["start_s"]) * RATE_HZ)  # type: ignore[operator]
        assert 0.2 * RATE_HZ <= heard <= 0.5 * RATE_HZ
        assert len(changed) == len(speech.samples) + heard
        assert abs(float(changed[-1])) < 1e-3  # faded out, since it was cut off

    def test_a_bank_without_the_family_is_refused_with_what_it_has(self, speech: Speech) -> None:
        with pytest.raises(NoiseRefused, match="no sound of the family 'laugh' to append; it has none"):
            drawn(condition("laugh"), speech, CorpusSounds([]))


class TestWholeUtterance:
    @pytest.mark.parametrize("speed", [1.25, 0.75, 1.05, 0.95])
    def test_another_speed_takes_so_much_less_time(self, speed: float, speech: Speech, sounds: SoundBank) -> None:
        _, changed = drawn(condition(f"speed-utterance-{speed:.2f}x"), speech, sounds)

        assert len(changed) == round(len(speech.samples) / speed)

    @pytest.mark.parametrize("ratio", [1.25, 0.75])
    def test_another_pitch_takes_the_same_time(self, ratio: float, speech: Speech, sounds: SoundBank) -> None:
        _, changed = drawn(condition(f"pitch-{ratio}x"), speech, sounds)

        assert len(changed) == len(speech.samples)
        assert active_rms(changed) == pytest.approx(active_rms(speech.samples), rel=0.2)

    @pytest.mark.parametrize("name", ["speed-utterance-0.95x", "pitch-1.25x"])
    def test_silence_is_refused(self, name: str, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match="silent"):
            drawn(condition(name), Speech(np.zeros(RATE_HZ, dtype=np.float32), RATE_HZ), sounds)


@pytest.fixture(scope="module")
def aligned(real_data: Path) -> Clip:
    """Half a minute of English with the times of its words and phones."""
    from praatio import textgrid

    folder = real_data / "mfa-samples"
    grid = textgrid.openTextgrid(str(folder / "textgrid" / "acoustic_corpus.TextGrid"), includeEmptyIntervals=False)
    words, phones = (grid.getTier(name).entries for name in ("words", "phones"))
    return Clip(
        "acoustic_corpus", folder / "wav" / "acoustic_corpus.wav", "michael", language="en", length_s=26.72,
        words=tuple(Word(entry.label, entry.start, entry.end) for entry in words),
        phones=tuple(Phone(entry.label, entry.start, entry.end) for entry in phones),
    )  # fmt: skip


class TestRealSpeech:
    @pytest.mark.parametrize("name", ["speed-segment", "filler-s", "filler-l", "drop-words", "drop-letters"])
    def test_an_aligned_recording_is_changed_without_a_click(self, name: str, aligned: Clip) -> None:
        speech = load_speech(aligned, RATE_HZ)

        _, changed = drawn(condition(name), speech, CorpusSounds([aligned]))

        assert len(changed) != len(speech.samples)
        assert largest_jump(changed) <= largest_jump(speech.samples)

    def test_letters_go_where_english_drops_them(self, aligned: Clip) -> None:
        params, _ = drawn(condition("drop-letters"), load_speech(aligned, RATE_HZ), CorpusSounds([aligned]))

        assert {symbol: params["phones"].count(symbol) for symbol in ("HH", "D", "T", "R", "NG")} == {  # type: ignore[union-attr]
            "HH": 3, "D": 2, "T": 3, "R": 5, "NG": 6,
        }  # fmt: skip

    def test_german_keeps_its_letters_and_its_speed_can_change(self, real_data: Path) -> None:
        clips = [clip for clip in EmoDB(real_data / "emodb").listed() if isinstance(clip, Clip)][:3]

        for clip in clips:
            speech = load_speech(clip, RATE_HZ)
            known = replace(clip, length_s=speech.length_s)
            for name in ("drop-letters", "drop-words"):
                assert "language is 'de'" in str(condition(name).lacks(known, CorpusSounds([])))
            _, changed = drawn(condition("speed-segment"), speech, CorpusSounds([]))
            assert 0.94 < len(changed) / len(speech.samples) < 0.99


def random_alignment(texts: list[str], seed: int) -> Speech:
    """Words of random lengths and gaps; some touch, and the last may reach past the end of the sound."""
    rng = np.random.default_rng(seed)
    edges_s = np.cumsum(rng.choice([0.0, 0.004, 0.03, 0.2], size=2 * len(texts)) + np.tile([0.0, 0.01], len(texts)))
    words = tuple(
        Word(text, round(float(start_s), 4), round(float(end_s), 4))
        for text, start_s, end_s in zip(texts, edges_s[::2], edges_s[1::2], strict=True)
    )
    return Speech(spoken(float(edges_s[-1]) + float(rng.choice([0.3, 1.0]))), RATE_HZ, words, language="en")


def clip_with_uh(sounds: SoundBank, clip_id: str, word: str) -> Clip:
    """A clip of Anna that says a filler, in the file of the bank's own."""
    path = sounds.sound("anna-uh").path
    return Clip(clip_id, path, "anna", language="en", length_s=2.0, words=(Word(word, 0.5, 0.8),))
