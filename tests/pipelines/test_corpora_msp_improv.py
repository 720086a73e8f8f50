"""MSP-IMPROV: misspelt and renamed files, missing values, and what its codes mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.base import CorpusNotFound, Problem
from pipelines.corpora.msp_improv import MspImprov
from pipelines.labels.lines import LineWrong
from pipelines.labels.msp_improv import Evaluation, read_evaluations
from tests.pipelines.layouts import msp_improv as layout
from tests.pipelines.layouts.sound import write_voice

ANGRY, NEUTRAL, OTHER, NOBODY = layout.STEMS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return layout.make(tmp_path)


def clips(root: Path) -> dict[str, Clip]:
    return {entry.clip_id: entry for entry in MspImprov(root).read() if isinstance(entry, Clip)}


def problems(root: Path) -> list[str]:
    return [entry.sentence for entry in MspImprov(root).read() if isinstance(entry, Problem)]


def test_sound_is_found_by_its_own_prefix_and_ratings_by_theirs(root: Path) -> None:
    clip = clips(root)[ANGRY]

    assert (clip.activation, clip.valence, clip.dominance) == (4.25, 1.75, 4.0)
    assert (clip.speaker, clip.gender, clip.session, clip.language) == ("F01", "female", "01", "en")
    assert (clip.category, clip.ratings) == ("anger", "measured")
    assert problems(root) == []


def test_the_right_spelling_of_the_label_file_is_read_too(root: Path) -> None:
    (root / "Evalution.txt").rename(root / "Evaluation.txt")

    assert len(clips(root)) == 4


def test_a_copy_without_the_level_audio_is_read(root: Path) -> None:
    for session in (root / "Audio").iterdir():
        session.rename(root / session.name)
    (root / "Audio").rmdir()

    assert len(clips(root)) == 4
    assert problems(root) == []


def test_a_folder_with_labels_and_no_sessions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Evalution.txt").write_text(layout.EVALUATION)

    with pytest.raises(CorpusNotFound, match=r"expected Evalution.txt, and session1/"):
        MspImprov(tmp_path)


def test_dominance_that_is_missing_or_no_number_is_no_rating_and_not_three(root: Path) -> None:
    assert clips(root)[NEUTRAL].dominance is None
    assert clips(root)[OTHER].dominance is None
    assert clips(root)[NEUTRAL].ratings == "measured"


def test_other_emotions_are_a_category_and_no_majority_is_none(root: Path) -> None:
    assert clips(root)[OTHER].category == "other"
    assert clips(root)[NOBODY].category is None
    assert clips(root)[NOBODY].activation == 2.0


def test_the_speaker_is_the_field_of_the_name_and_not_its_turn(root: Path) -> None:
    assert (clips(root)[NOBODY].speaker, clips(root)[NOBODY].gender, clips(root)[NOBODY].session) == (
        "M02",
        "male",
        "02",
    )


def test_what_each_rater_said_is_kept(root: Path) -> None:
    rows = {
        row.clip_id: row
        for row in read_evaluations((root / "Evalution.txt").read_bytes())
        if isinstance(row, Evaluation)
    }

    assert [one.rater for one in rows[ANGRY].raters] == ["AB12-p1", "CD34-p2"]
    assert rows[ANGRY].raters[1].labels == ("Angry", "Frustrated")
    assert rows[ANGRY].raters[1].rest == ("A:4.500000", "V:1.500000", "D:4.000000", "N:4.000000")
    assert rows[ANGRY].naturalness == 3.5


def test_what_people_wrote_down_is_the_transcript(root: Path) -> None:
    assert clips(root)[ANGRY].transcript == "How can I not?"
    assert clips(root)[NEUTRAL].transcript is None


@pytest.mark.parametrize(
    ("old", "new", "reason", "left"),
    [
        ("avi; A;", "avi; Q;", "line 1, has the code 'Q'; expected A, H, N, O, S, X", 4),
        ("A:4.250000", "A:", "line 1, lacks activation or valence of", 4),
        ("V:1.750000", "V:7.000000", "line 1, has V:7.000000, which is not on 1 to 5", 4),
        ("UTD-IMPROV-S01A-F01", "IMPROV-S01A-F01", "line 1, is 'IMPROV-S01A-F01-P-FM01.avi", 3),
        ("S01A-M01-R-MF02.avi", "S01A-F01-P-FM01.avi", f"line 5, rates {ANGRY} again", 3),
    ],
)
def test_a_wrong_line_is_a_problem_with_its_number(root: Path, old: str, new: str, reason: str, left: int) -> None:
    (root / "Evalution.txt").write_text(layout.EVALUATION.replace(old, new, 1))

    assert any(reason in problem for problem in problems(root))
    assert len(clips(root)) == left


def test_ratings_without_sound_and_sound_without_ratings_are_problems(root: Path) -> None:
    layout.path_of(root / "Audio", OTHER).rename(layout.path_of(root / "Audio", OTHER).with_stem(f"{OTHER[:-1]}9"))

    without_row, without_sound = problems(root)
    assert f"{OTHER[:-1]}9.wav has no row in" in without_row
    assert f"line 8, rates {OTHER}, which has no sound" in without_sound


def test_other_names_and_second_copies_are_problems(root: Path) -> None:
    write_voice(root / "Audio" / "session1" / "noise.wav")
    write_voice(root / "Audio" / "session9" / f"{ANGRY}.wav")

    again, unnamed = problems(root)
    assert f"is clip {ANGRY} once more" in again
    assert "noise.wav is not named as in MSP-IMPROV" in unnamed


def rated(code: str, activation: float, clips: int) -> str:
    return "".join(
        f"UTD-IMPROV-S01{code}-F01-S-FM{number:03}.avi; {code}; A:{activation}; V:3.0; D:3.0; N:3.0;\n\n"
        for number in range(clips)
    )


def test_activation_that_stands_upside_down_is_a_problem(root: Path) -> None:
    upside_down, upright, too_few = (
        rated("A", 2.0, 20) + rated("S", 4.0, 20),
        rated("A", 4.0, 20) + rated("S", 2.0, 20),
        rated("A", 2.0, 19) + rated("S", 4.0, 19),
    )

    found = []
    for content in (upside_down, upright, too_few):
        (root / "Evalution.txt").write_text(content)
        found.append([text for text in problems(root) if "expected 1 for calm and 5 for excited" in text])
    assert [len(sentences) for sentences in found] == [1, 0, 0]
    assert "mean activations of 2.00 for anger and 4.00 for sadness" in found[0][0]


lines = st.sampled_from(layout.EVALUATION.splitlines(keepends=True))


@given(
    content=st.binary(max_size=200)
    | st.lists(lines | st.text(max_size=12), max_size=20).map(lambda parts: "".join(parts).encode())
)
def test_any_label_file_gives_evaluations_or_wrong_lines(content: bytes) -> None:
    for row in read_evaluations(content):
        assert isinstance(row, Evaluation | LineWrong)
        if isinstance(row, Evaluation):
            assert row.clip_id.startswith("MSP-IMPROV-")
            assert all(one is None or 1 <= one <= 5 for one in (row.activation, row.valence, row.dominance))
