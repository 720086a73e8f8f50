"""The listening page: what it holds, by which rule, and what it can't be tricked into."""

from __future__ import annotations

import base64
import io
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bins import USUAL_BINS
from pipelines.clip import Clip, Pair
from pipelines.design import PairDesign, all_of
from pipelines.listening_page.choice import Heard, NothingToHear, choose_heard
from pipelines.listening_page.page import Page, PageTooLarge, write_listening_page
from pipelines.listening_page.pictures import mel_powers, ticks_s, wave_path
from pipelines.manifest import (
    FILE_NAME,
    Header,
    ManifestWrong,
    Refusal,
    read_entries,
    read_header,
    read_manifest,
    write_manifest,
)
from pipelines.pairs import make_pairs
from pipelines.plan import plan_pairs
from pipelines.sound_file import SoundUnreadable, read_sound
from pipelines.sounds.base import SoundBank

CONDITIONS = ("nat-st", "hum-co-0db", "fade-in", "speed-utterance-0.75x")
DESIGN = PairDesign(draws=(all_of(CONDITIONS),), identical_controls=2, positive_controls=0, checks=4)
PAGE = Page("spring", "earwitness pairs listen --study spring")


@pytest.fixture(scope="session")
def pairs(clips: list[Clip], sounds: SoundBank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pairs of eight clips under four conditions, and of one that is too short for two of them."""
    folder = tmp_path_factory.mktemp("heard")
    soundfile.write(folder / "short.wav", np.full(200, 0.1), 16000)
    short = Clip("short", folder / "short.wav", "anna", length_s=0.0125)
    plan = plan_pairs([*clips, short], DESIGN, 7, sounds=sounds)
    list(make_pairs(plan, sounds, DESIGN, folder / "pairs", 7, on_problem=lambda problem: None))
    return folder / "pairs"


Write = Callable[..., str]


@pytest.fixture
def write(pairs: Path, tmp_path: Path) -> Write:
    def writing(page: Page = PAGE, per_condition: int = 2, folder: Path = pairs) -> str:
        path = tmp_path / "page.html"
        write_listening_page(folder, path, choose_heard(folder, per_condition, USUAL_BINS), page)
        return path.read_text(encoding="utf-8")

    return writing


def changed(pairs: Path, folder: Path, change: Callable[[Pair], Pair]) -> Path:
    """The same sound under a manifest whose pairs somebody changed."""
    folder.mkdir()
    for name in ("original", "noisy"):
        (folder / name).symlink_to(pairs / name)
    entries = [change(entry) if isinstance(entry, Pair) else entry for entry in read_entries(pairs / FILE_NAME)]
    write_manifest(folder / FILE_NAME, read_header(pairs / FILE_NAME), entries)
    return folder


def test_the_same_pairs_give_the_same_bytes(write: Write) -> None:
    assert write() == write()


def test_the_page_says_whose_pairs_these_are_and_how_it_was_made(write: Write) -> None:
    text = write()

    for said in ("<h1>spring</h1>", "<dd>7</dd>", "<code>earwitness pairs listen --study spring</code>"):
        assert said in text
    assert not re.search(r"\b20\d\d-\d\d", text)  # no date, so that the bytes stay
    assert "SIMULATED" not in text


@pytest.mark.parametrize("whole_study", [True, False])
def test_simulated_speech_is_marked(write: Write, pairs: Path, tmp_path: Path, whole_study: bool) -> None:
    if whole_study:
        text = write(replace(PAGE, simulated=True))
    else:
        text = write(folder=changed(pairs, tmp_path / "s", lambda pair: replace(pair, simulated=pair.clip_id == "c7")))

    assert "SIMULATED speech" in text


def test_every_condition_tells_what_was_made_what_was_refused_and_why(write: Write) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", write(per_condition=1)))

    assert "nat-st SNR 10 dB" in text
    assert re.search(r"8 pairs made; 1 refused, as here: the clip lasts 0.013 s; .* needs", text)
    assert "9 pairs made." in text
    assert "5 pairs made: 1 as a control, 2 as an attention check, 2 for practice" in text
    for said in ("Drawn: sound ", "The same sound twice.", "no noise at all: another clip of the same speaker"):
        assert said in text


def test_sound_is_what_was_made_and_plays_without_loss_where_that_is_asked(write: Write, pairs: Path) -> None:
    (first, *_) = re.findall(r'src="data:audio/flac;base64,([^"]+)"', write(replace(PAGE, lossless=True)))

    heard = choose_heard(pairs, 2, USUAL_BINS).pair_ids[0]
    (pair,) = (pair for pair in read_manifest(pairs) if pair.pair_id == heard)
    assert base64.b64decode(first) == (pairs / pair.original_path).read_bytes()


def test_compressed_sound_is_as_long_as_the_file_and_much_like_it(write: Write, pairs: Path) -> None:
    sources = re.findall(r'src="data:audio/mpeg;base64,([^"]+)"', write(per_condition=1))

    (heard, *_) = choose_heard(pairs, 1, USUAL_BINS).pair_ids
    (pair,) = (pair for pair in read_manifest(pairs) if pair.pair_id == heard)
    for source, path in zip(sources, (pair.original_path, pair.noisy_path), strict=False):
        found, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(source)))
        due = read_sound(pairs / path, rate_hz)
        assert len(found) == len(due)
        assert np.corrcoef(found, due)[0, 1] > 0.99


def test_a_rate_that_mp3_does_not_know_is_embedded_without_loss(
    clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    design = DESIGN.model_copy(update={"sample_rate_hz": 10000, "identical_controls": 0, "checks": 0, "practice": 0})
    list(make_pairs(plan_pairs(clips[:1], design, 1, sounds=sounds), sounds, design, tmp_path / "pairs", 1))

    write_listening_page(
        tmp_path / "pairs", tmp_path / "page.html", choose_heard(tmp_path / "pairs", 1, USUAL_BINS), PAGE
    )

    text = (tmp_path / "page.html").read_text()
    assert "data:audio/flac" in text
    assert "data:audio/mpeg" not in text


class TestChoice:
    def test_conditions_stand_by_family_and_controls_last(self, pairs: Path) -> None:
        names = [condition.name for condition in choose_heard(pairs, 1, USUAL_BINS).conditions]

        assert names == [*CONDITIONS, "identical", "identical-reencoded", "obvious"]

    def test_two_pairs_of_a_condition_differ_in_speaker_and_in_bins(self, pairs: Path) -> None:
        by_id = {pair.pair_id: pair for pair in read_manifest(pairs)}
        for condition in choose_heard(pairs, 2, USUAL_BINS).conditions[:4]:
            one, other = (by_id[pair_id].clip for pair_id in condition.pair_ids)
            assert one["speaker"] != other["speaker"]
            assert one["activation"] != other["activation"]

    def test_the_page_goes_round_the_clips_before_it_repeats_itself(self, pairs: Path) -> None:
        by_id = {pair.pair_id: pair for pair in read_manifest(pairs)}
        heard = choose_heard(pairs, 1, USUAL_BINS).conditions[:4]

        met = [(by_id[one.pair_ids[0]].clip["speaker"], by_id[one.pair_ids[0]].clip["activation"]) for one in heard]
        assert len({speaker for speaker, _ in met}) == 2
        assert len({rating for _, rating in met}) >= 2

    def test_no_more_are_heard_than_there_are(self, pairs: Path) -> None:
        heard = choose_heard(pairs, 100, USUAL_BINS)

        assert sorted(heard.pair_ids) == sorted(pair.pair_id for pair in read_manifest(pairs))

    def test_a_condition_of_which_nothing_could_be_made_is_shown_with_its_reason(
        self, pairs: Path, tmp_path: Path
    ) -> None:
        header, entries = read_header(pairs / FILE_NAME), list(read_entries(pairs / FILE_NAME))
        refused = [entry for entry in entries if not isinstance(entry, Pair)]
        write_manifest(tmp_path / FILE_NAME, header, refused)

        heard = {condition.name: condition for condition in choose_heard(tmp_path, 2, USUAL_BINS).conditions}

        assert (heard["nat-st"].family, heard["nat-st"].refused, heard["nat-st"].pair_ids) == ("nat", 1, ())
        assert heard["fade-in"].refused == 0

    def test_reasons_that_differ_in_a_number_or_a_name_are_one(self, pairs: Path, tmp_path: Path) -> None:
        reasons = ("no words", "lasts 0.1 s, said by 'anna'", "lasts 20 s, said by 'ben'")
        refused = [Refusal(f"p{place}", "c", "nat-st", reason) for place, reason in enumerate(reasons)]
        write_manifest(tmp_path / FILE_NAME, read_header(pairs / FILE_NAME), refused)

        (found, *_) = choose_heard(tmp_path, 2, USUAL_BINS).conditions

        assert (found.refused, found.reason, found.reason_count) == (3, reasons[1], 2)

    def test_an_empty_manifest_names_the_command_that_fills_it(self, pairs: Path, tmp_path: Path) -> None:
        write_manifest(tmp_path / FILE_NAME, read_header(pairs / FILE_NAME), [])

        with pytest.raises(NothingToHear, match="earwitness pairs make"):
            choose_heard(tmp_path, 2, USUAL_BINS)


HOSTILE = "</style></script><script>hacked=1</script><img src=x onerror=hacked=1>\"'&"


def test_nothing_that_a_corpus_says_becomes_part_of_the_page(write: Write, pairs: Path, tmp_path: Path) -> None:
    def spoil(pair: Pair) -> Pair:
        said = dict.fromkeys(("speaker", "gender", "transcript", "language"), HOSTILE)
        return replace(pair, clip_id=HOSTILE, clip={**pair.clip, **said}, params={HOSTILE: HOSTILE, "words": [HOSTILE]})

    text = write(Page(HOSTILE, HOSTILE), folder=changed(pairs, tmp_path / "spoilt", spoil))

    assert text.count("<script>") == 1
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=hacked=1&gt;" in text


def test_a_page_beyond_its_limit_is_not_written_and_the_sentence_says_what_helps(write: Write, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("the page of yesterday")

    with pytest.raises(PageTooLarge, match=r"larger than 0.1 MB after \d+ of \d+ pairs; hear fewer"):
        write(replace(PAGE, largest_mb=0.1))

    assert (tmp_path / "page.html").read_text() == "the page of yesterday"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html"]


def test_lost_sound_is_named(write: Write, pairs: Path, tmp_path: Path) -> None:
    folder = changed(pairs, tmp_path / "lost", lambda pair: replace(pair, noisy_path=Path("noisy/gone.flac")))

    with pytest.raises(SoundUnreadable, match=r"gone.flac does not exist"):
        write(folder=folder)


def test_a_larger_page_takes_no_more_memory(write: Write) -> None:
    write(per_condition=1)  # what is loaded and cached at first use is not the page's
    peaks = []
    for per_condition in (1, 8):
        tracemalloc.start()
        write(per_condition=per_condition)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 2


def test_progress_counts_the_pairs(pairs: Path, tmp_path: Path) -> None:
    told: list[int] = []
    heard: Heard = choose_heard(pairs, 1, USUAL_BINS)

    write_listening_page(pairs, tmp_path / "page.html", heard, PAGE, progress=told.append)

    assert told == list(range(1, len(heard.pair_ids) + 1))


class TestPictures:
    @given(length=st.integers(1, 5000), more=st.integers(0, 5000), peak=st.floats(0.1, 1))
    def test_a_waveform_stays_in_its_box_and_is_as_wide_as_it_is_long(
        self, length: int, more: int, peak: float
    ) -> None:
        samples = (peak * np.sin(np.arange(length))).astype(np.float32)

        numbers = [int(number) for number in re.findall(r"\d+", wave_path(samples, length + more, peak))]

        assert all(0 <= x <= 1000 * length / (length + more) + 1 for x in numbers[::2])
        assert all(0 <= y <= 100 for y in numbers[1::2])

    def test_a_tone_is_dark_where_it_sounds(self) -> None:
        tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
        silent_then_tone = np.concatenate([np.zeros(16000, np.float32), tone])

        powers = mel_powers(silent_then_tone, 16000, 32000)

        assert powers.shape == (48, 400)
        assert powers[:, 250:390].sum(axis=0).min() > 1000 * powers[:, :190].sum(axis=0).max()

    @given(length=st.integers(1, 40000))
    def test_a_picture_of_any_length_has_its_share_of_the_columns(self, length: int) -> None:
        powers = mel_powers(np.full(length, 0.1, np.float32), 16000, 40000)

        assert powers.shape[1] == -(-length // 100)

    @given(length_s=st.floats(0.01, 300))
    def test_time_is_marked_by_round_numbers_that_fit(self, length_s: float) -> None:
        marks = ticks_s(length_s)

        assert marks[0] == 0
        assert len(marks) <= 6
        assert marks[-1] <= length_s


def test_a_design_that_somebody_cut_down_is_refused_in_a_sentence(pairs: Path, tmp_path: Path) -> None:
    header = read_header(pairs / FILE_NAME)
    cut = Header(header.seed, {"noises": 5, "draws": 5}, "", "")
    write_manifest(tmp_path / FILE_NAME, cut, list(read_entries(pairs / FILE_NAME)))

    with pytest.raises(ManifestWrong, match=r"line 1: found another design than there can be \(draws: .*; noises: "):
        choose_heard(tmp_path, 1, USUAL_BINS)


def test_a_design_of_a_noise_that_is_gone_is_refused_in_a_sentence(pairs: Path, tmp_path: Path) -> None:
    header = read_header(pairs / FILE_NAME)
    gone = Header(header.seed, {**header.design, "noises": {"x": {"noise": "gone"}}}, "", "")
    write_manifest(tmp_path / FILE_NAME, gone, list(read_entries(pairs / FILE_NAME)))

    with pytest.raises(ValueError, match="no 'gone' among the noises"):
        choose_heard(tmp_path, 1, USUAL_BINS)
