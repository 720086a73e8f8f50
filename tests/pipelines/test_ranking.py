"""Sets of clips to rank: far enough apart, the same for the same seed, whole on disk, or refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipelines import ranking
from pipelines.clip import Clip
from pipelines.corpora.base import Problem
from pipelines.design import PairDesign, all_of
from pipelines.pairs import make_pairs
from pipelines.plan import plan_pairs
from pipelines.ranking import (
    DIMENSIONS,
    Needed,
    RankingImpossible,
    RankingWrong,
    make_ranking,
    min_gap,
    plan_ranking,
    read_ranking,
)
from pipelines.sampling import Sampling
from pipelines.sounds.base import SoundBank
from pipelines.verify import verify_pairs
from tests.pipelines.conftest import RATE_HZ, spoken

USUAL = Needed(clips=5, attempts=2)
DESIGN = PairDesign(
    draws=(all_of(("fade-in",)),), identical_controls=0, positive_controls=0, checks=0, practice=0, sample_rate_hz=8000
)


def rated(count: int, seed: int = 0, **said: object) -> list[Clip]:
    """Clips with ratings all over the scale."""
    rng = np.random.default_rng(seed)
    clips = (
        Clip(
            f"c{number:04d}",
            Path(f"c{number}.wav"),
            "anna",
            length_s=2.0,
            ratings="measured",
            activation=float(rng.uniform(1, 5)),
            valence=float(rng.uniform(1, 5)),
        )
        for number in range(count)
    )
    return [replace(clip, **said) for clip in clips]


@given(
    st.integers(100, 300),
    st.integers(3, 8),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_sets_are_apart_disjoint_and_the_same_for_the_same_seed(
    count: int, size: int, attempts: int, seed: int, random
) -> None:
    clips = rated(count, seed)
    needed = Needed(size, attempts)
    try:
        sets = plan_ranking(clips, frozenset(), needed, Sampling(), seed)
    except RankingImpossible:  # in 24 or more clips of each level, chance may leave a hole
        assert count < 3 * size * attempts * ranking.SETS_PER_ATTEMPT
        return
    for dimension in DIMENSIONS:
        own = [one for one in sets if one.dimension == dimension]
        assert attempts <= len(own) <= ranking.SETS_PER_ATTEMPT * attempts
        ids = [clip.clip_id for one in own for clip in one.clips]
        assert len(set(ids)) == len(ids) == size * len(own)
        for one in own:
            ratings = [getattr(clip, dimension) for clip in one.clips]
            assert min(high - low for low, high in pairwise(ratings)) >= min_gap(size) - 1e-9
    assert len({one.set_id for one in sets}) == len(sets)
    shuffled = random.sample(clips, len(clips))
    assert plan_ranking(shuffled, frozenset(), needed, Sampling(), seed) == sets


def test_a_large_corpus_gives_three_times_as_many_sets_as_attempts_and_other_seeds_other_sets() -> None:
    clips = rated(2000)
    sets = plan_ranking(clips, frozenset(), USUAL, Sampling(), 1)
    assert [one.dimension for one in sets] == ["activation"] * 6 + ["valence"] * 6
    other = plan_ranking(clips, frozenset(), USUAL, Sampling(), 2)
    assert {one.set_id for one in sets}.isdisjoint(one.set_id for one in other)
    assert {clip.clip_id for one in sets for clip in one.clips} != {c.clip_id for one in other for c in one.clips}


def test_clips_of_the_study_are_taken_only_where_the_others_do_not_suffice() -> None:
    clips = rated(400)
    study = frozenset(clip.clip_id for clip in clips[:200])
    taken = {clip.clip_id for one in plan_ranking(clips, study, USUAL, Sampling(), 1) for clip in one.clips}
    assert taken.isdisjoint(study)
    everything = frozenset(clip.clip_id for clip in clips)
    assert len(plan_ranking(clips, everything, USUAL, Sampling(), 1)) == 12


def test_a_small_corpus_gives_fewer_sets_but_other_clips_at_each_attempt() -> None:
    levels = [clip for number in range(2) for clip in _ladder(f"s{number}")]
    sets = plan_ranking(levels, frozenset(), USUAL, Sampling(), 1)
    assert [one.dimension for one in sets] == ["activation"] * 2 + ["valence"] * 2
    with pytest.raises(RankingImpossible):
        plan_ranking(_ladder("s0"), frozenset(), USUAL, Sampling(), 1)


def _ladder(speaker: str) -> list[Clip]:
    """Five clips a rating apart."""
    return [
        replace(clip, clip_id=f"{speaker}-{step}", activation=float(step), valence=float(6 - step))
        for step, clip in enumerate(rated(5), start=1)
    ]


def test_short_clips_are_preferred_and_those_that_the_study_leaves_out_are_left_out() -> None:
    clips = [replace(clip, length_s=20.0 if number % 2 else 2.0) for number, clip in enumerate(rated(2000))]
    usual = plan_ranking(clips, frozenset(), USUAL, Sampling(), 1)
    assert {clip.length_s for one in usual for clip in one.clips} == {2.0}
    long = plan_ranking(clips, frozenset(), USUAL, Sampling(min_length_s=10), 1)
    assert {clip.length_s for one in long for clip in one.clips} == {20.0}


@pytest.mark.parametrize(
    ("clips", "found"),
    [
        (rated(300, ratings="mapped"), r"found 0 clips with a measured activation among 300 \(300 mapped from their"),
        (rated(300, ratings="none", activation=None, valence=None), r"\(300 without ratings\)"),
        (rated(9), "found 9 clips with a measured activation among 9"),
        ([replace(clip, activation=3.0) for clip in rated(300)], "2 sets of 5 clips .* neighbours 0.50 apart"),
        ([replace(clip, valence=None) for clip in rated(300)], "found 0 clips with a measured valence"),
    ],
    ids=["mapped", "none", "few", "all alike", "one dimension"],
)
def test_a_corpus_that_gives_no_sets_is_told_what_was_found_and_what_to_do(clips: list[Clip], found: str) -> None:
    with pytest.raises(RankingImpossible, match=rf"(?s){found}.*qualification.wanted = false"):
        plan_ranking(clips, frozenset(), USUAL, Sampling(), 1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Twelve real files, rated step by step."""
    folder = tmp_path_factory.mktemp("ranked")
    made = []
    for number in range(12):
        path = folder / f"r{number}.wav"
        soundfile.write(path, spoken(0.5, seed=number), RATE_HZ)
        step = 1.0 + 4.0 * (number % 4) / 3
        clip = Clip(f"r{number}", path, "anna", length_s=0.5, activation=step, valence=6 - step, ratings="measured")
        made.append(clip)
    return made


