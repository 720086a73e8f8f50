"""Who is used and invited on: by rules of which all but one are off, never by controls, and by a person above all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.store.events import LAUNCHED, keep_fact
from app.store.lock import hands
from app.store.trust import weigh_workers
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import AssignmentRow, EventRow, HitRow, JudgmentRow, PaymentRow, TrialRow, WorkerRow
from hits.batch import Hits
from hits.judgment import Said
from hits.pay import Pay
from hits.quality import Mark, Quality, objections, reliability, weighed, weighed_by_checks
from hits.quality_figures import Figures

SAME, DIFFERENT = Said("same", "same"), Said("different", "same", 2, 3)
CAREFUL = Figures(judgments=50, repeats=20, consistency=0.9, thinking_s=3.0, too_fast=0, compared=80, agreement=0.8)
STRICT = Quality(min_repeat_consistency=0.7, min_median_response_s=0.5, min_agreement=0.6)


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        (replace(CAREFUL, consistency=0.6), "repeats: 60 %"),
        (replace(CAREFUL, thinking_s=0.2), "pace: 0.2 s"),
        (replace(CAREFUL, agreement=0.4), "agreement: 40 %"),
    ],
)
def test_each_rule_names_what_was_found_and_what_is_wanted(figures: Figures, named: str) -> None:
    (against,) = objections(5, 5, figures, STRICT)
    assert against.startswith(named)
    assert "wanted" in against
    assert objections(5, 5, CAREFUL, STRICT) == []


def test_every_rule_but_the_checks_is_off_until_a_study_asks_for_it() -> None:
    hopeless = Figures(
        judgments=99, repeats=50, consistency=0.0, thinking_s=0.0, too_fast=99, compared=99, agreement=0.0
    )
    assert objections(5, 5, hopeless, Quality()) == []
    assert len(objections(0, 5, hopeless, STRICT)) == 4


def test_too_few_answers_say_nothing() -> None:
    few = Figures(judgments=9, repeats=7, consistency=0.0, thinking_s=0.0, too_fast=9, compared=39, agreement=0.0)
    assert objections(0, 2, few, STRICT) == []


def test_a_person_s_word_stands_above_the_rules_in_both_directions() -> None:
    against = objections(0, 9, None, Quality())
    for by_hand in (Mark(True, "ada: a broken headset"), Mark(False, "ada: clicks through")):
        assert weighed(by_hand, against) == by_hand == weighed(by_hand, [])
        assert weighed_by_checks(by_hand, 0, 9, Quality()) == by_hand


def test_a_passed_check_does_not_wash_off_what_another_rule_found() -> None:
    slow = weighed(Mark(True), objections(3, 3, replace(CAREFUL, thinking_s=0.1), STRICT))
    assert weighed_by_checks(slow, 4, 4, STRICT) == slow
    both = weighed_by_checks(slow, 1, 4, STRICT)
    assert not both.trusted
    assert weighed_by_checks(both, 4, 6, STRICT) == slow


def test_how_reliable_the_rules_are_is_counted_on_both_sides() -> None:
    found = reliability([(True, True)] * 8 + [(True, False)] * 2 + [(False, False)] * 3 + [(False, True)])
    assert (found.caught_share, found.wronged_share) == (0.75, 0.2)
    assert reliability([]).caught_share is None


def walk(study, worker: str, said: Said, after_s: float) -> str:
    """One worker does the first HIT at that pace; the worker's hash."""
    begun = study.begin(0, worker)
    while study.open(begun) is not None:
        study.answer(begun, said, after_s=after_s)
    study.hand_in(begun)
    return begun.worker


def standing(study, worker: str) -> WorkerRow:
    with study.database.reading() as session:
        return session.get_one(WorkerRow, worker)


