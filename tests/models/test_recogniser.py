"""Recogniser: fit and predict on files and arrays, of anybody, of any run, and what it says of sounds that are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from models.checkpoint import CheckpointMissing, run_folders
from models.denoisers.rnnoise.library import RnnoiseBroken, RnnoiseNotFound
from models.evaluating.asking import Asked, ask_run
from models.evaluating.trained_run import load_run
from models.experiment import Experiment
from models.hearing.listening import LengthsDiffer, OneSound, SoundWrong
from models.labelling import NoClips, OneClass
from models.predicting.confidence import doubts_of
from models.predicting.recogniser import LabelAmbiguous, NotFitted, Recogniser, Unheard
from models.predicting.reverberance import THRESHOLD_S
from models.training.machine import Machine, NoSuchDevice
from pipelines.clip import Clip
from pipelines.sound_file import SoundUnreadable, read_sound, write_flac
from tests.models.conftest import RATE_HZ, tone

BROKEN = ("missing", "empty", "text", "silent", "nan", "loud")


def labels_of(clips: Sequence[Clip]) -> list[str]:
    return [["low", "mid", "high"][int(clip.clip_id.split("-")[1]) % 3] for clip in clips]


def files_of(clips: Sequence[Clip]) -> list[Path]:
    return [clip.path for clip in clips]


def speakers_of(clips: Sequence[Clip]) -> list[str]:
    return [clip.speaker for clip in clips]


def samples_of(clips: Sequence[Clip]) -> list[np.ndarray]:
    return [read_sound(clip.path, RATE_HZ) for clip in clips]


@pytest.fixture(scope="module")
def quick(change: Callable[..., Experiment], tiny: Experiment) -> Experiment:
    return change(tiny, training__epochs_max=2)


@pytest.fixture(scope="module")
def fitted(clips: list[Clip], tiny: Experiment) -> Recogniser:
    """Knows the pitch of the first three speakers."""
    known = [clip for clip in clips if clip.speaker != "speaker-3"]
    return Recogniser(tiny, seed=1).fit(files_of(known), labels_of(known), speakers=speakers_of(known))


@pytest.fixture(scope="module")
def stranger(clips: list[Clip]) -> list[Clip]:
    """The clips of a speaker that `fitted` never heard."""
    return [clip for clip in clips if clip.speaker == "speaker-3"]


class TestFitting:
    def test_it_learns_what_it_is_told_of_strangers_too(self, fitted: Recogniser, stranger: list[Clip]) -> None:
        said = fitted.predict(files_of(stranger), enrolment=files_of(stranger))
        assert (said == labels_of(stranger)).mean() >= 0.8

    def test_the_classes_are_those_given_in_the_order_of_the_alphabet(self, fitted: Recogniser) -> None:
        assert fitted.classes_ == ("high", "low", "mid")

    def test_files_and_the_same_sound_as_arrays_teach_the_same(self, clips: list[Clip], quick: Experiment) -> None:
        half = clips[::2]
        files = Recogniser(quick, seed=1).fit(files_of(half), labels_of(half))
        arrays = Recogniser(quick, seed=1).fit(samples_of(half), labels_of(half))
        np.testing.assert_array_equal(files.predict_proba(files_of(half)), arrays.predict_proba(samples_of(half)))

    def test_it_gives_itself_back_and_can_be_fitted_anew(self, clips: list[Clip], quick: Experiment) -> None:
        recogniser = Recogniser(quick)
        assert recogniser.fit(files_of(clips[:6]), ["a", "b"] * 3) is recogniser
        assert recogniser.fit(files_of(clips[:6]), ["c", "d"] * 3).classes_ == ("c", "d")

    def test_each_seed_has_a_net_and_their_answers_are_averaged(
        self, clips: list[Clip], quick: Experiment, change: Callable[..., Experiment]
    ) -> None:
        both = Recogniser(change(quick, seeds=(1, 2))).fit(files_of(clips), labels_of(clips))
        each = [Recogniser(change(quick, seeds=(one,))).fit(files_of(clips), labels_of(clips)) for one in (1, 2)]
        mean = np.mean([one.predict_proba(files_of(clips[:2])) for one in each], axis=0)
        np.testing.assert_allclose(both.predict_proba(files_of(clips[:2])), mean, atol=1e-12)

    def test_speakers_are_put_on_scales_of_their_own(self, clips: list[Clip], quick: Experiment) -> None:
        one = Recogniser(quick).fit(files_of(clips), labels_of(clips))
        apart = Recogniser(quick).fit(files_of(clips), labels_of(clips), speakers=speakers_of(clips))
        assert (one.predict_proba(files_of(clips[:2])) != apart.predict_proba(files_of(clips[:2]))).any()

    def test_a_folder_keeps_the_nets_for_whoever_loads_them(
        self, clips: list[Clip], quick: Experiment, tmp_path: Path
    ) -> None:
        kept = Recogniser(quick).fit(samples_of(clips[:6]), labels_of(clips[:6]), folder=tmp_path)
        wanted = kept.predict_proba(files_of(clips[6:8]))
        np.testing.assert_array_equal(Recogniser.load(tmp_path).predict_proba(files_of(clips[6:8])), wanted)

    def test_fitted_to_the_same_arrays_later_it_goes_on(
        self, clips: list[Clip], quick: Experiment, tmp_path: Path
    ) -> None:
        first = Recogniser(quick).fit(samples_of(clips[:6]), labels_of(clips[:6]), folder=tmp_path)
        time.sleep(1 - time.time() % 1)  # so that no header of a sound file has the time of the first ones
        again = Recogniser(quick).fit(samples_of(clips[:6]), labels_of(clips[:6]), folder=tmp_path)
        assert again.nets_[0].card == first.nets_[0].card

    def test_it_works_in_a_plain_loop_of_cross_validation(self, clips: list[Clip], quick: Experiment) -> None:
        files, labels = np.array(files_of(clips)), np.array(labels_of(clips))
        speakers = np.array(speakers_of(clips))
        said = np.empty_like(labels)
        for speaker in ("speaker-0", "speaker-1"):
            test = speakers == speaker
            said[test] = Recogniser(quick).fit(files[~test], labels[~test]).predict(files[test])
        assert set(said[np.isin(speakers, ["speaker-0", "speaker-1"])]) <= {"low", "mid", "high"}

    def test_what_can_not_be_learnt_from_is_refused(self, clips: list[Clip], quick: Experiment) -> None:
        recogniser = Recogniser(quick)
        with pytest.raises(LengthsDiffer, match="found 1 labels for 2 sounds"):
            recogniser.fit(files_of(clips[:2]), ["a"])
        with pytest.raises(LengthsDiffer, match="found 3 speakers for 2 sounds"):
            recogniser.fit(files_of(clips[:2]), ["a", "b"], speakers=["x", "y", "z"])
        with pytest.raises(NoClips):
            recogniser.fit([], [])
        with pytest.raises(OneClass):
            recogniser.fit(files_of(clips[:2]), ["a", "a"])
        with pytest.raises(OneSound, match=r"expected a list of sounds, as \['x.wav'\]"):
            recogniser.fit("x.wav", ["a"])

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"denoiser": "vts", "denoiser_settings": {"components": 4}}, "vts"),
            ({"denoiser": "mask"}, "mask"),
            ({"net": "pooled", "net_settings": {"dense_width": 8}}, "pooled"),
            ({"net": "pooled", "net_settings": {"feature": "egemaps", "dense_width": 8}}, "egemaps"),
            ({"denoiser": "rnnoise"}, "rnnoise"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_every_way_of_hearing_goes_through(
        self,
        changes: dict[str, object],
        name: str,
        clips: list[Clip],
        quick: Experiment,
        change: Callable[..., Experiment],
        tmp_path: Path,
    ) -> None:
        if name == "egemaps":
            pytest.importorskip("opensmile")
        recogniser = Recogniser(change(quick, training__epochs_max=1, **changes))
        try:
            recogniser.fit(files_of(clips[:8]), labels_of(clips[:8]), folder=tmp_path)
        except RnnoiseNotFound:
            pytest.skip("RNNoise's library is not here")
        said = recogniser.predict_proba(files_of(clips[8:10]), enrolment=files_of(clips[8:10]))
        loaded = Recogniser.load(tmp_path)
        np.testing.assert_array_equal(
            said, loaded.predict_proba(samples_of(clips[8:10]), enrolment=samples_of(clips[8:10]))
        )

    def test_a_denoiser_that_is_not_here_says_how_to_get_it(
        self, clips: list[Clip], quick: Experiment, change: Callable[..., Experiment], no_rnnoise: None
    ) -> None:
        with pytest.raises(RnnoiseBroken, match="pip install"):
            Recogniser(change(quick, denoiser="rnnoise")).fit(files_of(clips[:6]), labels_of(clips[:6]))


class TestAnswers:
    def test_probabilities_have_a_row_for_each_sound_and_sum_to_one(
        self, fitted: Recogniser, stranger: list[Clip]
    ) -> None:
        shares = fitted.predict_proba(files_of(stranger))
        assert shares.shape == (6, 3)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        likeliest = [fitted.classes_[place] for place in shares.argmax(axis=1)]
        assert likeliest == list(fitted.predict(files_of(stranger)))

    def test_of_no_sounds_nothing_is_said(self, fitted: Recogniser) -> None:
        assert fitted.predict([]).shape == (0,)
        assert fitted.predict_proba([]).shape == (0, 3)

    def test_a_sound_is_judged_the_same_alone_and_in_company_and_twice(
        self, fitted: Recogniser, stranger: list[Clip]
    ) -> None:
        files = files_of(stranger)
        together = fitted.judge(files)
        assert together == fitted.judge(files)
        assert fitted.judge(files[3:4]) == together[3:4]

    def test_it_says_by_whose_frames_it_normalised(self, fitted: Recogniser, stranger: list[Clip]) -> None:
        files = files_of(stranger)
        ways = {"training": {}, "itself": {"by_itself": True}, "enrolment": {"enrolment": files, "by_itself": True}}
        found = {name: fitted.judge(files[:1], **way)[0] for name, way in ways.items()}
        assert {name: one.normalised_by for name, one in found.items()} == {name: name for name in ways}
        assert len({str(one.probabilities) for one in found.values()}) == 3

    def test_without_enrolment_the_scale_is_that_of_all_training_clips(
        self, fitted: Recogniser, stranger: list[Clip], clips: list[Clip]
    ) -> None:
        (net,) = fitted.nets_
        known = [clip for clip in clips if clip.speaker != "speaker-3"]
        learnt = [clip for number, clip in enumerate(known) if f"{number:06d}" in net.card.train_clips]
        (alone,) = fitted.judge(files_of(stranger[:1]))
        (enrolled,) = fitted.judge(files_of(stranger[:1]), enrolment=files_of(learnt))
        assert alone.probabilities == pytest.approx(enrolled.probabilities, abs=1e-5)

    def test_a_sound_enrolled_by_itself_alone_is_normalised_by_itself(
        self, fitted: Recogniser, stranger: list[Clip]
    ) -> None:
        (file,) = files_of(stranger[:1])
        (alone,), (enrolled,) = fitted.judge([file], by_itself=True), fitted.judge([file], enrolment=[file])
        assert alone.probabilities == enrolled.probabilities

    def test_arrays_are_heard_at_the_rate_that_they_are_said_to_have(self, trained: Path, clips: list[Clip]) -> None:
        slow = Recogniser.load(trained, "activation", sample_rate_hz=RATE_HZ)
        fast = Recogniser.load(trained, "activation", sample_rate_hz=48000)
        high = [read_sound(clips[2].path, 48000)]
        np.testing.assert_allclose(fast.predict_proba(high), slow.predict_proba(samples_of(clips[2:3])), atol=0.02)
        assert np.abs(slow.predict_proba(high) - fast.predict_proba(high)).max() > 0.02

    def test_torch_is_left_as_it_was_between_two_sounds(self, fitted: Recogniser, stranger: list[Clip]) -> None:
        before = torch.are_deterministic_algorithms_enabled()
        each = fitted.each(files_of(stranger))
        next(each)
        assert torch.are_deterministic_algorithms_enabled() == before

    def test_whoever_has_learnt_nothing_says_nothing(self, clips: list[Clip]) -> None:
        with pytest.raises(NotFitted, match="call fit"):
            Recogniser().predict(files_of(clips[:1]))
        with pytest.raises(NotFitted):
            _ = Recogniser().classes_


class TestLoading:
    def test_with_the_speakers_clips_enrolled_it_answers_as_the_test_did(self, run: Path, clips: list[Clip]) -> None:
        asked = Asked()
        for _ in ask_run(load_run(run, clips), {}, None, asked, seed=1):
            pass
        place = run_folders(run)[0]
        recogniser = Recogniser.load(place)
        rows = asked.predictions.query("label == 'activation' and fold == 0")
        speaker = rows["speaker"].iloc[0]
        mine = [clip for clip in clips if clip.speaker == speaker]
        wanted = rows.set_index("clip_id").loc[[clip.clip_id for clip in mine], ["p0", "p1", "p2"]]
        found = recogniser.predict_proba(files_of(mine), enrolment=files_of(mine))
        np.testing.assert_allclose(found, wanted.to_numpy(), atol=1e-5)

    def test_all_nets_of_a_label_are_asked(self, trained: Path, clips: list[Clip]) -> None:
        whole = Recogniser.load(trained, "valence")
        assert len(whole.nets_) == 2
        nets = [Recogniser.load(trained / f"valence/seed-1/fold-{fold}") for fold in (0, 1)]
        mean = np.mean([net.predict_proba(files_of(clips[:2])) for net in nets], axis=0)
        np.testing.assert_allclose(whole.predict_proba(files_of(clips[:2])), mean, atol=1e-12)
        assert whole.classes_ == ("low", "mid", "high")

    @pytest.mark.parametrize(
        ("label", "says"), [(None, "expected the name of one"), ("emotion", "found none for emotion")]
    )
    def test_of_a_run_with_several_labels_one_must_be_named(self, label: str | None, says: str, trained: Path) -> None:
        with pytest.raises(LabelAmbiguous, match=f"activation and valence; {says}"):
            Recogniser.load(trained, label)

    def test_a_folder_without_nets_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointMissing):
            Recogniser.load(tmp_path / "none")


class TestSoundsThatAreNone:
    @pytest.mark.parametrize(
        ("samples", "says"),
        [
            (np.zeros(0, np.float32), r"float32 of shape \(0,\)"),
            (np.zeros((2, 8000), np.float32), r"shape \(2, 8000\)"),
            (np.ones(8000, np.int16), "int16"),
            (np.full(8000, np.nan, np.float32), "not finite"),
            (np.full(8000, np.inf), "not finite"),
            (np.zeros(8000, np.float32), "is silent"),
            (np.full(8000, 20000.0), "up to 20000; expected numbers in"),
            (np.float32(0.5), r"shape \(\)"),
        ],
        ids=["empty", "stereo", "whole numbers", "nan", "infinite", "silent", "16 bits", "one number"],
    )
    def test_an_array_is_refused_by_its_place(self, samples: np.ndarray, says: str, fitted: Recogniser) -> None:
        good = tone(900, 0.5, 0.2, 1)
        with pytest.raises(SoundWrong, match=f"^sound 1: .*{says}|^sound 1: {says}"):
            fitted.judge([good, samples])
        with pytest.raises(SoundWrong, match="sound 1"):
            Recogniser().fit([good, samples], ["a", "b"])

    def test_a_file_is_refused_by_its_name_and_the_others_are_judged(self, fitted: Recogniser, tmp_path: Path) -> None:
        paths = {
            name: tmp_path / f"{name}.wav" for name in ("missing", "empty", "text", "silent", "nan", "loud", "good")
        }
        paths["empty"].touch()
        paths["text"].write_text("no sound at all")
        soundfile.write(paths["silent"], np.zeros(8000), RATE_HZ)
        soundfile.write(paths["nan"], np.full(8000, np.nan), RATE_HZ, subtype="FLOAT")
        soundfile.write(paths["loud"], np.full(8000, 1e30), RATE_HZ, subtype="FLOAT")
        soundfile.write(paths["good"], tone(900, 0.5, 0.2, 1), RATE_HZ)
        found = {Path(one.name).stem: one for one in fitted.each(list(paths.values()))}
        assert [name for name, one in found.items() if not isinstance(one, Unheard)] == ["good"]
        for name, one in found.items():
            if isinstance(one, Unheard):
                assert str(paths[name]) in str(one.reason)
        with pytest.raises(SoundUnreadable, match="does not exist"):
            fitted.judge([paths["missing"]])
        with pytest.raises(SoundUnreadable, match="silent"):
            fitted.judge([paths["good"]], enrolment=[paths["silent"]])

    @pytest.mark.parametrize("rate_hz", [4000, 192_000, 1_000_000])
    def test_a_file_at_any_rate_is_judged(self, rate_hz: int, fitted: Recogniser, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        soundfile.write(path := tmp_path / "clip.wav", rng.uniform(-0.1, 0.1, rate_hz // 2), rate_hz)
        assert fitted.judge([path])[0].label in fitted.classes_

    @pytest.mark.parametrize("length", [1, 160, 4000])
    def test_a_sound_of_any_length_is_judged(self, length: int, fitted: Recogniser) -> None:
        (one,) = fitted.judge([tone(900, length / RATE_HZ, 0.2, 1)])
        assert sum(one.probabilities.values()) == pytest.approx(1)
        assert one.reverberation_s is None

    def test_the_name_of_one_file_is_no_list(self, fitted: Recogniser, clips: list[Clip]) -> None:
        with pytest.raises(OneSound):
            fitted.predict(str(clips[0].path))
        with pytest.raises(OneSound):
            fitted.predict([clips[0].path], enrolment=str(clips[0].path))


@pytest.fixture(scope="module")
def dry_and_wet(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Noise in syllables, dry, and in a room that sounds for a second."""
    folder = tmp_path_factory.mktemp("rooms")
    rng = np.random.default_rng(0)
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    dry = 0.1 * (np.sin(2 * np.pi * 4 * seconds) > 0) * rng.standard_normal(len(seconds))
    tail = 10 ** (-3 * np.arange(RATE_HZ) / RATE_HZ) * rng.standard_normal(RATE_HZ)
    tail[0] = np.sqrt(tail @ tail)
    wet = np.convolve(dry, tail)[: len(dry)]
    for name, samples in (("dry", dry), ("wet", wet)):
        write_flac(folder / f"{name}.flac", (0.5 * samples / np.abs(samples).max()).astype(np.float32), RATE_HZ)
    return [folder / "dry.flac", folder / "wet.flac"]


