"""Counts of what a corpus and a sound bank hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bins import Bins
from pipelines.census import Count, count_clips, count_sounds
from pipelines.clip import Clip, Word
from pipelines.corpora.base import Problem, Published
from pipelines.corpora.emodb import EmoDB
from pipelines.sounds.base import SoundBank

HAPPY = Clip("h", Path("h.wav"), "ann", "female", length_s=1800, activation=4.2, valence=4.5, category="happiness")
SAD = Clip("s", Path("s.wav"), "bob", "male", length_s=900, activation=1.6, valence=1.7, category="sadness")
BARE = Clip("b", Path("b.wav"), "bob", length_s=900, transcript="Well.", words=(Word("Well", 0, 1),))


def found(counts: list[Count], counted: str) -> dict[str, float]:
    return {one.name: one.found for one in counts if one.counted == counted}


def test_clips_are_counted_by_who_speaks_and_what_is_felt() -> None:
    counts = count_clips([HAPPY, SAD, BARE])

    assert found(counts, "clips") == {"all": 3, "with words": 1, "with phones": 0, "with transcript": 1}
    assert found(counts, "hours") == {"all": 1.0}
    assert found(counts, "speaker") == {"ann": 1, "bob": 2}
    assert found(counts, "gender") == {"female": 1, "male": 1, "unknown": 1}
    assert found(counts, "emotion") == {"happiness": 1, "sadness": 1, "unknown": 1}


def test_all_nine_bins_are_counted_and_what_is_not_rated() -> None:
    cells = found(count_clips([HAPPY, SAD, BARE]), "activation x valence")

    assert len(cells) == 10
    assert {name: number for name, number in cells.items() if number} == {
        "high x high": 1,
        "low x low": 1,
        "not rated": 1,
    }


def test_the_edges_of_bins_can_be_others() -> None:
    cells = found(count_clips([HAPPY], bins=Bins(low_to=4.3, mid_to=4.4)), "activation x valence")

    assert cells["low x high"] == 1


def test_published_counts_stand_beside_what_was_found_with_the_difference() -> None:
    published = Published("a book", clips=5, by_speaker={"ann": 1, "cyd": 4}, by_category={"sadness": 5})

    by_name = {(one.counted, one.name): one for one in count_clips([HAPPY, SAD], published)}

    assert by_name["clips", "all"].difference == -3
    assert by_name["speaker", "ann"].difference == 0
    assert by_name["speaker", "cyd"] == Count("speaker", "cyd", 0, 4)
    assert by_name["emotion", "sadness"].difference == -4
    assert by_name["emotion", "happiness"].difference is None


def test_published_bins_stand_beside_those_of_the_same_rule_only() -> None:
    published = Published("a book", by_activation={"low": 3, "mid": 2, "high": 1})

    usual = [one for one in count_clips([HAPPY, SAD, BARE], published) if one.counted == "activation"]
    other = count_clips([HAPPY, SAD, BARE], published, Bins(low_to=3, mid_to=4, edge="above"))

    assert usual == [
        Count("activation", "low", 1, 3),
        Count("activation", "mid", 0, 2),
        Count("activation", "high", 1, 1),
        Count("activation", "not rated", 1, None),
    ]
    assert {one.published for one in other} == {None}


clips = st.builds(
    Clip,
    clip_id=st.text(),
    path=st.just(Path("x.wav")),
    speaker=st.text(),
    gender=st.sampled_from(["female", "male", "unknown"]),
    length_s=st.floats(0, 100),
    activation=st.none() | st.floats(1, 5),
    valence=st.none() | st.floats(1, 5),
    category=st.none() | st.text(),
)


@given(st.lists(clips, max_size=20))
def test_every_clip_is_counted_once_in_each_way(listed: list[Clip]) -> None:
    counts = count_clips(listed)

    for way in ("ratings", "language", "gender", "emotion", "activation", "valence", "activation x valence", "speaker"):
        assert sum(found(counts, way).values()) == len(listed)


def test_sounds_are_counted_by_family_and_category_with_what_is_wrong(sounds: SoundBank) -> None:
    first = sounds.sounds("nat")[0]

    counts = {(one.family, one.category): one for one in count_sounds(sounds, [Problem(first.path, "it is broken")])}

    assert counts["nat", "all"].sounds == len(sounds.sounds("nat"))
    assert counts["nat", "all"].with_problem == counts["nat", first.category].with_problem == 1
    assert counts["int", "all"].with_problem == 0
    assert counts["hum", "all"].sounds == sum(
        one.sounds for (family, category), one in counts.items() if family == "hum" and category != "all"
    )


def test_a_real_corpus_is_counted(real_data: Path) -> None:
    listed = [entry for entry in EmoDB(real_data / "emodb").read() if isinstance(entry, Clip)]

    counts = count_clips(listed)

    assert found(counts, "clips")["all"] == 188
    assert found(counts, "clips")["with phones"] == 188
    assert len(found(counts, "speaker")) == 10
    assert found(counts, "hours")["all"] == pytest.approx(0.134, abs=0.001)