def test_whoever_answers_as_the_clips_end_is_not_used_nor_invited_on_where_a_study_says_so(
    launched: Callable[..., object],
) -> None:
    study = launched(pairs=12, policy="fixed", trials_per_hit=12, checks_per_hit=0)
    rule = Quality(min_median_response_s=0.5)
    fast, calm = walk(study, "WFAST", SAME, 3.1), walk(study, "WCALM", SAME, 6.0)  # both clips last 3 s
    with study.database.writing() as session:
        assert weigh_workers(session, Quality(), study.now) == 0
        assert weigh_workers(session, rule, study.now) == 1
    assert (standing(study, fast).trusted, standing(study, calm).trusted) == (False, True)
    assert standing(study, fast).distrusted_because.startswith("by rule: pace: 0.1 s")
    with study.database.writing() as session:
        assert "pace: 0.1 s" in session.scalars(select(EventRow.text).order_by(EventRow.event_id.desc())).first()
        assert weigh_workers(session, Quality(), study.now) == 1  # the rule was taken back
    assert standing(study, fast).trusted


def test_whoever_disagrees_with_everybody_is_found_by_agreement(launched: Callable[..., object]) -> None:
    study = launched(pairs=12, policy="fixed", trials_per_hit=12, checks_per_hit=0, votes_per_pair=4)
    crowd = [walk(study, worker, SAME, 6.0) for worker in ("W1", "W2", "W3")]
    odd = walk(study, "WODD", Said("different", "different", 5, 5), 6.0)
    with study.database.writing() as session:
        weigh_workers(session, Quality(min_agreement=0.5, min_shared=12), study.now)
    assert not standing(study, odd).trusted
    assert all(standing(study, worker).trusted for worker in crowd)


def test_whoever_fails_every_control_stays_used_under_the_strictest_rules(launched: Callable[..., object]) -> None:
    study = launched(pairs=12, policy="fixed", trials_per_hit=12, checks_per_hit=0)
    with study.database.writing() as session:  # every pair becomes a control that is answered against its truth
        from app.tables import PairRow, SlotRow

        session.execute(update(PairRow).where(PairRow.role == "study").values(role="identical", condition="identical"))
        session.execute(update(SlotRow).values(role="identical"))
    worker = walk(study, "W1", DIFFERENT, 3.1)
    for other in ("W2", "W3"):
        walk(study, other, SAME, 9.0)
    with study.database.writing() as session:
        strictest = Quality(
            min_repeat_consistency=1,
            min_repeats=1,
            min_median_response_s=5,
            min_responses=1,
            min_agreement=1,
            min_shared=1,
        )
        weigh_workers(session, strictest, study.now)
    assert standing(study, worker).trusted


def test_a_repeat_of_a_control_says_nothing_of_a_worker(launched: Callable[..., object]) -> None:
    study = launched(pairs=4, policy="fixed", trials_per_hit=4, checks_per_hit=0)
    worker = walk(study, "W1", SAME, 9.0)
    with study.database.writing() as session:
        from app.tables import PairRow

        first = session.scalars(select(JudgmentRow).order_by(JudgmentRow.submitted_at)).first()
        session.get_one(PairRow, first.pair_id).role = "identical"
        trial = session.get_one(TrialRow, first.trial_id)
        session.add(
            AssignmentRow(
                assignment_id="again",
                hit_id=session.get_one(AssignmentRow, first.assignment_id).hit_id,
                worker=worker,
                platform_assignment_id="A-again",
                state="submitted",
                accepted_at=study.now,
                expires_at=study.now + timedelta(hours=1),
            )
        )
        session.flush()
        copied = {c.key: getattr(trial, c.key) for c in TrialRow.__table__.c if c.key not in ("clip_order",)}
        session.add(TrialRow(**{**copied, "trial_id": "t2", "assignment_id": "again", "order": trial.order}))
        session.flush()
        said = {c.key: getattr(first, c.key) for c in JudgmentRow.__table__.c if c.key not in ("clip_order",)}
        session.add(
            JudgmentRow(
                **{
                    **said,
                    "judgment_id": "j2",
                    "trial_id": "t2",
                    "assignment_id": "again",
                    "order": first.order,
                    "role": "repeat",
                    "activation": "different",
                    "valence": "different",
                    "submitted_at": study.now + timedelta(minutes=1),
                }
            )
        )
        session.flush()
        rule = Quality(min_repeat_consistency=0.9, min_repeats=1)
        weigh_workers(session, rule, study.now)
        assert session.get_one(WorkerRow, worker).trusted
        session.get_one(PairRow, first.pair_id).role = "study"  # of a study pair it does
        session.flush()
        weigh_workers(session, rule, study.now)
        assert not session.get_one(WorkerRow, worker).trusted


