"""eNTERFACE'05, RML and BAUM-1s: what folders, names and the sheet say, and their traps."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.corpora.baum1s import Baum1s, read_row
from pipelines.corpora.enterface import Enterface
from pipelines.corpora.rml import Rml
from tests.pipelines.layouts import baum1s, enterface, rml
from tests.pipelines.layouts.video import write_video


def clips_of(corpus: Corpus) -> dict[str, Clip]:
    return {entry.clip_id: entry for entry in corpus.listed() if isinstance(entry, Clip)}


def problems_of(corpus: Corpus) -> list[Problem]:
    return [entry for entry in corpus.read() if isinstance(entry, Problem)]


def test_enterface_takes_speaker_emotion_and_sentence_from_the_folders(tmp_path: Path) -> None:
    clips = clips_of(Enterface(enterface.make(tmp_path)))

    assert {name: (clip.speaker, clip.category) for name, clip in clips.items()} == {
        "s01_anger_1": ("1", "anger"),
        "s11_happiness_4": ("11", "happiness"),  # its file is called s12
        "s16_surprise_3": ("16", "surprise"),
        "s23_sadness_5": ("23", "sadness"),  # a folder deeper
        "s03_disgust_2": ("3", "disgust"),
        "s06_fear": ("6", "fear"),  # one video for all its sentences
    }
    assert clips["s01_anger_1"].transcript == "What??? No, no, no, listen! I need this money!"
    assert clips["s06_fear"].transcript is None
    assert clips["s23_sadness_5"].transcript is None  # he or she: nobody knows


def test_the_sentence_is_the_folder_s_and_only_without_one_the_name_s(tmp_path: Path) -> None:
    for name in ("subject 1/anger/sentence 2/s1_an_5", "subject 2/anger/s2_an_4"):
        write_video(tmp_path / f"{name}.avi")

    assert list(clips_of(Enterface(tmp_path))) == ["s01_anger_2", "s02_anger_4"]


def test_a_video_of_enterface_outside_its_folders_is_a_problem(tmp_path: Path) -> None:
    write_video(enterface.make(tmp_path) / "subject 1" / "s1_an_1.avi")

    (problem,) = problems_of(Enterface(tmp_path))

    assert problem.path == tmp_path / "subject 1" / "s1_an_1.avi"
    assert "expected a folder such as subject 1/anger/sentence 1" in problem.sentence


def test_a_second_video_of_one_sentence_is_a_problem(tmp_path: Path) -> None:
    write_video(enterface.make(tmp_path) / "subject 1" / "anger" / "sentence 1" / "take 2" / "s1_an_1.avi")

    (problem,) = problems_of(Enterface(tmp_path))

    assert "is clip s01_anger_1 once more" in problem.sentence


def test_enterface_is_read_from_the_folder_of_one_subject_too(tmp_path: Path) -> None:
    enterface.make(tmp_path)

    assert list(clips_of(Enterface(tmp_path / "subject 11"))) == ["s11_happiness_4"]


def test_rml_tells_languages_of_one_speaker_apart(tmp_path: Path) -> None:
    clips = clips_of(Rml(rml.make(tmp_path)))

    assert {name: (clip.speaker, clip.category, clip.language) for name, clip in clips.items()} == {
        "s1_an1": ("s1", "anger", "und"),
        "s1_su10": ("s1", "surprise", "und"),
        "s3_english_ha1": ("s3", "happiness", "en"),
        "s3_mandarin_ha1": ("s3", "happiness", "zh"),
        "s6_fe2": ("s6", "fear", "und"),
    }


@pytest.mark.parametrize("name", ["rml-1/s1/xx1.avi", "rml-1/an1.avi", "rml-1/s0/an1.avi", "rml-1/s1/an.avi"])
def test_a_video_that_is_not_named_as_rml_s_is_a_problem(tmp_path: Path, name: str) -> None:
    write_video(rml.make(tmp_path) / name)

    (problem,) = problems_of(Rml(tmp_path))

    assert problem.path == tmp_path / name
    assert "expected a name such as an1.avi" in problem.sentence


def test_baum1s_reads_the_code_of_the_emotion_since_two_words_begin_with_con(tmp_path: Path) -> None:
    clips = clips_of(Baum1s(baum1s.make(tmp_path)))

    assert {name: (clip.speaker, clip.gender, clip.category) for name, clip in clips.items()} == {
        "S001_001": ("S001", "female", "happiness"),
        "S001_002": ("S001", "female", "concentrating"),
        "S002_001": ("S002", "male", "contempt"),
        "S002_002": ("S002", "unknown", "neutral"),
    }
    assert {clip.language for clip in clips.values()} == {"tr"}


def test_the_acted_part_of_baum1_is_not_read(tmp_path: Path) -> None:
    clips = clips_of(Baum1s(baum1s.make(tmp_path)))

    assert clips["S001_001"].path == tmp_path / "BAUM1s_MP4 - All" / "s001" / "S001_001.mp4"
    assert problems_of(Baum1s(tmp_path)) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((5, 15, "M", "S015_007", "Happiness", 9), "calls S015_007 'Happiness', but its code says neutral"),
        ((5, 15, "M", "S015_007", "Happiness", 14), "no known code of an emotion: found '14', expected 1 to 13"),
        ((5, 15, "M", "S015_007", "Happiness", None), "found '', expected 1 to 13"),
        ((5, 15, "M", "S015_008", "Happiness", 8), "names S015_008, but there is no S015_008.mp4"),
        ((5, 15, "M", "clip 7", "Happiness", 8), "names the clip 'CLIP 7'; expected a name such as S001_001"),
        ((5, 15), "names the clip ''"),
    ],
)
def test_a_row_that_describes_no_clip_is_a_problem_with_its_number(
    tmp_path: Path, row: tuple[object, ...], reason: str
) -> None:
    baum1s.write_clip(tmp_path, "S015_007")
    baum1s.write_clip(tmp_path, "S001_001")
    baum1s.write_sheet(tmp_path, [baum1s.ROWS[0], row])

    first, *_ = problems_of(Baum1s(tmp_path))

    assert reason in first.sentence
    assert "Annotations_BAUM1s.xlsx, row 3," in first.sentence


def test_names_and_codes_are_read_however_they_are_typed(tmp_path: Path) -> None:
    for name in ("S001_001", "S001_002", "S001_003"):
        baum1s.write_clip(tmp_path, name)
    rows = [
        (1, 1, "", "s001_001.mp4", "Anger", "1"),
        (2, 1, "", " S001_002 ", "", 1.0),
        (3, 1, "", "S001_003", None, 1),
    ]
    baum1s.write_sheet(tmp_path, [*rows, (None,) * 6])

    clips = clips_of(Baum1s(tmp_path))

    assert {name: clip.category for name, clip in clips.items()} == dict.fromkeys(
        ["S001_001", "S001_002", "S001_003"], "anger"
    )
    assert problems_of(Baum1s(tmp_path)) == []


def test_a_code_with_a_point_is_that_code() -> None:
    read = read_row((1, 1, "", "S001_001", "", 8.0), "row 2", {"S001_001": Path("S001_001.mp4")})

    assert isinstance(read, Clip)
    assert read.category == "happiness"


def test_a_video_without_a_row_and_a_second_copy_are_problems(tmp_path: Path) -> None:
    baum1s.make(tmp_path)
    baum1s.write_clip(tmp_path, "S031_001")
    write_video(tmp_path / "copy" / "S001_001.mp4", sound="aac")

    sentences = [problem.sentence for problem in problems_of(Baum1s(tmp_path))]

    assert len(sentences) == 2
    assert "S031_001.mp4 has no row in" in sentences[0]
    assert "copy/S001_001.mp4 is" in sentences[1]


@pytest.mark.parametrize("content", [b"", b"not a sheet", b"PK\x03\x04 nor this"])
def test_a_sheet_that_cannot_be_read_is_one_problem(tmp_path: Path, content: bytes) -> None:
    baum1s.make(tmp_path)
    (tmp_path / "Annotations_BAUM1s.xlsx").write_bytes(content)

    (problem,) = Baum1s(tmp_path).read()

    assert isinstance(problem, Problem)
    assert "can't be read as a sheet" in problem.sentence


def test_a_damaged_sheet_never_raises(tmp_path: Path) -> None:
    sheet = baum1s.make(tmp_path) / "Annotations_BAUM1s.xlsx"
    content = sheet.read_bytes()
    for at in range(0, len(content), 97):
        sheet.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])

        assert list(Baum1s(tmp_path).listed())


def test_videos_without_their_sheet_are_refused(tmp_path: Path) -> None:
    baum1s.write_clip(tmp_path, "S001_001")

    with pytest.raises(CorpusNotFound, match=r"expected Annotations_BAUM1s\.xlsx"):
        Baum1s(tmp_path)


cells = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.datetimes()
    | st.sampled_from(["S001_001", "s001_001.MP4", "con", "Happiness", "m", 8, 8.0, "8"])
)


@settings(max_examples=300)
@given(row=st.lists(cells, max_size=8))
def test_any_cells_are_a_clip_or_a_sentence(row: list[object]) -> None:
    read = read_row(row, "the sheet, row 2,", {"S001_001": Path("S001_001.mp4")})

    assert read.path == Path("S001_001.mp4") if isinstance(read, Clip) else read.startswith("the sheet, row 2,")


@settings(max_examples=60, deadline=None)
@given(
    folders=st.lists(
        st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
            lambda name: name not in (".", "..", "__MACOSX")
        )
        | st.sampled_from(["subject 6", "Subject_07", "subject ²", "anger", "FEAR", "sentence 9", "s3", "s²", "Urdu"]),
        max_size=4,
    ),
    stem=st.from_regex(r"(an|di|s1_an|[a-z]{1,5})[ _-]?[0-9²]{0,3}", fullmatch=True),
)
@pytest.mark.parametrize(("kind", "good"), [(Enterface, "subject 1/anger/s1_an_1.avi"), (Rml, "rml-1/s1/an1.avi")])
def test_any_folders_are_a_clip_or_a_sentence(
    kind: type[Corpus], good: str, folders: list[str], stem: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("names")
    for path in (root / good, root.joinpath(*folders) / f"{stem}.avi"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    entries = {entry.path: entry for entry in kind(root).listed()}

    assert set(entries) == set(root.rglob("*.avi"))
    assert all(isinstance(entry, Clip) or "expected" in entry.sentence for entry in entries.values())
