"""A study on Prolific, turn by turn: one study there that grows, codes that count, places given back, money once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from app.hands.shelf import close_all
from app.hands.turn import take_turn
from app.hands.worksite import Turn, Worksite
from app.store import arriving
from app.store import hits as hit_store
from app.store.events import LAUNCHED, fact, keep_fact
from app.store.leaving import leave
from app.store.lock import hands
from app.store.news import LINK_KEYS, keep_news, waiting_news
from app.store.work import Work
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import AssignmentRow, FactRow, HitRow, PaymentRow, PlatformNewsRow, TrialRow
from hits.batch import Hits
from hits.completion import completion_codes
from hits.pay import Pay
from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import PlatformUnreachable
from tests.app.store.conftest import Launched
from tests.hits.prolific_stand_in import TOKEN, StandIn, new_id

KEY = "k"
SUBMIT = frozenset({"https://app.prolific.com"})


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A stand-in for Prolific, up."""
    made = StandIn()
    yield made
    made.close()


@dataclass
class OnProlific:
    """A launched study whose workers come from the stand-in."""

    study: Launched
    whole: Study
    stand_in: StandIn

    @property
    def at_prolific(self) -> dict[str, object]:
        """The only study there."""
        (only,) = self.stand_in.studies.values()
        return only

    @property
    def codes(self) -> dict[str, str]:
        """What workers bring back."""
        return dict(completion_codes(KEY, str(self.at_prolific["internal_name"])))

    def turn(self, platform: Prolific | None = None) -> Turn:
        """One turn of a new process."""
        platform = platform or Prolific(TOKEN, self.stand_in.url, timeout_s=5)
        with hands(self.study.database) as held:
            site = Worksite(self.whole, self.study.database, platform, "https://lab.example/", held, secret_key=KEY)
            return take_turn(site)

    def come(self, worker: str | None = None) -> Work:
        """Somebody takes a place and begins."""
        query = self.stand_in.take_place(str(self.at_prolific["id"]), worker)
        with self.study.database.writing() as session:
            return arriving.begin(
                session,
                Prolific.arrive(query, SUBMIT),
                rules=self.study.rules,
                secret_key=KEY,
                rng=np.random.default_rng(0),
                now=self.study.now,
            )

    def bring(self, work: Work, outcome: str = "completed") -> None:
        """The code is brought back."""
        self.stand_in.bring(work.platform_assignment_id, self.codes[outcome])

    def state(self, work: Work) -> str:
        with self.study.database.reading() as session:
            return session.get_one(AssignmentRow, work.assignment_id).state

    def ledger(self) -> list[tuple[str, str]]:
        with self.study.database.reading() as session:
            rows = session.scalars(select(PaymentRow).order_by(PaymentRow.kind, PaymentRow.planned_at))
            return [(row.kind, row.state) for row in rows]


@pytest.fixture
def on_prolific(launched: Callable[..., Launched], stand_in: StandIn, tmp_path: Path) -> OnProlific:
    """Nine pairs of which three are asked at a time, one vote each: three places."""
    design = {"platform": "prolific", "trials_per_hit": 3, "checks_per_hit": 0, "votes_per_pair": 1}
    study = launched(pairs=9, checks=0, **design)
    study.now = datetime.now(UTC)
    whole = Study(
        corpus=CorpusPlace(name="demo", path=tmp_path),
        sounds=SoundsPlace(name="demo", path=tmp_path),
        hits=Hits.model_validate(design),
        pay=Pay(fee_percent=0),
    )
    with study.database.writing() as session:
        keep_fact(session, LAUNCHED, {})
    made = OnProlific(study, whole, stand_in)
    made.turn()  # plans
    made.turn()  # publishes
    return made


def test_one_study_with_a_place_for_each_that_is_needed_is_published(on_prolific: OnProlific) -> None:
    assert (on_prolific.at_prolific["status"], on_prolific.at_prolific["total_available_places"]) == ("ACTIVE", 3)
    assert on_prolific.at_prolific["external_study_url"].startswith("https://lab.example/?PROLIFIC_PID=")
    assert {one["code"] for one in on_prolific.at_prolific["completion_codes"]} == set(on_prolific.codes.values())
    on_prolific.turn()
    assert on_prolific.at_prolific["total_available_places"] == 3


