"""A whole study, rehearsed: real pages, a real marketplace, a clock of its own, and a crowd of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from analysis.certify import Decision, Verdict
from analysis.rule import DecisionRule
from app.dry_run import Choice, NothingToRehearse, Played, as_rehearsed, play
from app.findings import Findings, came_out, findings
from app.study import Study
from app.tables import AssignmentRow, PaymentRow, TrialRow
from hits.crowd import Crowd
from hits.pay import OverCap, Pay
from tests.app.conftest import CLIP_S
from tests.app.rehearsed import SAFE, UNSAFE, study_of_tones, tone_pairs

CROWD = Crowd(
    workers=14,
    arrivals_per_hour=30,
    skilled_share=0.4,
    lazy_share=0.2,
    spammer_share=0.2,
    drop_out_share=0.3,
    two_tabs_share=0.5,
    slow_line_share=0.5,
    collecting_every_s=300,
)
SEED = 3
REVIEW_H = 5.0


def rehearsed(study: Study, folder: Path, stage: Path) -> tuple[Played, Findings]:
    played = play(folder / "pairs", study, Choice(), stage, SEED)
    found = findings(played, study, SEED, played.asked)
    played.wired.database.dispose()
    return played, found


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Study, Played, Findings]]:
    folder = tmp_path_factory.mktemp("tones")
    study = study_of_tones(folder, CROWD, pay=Pay(fees="mturk", expected_s_per_trial=10.0, review_for_h=REVIEW_H))
    played, found = rehearsed(study, folder, tmp_path_factory.mktemp("stage"))
    yield folder, study, played, found
    played.wired.database.dispose()


Once = tuple[Path, Study, Played, Findings]


def test_every_kind_of_worker_came(once: Once) -> None:
    came = [one.listener for one in once[2].came]
    for kind in ("lazy", "careless", "leaves_after", "two_tabs", "line_kbit_per_s", "listens"):
        assert any(getattr(one, kind) for one in came), kind


def test_all_pairs_are_decided_and_whoever_did_them_is_paid(once: Once) -> None:
    _, _, played, found = once
    with played.wired.database.reading() as session:
        paid = [row.amount_minor + row.fee_minor for row in session.scalars(select(PaymentRow))]
        states = set(session.scalars(select(PaymentRow.state)))
    assert (found.missing, found.pairs_decided) == (0, 12)
    assert states == {"confirmed"}
    assert found.spent_minor == sum(paid) > found.fees_minor > 0
    assert found.paid_h >= found.done_h + REVIEW_H > REVIEW_H


def test_time_is_kept_although_hours_pass_in_seconds(once: Once) -> None:
    with once[2].wired.database.reading() as session:
        seconds = [
            (row.answered_at - row.opened_at).total_seconds()
            for row in session.scalars(select(TrialRow).where(TrialRow.answered_at.is_not(None)))
        ]
    assert min(seconds) > 2 * CLIP_S
    assert once[3].done_h > max(seconds) / 3600


def test_who_left_is_waited_for_and_is_paid_for_the_part_that_was_done(once: Once) -> None:
    _, _, played, found = once
    left = [one for one in played.came if one.listener.leaves_after == one.diary.answered]
    with played.wired.database.reading() as session:
        expired = list(session.scalars(select(AssignmentRow).where(AssignmentRow.state == "expired")))
        for_part = list(session.scalars(select(PaymentRow).where(PaymentRow.kind.not_in(("reward", "top-up")))))
    assert len(left) == len(expired) == found.hits_run_out > 0
    assert {row.assignment_id for row in for_part} <= {row.assignment_id for row in expired}
    assert for_part


def test_two_tabs_are_one_vote(once: Once) -> None:
    judgments = pd.read_csv(once[2].wired.folder.judgments)
    assert any(one.listener.two_tabs and one.diary.answered for one in once[2].came)
    assert len(judgments) == sum(one.diary.answered for one in once[2].came)
    assert not judgments[judgments.role != "repeat"].duplicated(["worker", "pair_id"]).any()
    assert judgments.simulated.all()


def test_quality_is_counted_against_who_truly_listened(once: Once) -> None:
    _, _, played, found = once
    judged = [one.listener for one in played.came if one.diary.answered]
    assert found.quality.careful == sum(one.listens for one in judged)
    assert found.quality.careless == sum(not one.listens for one in judged) > 0


def test_verdicts_stand_beside_what_is_true(once: Once) -> None:
    assert {one.condition: one.truth for one in once[3].decisions} == {SAFE: (0.01, 0.01), UNSAFE: (0.16, 0.17)}


def test_the_same_seed_finds_the_same(once: Once, tmp_path: Path) -> None:
    folder, study, _, found = once
    again = rehearsed(study, folder, tmp_path / "again")[1]
    assert json.dumps(again.as_json()) == json.dumps(found.as_json())


def test_too_few_workers_are_a_finding_and_not_an_end_of_the_world(tmp_path: Path) -> None:
    study = study_of_tones(tmp_path / "s", Crowd(workers=1, looks_at_most=1, drop_out_share=0))
    found = rehearsed(study, tmp_path / "s", tmp_path / "stage")[1]
    assert found.missing > 0
    assert found.workers == 1


def test_what_could_not_be_launched_is_refused_as_it_would_be(tmp_path: Path) -> None:
    study = study_of_tones(tmp_path / "s", Crowd(workers=1), pay=Pay(cap=0.5))
    with pytest.raises(OverCap, match=r"above the cap of 0\.50 USD"):
        play(tmp_path / "s" / "pairs", study, Choice(), tmp_path / "stage", 0)


def test_another_currency_costs_as_many_of_its_coins(tmp_path: Path) -> None:
    study = study_of_tones(tmp_path, Crowd(), pairs=1, pay=Pay(currency="JPY", wage_per_hour=1500, cap=9000))
    assert as_rehearsed(study).pay.cap_minor == study.pay.cap_minor
    assert as_rehearsed(study).study.simulated


def test_a_part_has_some_of_every_chosen_condition_and_all_checks(tmp_path: Path) -> None:
    pairs = tone_pairs(tmp_path, 12, 3)
    chosen = Choice((SAFE,), 0.5).of(pairs)
    assert [pair.condition for pair in chosen] == [SAFE] * 3 + ["identical"] * 3
    with pytest.raises(NothingToRehearse, match="no pair of the condition hum; it has"):
        Choice(("hum",)).of(pairs)


@pytest.mark.parametrize(
    ("verdict", "truth", "expected"),
    [
        ("SAFE", (0.0, 0.01), "right"),
        ("SAFE", (0.0, 0.2), "false SAFE"),
        ("UNDECIDED", (0.0, 0.0), "missed SAFE"),
        ("UNSAFE", (0.0, 0.0), "false UNSAFE"),
        ("UNSAFE", (0.2, 0.0), "right"),
        ("UNDECIDED", (0.2, 0.0), "open"),
    ],
)
def test_what_a_verdict_is_beside_the_truth(verdict: Verdict, truth: tuple[float, float], expected: str) -> None:
    decision = Decision("c", "f", None, verdict, None, None, "")  # type: ignore[arg-type]
    assert came_out(decision, truth, DecisionRule()) == expected
