"""The paper's advice, judged from made-up nets whose skill is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analysis.whitelist import Whitelist
from models.experiments.recommendations import Recommendations
from models.measures.predictions import CLEAN
from models.tables.advice import ADVICE
from models.tables.arms import Arm
from models.tables.evidence import BESIDE, FAILS, HOLDS, UNTOLD, Evidence, Finding
from models.tables.markdown import as_markdown
from tests.models.made_up_results import ground, made_up
from tests.whitelists import verdict, whitelist

SAFE = ("nat-st", "hum-st", "int-st", "fade-in", "fade-out", "reverb", "speed-segment")
ALSO_SAFE = ("drop-words", "drop-letters", "speed-utterance-1.05x", "speed-utterance-0.95x")
UNSAFE = ("speed-utterance-1.25x", "speed-utterance-0.75x", "filler-l", "laugh", "cry")
JUDGED = whitelist(
    *(verdict(name) for name in (*SAFE, *ALSO_SAFE)),
    *(verdict(name, "UNSAFE") for name in UNSAFE),
)


def as_the_paper_says(arm: Arm, condition: str) -> float:
    """Hearing noise makes up for noisy starts, denoising spoils fades, nothing helps in a room."""
    denoised = bool(arm.denoiser or arm.in_front)
    if condition == CLEAN:
        return 0.8
    if condition == "reverb":
        return 0.2
    if condition.endswith("-st"):
        return 0.95 if arm.augment else 0.3
    return 0.25 if denoised else 0.9 if arm.augment else 0.75


def the_other_way_round(arm: Arm, condition: str) -> float:
    """Whatever is done makes noisy starts worse, denoising mends fades, and rooms do no harm."""
    denoised = bool(arm.denoiser or arm.in_front)
    if condition == CLEAN:
        return 0.6
    if condition == "reverb":
        return 0.9
    if condition.endswith("-st"):
        return 0.1 if arm.augment or denoised else 0.6
    return 0.9 if denoised else 0.2


def findings(
    right: Callable[[Arm, str], float], judged: Whitelist | None = JUDGED, *, speakers: int = 10
) -> dict[str, Finding]:
    """What is found of each recommendation."""
    known = ground(judged, (*SAFE, *UNSAFE))
    results = made_up(Recommendations().arms(known), known, right=right, speakers=speakers, each=15)
    evidence = Evidence(results)
    return {advice.name: advice.judge(evidence) for advice in ADVICE}


@pytest.fixture(scope="module")
def papers() -> dict[str, Finding]:
    return findings(as_the_paper_says)


def test_where_nets_do_as_the_paper_says_its_advice_holds(papers: dict[str, Finding]) -> None:
    assert {name: found.verdict for name, found in papers.items()} == {
        "Environmental noise": HOLDS,
        "Fades, drops, short speed-ups": HOLDS,
        "What changes emotion": HOLDS,
        "Noisy starts and ends": UNTOLD,  # no condition has its noise at the end
        "Reverberation": HOLDS,
    }
    assert {part.verdict for part in papers["Noisy starts and ends"].parts[:-1]} == {HOLDS}


def test_where_they_do_the_opposite_it_is_refuted() -> None:
    unsafe = whitelist(*(verdict(name) for name in (*SAFE, *UNSAFE)))
    assert {name: found.verdict for name, found in findings(the_other_way_round, unsafe).items()} == dict.fromkeys(
        (advice.name for advice in ADVICE), FAILS
    )


def test_noise_that_costs_where_it_is_heard_in_training_is_not_good_to_augment_with() -> None:
    def right(arm: Arm, condition: str) -> float:
        return as_the_paper_says(arm, condition) - (0.55 if arm.augment and "fade" in condition else 0)

    found = findings(right)["Fades, drops, short speed-ups"]
    assert found.verdict == FAILS
    assert [part.verdict for part in found.parts if "by augmenting" in part.fact] == [FAILS, FAILS]


def test_fades_are_denoised_in_training_too() -> None:
    def right(arm: Arm, condition: str) -> float:
        meant = arm.augment and condition in ("fade-in", "fade-out", "speed-segment")
        return (0.98 if arm.denoiser else 0.7) if meant else as_the_paper_says(arm, condition)

    assert findings(right)["Fades, drops, short speed-ups"].verdict == FAILS


def test_a_denoiser_that_mends_rooms_is_what_the_paper_advises() -> None:
    def right(arm: Arm, condition: str) -> float:
        mended = condition == "reverb" and (arm.denoiser or arm.in_front)
        return 0.8 if mended else as_the_paper_says(arm, condition)

    found = findings(right)["Reverberation"]
    assert found.verdict == HOLDS
    assert ["denoise less clean" in part.fact for part in found.parts if part.verdict == BESIDE] == [True, True]


def test_a_denoiser_alone_is_no_noise_in_training() -> None:
    def right(arm: Arm, condition: str) -> float:
        helps = condition.endswith("-st") and arm.in_front
        return 0.9 if helps else 0.3 if condition.endswith("-st") else as_the_paper_says(arm, condition)

    assert findings(right)["Environmental noise"].verdict == UNTOLD


def test_three_speakers_refute_nothing() -> None:
    found = findings(lambda _, condition: 0.7 if condition == CLEAN else 0.62, speakers=3)
    assert FAILS not in {part.verdict for one in found.values() for part in one.parts}


def test_means_are_over_the_conditions_that_all_ways_have() -> None:
    """A condition without partners is heard by nets trained on clean alone."""
    names = (*SAFE, "nat-co-0db")
    known = ground(whitelist(*(verdict(name) for name in names)), names)
    evidence = Evidence(made_up(Recommendations().arms(known), known))
    assert "nat-co-0db" in evidence.nothing.arms
    assert "nat-co-0db" not in evidence.augment.arms
    assert evidence.tested("valence", evidence.environmental) == ["nat-st", "hum-st", "int-st"]


def test_one_condition_that_was_judged_speaks_for_no_other() -> None:
    found = findings(as_the_paper_says, whitelist(verdict("nat-st"), verdict("laugh", "UNSAFE")))
    assert found["Environmental noise"].parts[0].verdict == UNTOLD
    assert "1 of 3 conditions were judged" in found["Environmental noise"].parts[0].fact
    assert found["What changes emotion"].parts[-1].verdict == UNTOLD


def test_fades_and_rooms_are_tested_whatever_people_said() -> None:
    judged = whitelist(*(verdict(name) for name in SAFE if name != "reverb"), verdict("reverb", "UNDECIDED"))
    found = findings(as_the_paper_says, judged)["Reverberation"]
    assert found.verdict == HOLDS
    assert "labels are not sure" in found.parts[0].fact


def test_p_is_told_as_it_decides(papers: dict[str, Finding]) -> None:
    found = papers["Environmental noise"]
    first, second = (found.differences[label, "augment less nothing"] for label in ("activation", "valence"))
    assert first.p_adjusted > first.p
    assert f"p {first.p_adjusted:.2g}," in found.parts[1].fact
    assert f"p {second.p_adjusted:.2g}," in found.parts[3].fact


def test_without_a_whitelist_nobody_knows_what_is_safe() -> None:
    found = findings(as_the_paper_says, None)
    assert "takes a whitelist" in found["What changes emotion"].parts[0].fact
    assert {found[name].verdict for name in ("Environmental noise", "What changes emotion")} == {UNTOLD}


def test_three_speakers_can_not_show_a_gain() -> None:
    found = findings(as_the_paper_says, speakers=3)["Environmental noise"]
    assert [part.verdict for part in found.parts] == [HOLDS, *[UNTOLD, BESIDE] * 2]


def test_every_verdict_on_nets_has_its_figures(papers: dict[str, Finding]) -> None:
    for name, found in papers.items():
        assert bool(found.differences) == (name != "What changes emotion")
    part = papers["Reverberation"].parts[0]
    for one in papers["Reverberation"].differences.values():
        assert f"{abs(one.value):.2f}" in " ".join(part.fact for part in papers["Reverberation"].parts)
    assert part.fact.startswith("What reverberation costs in activation")


def test_simulated_listeners_are_said_to_be_simulated() -> None:
    found = findings(as_the_paper_says, whitelist(*(verdict(name) for name in SAFE), simulated=True))
    assert "(simulated listeners)" in found["Environmental noise"].parts[0].fact


def test_missing_nets_leave_it_untold() -> None:
    known = ground(JUDGED, SAFE)
    arms = Recommendations().arms(known)
    section = Recommendations().table(made_up(arms[:1], known))
    said = as_markdown(section)
    assert "not measured" in said
    assert "0 do not, and 4 can't be told" in said  # what people say needs no nets
