"""Noises that add, reverberate, encode or control: levels, places and lengths, to the decibel and the sample."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.audio import FRAME, PCM_STEPS, Samples, Speech, active_rms, frame_powers
from pipelines.clip import Clip
from pipelines.conditions import ConditionWrong, condition, study_conditions
from pipelines.corpora.base import Problem
from pipelines.corpora.emodb import EmoDB
from pipelines.noises.babble import Babble
from pipelines.noises.background import Background
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sound_file import load_speech, to_pcm16
from pipelines.sounds.base import FAMILIES, Sound, SoundBank
from pipelines.sounds.esc50 import Esc50
from tests.pipelines.conftest import RATE_HZ, SPEAKER, SaidByMany, spoken

CONDITIONS = study_conditions()
#: All but those that fade: their ratio holds for the whole of what is added.
STEADY = {
    name: noise for name, noise in CONDITIONS.items() if noise.nominal_snr_db is not None and not name.endswith("-st")
}
KEPT_LENGTH = (
    *STEADY, "nat-st", "hum-st", "int-st", "fade-in", "fade-out", "reverb", "telephone", "mp3-32kbps", "opus-12kbps",
    "packet-loss-5", "packet-loss-20", "identical", "identical-reencoded",
)  # fmt: skip
ALIGNED = ("telephone", "mp3-32kbps", "opus-12kbps", "packet-loss-5", "identical-reencoded", "reverb")


def changed(noise: Noise, speech: Speech, sounds: SoundBank, seed: int) -> Samples:
    return noise.apply(speech, noise.draw(speech, sounds, np.random.default_rng(seed)), sounds)


def snr_db(speech: Samples, added: Samples) -> float:
    return float(20 * np.log10(active_rms(speech) / active_rms(added)))


def shift(before: Samples, after: Samples) -> int:
    """By how many samples a sound comes later, where the two are most alike."""
    size = 2 * max(len(before), len(after))
    alike = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)), size)
    found = int(np.argmax(alike))
    return found if found < size // 2 else found - size


def voice(length_s: float, seed: int, level: float = 1.0) -> Speech:
    return Speech(spoken(length_s, seed) * np.float32(level), RATE_HZ, speaker=SPEAKER)


@pytest.mark.parametrize("name", KEPT_LENGTH)
def test_the_length_stays_to_the_sample(name: str, sounds: SoundBank) -> None:
    for length in (RATE_HZ // 4 + 1, 20_011, 31_999):
        odd = Speech(spoken(2.0)[:length], RATE_HZ, speaker=SPEAKER)
        assert len(changed(condition(name), odd, sounds, seed=1)) == length


class TestRatio:
    @pytest.mark.parametrize(("name", "noise"), STEADY.items(), ids=STEADY.keys())
    def test_it_is_exact_over_clips_sounds_and_moments(self, name: str, noise: Noise, sounds: SoundBank) -> None:
        for seed in range(12):
            clip = voice(0.4 + 0.37 * seed, seed, level=10 ** (-seed / 12))
            added = changed(noise, clip, sounds, seed) - clip.samples
            assert snr_db(clip.samples, added) == pytest.approx(noise.nominal_snr_db, abs=0.1)

    @given(
        seed=st.integers(0, 2**32 - 1),
        length_s=st.floats(0.1, 6),
        level=st.floats(0.01, 1),
        wanted_db=st.floats(-20, 30),
        position=st.sampled_from(["co", "sh", "me"]),
        family=st.sampled_from(FAMILIES),
    )
    @settings(max_examples=60)
    def test_it_is_exact_whatever_a_study_asks_for(
        self, sounds: SoundBank, seed: int, length_s: float, level: float, wanted_db: float, position: Any, family: str
    ) -> None:
        noise, clip = Background(family, position, wanted_db, 0.4), voice(length_s, seed % 97, level)
        if not clip.samples.any():
            return
        added = changed(noise, clip, sounds, seed) - clip.samples
        assert snr_db(clip.samples, added) == pytest.approx(wanted_db, abs=0.1)

    @pytest.mark.parametrize("name", ["nat-co-20db", "hum-co-0db", "int-sh", "nat-me", "babble-co--10db"])
    def test_it_holds_in_the_16_bits_that_are_written(self, name: str, sounds: SoundBank) -> None:
        for seed in range(5):
            clip = voice(1.5, seed, level=0.2)
            mixed = changed(condition(name), clip, sounds, seed)
            added = to_pcm16(mixed).astype(np.int32) - to_pcm16(clip.samples)
            found_db = snr_db(clip.samples, (added / PCM_STEPS).astype(np.float32))
            assert found_db == pytest.approx(condition(name).nominal_snr_db, abs=0.1)

    def test_it_is_that_of_what_sounds_not_of_the_pauses(self, sounds: SoundBank) -> None:
        clip = voice(1.0, seed=1)
        padded = replace(clip, samples=np.pad(clip.samples, 10 * FRAME))

        added = changed(condition("nat-co-10db"), padded, sounds, seed=2) - padded.samples

        assert snr_db(clip.samples, added) == pytest.approx(10, abs=0.1)

    def test_it_holds_at_the_start_of_a_sound_that_fades(self, sounds: SoundBank) -> None:
        clip = voice(2.0, seed=3)
        added = changed(Background("int", "st", 5.0, 0.5, fade_share=0.4), clip, sounds, seed=4) - clip.samples
        whole = changed(Background("int", "st", 5.0, 0.5, fade_share=0.0), clip, sounds, seed=4) - clip.samples

        before = round(0.6 * len(clip.samples) / 2) - 1
        np.testing.assert_allclose(added[:before], whole[:before], atol=1e-6)
        assert snr_db(clip.samples, whole) == pytest.approx(5, abs=0.1)


class TestPlace:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_sound_at_the_start_has_faded_out_by_the_middle(
        self, family: str, speech: Speech, sounds: SoundBank
    ) -> None:
        added = changed(condition(f"{family}-st"), speech, sounds, seed=1) - speech.samples
        middle = len(added) // 2 + 1

        assert active_rms(added[: middle // 2]) > 0
        np.testing.assert_array_equal(added[middle:], 0)

    def test_the_fade_falls_as_the_square_of_a_cosine(self, sounds: SoundBank) -> None:
        clip = voice(2.0, seed=1)
        steady, fading = (Background("int", "st", 0.0, 1.0, fade_share=share) for share in (0.0, 1.0))

        flat, falling = (changed(noise, clip, sounds, seed=1) - clip.samples for noise in (steady, fading))

        gain = np.cos(np.linspace(0, np.pi / 2, len(flat))) ** 2
        np.testing.assert_allclose(falling, flat * gain, atol=1e-5)

    @pytest.mark.parametrize(("position", "share"), [("sh", 0.25), ("me", 0.5)])
    @pytest.mark.parametrize("length_s", [0.2, 1.1, 5.3])
    def test_blips_and_stretches_last_as_long_as_they_should(
        self, position: str, share: float, length_s: float, sounds: SoundBank
    ) -> None:
        clip = voice(length_s, seed=2)
        places = set()
        for seed in range(8):
            params = condition(f"hum-{position}").draw(clip, sounds, np.random.default_rng(seed))
            added = changed(condition(f"hum-{position}"), clip, sounds, seed) - clip.samples
            start, length = (round(float(str(params[name])) * RATE_HZ) for name in ("start_s", "length_s"))
            wanted_s = max(0.1, min(share * length_s, 0.4 if position == "sh" else length_s))
            assert 0 <= length - round(wanted_s * RATE_HZ) < FRAME or length == len(clip.samples)
            assert start % FRAME == 0
            assert start + length <= len(clip.samples)
            assert not added[:start].any()
            assert not added[start + length :].any()
            places.add(start)
        assert len(places) > 1

    def test_a_blip_begins_and_ends_softly(self, sounds: SoundBank) -> None:
        clip = voice(3.0, seed=2)
        params = condition("nat-sh").draw(clip, sounds, np.random.default_rng(1))
        added = changed(condition("nat-sh"), clip, sounds, seed=1) - clip.samples
        start, length = (round(float(str(params[name])) * RATE_HZ) for name in ("start_s", "length_s"))

        assert np.abs(added[[start, start + length - 1]]).max() < 1e-4

    def test_a_sound_never_comes_from_its_own_silence(self, tmp_path: Path) -> None:
        bank = Sparse(tmp_path)
        for seed in range(30):
            clip = voice(0.1 + 0.05 * seed, seed)
            added = changed(Background("int", "sh", 10.0, 0.25, 0.4), clip, bank, seed) - clip.samples
            assert active_rms(added) > 0


class Sparse(SoundBank):
    """One sound that is a click now and then, and otherwise silent."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        clicks = np.zeros(5 * RATE_HZ, dtype=np.float32)
        for moment in (0, 20_011, 55_555, 79_999):
            clicks[moment] = 0.5
        soundfile.write(root / "clicks.wav", clicks, RATE_HZ)

    def listed(self) -> Iterator[Sound | Problem]:
        yield Sound("clicks", self.root / "clicks.wav", "int", "click")