@pytest.fixture
def make(corpus: list[Clip], tmp_path: Path) -> Callable[..., tuple[ranking.RankingSet, ...]]:
    def make(**changes: object) -> tuple[ranking.RankingSet, ...]:
        said = {"clips": corpus, "in_study": frozenset(), "needed": Needed(3, 1), "design": DESIGN, "folder": tmp_path}
        return make_ranking(**{**said, "sampling": Sampling(), "seed": 7, **changes})

    return make


def test_sound_is_written_as_the_pairs_are_with_what_it_is_beside_it(
    make: Callable[..., tuple[ranking.RankingSet, ...]], corpus: list[Clip], tmp_path: Path
) -> None:
    sets = make()
    assert read_ranking(tmp_path) == sets
    by_id = {clip.clip_id: clip for clip in corpus}
    for one in sets:
        for clip in one.clips:
            samples, rate_hz = soundfile.read(tmp_path / clip.path)
            assert (rate_hz, len(samples) / rate_hz) == (8000, clip.length_s)
            assert clip.rating == getattr(by_id[clip.clip_id], one.dimension)
            loud = np.abs(soundfile.read(by_id[clip.clip_id].path)[0]).max()
            assert np.abs(samples).max() == pytest.approx(loud / 2, rel=0.1)  # six dB of headroom


def test_a_second_run_writes_nothing_anew_and_a_lost_or_changed_file_again(
    make: Callable[..., tuple[ranking.RankingSet, ...]], tmp_path: Path
) -> None:
    sets = make()
    files = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "ranking").iterdir()}
    assert make() == sets
    assert all(path.stat().st_mtime_ns == then for path, (then, _) in files.items())
    lost, changed, *_ = files
    lost.unlink()
    changed.write_bytes(b"something else")
    assert make() == sets
    assert all(path.read_bytes() == content for path, (_, content) in files.items())


def test_other_sets_take_the_place_of_the_ones_before(
    make: Callable[..., tuple[ranking.RankingSet, ...]], tmp_path: Path
) -> None:
    make()
    fewer = make(needed=Needed(4, 1))
    there = {f"ranking/{path.name}" for path in (tmp_path / "ranking").iterdir()}
    assert there == {clip.path for one in fewer for clip in one.clips}


def test_a_clip_that_can_t_be_read_is_replaced_by_another(
    make: Callable[..., tuple[ranking.RankingSet, ...]], corpus: list[Clip], tmp_path: Path
) -> None:
    broken = make()[0].clips[0].clip_id
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    changed = [replace(clip, path=tmp_path / "broken.wav") if clip.clip_id == broken else clip for clip in corpus]
    (tmp_path / ranking.FILE_NAME).unlink()
    sets = make(clips=changed)
    assert broken not in {clip.clip_id for one in sets for clip in one.clips}
    assert all(len(one.clips) == 3 for one in sets)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "version": 9},
        lambda said: {**said, "sets": [{"set_id": "r"}]},
        lambda said: [said],
        lambda said: json.loads(json.dumps(said).replace("ranking/", "../../")),
    ],
    ids=["version", "fields", "list", "path"],
)
def test_a_file_by_other_hands_is_named_and_made_again(
    change: Callable[[dict[str, object]], object],
    make: Callable[..., tuple[ranking.RankingSet, ...]],
    tmp_path: Path,
) -> None:
    sets = make()
    path = tmp_path / ranking.FILE_NAME
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(RankingWrong, match=r"ranking.json: found .* `earwitness pairs make` writes it again"):
        read_ranking(tmp_path)
    assert make() == sets
    assert read_ranking(tmp_path) == sets


def test_verify_knows_the_clips_that_are_ranked(
    make: Callable[..., tuple[ranking.RankingSet, ...]], clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    list(make_pairs(plan_pairs(clips[:1], DESIGN, 7, sounds=sounds), sounds, DESIGN, tmp_path, 7))
    make()
    assert not [found for found in verify_pairs(tmp_path) if isinstance(found, Problem)]
    lost, other, *_ = sorted((tmp_path / "ranking").iterdir())
    soundfile.write(other, spoken(0.5, seed=99, sample_rate_hz=8000), 8000)
    lost.unlink()
    (tmp_path / "ranking" / "more.flac").touch()
    told = {found.path: found.sentence for found in verify_pairs(tmp_path) if isinstance(found, Problem)}
    assert told[lost].endswith("is missing; `earwitness pairs make` makes it again")
    assert "another sound than its place in ranking.json" in told[other]
    assert "does not belong" in told[tmp_path / "ranking" / "more.flac"]
    assert len(told) == 3
