"""CREMA-D: whose word the category is, and files that can't be used although they can be heard."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.base import Problem
from pipelines.corpora.crema_d import CATEGORIES, CremaD, Votes, category_of, read_votes
from tests.pipelines.layouts import crema_d as layout
from tests.pipelines.layouts.sound import write_lfs_pointer, write_silence, write_voice


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return layout.make(tmp_path)


def clips(root: Path) -> dict[str, Clip]:
    return {entry.clip_id: entry for entry in CremaD(root).read() if isinstance(entry, Clip)}


def problems(root: Path) -> list[str]:
    return [entry.sentence for entry in CremaD(root).read() if isinstance(entry, Problem)]


def wav(root: Path, stem: str) -> Path:
    return root / "AudioWAV" / f"{stem}.wav"


def test_every_recording_has_its_speaker_sentence_and_language(root: Path) -> None:
    clip = clips(root)["1002_WSI_HAP_XX"]

    assert (clip.speaker, clip.gender, clip.session, clip.language) == ("1002", "female", None, "en")
    assert clip.transcript == "We'll stop in a couple of minutes."
    assert {one.ratings for one in clips(root).values()} == {"mapped"}
    assert problems(root) == []


def test_the_category_is_what_most_people_heard_in_the_voice(root: Path) -> None:
    clip = clips(root)["1001_DFA_SAD_XX"]

    assert (clip.category, clip.activation, clip.valence) == ("neutral", 3.0, 3.0)


def test_a_tied_vote_leaves_what_the_actor_intended(root: Path) -> None:
    assert read_votes(root)[0]["1002_DFA_ANG_XX"].voice == ("anger", "disgust")
    assert clips(root)["1002_DFA_ANG_XX"].category == "anger"


def test_the_category_may_be_taken_from_other_votes_or_the_intention(root: Path) -> None:
    for category_by in ("face", "multimodal", "intended"):
        found = [entry for entry in CremaD(root, category_by).read() if isinstance(entry, Clip)]  # type: ignore[arg-type]
        assert {one.category for one in found if one.clip_id == "1001_DFA_SAD_XX"} == {"sadness"}


def test_without_the_table_of_votes_the_category_is_intended_and_that_is_no_problem(root: Path) -> None:
    shutil.rmtree(root / "processedResults")

    assert clips(root)["1001_DFA_SAD_XX"].category == "sadness"
    assert problems(root) == []


def test_a_clip_without_a_row_of_votes_or_without_an_actor_is_used_and_named(root: Path) -> None:
    write_voice(wav(root, "1004_TAI_FEA_XX"))

    without_votes, without_actor = problems(root)
    assert "1004_TAI_FEA_XX.wav has no row in summaryTable.csv" in without_votes
    assert "1004_TAI_FEA_XX.wav has no actor in VideoDemographics.csv" in without_actor
    assert (clips(root)["1004_TAI_FEA_XX"].category, clips(root)["1004_TAI_FEA_XX"].gender) == ("fear", "unknown")


@pytest.mark.parametrize("stem", ["1064_IEO_DIS_MD", "1064_TIE_SAD_XX", "1076_MTI_NEU_XX", "1076_MTI_SAD_XX"])
def test_files_that_are_known_to_be_broken_are_left_out_though_they_sound(root: Path, stem: str) -> None:
    write_voice(wav(root, stem))

    assert [text for text in problems(root) if f"{stem}.wav is known to be broken: " in text]
    assert stem not in clips(root)


def test_one_recording_under_two_emotions_is_used_under_neither(root: Path) -> None:
    for stem in ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"):
        write_voice(wav(root, stem), 1.7)

    found = [text for text in problems(root) if "is the same recording as" in text]
    assert "1006_TIE_HAP_XX.wav is the same recording as 1006_TIE_NEU_XX.wav" in found[0]
    assert "1006_TIE_NEU_XX.wav is the same recording as 1006_TIE_HAP_XX.wav" in found[1]
    assert not clips(root).keys() & {"1006_TIE_HAP_XX", "1006_TIE_NEU_XX"}


def test_such_a_pair_is_used_where_the_recordings_differ(root: Path) -> None:
    write_voice(wav(root, "1013_WSI_DIS_XX"), 1.7)
    write_voice(wav(root, "1013_WSI_SAD_XX"), 1.8)

    assert {"1013_WSI_DIS_XX", "1013_WSI_SAD_XX"} <= clips(root).keys()


def test_pointers_and_silence_are_problems(root: Path) -> None:
    write_lfs_pointer(wav(root, "1001_DFA_ANG_XX"))
    write_silence(wav(root, "1001_DFA_HAP_XX"))

    pointer, silent = problems(root)
    assert "is a Git LFS pointer" in pointer
    assert "is silent" in silent


@pytest.mark.parametrize("stem", ["1001_DFA_ANG", "1001_DFA_JOY_XX", "1001_XYZ_ANG_XX", "1001_DFA_ANG_XX copy", "x"])
def test_other_names_are_problems(root: Path, stem: str) -> None:
    write_voice(wav(root, stem))

    assert [text for text in problems(root) if f"{stem}.wav is not named as CREMA-D names its files" in text]


def test_clips_without_sound_are_counted_in_one_problem(root: Path) -> None:
    wav(root, "1001_DFA_ANG_XX").unlink()
    wav(root, "1003_WSI_SAD_XX").unlink()

    (problem,) = problems(root)
    assert "names 24 clips, and 2 of them have no file in AudioWAV (first: 1001_DFA_ANG_XX, 1003_WSI_SAD_XX)" in problem


@pytest.mark.parametrize(
    ("table", "old", "new", "reason"),
    [
        ("VideoDemographics.csv", "Female", "-", "line 3, has the sex '-'; expected Female or Male"),
        ("VideoDemographics.csv", '"Sex"', '"Gender"', "has no column 'Sex'"),
        ("processedResults/summaryTable.csv", '"A:D"', '"A:Q"', "line 10, has the vote 'Q'"),
        ("processedResults/summaryTable.csv", '"1001_DFA_HAP_XX"', '"1001_DFA_ANG_XX"', "has 1001_DFA_ANG_XX again"),
        ("processedResults/summaryTable.csv", '"VoiceVote"', '"Voice"', "has no column 'VoiceVote'"),
    ],
)
def test_a_wrong_row_of_a_table_is_a_problem_with_its_line(
    root: Path, table: str, old: str, new: str, reason: str
) -> None:
    path = root / table
    path.write_text(path.read_text().replace(old, new, 1))

    assert any(reason in problem for problem in problems(root))
    assert len(clips(root)) == 24


def test_a_copy_without_demographics_is_read_and_says_so(root: Path) -> None:
    (root / "VideoDemographics.csv").unlink()

    (problem,) = problems(root)
    assert "VideoDemographics.csv can't be read as a table" in problem
    assert {clip.gender for clip in clips(root).values()} == {"unknown"}


@given(content=st.binary(max_size=300))
def test_any_tables_give_votes_and_problems(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.mktemp("any")
    for name in ("VideoDemographics.csv", "SentenceFilenames.csv", "processedResults/summaryTable.csv"):
        (root / name).parent.mkdir(exist_ok=True)
        head = b'"FileName","VoiceVote","FaceVote","MultiModalVote","ActorID","Sex","Filename"\n'
        (root / name).write_bytes(head + content)
    write_voice(root / "AudioWAV" / "1001_DFA_ANG_XX.wav", 0.1)

    assert all(isinstance(entry, Clip | Problem) for entry in CremaD(root).listed())


@given(voice=st.lists(st.sampled_from(sorted(CATEGORIES.values())), unique=True), intended=st.sampled_from(["fear"]))
def test_a_category_is_the_vote_of_one_mind_or_the_intention(voice: list[str], intended: str) -> None:
    category = category_of(intended, Votes(tuple(voice), (), ()))

    assert category == (voice[0] if len(voice) == 1 else intended)


def test_the_sample_of_the_real_corpus_is_read(real_data: Path) -> None:
    entries = list(CremaD(real_data / "CREMA-D-sample").read())
    found = {entry.clip_id: entry for entry in entries if isinstance(entry, Clip)}

    assert len(found) == 7
    assert {clip.category for clip in found.values()} == set(CATEGORIES.values())
    assert {(clip.speaker, clip.gender) for clip in found.values()} == {("1001", "male"), ("1050", "male")}
    (problem,) = (entry.sentence for entry in entries if isinstance(entry, Problem))
    assert "names 7442 clips, and 7435 of them have no file in AudioWAV" in problem
