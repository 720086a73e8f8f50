"""RAVDESS, SAVEE and TESS: what their names say, and their traps."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.base import Corpus, Problem
from pipelines.corpora.ravdess import Ravdess
from pipelines.corpora.savee import Savee
from pipelines.corpora.tess import Tess
from tests.pipelines.layouts import ravdess, savee, tess
from tests.pipelines.layouts.sound import write_voice
from tests.pipelines.layouts.video import write_video


def clips_of(corpus: Corpus) -> dict[str, Clip]:
    return {entry.clip_id: entry for entry in corpus.listed() if isinstance(entry, Clip)}


def problems_of(corpus: Corpus) -> list[Problem]:
    return [entry for entry in corpus.read() if isinstance(entry, Problem)]


def test_ravdess_reads_actor_gender_emotion_and_sentence(tmp_path: Path) -> None:
    clips = clips_of(Ravdess(ravdess.make(tmp_path)))

    angry, calm = clips["03-01-05-02-01-01-01"], clips["03-01-02-01-01-01-12"]
    assert (angry.speaker, angry.gender, angry.category) == ("01", "male", "anger")
    assert (calm.speaker, calm.gender, calm.category) == ("12", "female", "calm")
    assert angry.transcript == "Kids are talking by the door."
    assert clips["03-01-01-01-02-02-01"].transcript == "Dogs are sitting by the door."


def test_a_take_of_ravdess_is_heard_once_from_the_wav_or_else_from_the_video(tmp_path: Path) -> None:
    clips = clips_of(Ravdess(ravdess.make(tmp_path)))

    assert sorted(clips) == [
        "01-01-08-01-01-01-01",
        "03-01-01-01-02-02-01",
        "03-01-02-01-01-01-12",
        "03-01-05-02-01-01-01",
    ]
    assert clips["01-01-08-01-01-01-01"].path.suffix == ".mp4"


def test_a_take_of_ravdess_that_is_nowhere_with_sound_is_a_problem(tmp_path: Path) -> None:
    write_video(ravdess.make(tmp_path) / "Actor_05" / "02-01-06-01-01-01-05.mp4", sound=None)

    (problem,) = problems_of(Ravdess(tmp_path))

    assert "is a video without sound" in problem.sentence


def test_songs_of_ravdess_are_left_out_and_counted(tmp_path: Path) -> None:
    ravdess.make(tmp_path)
    for actor in ("01", "02"):
        write_voice(tmp_path / "song" / f"Actor_{actor}" / f"03-02-03-01-01-01-{actor}.wav")

    (problem,) = problems_of(Ravdess(tmp_path))

    assert "holds 2 files of song" in problem.sentence
    assert not any("-02-03-" in clip for clip in clips_of(Ravdess(tmp_path)))


def test_a_second_copy_of_a_take_is_a_problem_that_names_both(tmp_path: Path) -> None:
    ravdess.make(tmp_path)
    shutil.copytree(tmp_path / "Actor_12", tmp_path / "copy" / "Actor_12")

    (problem,) = problems_of(Ravdess(tmp_path))

    name = "Actor_12/03-01-02-01-01-01-12.wav"
    assert problem.path == tmp_path / "copy" / name
    assert f"once more, after {tmp_path / name}" in problem.sentence


def test_what_macos_leaves_in_copies_is_passed_over(tmp_path: Path) -> None:
    ravdess.make(tmp_path)
    shutil.copytree(tmp_path / "Actor_12", tmp_path / "__MACOSX" / "Actor_12")

    assert problems_of(Ravdess(tmp_path)) == []


def test_where_the_first_copy_is_broken_the_second_is_used(tmp_path: Path) -> None:
    ravdess.make(tmp_path)
    shutil.copytree(tmp_path / "Actor_12", tmp_path / "copy" / "Actor_12")
    (tmp_path / "Actor_12" / "03-01-02-01-01-01-12.wav").write_bytes(b"")

    entries = list(Ravdess(tmp_path).read())

    assert [entry.path for entry in entries if isinstance(entry, Problem)] == [
        tmp_path / "Actor_12" / "03-01-02-01-01-01-12.wav"
    ]
    assert tmp_path / "copy" / "Actor_12" / "03-01-02-01-01-01-12.wav" in [entry.path for entry in entries]


def test_a_real_recording_of_ravdess_is_read(real_data: Path) -> None:
    (clip,) = Ravdess(real_data / "RAVDESS-sample").read()

    assert isinstance(clip, Clip)
    assert (clip.speaker, clip.gender, clip.category) == ("01", "male", "neutral")
    assert clip.length_s == pytest.approx(3.31, abs=0.02)


def test_savee_tells_sadness_and_surprise_from_anger(tmp_path: Path) -> None:
    clips = clips_of(Savee(savee.make(tmp_path)))

    assert {name: clip.category for name, clip in clips.items()} == {
        "JE_n23": "neutral",
        "DC_a01": "anger",
        "DC_sa01": "sadness",
        "DC_su15": "surprise",
        "KL_n30": "neutral",
        "DC_h02": "happiness",
    }
    assert {clip.gender for clip in clips.values()} == {"male"}


def test_a_take_of_savee_is_heard_once_from_the_wav_or_else_from_the_video(tmp_path: Path) -> None:
    clips = clips_of(Savee(savee.make(tmp_path)))

    assert clips["DC_a01"].path == tmp_path / "AudioData" / "DC" / "a01.wav"
    assert clips["DC_h02"].path == tmp_path / "AudioVisualClip" / "DC" / "h2.avi"


def test_a_file_of_savee_that_does_not_say_who_speaks_is_a_problem(tmp_path: Path) -> None:
    write_voice(savee.make(tmp_path) / "loose" / "a03.wav")

    (problem,) = problems_of(Savee(tmp_path))

    assert problem.path == tmp_path / "loose" / "a03.wav"
    assert "expected a name such as sa01.wav in a folder DC" in problem.sentence


def test_tess_reads_the_file_name_whatever_its_folder_is_called(tmp_path: Path) -> None:
    clips = clips_of(Tess(tess.make(tmp_path)))

    assert {name: clip.category for name, clip in clips.items()} == {
        "OAF_back_ps": "pleasant surprise",
        "OAF_back_angry": "anger",
        "OAF_bite_neutral": "neutral",
        "YAF_love_ps": "pleasant surprise",
        "YAF_love_sad": "sadness",
    }
    assert {clip.speaker for clip in clips.values()} == {"OAF", "YAF"}
    assert clips["YAF_love_sad"].transcript == "Say the word love."


@pytest.mark.parametrize("kind", [Ravdess, Savee, Tess])
def test_published_counts_add_up(kind: type[Corpus]) -> None:
    published = kind.PUBLISHED

    assert published is not None
    for counts in (published.by_speaker, published.by_gender, published.by_category):
        assert sum(counts.values()) == published.clips


GOOD_NAME = {Ravdess: "03-01-05-02-01-01-01.wav", Savee: "DC_a01.wav", Tess: "OAF_back_sad.wav"}


@settings(max_examples=80, deadline=None)
@given(
    name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
    | st.from_regex(r"0[0-9]-0[0-9]-0[0-9]-0[0-9]-0[0-9]-0[0-9]-[0-9²]{2}", fullmatch=True)
    | st.from_regex(r"([A-Z]{2}_)?(sa|su|[a-z])[0-9٣]{1,3}", fullmatch=True)
    | st.from_regex(r"[OY]AF?_[a-zé]{1,9}_(ps|sad|angry|[a-z]{1,9})", fullmatch=True)
)
@pytest.mark.parametrize("kind", [Ravdess, Savee, Tess])
def test_any_file_name_is_a_clip_or_a_sentence(
    kind: type[Corpus], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("names")
    for file_name in (GOOD_NAME[kind], f"{name}.wav"):
        (root / file_name).touch()

    entries = {entry.path: entry for entry in kind(root).listed()}

    for path in root.iterdir():
        entry = entries.pop(path, None)
        said = entry.sentence if isinstance(entry, Problem) else ""
        assert path.name.startswith("._") or "expected" in said or "song" in said or isinstance(entry, Clip), entry
