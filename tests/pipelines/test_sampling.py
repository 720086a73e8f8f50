"""The choice of clips: balanced by bins, gender and length, and honest where the corpus is short."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.bins import BINS, Bins
from pipelines.clip import Clip
from pipelines.sampling import NoClipsToChoose, Sampling, apportion, choose_clips, shortages


def corpus(count: int = 1800, seed: int = 0) -> list[Clip]:
    rng = np.random.default_rng(seed)
    return [
        Clip(
            f"c{number:04d}", Path("x.wav"), f"s{number % 10}", "female" if number % 2 else "male",
            length_s=float(rng.uniform(1, 10)), activation=float(rng.uniform(1, 5)), valence=float(rng.uniform(1, 5)),
        )
        for number in range(count)
    ]  # fmt: skip


def choose(found: list[Clip], /, seed: int = 1, **settings: float) -> list[Clip]:
    return choose_clips(found, Sampling(**settings), np.random.default_rng(seed))


def test_nine_bins_get_their_share_and_each_gender_half_of_it() -> None:
    clips = corpus()
    chosen = choose(clips, clips=90)

    cells = Counter((Bins().cell_of(clip), clip.gender) for clip in chosen)
    assert cells == dict.fromkeys(product(product(BINS, BINS), ("female", "male")), 5)
    assert list(shortages(clips, chosen, Sampling(clips=90))) == []


def test_what_is_short_is_said_bin_by_bin_with_what_was_done() -> None:
    clips = [clip for clip in corpus() if Bins().cell_of(clip) != ("low", "low")]
    clips = [clip for clip in clips if clip.gender == "male" or Bins().cell_of(clip) != ("mid", "high")]
    few = next(clip for clip in corpus() if Bins().cell_of(clip) == ("low", "low"))

    sentences = list(shortages([*clips, few], choose([*clips, few], clips=81), Sampling(clips=81)))

    assert sentences[0] == (
        "low activation, low valence: 1 of 9 were chosen, since the corpus has 1 that fit; others gave more"
    )
    assert any("mid activation, high valence: 10 male were chosen" in sentence for sentence in sentences)
    assert not any(sentence.startswith("high activation") for sentence in sentences)


def test_a_corpus_that_tells_no_gender_is_not_said_to_be_balanced() -> None:
    clips = [replace(clip, gender="unknown") for clip in corpus()]

    sentences = list(shortages(clips, choose(clips, clips=90), Sampling(clips=90)))

    assert len(sentences) == 9
    assert all("10 of 10 clips are of unknown gender" in sentence for sentence in sentences)


def test_a_corpus_smaller_than_the_study_says_how_many_clips_there_are() -> None:
    clips = corpus(50)

    *_, last = shortages(clips, choose(clips, clips=900), Sampling(clips=900))

    assert last == "50 clips were chosen in all; 900 were asked for, and no more fit"


def test_another_rule_of_the_bins_moves_clips_between_them() -> None:
    floor = Bins(low_to=3, mid_to=4, edge="above")
    clips = corpus()

    chosen = choose_clips(clips, Sampling(clips=90), np.random.default_rng(1), floor)

    assert set(Counter(map(floor.cell_of, chosen)).values()) == {10}
    assert set(Counter(map(Bins().cell_of, chosen)).values()) != {10}


def test_thirty_percent_are_unusually_short_or_long() -> None:
    clips = corpus(6000)
    first, third = np.quantile([clip.length_s for clip in clips], [0.25, 0.75])

    chosen = choose(clips, clips=180)

    assert sum(not first <= clip.length_s <= third for clip in chosen) == 54


def test_a_short_bin_gives_what_it_has_and_the_others_the_rest() -> None:
    clips = [clip for clip in corpus() if Bins().cell_of(clip) != ("low", "low")]
    few = next(clip for clip in corpus() if Bins().cell_of(clip) == ("low", "low"))

    counts = Counter(Bins().cell_of(clip) for clip in choose([*clips, few], clips=81))

    assert counts.total() == 81
    assert counts[("low", "low")] == 1
    assert set(counts.values()) == {1, 10}


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_corpus() -> None:
    clips = corpus()
    ids = {clip.clip_id for clip in choose(clips, clips=50)}

    assert ids == {clip.clip_id for clip in choose(clips[::-1], clips=50)}
    assert ids != {clip.clip_id for clip in choose(clips, clips=50, seed=2)}


def test_clips_that_are_too_short_too_long_or_unrated_are_not_chosen() -> None:
    unrated = Clip("u", Path("x.wav"), "s", length_s=3)
    chosen = choose([*corpus(), unrated], clips=2000, min_length_s=2, max_length_s=5)

    assert chosen
    assert unrated not in chosen
    assert all(2 <= clip.length_s <= 5 for clip in chosen)


def test_a_corpus_without_ratings_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoClipsToChoose, match="none of 1 clips fits the study: 0 have ratings"):
        choose([Clip("u", Path("x.wav"), "s", length_s=3)])


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="expected min_length_s <= max_length_s"):
        Sampling(min_length_s=50)


@given(total=st.integers(0, 60), available=st.dictionaries(st.text(max_size=2), st.integers(0, 20), max_size=6))
def test_sharing_out_gives_all_there_is_to_give_and_evenly(total: int, available: dict[str, int]) -> None:
    given_out = apportion(total, available, dict.fromkeys(available, 1.0))

    assert sum(given_out.values()) == min(total, sum(available.values()))
    assert all(given_out[key] <= available[key] for key in available)
    unsated = [count for key, count in given_out.items() if count < available[key]]
    assert not unsated or max(given_out.values()) <= min(unsated) + 1