@pytest.fixture
def fixed(launched: Callable[..., object], platform: object, tmp_path: object) -> Callable[..., object]:
    """A launched study of the policy `fixed`, and a function that takes one turn."""

    def make(**quality: object) -> tuple[object, Callable[[], Turn]]:
        design = {"policy": "fixed", "trials_per_hit": 12, "checks_per_hit": 0, "votes_per_pair": 2}
        study = launched(pairs=12, **design)
        study.now = datetime.now(UTC)
        whole = Study(
            corpus=CorpusPlace(name="demo", path=tmp_path),
            sounds=SoundsPlace(name="demo", path=tmp_path),
            hits=Hits.model_validate(design),
            pay=Pay(),
            quality=Quality.model_validate(quality),
        )
        with study.database.writing() as session:
            keep_fact(session, LAUNCHED, {})

        def turn() -> Turn:
            with hands(study.database) as held:
                return take_turn(Worksite(whole, study.database, platform, "http://localhost/annotate/", held))

        return study, turn

    return make


def do(study, platform, worker: str, hit: int, after_s: float) -> None:
    begun = study.begin(hit, worker)
    while study.open(begun) is not None:
        study.answer(begun, after_s=after_s)
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, worker)


def hits_of(study) -> list[tuple[str, str, int]]:
    with study.database.reading() as session:
        rows = session.scalars(select(HitRow).order_by(HitRow.hit_id))
        return [(row.policy, row.state, row.assignments_wanted) for row in rows]


def open_under_own_id(study) -> None:
    with study.database.writing() as session:
        for row in session.scalars(select(HitRow).where(HitRow.state == "open")):
            row.platform_hit_id = f"P-{row.hit_id}"


def test_under_fixed_nothing_is_planned_while_places_are_free(fixed: Callable[..., object], platform) -> None:
    study, turn = fixed()
    do(study, platform, "W1", 0, 6.0)
    turn()
    turn()
    assert hits_of(study) == [("fixed", "open", 2)]


def test_under_fixed_work_that_is_not_used_is_paid_and_asked_again_of_somebody_else(
    fixed: Callable[..., object], platform
) -> None:
    study, turn = fixed(min_median_response_s=0.5)
    do(study, platform, "WFAST", 0, 3.1)
    do(study, platform, "W1", 0, 6.0)
    turn()  # collects, pays, weighs and plans
    assert hits_of(study) == [("fixed", "closed", 2), ("adaptive", "planned", 1)]
    with study.database.reading() as session:
        paid = session.scalars(select(PaymentRow.state).where(PaymentRow.kind == "reward"))
        assert list(paid) == ["confirmed", "confirmed"]  # rules say nothing on pay
    turn()
    open_under_own_id(study)
    do(study, platform, "W2", 1, 6.0)
    turn()
    turn()
    assert [policy for policy, _, _ in hits_of(study)] == ["fixed", "adaptive"]  # every pair has two votes that count


def test_under_fixed_what_ran_out_on_the_shelf_is_planned_anew(fixed: Callable[..., object], platform) -> None:
    study, turn = fixed()
    do(study, platform, "W1", 0, 6.0)
    turn()
    with study.database.writing() as session:
        session.execute(update(HitRow).values(closes_at=datetime.now(UTC) - timedelta(days=2)))
    turn()
    assert hits_of(study) == [("fixed", "closed", 2), ("adaptive", "planned", 1)]


def test_a_replacement_leaves_alone_what_free_places_will_bring(fixed: Callable[..., object], platform) -> None:
    study, turn = fixed(min_median_response_s=0.5)
    do(study, platform, "WFAST", 0, 3.1)  # one place is used up, the other is free: one vote is coming, one is missing
    turn()
    assert hits_of(study) == [("fixed", "open", 2), ("adaptive", "planned", 1)]
    turn()
    open_under_own_id(study)
    do(study, platform, "W1", 1, 6.0)
    do(study, platform, "W2", 0, 6.0)
    turn()
    turn()
    with study.database.reading() as session:
        late = list(session.scalars(select(JudgmentRow.late)))
    assert late.count(True) == 0
    assert len(hits_of(study)) == 2
