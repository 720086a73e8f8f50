"""Which pairs are made: the study's, its controls and its checks."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.bins import Bins
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.plan import DuplicateClips, PairDesign, file_stem, plan_pairs


def test_every_clip_gets_every_condition_of_the_design(clips: list[Clip]) -> None:
    design = PairDesign(identical_controls=0, checks=0)
    planned = plan_pairs(clips, design, seed=1).pairs

    assert set(design.conditions) == set(study_conditions()) - {"identical"}
    assert Counter(pair.condition for pair in planned) == dict.fromkeys(design.conditions, len(clips))
    assert {pair.role for pair in planned} == {"study"}


def test_a_plan_depends_on_the_seed_and_not_on_the_order_of_the_clips(clips: list[Clip]) -> None:
    design = PairDesign(conditions_per_clip=4, identical_controls=2, checks=2)

    assert plan_pairs(clips, design, seed=1) == plan_pairs(clips[::-1], design, seed=1)
    assert plan_pairs(clips, design, seed=1) != plan_pairs(clips, design, seed=2)


def test_a_clip_s_seed_does_not_depend_on_the_other_clips(clips: list[Clip]) -> None:
    design = PairDesign(identical_controls=0, checks=0, conditions_per_clip=3)

    alone = plan_pairs(clips[3:4], design, seed=1).pairs

    assert alone == tuple(pair for pair in plan_pairs(clips, design, seed=1).pairs if pair.clip == clips[3])


def test_drawn_conditions_are_as_many_as_asked_and_differ_between_clips(clips: list[Clip]) -> None:
    planned = plan_pairs(clips, PairDesign(conditions_per_clip=4, identical_controls=0, checks=0), seed=1).pairs

    drawn = [frozenset(pair.condition for pair in planned if pair.clip == clip) for clip in clips]
    assert {len(conditions) for conditions in drawn} == {4}
    assert len(set(drawn)) > 1


def test_checks_are_half_easy_and_half_obvious_and_no_control_is_a_check(clips: list[Clip]) -> None:
    plan = plan_pairs(clips, PairDesign(identical_controls=2, checks=4), seed=1)
    by_role = {role: [pair for pair in plan.pairs if pair.role == role] for role in ("identical", "check")}

    assert Counter(pair.condition for pair in by_role["check"]) == {"identical": 2, "obvious": 2}
    controls = {pair.clip.clip_id for pair in by_role["identical"]}
    checks = {pair.clip.clip_id for pair in by_role["check"]}
    assert len(controls) == 2
    assert not controls & checks
    assert plan.shortages == ()


def test_an_obvious_pair_is_one_speaker_with_opposite_activation(clips: list[Clip]) -> None:
    obvious = [pair for pair in plan_pairs(clips, PairDesign(checks=8), seed=3).pairs if pair.condition == "obvious"]

    assert len(obvious) == 4
    for pair in obvious:
        assert pair.other is not None
        assert pair.other.speaker == pair.clip.speaker
        assert {Bins().bin_of(clip.activation or 0) for clip in (pair.clip, pair.other)} == {"low", "high"}


def test_every_pair_has_an_id_a_seed_and_a_file_of_its_own_and_the_id_says_nothing(clips: list[Clip]) -> None:
    pairs = plan_pairs(clips, PairDesign(identical_controls=8, checks=16), seed=1).pairs

    assert len({pair.pair_id for pair in pairs}) == len({pair.file_name for pair in pairs}) == len(pairs)
    assert all(re.fullmatch("p[0-9a-f]{12}", pair.pair_id) for pair in pairs)
    assert len({pair.seed for pair in pairs}) == len(pairs)  # else two pairs would draw the same noise


def test_what_the_corpus_can_not_give_is_said(clips: list[Clip]) -> None:
    calm = [replace(clip, activation=1.5) for clip in clips]

    plan = plan_pairs(calm, PairDesign(identical_controls=9, checks=4), seed=1)

    assert [sentence.split(";")[0] for sentence in plan.shortages] == [
        "the clips give 8 of 9 identical controls",
        "the clips give 0 of 2 obvious checks",
    ]


def test_two_clips_of_one_id_are_refused(clips: list[Clip]) -> None:
    with pytest.raises(DuplicateClips, match="'c0' among them"):
        plan_pairs([*clips, clips[0]], PairDesign(), seed=1)


@pytest.mark.parametrize(
    ("conditions", "said"),
    [(["nat-co-1db"], "did you mean"), (["fade-in", "fade-in"], "more than once"), ([], "at least 1 item")],
)
def test_a_design_with_wrong_conditions_is_refused(conditions: list[str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PairDesign(conditions=conditions)


@pytest.mark.parametrize("clip_id", ["../../etc/passwd", "a b", "ü", "x" * 300, ".."])
def test_odd_ids_make_safe_file_names(clip_id: str) -> None:
    stem = file_stem(Clip(clip_id, Path("x.wav"), "s"))

    assert "/" not in stem
    assert not stem.startswith(".")
    assert len(stem) < 100