class TestConfidence:
    def test_a_reverberant_sound_is_flagged_and_a_dry_one_is_not(
        self, dry_and_wet: list[Path], fitted: Recogniser
    ) -> None:
        dry, wet = fitted.judge(dry_and_wet)
        assert dry.reverberation_s is not None
        assert wet.reverberation_s is not None
        assert dry.reverberation_s < THRESHOLD_S < wet.reverberation_s
        assert not any("reverberant" in doubt for doubt in dry.doubts)
        assert any("reverberant (T60 about" in doubt for doubt in wet.doubts)
        assert wet.low_confidence

    def test_what_counts_as_reverberant_can_be_set(self, dry_and_wet: list[Path], fitted: Recogniser) -> None:
        flagged = [
            any("reverberant" in doubt for doubt in one.doubts)
            for above_s in (1e-4, 30.0)
            for one in fitted.judge(dry_and_wet, reverberant_above_s=above_s)
        ]
        assert flagged == [True, True, False, False]

    def test_a_guess_is_flagged(self) -> None:
        assert doubts_of(0.51, None) == ()
        assert len(doubts_of(0.49, THRESHOLD_S * 2)) == 2

    def test_doubts_are_what_low_confidence_means(self, fitted: Recogniser, stranger: list[Clip]) -> None:
        for one in fitted.judge(files_of(stranger), enrolment=files_of(stranger)):
            assert one.low_confidence == bool(one.doubts)
            assert (max(one.probabilities.values()) < 0.5) == any("likeliest" in doubt for doubt in one.doubts)


def test_a_device_that_is_not_here_is_refused(trained: Path, clips: list[Clip]) -> None:
    with pytest.raises(NoSuchDevice):
        Recogniser.load(trained, "valence", machine=Machine("cuda:99")).predict(files_of(clips[:1]))