def test_a_clip_of_a_few_samples_is_refused_in_a_sentence(sounds: SoundBank) -> None:
    short = Speech(np.full(100, 0.1, dtype=np.float32), RATE_HZ)

    for name in ("nat-st", "babble-co-0db", "reverb", "telephone", "opus-12kbps", "packet-loss-5", "positive"):
        with pytest.raises(NoiseRefused, match=r"the clip lasts 0\.006 s; .* needs 0\.1\d* s or more"):
            condition(name).draw(short, sounds, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["nat-co-0db", "babble-co-0db", "reverb", "fade-in", "telephone", "packet-loss-5"])
def test_a_silent_clip_is_refused(name: str, sounds: SoundBank) -> None:
    silence = Speech(np.zeros(RATE_HZ, dtype=np.float32), RATE_HZ)

    with pytest.raises(NoiseRefused, match="the clip is silent, so"):
        condition(name).draw(silence, sounds, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("nat-me", {"share": 0}, "share is 0"),
        ("nat-st", {"sounds_of": "laugh"}, "laugh changes what people hear and is no background"),
        ("reverb", {"rt60_s": [0.9, 0.3]}, "0.9 to 0.3 is no range"),
        ("opus-12kbps", {"kbps": 1}, "kbps is 1"),
        ("packet-loss-5", {"percent": 100}, "percent is 100"),
        ("fade-out", {"percent_per_second": -100}, "percent_per_second is -100"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(name: str, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConditionWrong, match=reason):
        study_conditions({name: wrong})


class TestBabble:
    def test_of_a_bank_without_babble_several_others_talk(self, tmp_path: Path) -> None:
        bank, clip = SaidByMany(tmp_path), voice(3.0, seed=1)
        for seed in range(6):
            params = Babble(0.0).draw(clip, bank, np.random.default_rng(seed))
            speakers = [bank.sound(str(sound_id)).speaker for sound_id in params["sound_ids"]]  # type: ignore[union-attr]
            assert len(set(speakers)) == len(speakers) == 4
            assert SPEAKER not in speakers
            added = Babble(0.0).apply(clip, params, bank) - clip.samples
            assert snr_db(clip.samples, added) == pytest.approx(0, abs=0.1)

    def test_too_few_others_are_told(self, tmp_path: Path) -> None:
        bank = SaidByMany(tmp_path, (SPEAKER, "ben", "clara"))

        assert "speech of 2 speakers beside anna; babble needs 4" in str(Babble(0.0).lacks(voice(1.0, 1), bank))
        assert Babble(0.0, talkers=2).lacks(voice(1.0, 1), bank) is None

    def test_a_bank_with_babble_is_asked_for_it(self, speech: Speech, sounds: SoundBank) -> None:
        params = condition("babble-co-0db").draw(speech, sounds, np.random.default_rng(0))

        assert [sounds.sound(str(one)).family for one in params["sound_ids"]] == ["babble"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ALIGNED)
def test_the_clip_is_not_shifted(name: str, sounds: SoundBank) -> None:
    rng = np.random.default_rng(1)  # noise has one peak of likeness, where a voice has one a period
    hiss = np.repeat(rng.uniform(0, 1, 40), 800) * librosa.resample(rng.normal(0, 0.1, 10000), orig_sr=5, target_sr=16)
    clip = Speech(hiss.astype(np.float32), RATE_HZ)

    for seed in range(4):
        assert abs(shift(clip.samples, changed(condition(name), clip, sounds, seed))) <= 1


class TestReverb:
    def test_it_is_as_loud_as_before(self, speech: Speech, sounds: SoundBank) -> None:
        for seed in range(4):
            wet = changed(condition("reverb"), speech, sounds, seed)
            assert snr_db(speech.samples, wet) == pytest.approx(0, abs=0.1)

    def test_pauses_fill_with_what_was_said_before(self, sounds: SoundBank) -> None:
        clip = voice(2.0, seed=1)
        pause = frame_powers(clip.samples) < 1e-6

        wet = changed(condition("reverb"), clip, sounds, seed=1)

        assert np.median(frame_powers(wet)[pause]) > 100 * np.median(frame_powers(clip.samples)[pause])

    def test_a_tail_may_be_kept(self, speech: Speech, sounds: SoundBank) -> None:
        kept = study_conditions({"reverb": {"tail": "kept"}})["reverb"]

        assert len(changed(kept, speech, sounds, seed=1)) > len(speech.samples) + 0.1 * RATE_HZ

    def test_a_tail_that_is_cut_ends_without_a_click(self, sounds: SoundBank) -> None:
        clip = Speech(spoken(1.0)[:2600], RATE_HZ)  # ends within a syllable

        assert abs(changed(condition("reverb"), clip, sounds, seed=1)[-1]) < 1e-6

    def test_a_study_may_use_measured_rooms(self, speech: Speech, sounds: SoundBank) -> None:
        measured = study_conditions({"reverb": {"rooms": "measured"}})["reverb"]
        params = measured.draw(speech, sounds, np.random.default_rng(0))

        assert sounds.sound(str(params["sound_id"])).family == "room"
        assert abs(shift(speech.samples, measured.apply(speech, params, sounds))) <= 1

    def test_rooms_that_can_not_be_are_refused_in_a_sentence(self, speech: Speech, sounds: SoundBank) -> None:
        for settings_of_rooms, reason in (
            ({"length_m": (2, 2), "distance_m": (5, 6)}, "has no two places 5.0 to 6.0 m apart"),
            ({"rt60_s": (0.05, 0.05)}, "absorb more than everything"),
            ({"length_m": (2.6, 2.6), "width_m": (2.6, 2.6), "rt60_s": (3, 3)}, "reflected .* times, of at most 150"),
        ):
            noise = study_conditions({"reverb": settings_of_rooms})["reverb"]
            with pytest.raises(NoiseRefused, match=reason):
                noise.draw(speech, sounds, np.random.default_rng(0))


class TestLines:
    def test_a_telephone_passes_its_band_and_nothing_else(self, sounds: SoundBank) -> None:
        hiss = Speech((0.1 * np.random.default_rng(0).standard_normal(RATE_HZ)).astype(np.float32), RATE_HZ)
        spectrum = np.abs(np.fft.rfft(changed(condition("telephone"), hiss, sounds, seed=0))) ** 2

        def level(low_hz: int, high_hz: int) -> float:  # one bin is 1 Hz
            return float(spectrum[low_hz:high_hz].mean())

        assert 0.5 < level(400, 800) / level(2500, 3200) < 2
        assert max(level(10, 150), level(4200, 7900)) < level(400, 3200) / 1000

    @pytest.mark.parametrize("percent", [5, 20])
    def test_so_many_packets_are_lost_and_the_others_arrive_untouched(
        self, percent: int, speech: Speech, sounds: SoundBank
    ) -> None:
        params = condition(f"packet-loss-{percent}").draw(speech, sounds, np.random.default_rng(1))
        heard = condition(f"packet-loss-{percent}").apply(speech, params, sounds)
        lost, packets = set(params["lost"]), -(-len(speech.samples) // 320)  # type: ignore[arg-type]

        assert len(lost) == round(packets * percent / 100)
        assert 0 not in lost
        differs = np.add.reduceat(heard != speech.samples, np.arange(0, len(heard), 320))
        for number in range(packets):
            if number not in lost and number - 1 not in lost:
                assert differs[number] == 0

    def test_what_nobody_hears_is_far_below_the_speech(self, sounds: SoundBank) -> None:
        for seed in range(3):
            clip = voice(1.5, seed)
            left = changed(condition("identical-reencoded"), clip, sounds, seed) - clip.samples
            assert snr_db(clip.samples, left) > 25
            assert snr_db(clip.samples, changed(condition("opus-12kbps"), clip, sounds, seed) - clip.samples) < 25


class TestControls:
    def test_the_positive_one_is_a_little_faster_and_higher(self, sounds: SoundBank) -> None:
        seconds = np.arange(2 * RATE_HZ) / RATE_HZ
        tone = Speech((0.3 * np.sin(2 * np.pi * 400 * seconds)).astype(np.float32), RATE_HZ)

        samples = changed(condition("positive"), tone, sounds, seed=0)

        assert len(samples) == round(len(tone.samples) / 1.1)
        peak_hz = np.argmax(np.abs(np.fft.rfft(samples))) * RATE_HZ / len(samples)
        assert peak_hz == pytest.approx(440, rel=0.01)

    def test_of_the_positive_one_either_half_can_be_left_out(self, speech: Speech, sounds: SoundBank) -> None:
        only_faster = study_conditions({"positive": {"pitch": 1}})["positive"]
        only_higher = study_conditions({"positive": {"speed": 1}})["positive"]

        assert len(changed(only_higher, speech, sounds, 0)) == len(speech.samples)
        assert len(changed(only_faster, speech, sounds, 0)) == round(len(speech.samples) / 1.1)


@pytest.mark.parametrize(("name", "gain"), [("fade-in", 1.02), ("fade-out", 0.98)])
def test_loudness_changes_by_two_percent_a_second(name: str, gain: float, sounds: SoundBank) -> None:
    steady = Speech(np.full(48001, 0.5, dtype=np.float32), RATE_HZ)

    samples = changed(condition(name), steady, sounds, seed=0)

    np.testing.assert_allclose(samples[::16000], 0.5 * gain ** np.arange(4), rtol=1e-5)


def test_real_sounds_behind_real_speech_lie_at_their_ratio(real_data: Path) -> None:
    bank = Esc50(real_data / "ESC-50")
    clips = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)][::12]
    for seed, clip in enumerate(clips):
        speech = load_speech(clip, RATE_HZ)
        speech = replace(speech, samples=speech.samples * np.float32(0.5))  # as with the headroom of a study
        for name in ("nat-co-20db", "hum-co-0db", "int-co-10db", "hum-sh", "int-me"):
            mixed = changed(condition(name), speech, bank, seed)
            assert snr_db(speech.samples, mixed - speech.samples) == pytest.approx(
                condition(name).nominal_snr_db, abs=0.1
            )
            if np.abs(mixed).max() < 1:
                written = (to_pcm16(mixed).astype(np.int32) - to_pcm16(speech.samples)) / PCM_STEPS
                found_db = snr_db(speech.samples, written.astype(np.float32))
                assert found_db == pytest.approx(condition(name).nominal_snr_db, abs=0.1)


@pytest.mark.parametrize("name", ["../fade", "a/b", "a\0b", "n" * 61, "", "<script>", "fade in", "fade\n"])
def test_a_condition_is_called_nothing_that_no_file_can_be_called(name: str) -> None:
    with pytest.raises(ConditionWrong, match="is no name of a condition"):
        study_conditions({name: {"noise": "fade"}})
