"""A folder with a table: each wrong row is named by its line, and no row reaches outside of the folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.circumplex import PLACE_BY_CATEGORY
from pipelines.clip import Clip
from pipelines.corpora.base import CorpusNotFound, Problem
from pipelines.corpora.folder import OPTIONAL, REQUIRED, Folder
from tests.pipelines.layouts.folder import HEAD, make, write_table
from tests.pipelines.layouts.sound import write_voice
from tests.pipelines.layouts.textgrid import write_textgrid


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "corpus")


def clips(root: Path) -> list[Clip]:
    return [entry for entry in Folder(root).read() if isinstance(entry, Clip)]


def problems(root: Path) -> list[str]:
    return [entry.sentence for entry in Folder(root).read() if isinstance(entry, Problem)]


def test_every_column_is_read(root: Path) -> None:
    clip = clips(root)[0]

    assert clip.path == root / "anna" / "a.wav"
    assert (clip.clip_id, clip.speaker, clip.gender, clip.session) == ("anna/a", "anna", "female", "1")
    assert (clip.activation, clip.valence, clip.dominance, clip.ratings) == (3.5, 2.25, 3.0, "measured")
    assert (clip.category, clip.transcript, clip.language) == ("anger", "Well, no.", "en")
    assert problems(root) == []


def test_a_category_alone_is_mapped_and_says_so(root: Path) -> None:
    clip = clips(root)[1]

    assert (clip.activation, clip.valence) == PLACE_BY_CATEGORY["happiness"]
    assert clip.ratings == "mapped"


def test_file_and_speaker_are_enough(root: Path) -> None:
    write_table(root, "ben.wav,ben", head="file,speaker")

    (clip,) = clips(root)
    assert (clip.clip_id, clip.gender, clip.language, clip.ratings, clip.activation) == (
        "ben",
        "unknown",
        "und",
        "none",
        None,
    )


def test_a_category_that_no_map_knows_has_no_ratings(root: Path) -> None:
    write_table(root, "ben.wav,ben,wistful", head="file,speaker,category")

    (clip,) = clips(root)
    assert (clip.category, clip.activation, clip.ratings) == ("wistful", None, "none")


def test_pieces_of_one_file_are_clips_of_their_own(root: Path) -> None:
    first, second = clips(root)[-2:]

    assert (first.clip_id, first.start_s, first.end_s, first.length_s) == ("first", 0.0, 1.5, 1.5)
    assert (second.clip_id, second.start_s, second.end_s, second.length_s) == ("long@1.5", 1.5, None, 1.5)


def test_words_of_a_piece_are_timed_from_its_start(root: Path) -> None:
    write_textgrid(root / "long.wav", {"words": ((0.2, 0.5, "one"), (1.6, 1.9, "two"))})

    first, second = clips(root)[-2:]
    assert [(word.text, word.start_s) for word in first.words] == [("one", 0.2)]
    assert [(word.text, round(word.start_s, 6)) for word in second.words] == [("two", 0.1)]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_tables_of_spreadsheets_in_other_countries_are_read(root: Path, delimiter: str) -> None:
    rows = ("file,speaker,valence", "ben.wav,ben,3.5")
    (root / "clips.csv").write_text("\r\n".join(rows).replace(",", delimiter), encoding="utf-8-sig", newline="")

    assert [clip.valence for clip in clips(root)] == [3.5]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone.wav,ben", "names the file 'gone.wav', which is not in"),
        (",ben", "names no file"),
        ("ben.wav,", "names no speaker"),
        ("anna,ben", "names the file 'anna', which is not in"),
        (f"{'x' * 400}.wav,ben", "which can't be looked for"),
        ("ben.wav,ben,,diverse", "has the gender 'diverse'; expected female, male or nothing"),
        ("ben.wav,ben,,,,5.5", "has the activation '5.5'; expected a mean on 1 to 5"),
        ("ben.wav,ben,,,,,0", "has the valence '0'; expected a mean on 1 to 5"),
        ("ben.wav,ben,,,,,,nan", "has the dominance 'nan'; expected a number"),
        ('ben.wav,ben,,,,"3,5"', "has the activation '3,5'; expected a number with a point"),
        ("ben.wav,ben,,,,,,,,,English", "has the language 'English'; expected an ISO 639 code"),
        ("ben.wav,ben,,,,,,,,,,-1", "has the start_s '-1'; expected seconds"),
        ("ben.wav,ben,,,,,,,,,,0.5,0.5", "starts at 0.5 s and ends at 0.5 s; expected a later end_s"),
        ("ben.wav,ben,,,,,,,neutral,Well, no.,en,,", "has 14 cells for 13 columns; put quotes round cells"),
        ('ben.wav,"ben', "can't be read (unexpected end of data); expected quotes"),
        ('ben.wav,"ben"s', "can't be read (',' expected after"),
        ("long.wav,ben,b", "has the clip_id 'b', as line 3 has"),
    ],
)
def test_a_wrong_row_is_a_problem_with_its_line_and_the_others_are_read(root: Path, row: str, reason: str) -> None:
    table = (root / "clips.csv").read_text()
    (root / "clips.csv").write_text(table + row)

    found = [problem for problem in problems(root) if reason in problem]
    assert len(found) == 1
    assert "clips.csv, line 7, " in found[0]
    assert len(clips(root)) == 5


def test_a_piece_that_lies_behind_the_end_of_its_file_is_a_problem(root: Path) -> None:
    write_table(root, "ben.wav,ben,7", head="file,speaker,start_s")

    assert "ben.wav lasts 1.000 s; expected a piece from 7.0 s" in problems(root)[0]


def test_a_row_over_several_lines_is_named_by_its_first(root: Path) -> None:
    write_table(root, 'ben.wav,"be\nn"', "gone.wav,ben", head="file,speaker")

    assert "line 4, names the file 'gone.wav'" in problems(root)[0]


@pytest.mark.parametrize(
    "file", ["../outside.wav", "anna/../../outside.wav", "{outside}", "link.wav", "links/outside.wav", "a\0b"]
)
def test_no_row_reaches_outside_of_the_folder(root: Path, file: str) -> None:
    outside = root.parent / "outside.wav"
    write_voice(outside)
    (root / "link.wav").symlink_to(outside)
    (root / "links").symlink_to(root.parent)
    write_table(root, f"{file.format(outside=outside)},eve", "ben.wav,ben", head="file,speaker")

    refused = [problem for problem in problems(root) if "line 2, names a file that is refused" in problem]
    assert len(refused) == 1
    assert [clip.speaker for clip in clips(root)] == ["ben"]


def test_sound_without_a_row_is_counted_in_one_problem(root: Path) -> None:
    write_voice(root / "new" / "c.wav")
    write_voice(root / "new" / "d.flac")
    (root / "notes.txt").write_text("no sound")

    (problem,) = problems(root)
    assert "holds 2 files of sound that clips.csv does not name (first: new/c.wav, new/d.flac)" in problem


def test_a_file_whose_row_is_wrong_is_not_called_unnamed_too(root: Path) -> None:
    write_table(root, "./ben.wav,", "anna/a.wav,a", "anna/b.wav,a", "long.wav,a", head="file,speaker")

    (problem,) = problems(root)
    assert "line 2, names no speaker" in problem


def test_a_misspelt_column_is_a_problem_with_what_was_meant(root: Path) -> None:
    write_table(root, "ben.wav,ben,3", head="file,speaker,activaton")

    assert "has the columns 'activaton', which are not read; did you mean activation?" in problems(root)[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "found none"),
        (b"path,speaker\n", "found path, speaker"),
        (b"file,speaker,file\n", "each once, found file, speaker, file"),
        (b"file,speaker\nM\xfcller.wav,ben\n", "as UTF-8, found a byte 0xfc at 14"),
        ("file,speaker\n".encode("utf-16"), "as UTF-8, found a byte 0xff at 0"),
        (b'"file,speaker\n', "found none"),
    ],
)
def test_a_table_of_another_kind_is_refused_at_once(root: Path, content: bytes, reason: str) -> None:
    (root / "clips.csv").write_bytes(content)

    with pytest.raises(CorpusNotFound, match="expected clips.csv with the columns file and speaker") as raised:
        Folder(root)
    assert reason in str(raised.value)


cells = st.sampled_from(["a.wav", "anna", "3.5", "", "nan", "../a.wav", '"', ",", "\n", "happiness", "en"]) | st.text(
    max_size=8
)
tables = st.lists(cells, max_size=30).map(",".join).map(lambda body: f"{HEAD}\n{body}".encode(errors="replace"))


@given(content=st.binary(max_size=200) | tables | st.binary(max_size=100).map(lambda body: f"{HEAD}\n".encode() + body))
def test_any_table_gives_clips_and_problems_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("any")
    write_voice(root / "a.wav", 0.1)
    (root / "clips.csv").write_bytes(content)

    try:
        entries = list(Folder(root).listed())
    except CorpusNotFound:
        return
    for entry in entries:
        assert isinstance(entry, Clip | Problem)
        assert isinstance(entry, Problem) or (entry.path.samefile(root / "a.wav") and entry.speaker)


def test_the_page_on_corpora_names_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text()

    assert all(f"| `{column}` |" in page for column in (*REQUIRED, *OPTIONAL))
    mapped = " ".join(page.partition("Emotions that are mapped: ")[2].partition(".")[0].split())
    assert mapped == ", ".join(sorted(PLACE_BY_CATEGORY))
