"""What each sound bank promises beyond what all do: its classes, its tables, its traps."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.audio import active_rms
from pipelines.files_below import FolderUnreadable
from pipelines.sounds.audioset import AudioSet
from pipelines.sounds.base import (
    FAMILIES,
    OTHER_FAMILIES,
    SoundsNotFound,
)
from pipelines.sounds.demo import DemoSounds
from pipelines.sounds.esc50 import Esc50
from pipelines.sounds.folder import SoundFolder
from pipelines.sounds.impulse_responses import ImpulseResponses
from pipelines.sounds.musan import Musan
from tests.pipelines.banks import (
    all_of,
    burst,
    make_audioset,
    make_esc50,
    make_folder,
    make_impulse_responses,
    make_musan,
    make_table,
    write_wav,
)


class TestEsc50:
    def test_families_follow_its_classes(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        bank = Esc50(make_esc50(tmp_path, request))

        assert {family: [sound.category for sound in bank.sounds(family)] for family in bank.families()} == {
            "nat": ["rain", "wind"],
            "hum": ["coughing", "footsteps"],
            "int": ["vacuum_cleaner", "keyboard_typing"],
            "baby-cry": ["crying_baby"],
            "laugh": ["laughing"],
        }

    def test_padding_is_cut_off_so_that_levels_are_those_of_the_sound(
        self, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        samples = Esc50(make_esc50(tmp_path, request)).samples("1-100-A-10", 22050)

        assert len(samples) == pytest.approx(8000, abs=10)
        assert active_rms(samples) == pytest.approx(0.2, rel=0.02)

    def test_rows_that_say_nothing_are_problems(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        root = make_esc50(tmp_path, request)
        with (root / "meta" / "esc50.csv").open("a") as table:
            table.write(
                "\n,1,10,rain,False,1,A\n1-9-A-x.wav,1,x,rain,False,1,A\nshort\n../../1-100-A-11.wav,1,11,sea\n"
            )

        problems = [problem.sentence for problem in Esc50(root).problems()]

        assert len(problems) == 4
        assert sum("expected a file name and a class number" in sentence for sentence in problems) == 3
        assert sum(f"{root / 'audio' / '1-100-A-11.wav'} does not exist" in sentence for sentence in problems) == 1

    def test_a_table_without_its_columns_is_refused(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        root = make_esc50(tmp_path, request)
        (root / "meta" / "esc50.csv").write_text("filename,category\n")

        with pytest.raises(SoundsNotFound, match="lacks one of the columns"):
            Esc50(root)


class TestAudioSet:
    def test_short_laughter_and_sobbing_are_cut_out(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        bank = AudioSet(make_audioset(tmp_path, request))

        found = {sound.sound_id: (sound.family, sound.start_s, sound.end_s) for sound in all_of(bank)}

        assert found == {
            "aaa_10000@1-giggle": ("laugh", 1.0, 2.5),
            "aaa_10000@7-crying": ("cry", 7.0, 9.5),
            "bbb_4000@0.5-chuckle": ("laugh", 4.5, 5.5),  # in a file of the whole video
        }
        assert bank.problems() == ()

    def test_a_piece_is_what_the_label_says(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        bank = AudioSet(make_audioset(tmp_path, request))
        whole, _ = soundfile.read(tmp_path / "audio" / "aaa_10000.wav", dtype="float32")

        samples = bank.samples("aaa_10000@1-giggle", 16000)

        assert len(samples) == pytest.approx(1.5 * 16000, abs=20)
        start = int(np.flatnonzero(whole[16000:] == samples[0])[0]) + 16000
        np.testing.assert_array_equal(samples, whole[start : start + len(samples)])

    def test_a_file_of_a_video_with_several_segments_is_a_problem(
        self, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        root = make_audioset(tmp_path, request)
        with (root / "audioset_eval_strong.tsv").open("a") as table:
            table.write("ccc_30000\t1.0\t2.0\t/m/01j3sz\nccc_50000\t1.0\t2.0\t/m/01j3sz\nnonsense\t1.0\tx\t/m/01j3sz\n")

        problems = [problem.sentence for problem in AudioSet(root).problems()]

        assert sum("name it by its segment, such as ccc_30000.wav" in sentence for sentence in problems) == 1
        assert sum("expected <video>_<start in ms>" in sentence for sentence in problems) == 1

    def test_sound_in_an_mp4_container_will_do(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        av = pytest.importorskip("av")
        root = make_audioset(tmp_path, request)
        samples, rate_hz = soundfile.read(root / "audio" / "aaa_10000.wav", dtype="float32")
        (root / "audio" / "aaa_10000.wav").unlink()
        with av.open(str(root / "audio" / "aaa_10000.m4a"), "w") as container:
            stream = container.add_stream("aac", rate=rate_hz, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = rate_hz
            for piece in (frame, None):
                container.mux(stream.encode(piece))

        heard = AudioSet(root).samples("aaa_10000@1-giggle", 16000)

        assert len(heard) == pytest.approx(1.5 * 16000, abs=200)
        assert active_rms(heard) == pytest.approx(0.2, rel=0.2)

    def test_a_table_without_its_header_is_refused(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        root = make_audioset(tmp_path, request)
        (root / "audioset_eval_strong.tsv").write_text("aaa_10000\t1.0\t2.5\t/m/07r660_\n")

        with pytest.raises(SoundsNotFound, match="does not begin with the columns"):
            AudioSet(root)


class TestMusan:
    def test_long_files_are_listed_as_excerpts_by_their_folders(
        self, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        bank = Musan(make_musan(tmp_path, request))

        assert [(sound.sound_id, sound.start_s, sound.end_s) for sound in bank.sounds("music")] == [
            ("music-fma-0000@0", 0.0, 20.0),
            ("music-fma-0000@20", 20.0, 40.0),  # the last 3 s are dropped, and the sung file is left out
        ]
        assert [sound.end_s for sound in bank.sounds("speech")] == [20.0, 8.0]
        assert bank.speakers("speech") == ("speech-librivox-0000", "speech-us-gov-0000")
        assert [sound.category for sound in bank.sounds("noise")] == ["fan", "sound-bible"]

    def test_laughing_among_its_noises_is_a_problem(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        (problem,) = Musan(make_musan(tmp_path, request)).problems()

        assert "'crowd laughing' in the family 'noise'; laughing and crying change what people hear" in problem.sentence


class TestImpulseResponses:
    def test_files_that_are_no_single_room_are_told(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        root = make_impulse_responses(tmp_path, request)
        write_wav(root / "hall" / "street.wav", burst(11 * 16000))

        bank = ImpulseResponses(root)

        assert [sound.sound_id for sound in bank.sounds("room")] == ["hall/1", "office/far", "office/near"]
        sentences = " ".join(problem.sentence for problem in bank.problems())
        assert "array.wav has 2 channels; expected one microphone a file" in sentences
        assert "street.wav lasts 11.0 s; expected an impulse response of 10 s at most" in sentences


class TestFolder:
    def test_sub_folders_are_families(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        bank = SoundFolder(make_folder(tmp_path, request))

        assert {sound.sound_id: (sound.family, sound.category, sound.speaker) for sound in all_of(bank)} == {
            "hum/cough.flac": ("hum", "cough", None),
            "int/clock/tick.wav": ("int", "clock", None),
            "laugh/1.wav": ("laugh", "1", None),
            "nat/rain/1.wav": ("nat", "rain", None),
            "nat/wind.wav": ("nat", "wind", None),
            "speech/anna/1.wav": ("speech", "anna", "anna"),
            "speech/ben/1.wav": ("speech", "ben", "ben"),
        }
        assert {problem.path.name for problem in bank.problems()} == {"loose.wav", "1.wav"}
        assert len(bank.problems()) == 3  # crying as background, a file without a family, a family that is no name

    def test_a_table_says_what_each_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "bank").mkdir()
        bank = SoundFolder(make_table(tmp_path / "bank"))

        assert [(sound.sound_id, sound.category) for sound in all_of(bank)] == [
            ("ha.wav@0.1-0.3", "uh"),
            ("ha.wav", "ha"),
            ("long.wav@0-0.5", "rain"),
            ("long.wav@1-", "rain"),
        ]
        assert len(bank.samples("long.wav@1-", 16000)) == pytest.approx(16000, abs=20)
        assert bank.sounds("filler", "anna")[0].speaker == "anna"

    def test_paths_that_leave_the_folder_and_rows_that_say_nothing_are_problems(self, tmp_path: Path) -> None:
        (tmp_path / "bank").mkdir()
        bank = SoundFolder(make_table(tmp_path / "bank"))

        sentences = [problem.sentence for problem in bank.problems()]

        assert [number for number in range(2, 16) if any(f"line {number}:" in one for one in sentences)] == [
            6, 7, 8, 9, 10, 11, 12, 13,
        ]  # fmt: skip
        assert sum("does not lie in" in one for one in sentences) == 4
        assert sum("absent.wav does not exist" in one for one in sentences) == 1
        assert sum("'sobbing' in the family 'hum'" in one for one in sentences) == 1

    def test_a_link_out_of_the_folder_is_passed_over(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        (tmp_path / "bank").mkdir()
        root = make_folder(tmp_path / "bank", request)
        write_wav(tmp_path / "outside.wav", burst())
        (root / "nat" / "link.wav").symlink_to(tmp_path / "outside.wav")

        assert "nat/link.wav" not in {sound.sound_id for sound in all_of(SoundFolder(root))}


def test_real_esc50_clips_that_are_clipped_are_told(real_data: Path) -> None:
    bank = Esc50(real_data / "ESC-50")

    told = {problem.path for problem in bank.check()}

    assert bank.problems() == ()
    assert told
    for sound in all_of(bank):
        samples, _ = soundfile.read(sound.path)
        assert (np.mean(np.abs(samples) >= 1 - 2**-15) > 0.01) <= (sound.path in told)


def test_the_demo_has_a_sound_of_every_family_that_is_not_said_by_its_corpus(sounds_root: Path) -> None:
    bank = DemoSounds(sounds_root)

    assert set(bank.families()) == {*FAMILIES, *OTHER_FAMILIES} - {"noise", "speech", "filler", "baby-cry"}
    assert all(sound.simulated for sound in all_of(bank))
    assert bank.problems() == tuple(bank.check()) == ()
    assert len(bank.samples("laughing-1", 16000)) < 1.2 * 16000


@pytest.mark.parametrize("link", ["nat/loop.wav", "sounds.csv"])
def test_a_link_in_a_circle_is_named_and_the_rest_is_used(tmp_path: Path, link: str) -> None:
    write_wav(tmp_path / "nat" / "rain.wav", burst())
    (tmp_path / "nat" / "loop.wav").symlink_to("loop.wav")
    if link == "sounds.csv":
        (tmp_path / link).write_text("file,family\nnat/loop.wav,nat\nnat/rain.wav,nat\n")

    bank = SoundFolder(tmp_path)

    assert [sound.path.name for sound in bank.sounds("nat")] == ["rain.wav"]
    assert [problem.path.name for problem in bank.problems()] == ["loop.wav"]


def test_a_folder_that_can_not_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wav(tmp_path / "nat" / "rain.wav", burst())
    (tmp_path / "hum").mkdir()
    listed = os.scandir

    def forbidden(place: Path) -> object:
        if Path(place).name == "hum":
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return listed(place)

    monkeypatch.setattr(os, "scandir", forbidden)

    with pytest.raises(FolderUnreadable, match=r"hum can't be listed \(Permission denied\)"):
        list(SoundFolder(tmp_path).listed())


def test_a_cell_without_end_is_a_problem_of_its_line_and_the_rest_is_used(tmp_path: Path) -> None:
    write_wav(tmp_path / "nat" / "rain.wav", burst())
    (tmp_path / "sounds.csv").write_text(f"file,family\n{'x' * 200_000},nat\nnat/rain.wav,nat\n")

    bank = SoundFolder(tmp_path)

    assert [sound.path.name for sound in bank.sounds("nat")] == ["rain.wav"]
    assert "line 2: can't be read" in bank.problems()[0].sentence


def test_a_table_of_esc50_with_a_cell_without_end_is_refused(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    table = make_esc50(tmp_path, request) / "meta" / "esc50.csv"
    table.write_text(table.read_text() + "\n" + "x" * 200_000)

    with pytest.raises(SoundsNotFound, match="can't be read from line"):
        Esc50(tmp_path)
