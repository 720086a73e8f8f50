"""IEMOCAP: what its files mean, and the ways in which they are often misread."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip import Clip
from pipelines.corpora.base import Problem
from pipelines.corpora.iemocap import Iemocap, rater_ratings, spoken_events
from pipelines.labels.iemocap import Evaluation, LineWrong, RaterRating, read_evaluations, read_rater, read_transcript
from pipelines.labels.lines import rating_on_scale
from pipelines.labels.sphinx import FrameTimes, Segment, read_segments
from pipelines.labels.textgrid import AlignmentWrong
from tests.pipelines.layouts import iemocap as layout

FIRST = "Ses01F_impro01_F000"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return layout.make(tmp_path)


def clips(root: Path, **options: FrameTimes) -> dict[str, Clip]:
    return {entry.clip_id: entry for entry in Iemocap(root, **options).read() if isinstance(entry, Clip)}


def problems(root: Path) -> list[str]:
    return [entry.sentence for entry in Iemocap(root).read() if isinstance(entry, Problem)]


def labels(root: Path, name: str = "Ses01F_impro01.txt") -> Path:
    return root / "Session1" / "dialog" / "EmoEvaluation" / name


def alignment(root: Path, utterance: str = FIRST, kind: str = "wdseg") -> Path:
    folder = root / "Session1" / "sentences" / "ForcedAlignment"
    return folder / utterance.rpartition("_")[0] / f"{utterance}.{kind}"


def wav(root: Path, utterance: str = FIRST) -> Path:
    return root / "Session1" / "sentences" / "wav" / utterance.rpartition("_")[0] / f"{utterance}.wav"


def test_the_consensus_file_has_valence_before_activation(root: Path) -> None:
    clip = clips(root)[FIRST]

    assert (clip.valence, clip.activation, clip.dominance) == (2.5, 3.5, 4.0)
    assert clip.ratings == "measured"


def test_the_consensus_is_the_mean_of_the_listeners_without_the_speaker(root: Path) -> None:
    first = next(row for row in read_evaluations(labels(root).read_bytes()) if isinstance(row, Evaluation))

    listeners = [one for one in first.raters if one.rater.startswith("E") and one.valence is not None]
    assert first.valence == sum(one.valence or 0 for one in listeners) / len(listeners)
    assert first.activation == sum(one.activation or 0 for one in listeners) / len(listeners)


def test_the_speaker_is_the_letter_of_the_utterance_and_not_the_prefix_of_its_name(root: Path) -> None:
    found = clips(root)

    assert found["Ses01F_impro01_M000"].speaker == found["Ses01M_script01_1b_M000"].speaker == "01M"
    assert found["Ses01F_impro01_F000"].speaker == found["Ses01M_script01_1b_F000"].speaker == "01F"
    assert {clip.speaker: clip.gender for clip in found.values()} == {"01F": "female", "01M": "male"}
    assert {clip.session for clip in found.values()} == {"01"}


def test_no_utterance_is_lost(root: Path) -> None:
    assert set(clips(root)) == set(layout.LENGTH_BY_UTTERANCE)
    assert problems(root) == []


def test_a_clip_without_a_majority_has_ratings_and_no_category(root: Path) -> None:
    clip = clips(root)["Ses01F_impro01_F001"]

    assert (clip.category, clip.activation, clip.ratings) == (None, 4.5, "measured")


def test_dominance_may_be_missing(root: Path) -> None:
    assert clips(root)["Ses01F_impro01_M000"].dominance is None


def test_transcripts_leave_out_turns_without_a_name_or_number(root: Path) -> None:
    assert clips(root)[FIRST].transcript == "So, he really and the end."
    assert [text for _, text in read_transcript(b"M: [LAUGHTER]\nSes01F_impro01_MXX0 [001.0000-002.0000]: Hm.\n")] == []


def test_words_are_those_of_the_alignment_without_variants_silence_and_events(root: Path) -> None:
    words = clips(root)[FIRST].words

    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ("SO", 0.12, 0.31),
        ("REALLY", 0.31, 0.56),
        ("AND", 0.81, 1.0),
    ]


def test_phones_are_the_base_phones_without_silence_and_noise(root: Path) -> None:
    assert [phone.symbol for phone in clips(root)[FIRST].phones] == ["HH", "AE", "N", "D"]


def test_events_are_at_hand_beside_the_words(root: Path) -> None:
    assert [(event.name, event.start_s, event.end_s) for event in spoken_events(root, FIRST)] == [
        ("LAUGHTER", 0.56, 0.81)
    ]


@pytest.mark.parametrize(
    ("times", "start_s", "end_s"),
    [
        (FrameTimes(), 0.12, 0.31),
        (FrameTimes(end_offset=0), 0.12, 0.30),
        (FrameTimes(start_offset=2, end_offset=2), 0.14, 0.32),
    ],
)
def test_frames_become_seconds_as_one_chooses(root: Path, times: FrameTimes, start_s: float, end_s: float) -> None:
    word = clips(root, frame_times=times)[FIRST].words[0]

    assert (word.start_s, word.end_s) == (start_s, end_s)


def test_a_missing_alignment_is_a_problem_beside_the_usable_clip(root: Path) -> None:
    alignment(root).unlink()

    (problem,) = problems(root)
    assert f"{FIRST}.wdseg can't be read (No such file or directory); expected an alignment" in problem
    assert "the clip is used without it" in problem
    assert clips(root)[FIRST].words == ()
    assert clips(root)[FIRST].phones != ()


def test_a_copy_without_alignments_says_so_once_for_each_dialog(root: Path) -> None:
    (root / "Session1" / "sentences" / "ForcedAlignment").rename(root / "elsewhere")

    assert len(problems(root)) == 2
    assert all("does not exist; the clips have no words from there" in sentence for sentence in problems(root))
    assert len(clips(root)) == len(layout.LENGTH_BY_UTTERANCE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "cut off"),
        (layout.WDSEG.rpartition("\n Total")[0], "cut off"),
        (layout.WDSEG.replace("   31    55", "   29    55"), "in line 4"),
        (layout.WDSEG.replace("   31    55", "   31    three"), "in line 4"),
        (layout.WDSEG.replace("   31    55", "   55    31"), "a first frame from 31 on"),
    ],
)
def test_a_broken_alignment_is_a_problem_beside_the_usable_clip(root: Path, content: str, reason: str) -> None:
    alignment(root).write_text(content)

    (problem,) = problems(root)
    assert reason in problem
    assert len(clips(root)) == len(layout.LENGTH_BY_UTTERANCE)


def test_sound_without_ratings_and_ratings_without_sound_are_problems(root: Path) -> None:
    wav(root).rename(wav(root, "Ses01F_impro01_F007"))

    without_sound, without_row = problems(root)
    assert f"{FIRST}.wav does not exist, but" in without_sound
    assert "line 3, rates it" in without_sound
    assert "F007.wav has no row in" in without_row


def test_a_dialog_without_ratings_names_the_file_that_is_missing(root: Path) -> None:
    labels(root).unlink()

    assert "Ses01F_impro01.txt can't be read (No such file or directory)" in problems(root)[0]
    assert len(problems(root)) == 1 + 3


@pytest.mark.parametrize(
    ("old", "new", "reason", "left"),
    [
        ("\tneu\t", "\tbored\t", "line 3, has the code 'bored'; expected ang, dis", 6),
        (
            "[2.5000, 3.5000, 4.0000]",
            "[5.5000, 3.5000, 4.0000]",
            "line 3, has the valence 5.5000, which is not on 1",
            6,
        ),
        ("[6.2901 - 7.5401]", "[6.2901 to 7.5401]", "line 3, is '[6.2901 to 7.5401]", 5),
        ("Ses01F_impro01_F001\txxx", "Ses01F_impro01_F000\txxx", f"line 11, rates {FIRST} again", 5),
        ("Ses01F_impro01_F001\txxx", "Ses01F_impro02_F001\txxx", "expected a name such as Ses01F_impro01_F000", 5),
        ("A-E4:\tval 2;", "A-E4:\tval 9;", "line 8, has 'val 9'", 6),
        ("C-E2:\tNeutral;", "C-E2 Neutral;", "line 4, is 'C-E2 Neutral;", 6),
    ],
)
def test_a_wrong_line_of_the_consensus_is_a_problem_with_its_number(
    root: Path, old: str, new: str, reason: str, left: int
) -> None:
    labels(root).write_text(layout.EVALUATION.replace(old, new, 1))

    assert any(reason in problem for problem in problems(root))
    assert len(clips(root)) == left


def test_words_of_an_utterance_that_is_nowhere_are_a_problem(root: Path) -> None:
    path = root / "Session1" / "dialog" / "transcriptions" / "Ses01F_impro01.txt"
    path.write_text(layout.TRANSCRIPT.replace("Ses01F_impro01_F001 ", "Ses01F_impro01_F009 ") + "What is this?\n")

    found = problems(root)
    assert [text for text in found if "line 6, is 'What is this?'" in text]
    assert [text for text in found if "has no words of Ses01F_impro01_F001" in text]
    assert [text for text in found if "Ses01F_impro01_F009, which has neither sound nor ratings" in text]


def test_raters_are_read_from_their_own_files_where_activation_comes_first(root: Path) -> None:
    ratings = {
        (one.utterance, one.rater): one for one in rater_ratings(root, "Ses01F_impro01") if not isinstance(one, Problem)
    }

    assert ratings[FIRST, "E2"].labels == ("Neutral state",)
    assert ratings[FIRST, "E3"].labels == ("Neutral state", "Sadness")
    assert (ratings[FIRST, "E3"].valence, ratings[FIRST, "E3"].activation) == (3.0, 4.0)
    assert (ratings[FIRST, "E4"].activation, ratings[FIRST, "E4"].dominance) == (3.0, None)


def test_rater_files_agree_with_the_consensus_file(root: Path) -> None:
    first = next(row for row in read_evaluations(labels(root).read_bytes()) if isinstance(row, Evaluation))
    own = {one.rater: one for one in rater_ratings(root, "Ses01F_impro01") if not isinstance(one, Problem)}

    both = [one for one in first.raters if one.rater in own and one.valence is not None]
    assert [one.rater for one in both] == ["E3", "E4"]
    for said in both:
        assert (said.valence, said.activation) == (own[said.rater].valence, own[said.rater].activation)


def test_a_wrong_line_of_a_rater_is_a_problem_with_its_number(root: Path) -> None:
    labels(root, "Attribute/Ses01F_impro01_e3_atr.txt").write_text(f"{FIRST} :act 3; :val 7; :dom 4;\nnothing\n")

    found = [one.sentence for one in rater_ratings(root, "Ses01F_impro01") if isinstance(one, Problem)]

    assert "line 1, has 'val 7'" in found[0]
    assert "line 2, is 'nothing'; expected `utterance :act 3;" in found[1]


def test_another_dialog_of_the_same_scene_has_raters_of_its_own(root: Path) -> None:
    assert list(rater_ratings(root, "Ses01F_impro")) == []


def test_what_is_published_adds_up_to_all_utterances_with_those_without_a_majority() -> None:
    assert Iemocap.PUBLISHED.clips == sum(Iemocap.PUBLISHED.by_category.values()) + 2507
    assert Iemocap.PUBLISHED.clips == sum(Iemocap.PUBLISHED.by_activation.values())
    four = ("anger", "excitement", "happiness", "neutral", "sadness")
    assert sum(Iemocap.PUBLISHED.by_category[name] for name in four) == 5531


lines = st.sampled_from(layout.EVALUATION.splitlines(keepends=True) + layout.TRANSCRIPT.splitlines(keepends=True))
some_file = st.binary(max_size=200) | st.lists(lines | st.text(max_size=12), max_size=20).map(
    lambda parts: "".join(parts).encode()
)


@given(content=some_file)
def test_any_label_file_gives_values_or_wrong_lines(content: bytes) -> None:
    for row in read_evaluations(content):
        assert isinstance(row, Evaluation | LineWrong)
        if isinstance(row, Evaluation):
            assert all(one is None or 1 <= one <= 5 for one in (row.valence, row.activation, row.dominance))
    for kind in ("C", "A"):
        assert all(isinstance(row, RaterRating | LineWrong) for row in read_rater(content, "E1", kind))
    assert all(isinstance(row, tuple) for row in read_transcript(content))


@given(written=st.text(max_size=12) | st.floats(-10, 10).map("{:.4f}".format))
def test_only_ratings_on_the_scale_are_ratings(written: str) -> None:
    rating = rating_on_scale(written)

    assert rating is None or (1 <= rating <= 5 and rating == float(written))


@given(
    content=st.binary(max_size=200)
    | st.lists(st.sampled_from(layout.PHSEG.splitlines(keepends=True)) | st.text(max_size=12), max_size=12).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_any_alignment_gives_rows_in_order_or_says_that_it_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.phseg"
    path.write_bytes(content)

    try:
        rows: tuple[Segment, ...] = read_segments(path)
    except AlignmentWrong as error:
        assert error.path == path  # noqa: PT017 - either is right
    else:
        assert all(before.end_s <= after.start_s for before, after in pairwise(rows))
