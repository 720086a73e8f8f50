"""Databases in audEERING's format, as their library writes them, and broken ones."""

from pathlib import Path

import audformat
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.audformat import Audformat
from pipelines.corpora.base import Problem
from tests.pipelines.layouts import audformat as layout

SEGMENTS = audformat.segmented_index(
    ["audio/1.wav", "audio/1.wav", "audio/3.wav"], ["0s", "1.25s", "0.5s"], ["1s", "2s", pd.NaT]
)
EMOTIONS = audformat.Scheme(labels=["anger", "joy", "neutral"])
MINUS_1_TO_1 = audformat.Scheme("float", minimum=-1, maximum=1)


def read(root: Path) -> tuple[dict[str, Clip], list[str]]:
    entries = list(Audformat(root).read())
    clips = {entry.clip_id: entry for entry in entries if isinstance(entry, Clip)}
    return clips, [entry.sentence for entry in entries if isinstance(entry, Problem)]


def test_ratings_are_brought_from_their_scheme_to_1_to_5(tmp_path: Path) -> None:
    clips, problems = read(layout.make(tmp_path))

    assert problems == []
    assert {name: (clip.activation, clip.valence) for name, clip in clips.items()} == {
        "audio/1.wav": (5.0, 1.0),
        "audio/2.wav": (4.0, 5.0),
        "audio/3.wav": (3.0, 3.0),
    }
    assert {clip.ratings for clip in clips.values()} == {"measured"}


def test_speaker_gender_language_and_emotion_come_from_their_tables(tmp_path: Path) -> None:
    clips, _ = read(layout.make(tmp_path))

    joyful = clips["audio/2.wav"]
    assert (joyful.speaker, joyful.gender, joyful.language) == ("ann", "female", "de")
    assert joyful.category == "happiness"
    assert clips["audio/3.wav"].gender == "male"


def test_where_no_one_rated_the_emotion_is_mapped(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "emotion", "emotion", ["anger", "joy", None], EMOTIONS)

    clips, problems = read(layout.save(db, tmp_path))

    assert problems == []
    assert {name: (clip.category, clip.activation, clip.ratings) for name, clip in clips.items()} == {
        "audio/1.wav": ("anger", 4.5, "mapped"),
        "audio/2.wav": ("happiness", 4.2, "mapped"),
    }


def test_measured_and_mapped_values_are_never_mixed(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "emotion", "emotion", ["anger", "joy", "joy"], EMOTIONS)
    layout.add(db, "emotion", "arousal", [0.0, None, 1.0], MINUS_1_TO_1)

    clips, _ = read(layout.save(db, tmp_path))

    assert [(clip.activation, clip.valence, clip.ratings) for clip in clips.values()] == [
        (3.0, None, "measured"),
        (4.2, 4.5, "mapped"),
        (5.0, None, "measured"),
    ]


def test_rated_segments_are_the_clips_and_know_what_their_files_know(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "segments", "arousal", [-1.0, 0.0, 1.0], MINUS_1_TO_1, index=SEGMENTS)

    clips, problems = read(layout.save(db, tmp_path))

    assert problems == []
    assert {name: (clip.start_s, clip.end_s, clip.length_s, clip.speaker) for name, clip in clips.items()} == {
        "audio/1.wav 0-1": (0.0, 1.0, 1.0, "ann"),
        "audio/1.wav 1.25-2": (1.25, 2.0, 0.75, "ann"),
        "audio/3.wav 0.5-end": (0.5, None, 1.5, "bob"),
    }


def test_where_files_and_segments_are_rated_the_segments_are_the_clips(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "emotion", "emotion", ["anger", "joy", "neutral"], EMOTIONS)
    layout.add(db, "segments", "arousal", [-1.0, 0.0, 1.0], MINUS_1_TO_1, index=SEGMENTS)

    clips, _ = read(layout.save(db, tmp_path))

    assert {name: clip.category for name, clip in clips.items()} == {
        "audio/1.wav 0-1": "anger",
        "audio/1.wav 1.25-2": "anger",
        "audio/3.wav 0.5-end": "neutral",
    }


def test_a_rating_beyond_its_scale_is_a_problem_and_no_rating(tmp_path: Path) -> None:
    table = layout.make(tmp_path) / "db.emotion.csv"
    table.write_text(table.read_text().replace("1.0,-1.0", "9.0,-1.0"))

    clips, (sentence,) = read(tmp_path)

    assert (clips["audio/1.wav"].activation, clips["audio/1.wav"].valence) == (None, 1.0)
    assert "emotion.arousal gives audio/1.wav 9.0; expected -1 to 1" in sentence


def test_a_segment_outside_its_file_is_a_problem(tmp_path: Path) -> None:
    index = audformat.segmented_index(["audio/1.wav"], ["7s"], ["8s"])
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "segments", "arousal", [0.0], MINUS_1_TO_1, index=index)

    _, (sentence,) = read(layout.save(db, tmp_path))

    assert "lasts 2.000 s; expected a piece from 7.0 s to 8.0 s" in sentence


def test_what_raters_came_to_together_counts_before_a_single_rater(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "a.rater", "emotion", ["joy", "joy", "joy"], EMOTIONS)
    layout.add(db, "emotion.gold_standard", "emotion", ["anger", "anger", None])

    clips, _ = read(layout.save(db, tmp_path))

    assert [clip.category for clip in clips.values()] == ["anger", "anger", "happiness"]