def test_everybody_who_did_the_whole_is_paid_once_and_the_study_stops(on_prolific: OnProlific) -> None:
    for _ in range(3):
        work = on_prolific.come()
        on_prolific.study.do_all(work)
        on_prolific.bring(work)
    balance = on_prolific.stand_in.balance
    for _ in range(3):
        on_prolific.turn()

    assert {one["status"] for one in on_prolific.stand_in.submissions.values()} == {"APPROVED"}
    assert on_prolific.ledger() == [("reward", "confirmed")] * 3
    assert balance - on_prolific.stand_in.balance == 3 * on_prolific.at_prolific["reward"]
    assert on_prolific.at_prolific["status"] == "AWAITING REVIEW"  # every pair is decided


def test_places_grow_as_votes_stay_open_also_when_the_line_breaks(on_prolific: OnProlific) -> None:
    with on_prolific.study.database.writing() as session:  # as if one place had been enough so far
        session.execute(update(HitRow).values(assignments_wanted=1))
        session.execute(delete(FactRow).where(FactRow.name.startswith("places of ")))
    on_prolific.stand_in.manners = [("PATCH", "before")]
    on_prolific.at_prolific["total_available_places"] = 1
    with pytest.raises(PlatformUnreachable):
        on_prolific.turn()
    assert on_prolific.at_prolific["total_available_places"] == 1
    on_prolific.turn()
    assert on_prolific.at_prolific["total_available_places"] == 3
    assert len(on_prolific.stand_in.studies) == 1
    asked = len(on_prolific.stand_in.asked)
    on_prolific.turn()
    assert not any(method == "PATCH" for method, _ in on_prolific.stand_in.asked[asked:])


@pytest.mark.parametrize(("status", "state"), [("RETURNED", "returned"), ("TIMED-OUT", "expired")])
def test_what_is_given_back_frees_its_pairs_and_pays_the_part_that_was_done(
    on_prolific: OnProlific, status: str, state: str
) -> None:
    work = on_prolific.come()
    on_prolific.study.answer(work)
    submission = on_prolific.stand_in.submissions[work.platform_assignment_id]
    submission["status"] = status
    for _ in range(3):
        on_prolific.turn()

    assert on_prolific.state(work) == state
    assert on_prolific.ledger() == [("partial", "confirmed")]
    assert on_prolific.stand_in.paid_minor(work.platform_assignment_id) > 0
    assert len(on_prolific.stand_in.pays) == 1
    with on_prolific.study.database.reading() as session:
        rows = session.scalars(select(TrialRow.state).order_by(TrialRow.position))
        assert list(rows) == ["answered", "released", "released"]


def test_where_unfinished_work_is_not_paid_a_return_pays_nothing(on_prolific: OnProlific) -> None:
    on_prolific.whole = on_prolific.whole.model_copy(update={"pay": Pay(fee_percent=0, pay_unfinished=False)})
    work = on_prolific.come()
    on_prolific.study.answer(work)
    on_prolific.stand_in.submissions[work.platform_assignment_id]["status"] = "RETURNED"
    on_prolific.turn()
    assert (on_prolific.state(work), on_prolific.ledger()) == ("returned", [])


def test_the_code_of_who_left_hands_nothing_in(on_prolific: OnProlific) -> None:
    work = on_prolific.come()
    on_prolific.study.answer(work)
    with on_prolific.study.database.writing() as session:
        leave(session, work.assignment_id, delete_answers=False, pay=on_prolific.whole.pay, now=on_prolific.study.now)
    on_prolific.bring(work, "withdrawn")
    for _ in range(2):
        turn = on_prolific.turn()

    assert on_prolific.state(work) == "withdrawn"
    assert on_prolific.ledger() == [("partial", "confirmed")]
    assert on_prolific.stand_in.submissions[work.platform_assignment_id]["status"] == "AWAITING REVIEW"
    assert turn.notes == []


