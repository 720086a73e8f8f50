"""A sequential study from launch to its end: it stops early, and its judgments certify what collection stopped on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from analysis.certify import certify
from analysis.rule import DecisionRule
from app.dry_run import Choice
from app.dry_run import play as rehearse_on_pages
from app.store.asked import Asked, closed_pairs, keep_asked
from app.store.decision_so_far import ConditionSoFar, DecisionSoFar, decision_so_far, keep_decision_so_far
from app.store.events import LAUNCHED, keep_fact
from app.store.missing import votes_still_open
from app.store.progress import overview
from app.study import Study
from app.web import Web
from hits.batch import Hits
from hits.crowd import Crowd
from hits.listeners import crowd
from hits.pay import Pay
from tests.app.crowd import gather
from tests.app.desk import let_in, sign_in
from tests.app.rehearsed import study_of_tones
from tests.app.unheard import Play, Played, pairs_of, study_in

PAIRS = 60
TRUTH = {
    **{f"safe-{n}": (0.0, 0.0) for n in range(3)},
    "unsafe": (0.7, 0.5),
    "identical": (0.0, 0.0),
    "positive": (1.0, 1.0),
    "obvious": (1.0, 1.0),
}
CONTROLS = (60, 30)
LEAD = Hits(vote_rule="lead", lead=3, votes_per_pair=7, trials_per_hit=20, checks_per_hit=2)


def play(folder: Path, rule: DecisionRule, seed: int = 0) -> Played:
    names = [name for name in TRUTH if "safe" in name]
    pairs = pairs_of(dict.fromkeys(names, PAIRS), *CONTROLS, checks=10)
    study: Study = study_in(folder, pairs, hits=LEAD, pay=Pay(cap=10_000), decision=rule)
    listeners = crowd(30, np.random.default_rng(seed), careless_share=0.1)
    return Play(study, folder, listeners, TRUTH, seed).to_the_end()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    rule = DecisionRule(design="c-prime", tau=0.25, identical=CONTROLS[0], positive=CONTROLS[1])
    return play(tmp_path_factory.mktemp("sequential"), rule)


def test_it_ends_before_everything_was_asked(played: Played) -> None:
    assert played.complete, "more listeners are needed"
    judgments = played.judgments()
    asked = judgments[judgments["role"] == "study"]["pair_id"].nunique()
    assert 0 < asked < 0.8 * 4 * PAIRS
    with played.database.reading() as session:
        assert votes_still_open(session, LEAD, played.database.now()) == 0
        assert len(closed_pairs(session)) == 4 * PAIRS + sum(CONTROLS)


def test_what_was_decided_is_told_as_it_happened(played: Played) -> None:
    told = list(played.notes)
    assert told[-1] == "no condition wants more pairs (3 SAFE, 1 UNSAFE); nobody is asked any more"
    assert sum(" is SAFE after " in one for one in told) >= 3


def test_the_exported_judgments_certify_what_collection_stopped_on(played: Played) -> None:
    certified = certify(played.judgments(), played.study.decision, played.study.hits.votes)
    with played.database.reading() as session:
        stopped_on = decision_so_far(session)
    assert stopped_on is not None
    assert stopped_on.finished
    assert {one.condition: one.decision for one in certified.decisions} == {
        one.condition: one.verdict for one in stopped_on.conditions
    }


@pytest.mark.parametrize("design", ["e", "c", "group-sequential"])
def test_every_sequential_design_comes_to_its_end(tmp_path: Path, design: str) -> None:
    rule = DecisionRule(design=design, tau=0.25, baseline="plug-in", identical=20, positive=10, looks=2)
    pairs = pairs_of({"safe-0": 12, "unsafe": 12}, 20, 10, checks=6)
    study = study_in(tmp_path, pairs, hits=LEAD, pay=Pay(cap=10_000), decision=rule)
    played = Play(study, tmp_path, crowd(12, np.random.default_rng(1), careless_share=0), TRUTH, 1).to_the_end()
    assert played.complete, "more listeners are needed"


def test_the_dashboard_says_what_is_decided_and_what_is_still_asked(web: Web, client: FlaskClient) -> None:
    gather(web, workers=2, trials=3, pairs=9)
    let_in(web, "ada")
    sign_in(client, "ada")
    so_far = (
        ConditionSoFar("fade-in", 30, open=False, verdict="SAFE", since="2026-01-01T00:00:00+00:00"),
        ConditionSoFar("nat-co-10db", 40, open=True, verdict="UNDECIDED"),
    )
    with web.database.writing() as session:
        keep_decision_so_far(session, DecisionSoFar("t", "t", 4, finished=False, conditions=so_far))
        keep_asked(session, Asked({"fade-in": 1, "nat-co-10db": 1}, 0, 0))
    page = " ".join(client.get("/").text.split())
    assert "<dt>conditions decided</dt><dd>1 of 4</dd>" in page
    assert "<dt>pairs decided</dt><dd>0 of 4</dd>" in page
    assert "4 of them asked about so far" in page
    assert '</span> SAFE</span> <span class="soft">closed after 30 pairs</span>' in page
    assert "open after 40 pairs" in page

    with web.database.writing() as session:
        keep_fact(session, LAUNCHED, {})
        keep_decision_so_far(session, DecisionSoFar("t", "t", 4, finished=True, conditions=so_far))
        keep_asked(session, Asked({}, 0, 0, finished=True))
    assert "No condition wants more pairs, and nobody is asked any more." in client.get("/").text


def test_a_rehearsal_on_the_real_pages_ends_with_the_last_decision(tmp_path: Path) -> None:
    listeners = Crowd(workers=10, arrivals_per_hour=60, skilled_share=1, lazy_share=0, spammer_share=0)
    rule = DecisionRule(design="e", baseline="plug-in", batch=2, most_pairs=4, identical=1, positive=1)
    study = study_of_tones(tmp_path / "s", listeners, pairs=12, decision=rule)
    played = rehearse_on_pages(tmp_path / "s" / "pairs", study, Choice(), tmp_path / "stage", seed=3)
    assert played.missing == 0
    assert played.notes[-1] == "no condition wants more pairs (2 UNDECIDED); nobody is asked any more"
    with played.wired.database.reading() as session:
        seen = overview(session, study.hits, study.pay)
    assert seen.complete
    assert (seen.pairs_decided, seen.pairs_released, seen.pairs) == (8, 8, 12)