def test_labels_that_spell_out_sentences_and_speakers_are_read(tmp_path: Path) -> None:
    db = layout.database(languages=["eng", "deu"])
    speakers = {"x": {"sex": "m", "language": "tur"}, "y": {"sex": "F", "language": "xho"}}
    layout.add(db, "files", "speaker", ["x", "y", "y"], audformat.Scheme("str", labels=speakers))
    layout.add(db, "files", "transcription", ["t1", "t1", None], audformat.Scheme("str", labels={"t1": "Guten Tag."}))
    layout.add(db, "emotion", "emotion", ["anger", "anger", "anger"], EMOTIONS)

    clips, _ = read(layout.save(db, tmp_path))

    assert [(clip.gender, clip.language, clip.transcript) for clip in clips.values()] == [
        ("male", "tr", "Guten Tag."),
        ("female", "xho", "Guten Tag."),
        ("female", "xho", None),
    ]


def test_numbers_that_a_scheme_lists_are_its_scale(tmp_path: Path) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "emotion", "dominance", [1, 4, 7], audformat.Scheme("int", labels=[1, 2, 3, 4, 5, 6, 7]))
    layout.add(db, "emotion", "emotion", ["anger", "joy", "joy"], EMOTIONS)

    clips, _ = read(layout.save(db, tmp_path))

    assert [clip.dominance for clip in clips.values()] == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("column", "values", "scheme", "reason"),
    [
        ("arousal", [0.1, 0.2, 0.3], None, "emotion.arousal has no scheme with a minimum and a maximum"),
        ("arousal", [0.1, 0.2, 0.3], audformat.Scheme("float", minimum=0), "has no scheme with a minimum"),
        ("valence", ["a", "b", "c"], audformat.Scheme("str"), "emotion.valence has no scheme"),
        (
            "emotion",
            ["hangry", "joy", "blue"],
            audformat.Scheme("str"),
            "no place in activation and valence: blue, hangry",
        ),
        ("colour", ["red", "red", "red"], audformat.Scheme("str"), "no column gives an emotion"),
    ],
)
def test_what_a_database_lacks_is_said_once_and_its_clips_are_read(
    tmp_path: Path, column: str, values: list[object], scheme: audformat.Scheme | None, reason: str
) -> None:
    db = layout.database(layout.SPEAKERS)
    layout.add(db, "emotion", column, values, scheme)

    clips, problems = read(layout.save(db, tmp_path))

    assert len(clips) == 3
    assert any(reason in sentence for sentence in problems)
    assert all(str(tmp_path / "db.yaml") in sentence for sentence in problems)


def test_nobody_who_speaks_and_no_language_are_unknown(tmp_path: Path) -> None:
    db = layout.database(languages=["eng", "deu"])
    layout.add(db, "emotion", "emotion", ["anger", "joy", "joy"], EMOTIONS)

    clips, (sentence,) = read(layout.save(db, tmp_path))

    assert {(clip.speaker, clip.gender, clip.language) for clip in clips.values()} == {("unknown", "unknown", "und")}
    assert "no column says who speaks" in sentence


def test_a_file_without_a_speaker_is_left_out(tmp_path: Path) -> None:
    db = layout.database(["ann", None, "bob"])
    layout.add(db, "emotion", "emotion", ["anger", "joy", "joy"], EMOTIONS)

    clips, (sentence,) = read(layout.save(db, tmp_path))

    assert list(clips) == ["audio/1.wav", "audio/3.wav"]
    assert f"{tmp_path / 'audio' / '2.wav'} has no speaker" in sentence


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (layout.make(tmp_path) / "audio" / "2.wav").unlink()

    clips, (sentence,) = read(tmp_path)

    assert len(clips) == 2
    assert "2.wav does not exist" in sentence


@pytest.mark.parametrize(
    "header", ["", "tables: [", "name: x", "name: x\nsource: y\nusage: z\nlanguages: [q]\ntables: 7"]
)
def test_a_broken_header_is_one_problem(tmp_path: Path, header: str) -> None:
    (tmp_path / "db.yaml").write_text(header)

    (problem,) = Audformat(tmp_path).read()

    assert isinstance(problem, Problem)
    assert "db.yaml can't be read" in problem.sentence


def test_a_table_that_is_not_there_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    (layout.make(tmp_path) / "db.emotion.csv").unlink()

    clips, problems = read(tmp_path)

    assert len(clips) == 3
    assert any("table emotion can't be read" in sentence for sentence in problems)


cell = st.text(max_size=8) | st.sampled_from(
    ["audio/1.wav", "anger", "0.5", "-1", "9", "nan", "ann", "0 days 00:00:01"]
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(cell, max_size=5), max_size=4), heading=st.sampled_from(["file", "file,start,end", ""]))
def test_any_cells_are_clips_or_sentences(
    rows: list[list[str]], heading: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = layout.make(tmp_path_factory.mktemp("db"))
    lines = [f"{heading},emotion,arousal,valence", *(",".join(row) for row in rows)]
    (root / "db.emotion.csv").write_text("\n".join(lines), encoding="utf-8")

    entries = list(Audformat(root).read())

    assert entries
    assert all(isinstance(entry, Clip) or str(root) in entry.sentence for entry in entries)