def test_a_wrong_code_keeps_nobody_from_pay_who_answered_all(on_prolific: OnProlific) -> None:
    whole, part = on_prolific.come(), on_prolific.come()
    on_prolific.study.do_all(whole)
    on_prolific.study.answer(part)
    for work in (whole, part):
        on_prolific.stand_in.bring(work.platform_assignment_id, "NOCODE")
    turn = on_prolific.turn()

    assert (on_prolific.state(whole), on_prolific.state(part)) == ("approved", "accepted")
    assert on_prolific.ledger() == [("reward", "confirmed")]
    (note,) = turn.notes
    assert part.platform_assignment_id in note
    assert "'NOCODE', which is none of its HIT's" in note


@pytest.mark.parametrize("manner", ["before", "after", "hang-up"])
@pytest.mark.parametrize("broken", ["GET .*submissions/$", "POST .*/transition/", "bonus-payments/$", "/pay/"])
def test_whatever_breaks_the_next_turns_pay_each_amount_once_or_leave_it_to_a_person(
    on_prolific: OnProlific, broken: str, manner: str
) -> None:
    whole, part = on_prolific.come(), on_prolific.come()
    on_prolific.study.do_all(whole)
    on_prolific.bring(whole)
    on_prolific.study.answer(part)
    on_prolific.stand_in.submissions[part.platform_assignment_id]["status"] = "RETURNED"
    balance = on_prolific.stand_in.balance
    on_prolific.stand_in.manners = [(broken, manner)]
    for _ in range(4):
        try:
            on_prolific.turn()
        except PlatformUnreachable:
            continue

    assert on_prolific.stand_in.submissions[whole.platform_assignment_id]["status"] == "APPROVED"
    assert len(on_prolific.stand_in.pays) <= 1
    left = balance - on_prolific.stand_in.balance
    assert left == on_prolific.at_prolific["reward"] + on_prolific.stand_in.paid_minor(part.platform_assignment_id)
    states = dict(on_prolific.ledger())
    assert states["reward"] == "confirmed"
    paid = on_prolific.stand_in.paid_minor(part.platform_assignment_id) > 0
    assert (states["partial"], paid) in (("confirmed", True), ("unknown", False))


def test_what_is_unknown_says_that_a_person_has_to_look(on_prolific: OnProlific) -> None:
    part = on_prolific.come()
    on_prolific.study.answer(part)
    on_prolific.stand_in.submissions[part.platform_assignment_id]["status"] = "RETURNED"
    on_prolific.stand_in.manners = [("/pay/", "before")]
    for _ in range(3):
        on_prolific.turn()
    with on_prolific.study.database.reading() as session:
        (row,) = session.scalars(select(PaymentRow))
        assert (row.state, row.handle in on_prolific.stand_in.bulks) == ("unknown", True)
        assert "a person has to" in row.note
    assert on_prolific.stand_in.pays == []


def test_a_study_that_nobody_works_on_is_looked_at_when_prolific_says_so(on_prolific: OnProlific) -> None:
    work = on_prolific.come()
    on_prolific.study.do_all(work)
    on_prolific.bring(work)
    on_prolific.turn()
    on_prolific.turn()
    assert on_prolific.state(work) == "approved"
    about = f"/api/v1/studies/{on_prolific.at_prolific['id']}/submissions/"
    asked = len(on_prolific.stand_in.asked)
    on_prolific.turn()
    assert ("GET", about) not in on_prolific.stand_in.asked[asked:]

    say(on_prolific, "e2", {"event_type": "submission.status.change", "resource_id": work.platform_assignment_id})
    say(on_prolific, "e1", {"event_type": "study.status.change", "resource_id": new_id()})  # another study of the lab
    on_prolific.turn()

    assert ("GET", about) in on_prolific.stand_in.asked[asked:]
    with on_prolific.study.database.reading() as session:
        assert waiting_news(session) == ([], [])
        assert all(session.scalars(select(PlatformNewsRow.handled_at)))


