"""Which pairs are made: the study's, balanced; its controls and its checks."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.audio import Speech
from pipelines.bins import BINS, Bins
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.controls import controls_and_checks
from pipelines.dealing import NothingToDraw, deal
from pipelines.design import Draw, PairDesign, all_of, paper_draws
from pipelines.pair_plan import Plan, PlannedPair, file_stem
from pipelines.plan import DuplicateClips, plan_pairs
from pipelines.practice import practice_pairs
from pipelines.sounds.base import SoundBank

SOME = ("nat-st", "hum-st", "int-st", "fade-in", "fade-out", "nat-co-0db")
BARE = {"identical_controls": 0, "positive_controls": 0, "checks": 0, "practice": 0}
FEW = PairDesign(draws=(Draw(take=4, of=SOME),), **BARE)
#: Ratings in the middle of each bin.
RATING = {"low": 2.0, "mid": 3.0, "high": 4.0}


def grid(per_cell: int) -> list[Clip]:
    """As many clips in each of the nine bins, half of them of each gender."""
    return [
        Clip(
            f"{activation}-{valence}-{number}", Path("x.wav"), f"s{number % 4}", "female" if number % 2 else "male",
            length_s=2.0, activation=RATING[activation], valence=RATING[valence], language="en",
        )
        for activation, valence, number in product(BINS, BINS, range(per_cell))
    ]  # fmt: skip


def test_a_clip_gets_every_condition_of_a_draw_of_all(clips: list[Clip], sounds: SoundBank) -> None:
    planned = plan_pairs(clips, PairDesign(draws=(all_of(SOME),), **BARE), 1, sounds=sounds).pairs

    assert Counter(pair.condition for pair in planned) == dict.fromkeys(SOME, len(clips))
    assert {pair.role for pair in planned} == {"study"}


def test_the_paper_s_design_is_one_st_one_co_at_each_level_and_six_of_ten_synthetic() -> None:
    *environmental, synthetic = paper_draws()

    assert [draw.wanted for draw in environmental] == [1, 1, 1, 1]
    assert len({name for draw in environmental for name in draw.conditions}) == 12
    assert (synthetic.wanted, len(synthetic.of)) == (6, 10)
    assert set(PairDesign().conditions) <= set(study_conditions())


def test_each_clip_of_the_paper_s_design_gets_its_ten(speech: Speech, sounds: SoundBank) -> None:
    clips = [replace(clip, words=speech.words, phones=speech.phones) for clip in grid(2)]

    plan = plan_pairs(clips, PairDesign(**BARE), 1, sounds=sounds)

    assert {len(one.expected) for one in plan.clips} == {10}
    for one in plan.clips:
        names = [pair.condition for pair in one.expected]
        assert sum(name.endswith("-st") for name in names) == 1
        assert [sum(name.endswith(f"-co-{level}db") for name in names) for level in (20, 10, 0)] == [1, 1, 1]
        families = [study_conditions()[name].family for name in names[4:]]
        assert len(set(families)) == 6


def test_conditions_are_balanced_over_clips_bins_and_genders(sounds: SoundBank) -> None:
    clips = grid(12)
    plan = plan_pairs(
        clips,
        PairDesign(draws=(*paper_draws()[:4], Draw(take=1, of=("fade-in", "fade-out"))), **BARE),
        1,
        sounds=sounds,
    )

    for draw in paper_draws()[:4]:
        counts = Counter(pair.condition for pair in plan.pairs if pair.condition in draw.conditions)
        assert counts == dict.fromkeys(draw.conditions, 36)
        cells = Counter((pair.condition, Bins().cell_of(pair.clip)) for pair in plan.pairs if pair.condition in counts)
        assert set(cells.values()) == {4}


@given(
    lacking=st.lists(st.sets(st.sampled_from(SOME), max_size=4), min_size=1, max_size=40),
    take=st.integers(1, 6),
    seed=st.integers(0, 2**16),
)
def test_whatever_clips_lack_each_gets_what_it_can_carry_once(lacking: list[set[str]], take: int, seed: int) -> None:
    clips = [Clip(f"c{number}", Path("x.wav"), "s") for number in range(len(lacking))]
    lacks = {clip.clip_id: dict.fromkeys(names, "why") for clip, names in zip(clips, lacking, strict=True)}

    dealt = dict(deal(Draw(take=take, of=SOME), clips, lacks, seed))

    for clip in clips:
        expected = [planned.condition for planned in dealt[clip.clip_id].expected]
        assert len(expected) == min(take, len(SOME) - len(lacks[clip.clip_id]))
        assert len(set(expected)) == len(expected)
        assert not set(expected) & set(lacks[clip.clip_id])


@given(count=st.integers(1, 60), take=st.integers(1, 5), seed=st.integers(0, 2**16))
def test_where_nothing_is_lacking_no_condition_is_dealt_twice_more_than_another(
    count: int, take: int, seed: int
) -> None:
    clips = [Clip(f"c{number}", Path("x.wav"), "s") for number in range(count)]

    dealt = deal(Draw(take=take, of=SOME), clips, {clip.clip_id: {} for clip in clips}, seed)

    counts = Counter(planned.condition for _, draw in dealt for planned in draw.expected)
    assert max(counts.values()) - min(counts[name] for name in SOME) <= 1


def test_a_draw_that_no_clip_can_carry_is_refused_with_the_reasons(clips: list[Clip], sounds: SoundBank) -> None:
    design = PairDesign(draws=(all_of(["drop-words"]),), **BARE)
    silent = [replace(clip, words=()) for clip in clips]

    with pytest.raises(NothingToDraw, match=r"no clip can carry any of drop-words \(.*\); add what is missing"):
        plan_pairs(silent, design, 1, sounds=sounds)


def test_what_a_clip_lacks_is_planned_for_and_another_noise_is_taken(clips: list[Clip], sounds: SoundBank) -> None:
    silent = [replace(clip, words=()) for clip in clips]
    design = PairDesign(draws=(Draw(take=2, of=("drop-words", "fade-in", "nat-st")),), **BARE)

    plan = plan_pairs(silent, design, 1, sounds=sounds)

    assert {pair.condition for pair in plan.pairs} == {"fade-in", "nat-st"}
    assert {(lack.planned.condition, bool(lack.reason)) for one in plan.clips for lack in one.lacks} == {
        ("drop-words", True)
    }


def test_clips_that_can_not_carry_their_number_are_counted(clips: list[Clip], sounds: SoundBank) -> None:
    silent = [replace(clip, words=()) for clip in clips]
    design = PairDesign(draws=(Draw(take=2, of=("drop-words", "fade-in")),), **BARE)

    never, few = plan_pairs(silent, design, 1, sounds=sounds).shortages

    assert never.startswith("not one clip can carry drop-words, so nothing will be known of it: ")
    assert few.startswith("8 of 8 clips can carry fewer than 2 of the 2 noises")


def test_a_plan_depends_on_the_seed_and_not_on_the_order_of_the_clips(clips: list[Clip], sounds: SoundBank) -> None:
    design = FEW.model_copy(update={"identical_controls": 2, "checks": 2})

    assert plan_pairs(clips, design, 1, sounds=sounds) == plan_pairs(clips[::-1], design, 1, sounds=sounds)
    assert plan_pairs(clips, design, 1, sounds=sounds) != plan_pairs(clips, design, 2, sounds=sounds)


def test_what_a_noise_draws_does_not_depend_on_the_other_clips(clips: list[Clip], sounds: SoundBank) -> None:
    design = PairDesign(draws=(all_of(SOME),), **BARE)

    alone = plan_pairs(clips[3:4], design, 1, sounds=sounds).pairs
    together = plan_pairs(clips, design, 1, sounds=sounds).pairs

    assert set(alone) == {pair for pair in together if pair.clip == clips[3]}


def test_checks_are_half_easy_and_half_obvious_and_no_control_is_a_check(clips: list[Clip], sounds: SoundBank) -> None:
    design = FEW.model_copy(update={"identical_controls": 2, "positive_controls": 1, "checks": 4})
    plan = plan_pairs(clips, design, 1, sounds=sounds)
    roles = ("identical", "positive", "check")
    by_role = {role: [pair for pair in plan.pairs if pair.role == role] for role in roles}

    assert Counter(pair.condition for pair in by_role["check"]) == {"identical": 2, "obvious": 2}
    assert Counter(pair.condition for pair in by_role["identical"]) == {"identical": 1, "identical-reencoded": 1}
    assert Counter(pair.condition for pair in by_role["positive"]) == {"positive": 1}
    ids = [{pair.clip.clip_id for pair in by_role[role]} for role in roles]
    assert len(ids[0] | ids[1] | ids[2]) == sum(map(len, ids))
    assert plan.shortages == ()


def test_an_obvious_pair_is_one_speaker_with_opposite_activation(clips: list[Clip], sounds: SoundBank) -> None:
    plan = plan_pairs(clips, FEW.model_copy(update={"checks": 8}), 3, sounds=sounds)
    obvious = [pair for pair in plan.pairs if pair.condition == "obvious"]

    assert len(obvious) == 4
    for pair in obvious:
        assert pair.other is not None
        assert pair.other.speaker == pair.clip.speaker
        assert {Bins().bin_of(clip.activation or 0) for clip in (pair.clip, pair.other)} == {"low", "high"}


def test_every_pair_has_an_id_a_seed_and_a_file_of_its_own_and_the_id_says_nothing(
    clips: list[Clip], sounds: SoundBank
) -> None:
    design = FEW.model_copy(update={"identical_controls": 8, "positive_controls": 8, "checks": 16})
    pairs = plan_pairs(clips, design, 1, sounds=sounds).pairs

    assert len({pair.pair_id for pair in pairs}) == len({pair.file_name for pair in pairs}) == len(pairs)
    assert all(re.fullmatch("p[0-9a-f]{12}", pair.pair_id) for pair in pairs)
    assert len({pair.seed for pair in pairs}) == len(pairs)  # else two pairs would draw the same noise


def test_what_the_corpus_can_not_give_is_said(clips: list[Clip], sounds: SoundBank) -> None:
    calm = [replace(clip, activation=1.5) for clip in clips]

    plan = plan_pairs(
        calm, FEW.model_copy(update={"identical_controls": 9, "checks": 4, "practice": 4}), 1, sounds=sounds
    )

    assert [sentence.split(";")[0] for sentence in plan.shortages] == [
        "the clips give 8 of 9 identical controls",
        "the clips give 0 of 2 obvious checks",
        "the clips give 0 of 2 obvious practice pairs",
    ]


def test_ids_that_a_file_system_without_case_can_not_tell_apart_are_named(sounds: SoundBank) -> None:
    alike = [Clip(clip_id, Path("x.wav"), "s", length_s=2.0) for clip_id in ("a1", "A1", "b1")]
    (caution,) = plan_pairs(alike, FEW, 1, sounds=sounds).cautions
    assert caution.startswith("1 clip ids have a twin that differs in upper and lower case alone, such as A1 and a1:")
    assert plan_pairs(alike[1:], FEW, 1, sounds=sounds).cautions == ()


def test_planning_tells_how_far_it_is(sounds: SoundBank) -> None:
    clips = [Clip(f"c{number}", Path("x.wav"), "s", length_s=2.0) for number in range(5)]
    two_draws = PairDesign(draws=(Draw(take=1, of=SOME[:3]), Draw(take=1, of=SOME[3:])), **BARE)
    told: list[int] = []
    plan_pairs(clips, two_draws, 1, sounds=sounds, on_step=told.append)
    assert told == sorted(told)
    assert told[-1] == len(clips)


def test_two_clips_of_one_id_are_refused(clips: list[Clip], sounds: SoundBank) -> None:
    with pytest.raises(DuplicateClips, match="'c0' among them"):
        plan_pairs([*clips, clips[0]], FEW, 1, sounds=sounds)


#: Eight clips of controls and checks, twelve that are nothing but the study's, and eight that are not in the study.
TALKERS = [
    Clip(f"t{number:02}", Path("x.wav"), f"s{number % 2}", length_s=2.0, activation=4.5 if number % 4 < 2 else 1.5)
    for number in range(28)
]
CHOSEN, OTHERS = TALKERS[:20], TALKERS[20:]
WITH_CHECKS = FEW.model_copy(update={"identical_controls": 2, "positive_controls": 2, "checks": 4, "practice": 4})


def practised(plan: Plan) -> list[PlannedPair]:
    """The practice pairs of a plan."""
    return [pair for pair in plan.pairs if pair.role == "practice"]


def clip_ids(pairs: Iterable[PlannedPair]) -> set[str]:
    """Every clip that is heard in these pairs."""
    return {clip.clip_id for pair in pairs for clip in (pair.clip, pair.other) if clip}


def test_practice_is_half_identical_and_half_obvious_on_clips_outside_the_study(sounds: SoundBank) -> None:
    plan = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds, others=TALKERS)

    assert Counter(pair.condition for pair in practised(plan)) == {"identical": 2, "obvious": 2}
    assert clip_ids(practised(plan)) <= {clip.clip_id for clip in OTHERS}
    assert len(clip_ids(practised(plan))) == 6  # each pair has clips of its own
    for pair in practised(plan):
        assert pair.other is None or (pair.other.speaker, pair.other.activation) != (
            pair.clip.speaker,
            pair.clip.activation,
        )
        assert pair.other is None or pair.other.speaker == pair.clip.speaker
    assert plan.shortages == ()


def test_without_other_clips_practice_takes_those_that_are_no_control_and_no_check(sounds: SoundBank) -> None:
    plan = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds)

    assert len(practised(plan)) == 4
    assert not clip_ids(practised(plan)) & clip_ids(p for p in plan.pairs if p.role not in ("study", "practice"))


@given(
    voices=st.lists(st.tuples(st.integers(0, 2), st.sampled_from((1.5, 3.0, 4.5, None))), min_size=12, max_size=40),
    studied=st.integers(12, 40),
    practice=st.integers(0, 7),
    seed=st.integers(0, 2**16),
)
def test_practice_meets_controls_and_checks_only_where_the_clips_do_not_suffice(
    sounds: SoundBank, voices: list[tuple[int, float | None]], studied: int, practice: int, seed: int
) -> None:
    clips = [
        Clip(f"v{number:02}", Path("x.wav"), f"s{speaker}", length_s=2.0, activation=activation)
        for number, (speaker, activation) in enumerate(voices)
    ]
    design = WITH_CHECKS.model_copy(update={"positive_controls": 0, "practice": practice})
    extra = controls_and_checks(clips[:studied], design, seed, sounds=sounds, bins=Bins())

    made = practice_pairs(clips[:studied], clips, extra.pairs, practice, seed, Bins())

    free = [clip for clip in clips if clip.clip_id not in clip_ids(extra.pairs)]
    voiced = Counter((clip.speaker, clip.activation) for clip in free)
    obvious = sum(min(voiced[f"s{speaker}", 1.5], voiced[f"s{speaker}", 4.5]) for speaker in range(3))
    assert len(made.pairs) <= practice
    assert bool(made.shortages) == (len(made.pairs) < practice)
    if obvious >= practice // 2 and len(free) >= practice + practice // 2:
        assert len(made.pairs) == practice
        assert not clip_ids(made.pairs) & clip_ids(extra.pairs)
        assert len(clip_ids(made.pairs)) == practice + practice // 2


def test_practice_changes_no_other_pair_of_a_study(sounds: SoundBank) -> None:
    without = plan_pairs(CHOSEN, WITH_CHECKS.model_copy(update={"practice": 0}), 1, sounds=sounds)
    plan = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds, others=OTHERS)

    assert [pair for pair in plan.pairs if pair.role != "practice"] == list(without.pairs)


def test_the_same_seed_gives_the_same_practice_in_whatever_order_clips_come(sounds: SoundBank) -> None:
    plan = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds, others=OTHERS)

    assert plan == plan_pairs(CHOSEN[::-1], WITH_CHECKS, 1, sounds=sounds, others=OTHERS[::-1])
    assert practised(plan) != practised(plan_pairs(CHOSEN, WITH_CHECKS, 2, sounds=sounds, others=OTHERS))


def test_practice_takes_short_clips_where_there_are_any(sounds: SoundBank) -> None:
    long = [replace(clip, length_s=20.0) for clip in OTHERS]

    mixed = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds, others=[*long[:2], *OTHERS[2:]])
    only = plan_pairs(CHOSEN, WITH_CHECKS, 1, sounds=sounds, others=long)

    assert clip_ids(practised(mixed)) == clip_ids(practised(mixed)) & {clip.clip_id for clip in OTHERS[2:]}
    assert len(clip_ids(practised(only))) == 6


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        ([{"of": ["nat-co-1db"]}], "did you mean"),
        ([{"of": ["fade-in", "fade-in"]}], "more than once"),
        ([{"of": ["fade-in"]}, {"of": [["fade-out", "fade-in"]]}], "more than once"),
        ([{"of": []}], "at least 1 item"),
        ([], "at least 1 item"),
        ([{"take": 3, "of": ["fade-in", "fade-out"]}], "take is 3 of 2 noises"),
        ([{"take": 1, "of": [[]]}], "no empty noise"),
        ([{"of": ["identical"]}], "is a control; ask for it with identical_controls"),
    ],
)
def test_a_design_with_wrong_draws_is_refused(draws: list[dict[str, object]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PairDesign(draws=draws)


def test_a_study_changes_a_setting_of_a_condition_and_makes_conditions_of_its_own(
    clips: list[Clip], sounds: SoundBank
) -> None:
    noises = {
        "fade-in": {"percent_per_second": 7},
        "fade-fast": {"noise": "fade", "percent_per_second": -30},
    }
    design = PairDesign(draws=(all_of(["fade-in", "fade-fast"]),), noises=noises, **BARE)

    percents = [noise.percent_per_second for noise in design.judged.values()]  # type: ignore[attr-defined]

    assert percents == [7.0, -30.0]
    assert len(plan_pairs(clips, design, 1, sounds=sounds).pairs) == 16


@pytest.mark.parametrize(
    ("noises", "said"),
    [
        ({"fade-up": {"percent_per_second": 3}}, "there is no such condition to change"),
        ({"fade-up": {"noise": "fades"}}, "there is no .*'fades'"),
        ({"fade-in": {"percent": 3}}, "percent is no setting of it; expected percent_per_second"),
        ({"fade-in": {"percent_per_second": "much"}}, "percent_per_second is 'much'"),
    ],
)
def test_a_wrong_change_of_a_condition_is_refused_in_a_sentence(noises: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PairDesign(noises=noises)


@pytest.mark.parametrize("clip_id", ["../../etc/passwd", "a b", "ü", "x" * 300, ".."])
def test_odd_ids_make_safe_file_names(clip_id: str) -> None:
    stem = file_stem(Clip(clip_id, Path("x.wav"), "s"))

    assert "/" not in stem
    assert not stem.startswith(".")
    assert len(stem) < 100
