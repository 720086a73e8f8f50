"""The demo's corpus and sounds: complete, deterministic, marked as simulated, and whole or absent."""

import hashlib
import resource
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
import soundfile

from pipelines.bins import BINS, Bins
from pipelines.clip import Clip
from pipelines.demo.espeak import NoVoices
from pipelines.demo.sounds import make_demo_sounds
from pipelines.demo.speech import TooManyAsked, make_demo_corpus
from pipelines.whole_file import DiskFull
from pipelines.whole_folder import FolderInTheWay


def digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        hashed.update(path.name.encode() + (path.read_bytes() if path.is_file() else b""))
    return hashed.hexdigest()


def test_all_nine_bins_are_filled_by_both_genders(demo_clips: list[Clip]) -> None:
    cells = Counter((Bins().cell_of(clip), clip.gender) for clip in demo_clips)

    assert cells == dict.fromkeys(product(product(BINS, BINS), ("female", "male")), 1)


def test_clips_last_one_to_two_seconds_at_16_khz(demo_clips: list[Clip]) -> None:
    for clip in demo_clips:
        assert 1.0 <= clip.length_s <= 2.4
        assert soundfile.info(clip.path).samplerate == 16000


def test_words_are_those_of_the_sentence_and_hold_their_phones(demo_clips: list[Clip]) -> None:
    for clip in demo_clips:
        assert " ".join(word.text for word in clip.words) + "." == clip.transcript
        assert len(clip.phones) > len(clip.words)
        assert {word.text.lower() for word in clip.words} & {"a", "the", "an", "so", "like", "and"}
        for word in clip.words:
            assert any(word.start_s <= phone.start_s < word.end_s for phone in clip.phones)


def test_high_activation_is_faster_and_louder(demo_clips: list[Clip]) -> None:
    by_id = {clip.clip_id: clip for clip in demo_clips}

    def level(clip: Clip) -> float:
        return float((soundfile.read(clip.path)[0] ** 2).mean())

    for speaker, valence in product({clip.speaker for clip in demo_clips}, BINS):
        low, high = by_id[f"{speaker}-low-{valence}-1"], by_id[f"{speaker}-high-{valence}-1"]
        assert high.length_s < low.length_s
        assert level(high) > 4 * level(low)


def test_the_same_seed_speaks_the_same_bytes_and_another_seed_others(demo_root: Path, tmp_path: Path) -> None:
    again = make_demo_corpus(tmp_path / "again", seed=1, speakers=2, sentences=1)
    other = make_demo_corpus(tmp_path / "other", seed=2, speakers=1, sentences=1)

    assert digest(again) == digest(demo_root)
    assert digest(other) != digest(demo_root)


def test_progress_is_told_and_a_finished_corpus_is_left_alone(demo_root: Path) -> None:
    told: list[tuple[int, int]] = []
    make_demo_corpus(demo_root, seed=1, speakers=2, sentences=1, progress=lambda *done: told.append(done))
    assert told == []

    with pytest.raises(FolderInTheWay, match="is not the demo corpus of seed 5"):
        make_demo_corpus(demo_root, seed=5, speakers=2, sentences=1)


def test_a_corpus_that_can_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")

    def stop(done: int, total: int) -> None:
        assert total == 9
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo_corpus(tmp_path / "demo", seed=1, speakers=1, sentences=1, progress=stop)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("speakers", "sentences"), [(0, 1), (99, 1), (1, 0), (1, 99)])
def test_more_than_there_is_is_refused(tmp_path: Path, speakers: int, sentences: int) -> None:
    with pytest.raises(TooManyAsked, match="expected 1 to 12"):
        make_demo_corpus(tmp_path / "demo", 1, speakers, sentences)


def test_without_espeak_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)  # what Python itself does for an absent module

    with pytest.raises(NoVoices, match=r"pip install 'earwitness\[demo\]'"):
        make_demo_corpus(tmp_path / "demo", 1)

    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_makes_the_same_sounds(sounds_root: Path, tmp_path: Path) -> None:
    again = make_demo_sounds(tmp_path / "again", seed=1, variants=1)

    assert digest(again) == digest(sounds_root)
    assert digest(make_demo_sounds(tmp_path / "other", seed=2, variants=1)) != digest(sounds_root)
    assert make_demo_sounds(again, seed=1, variants=1) == again
    with pytest.raises(FolderInTheWay, match="of seed 3"):
        make_demo_sounds(again, seed=3, variants=1)


def test_sounds_that_find_no_room_leave_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(DiskFull, match="no room left"):
            make_demo_sounds(tmp_path / "sounds", seed=1, variants=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(tmp_path.iterdir()) == []