def test_late_doubled_and_disordered_news_change_nothing(on_prolific: OnProlific) -> None:
    work = on_prolific.come()
    on_prolific.study.do_all(work)
    on_prolific.bring(work)
    for _ in range(2):
        on_prolific.turn()
    before = on_prolific.ledger(), on_prolific.state(work), on_prolific.stand_in.balance
    for number, status in enumerate(("AWAITING REVIEW", "RETURNED", "ACTIVE", "RETURNED")):
        for _ in range(2):
            said = {"event_type": "submission.status.change", "resource_id": work.platform_assignment_id}
            say(on_prolific, f"e{number}", {**said, "study_id": str(on_prolific.at_prolific["id"]), "status": status})
        on_prolific.turn()
    assert (on_prolific.ledger(), on_prolific.state(work), on_prolific.stand_in.balance) == before


def test_news_wait_until_the_platform_could_be_asked(on_prolific: OnProlific) -> None:
    say(on_prolific, "e1", {"event_type": "study.status.change", "resource_id": str(on_prolific.at_prolific["id"])})
    on_prolific.stand_in.manners = [("submissions/$", "before")]
    with pytest.raises(PlatformUnreachable):
        on_prolific.turn()
    with on_prolific.study.database.reading() as session:
        assert waiting_news(session)[0] == ["prolific/e1"]
    on_prolific.turn()
    with on_prolific.study.database.reading() as session:
        assert waiting_news(session)[0] == []


def say(on_prolific: OnProlific, event_id: str, said: dict[str, str]) -> None:
    """Prolific says something."""
    now = datetime.now(UTC)
    news = Prolific.news(*on_prolific.stand_in.message_of("s", said, event_id), "s", now)
    keep_news(on_prolific.study.database, "prolific", news, now)


def test_a_submission_that_can_not_be_read_is_told_to_the_researcher(on_prolific: OnProlific) -> None:
    work = on_prolific.come()
    on_prolific.stand_in.submissions[work.platform_assignment_id]["status"] = "PONDERING"
    assert "'PONDERING'" in on_prolific.turn().notes[0]


def test_a_study_whose_time_is_over_is_stopped_at_prolific(on_prolific: OnProlific) -> None:
    with on_prolific.study.database.writing() as session:
        session.execute(update(HitRow).values(closes_at=datetime.now(UTC) - timedelta(hours=1)))
        session.execute(delete(FactRow).where(FactRow.name == LAUNCHED))
    on_prolific.turn()
    assert on_prolific.at_prolific["status"] == "AWAITING REVIEW"
    with on_prolific.study.database.reading() as session:
        assert hit_store.published_ids(session, open_only=True) == []


def test_closing_by_hand_stops_the_study(on_prolific: OnProlific) -> None:
    platform = Prolific(TOKEN, on_prolific.stand_in.url)
    with hands(on_prolific.study.database) as held:
        close_all(Worksite(on_prolific.whole, on_prolific.study.database, platform, "x", held, secret_key=KEY), Turn())
    assert on_prolific.at_prolific["status"] == "AWAITING REVIEW"


def test_keys_for_signed_links_are_kept_for_an_hour_and_outlive_a_line_that_breaks(on_prolific: OnProlific) -> None:
    at = f"{on_prolific.stand_in.url}/.well-known/study/jwks.json"
    platform = Prolific(TOKEN, on_prolific.stand_in.url, keys_url=at)
    for _ in range(2):
        on_prolific.turn(platform)
    fetched = [path for _, path in on_prolific.stand_in.asked if "jwks" in path]
    assert len(fetched) == 1

    with on_prolific.study.database.writing() as session:
        kept = fact(session, LINK_KEYS)
        assert kept is not None
        keep_fact(session, LINK_KEYS, {**kept, "at": "2020-01-01T00:00:00+00:00"})
    on_prolific.stand_in.manners = [("jwks", "before")]
    turn = on_prolific.turn(platform)
    assert "no keys" in turn.notes[0]
    with on_prolific.study.database.reading() as session:
        assert (fact(session, LINK_KEYS) or {})["keys"] == kept["keys"]
