"""Payouts by hand: what is owed is listed once, and marked as paid once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from app.payout_file import COLUMNS, PayoutFileWrong, read_payouts, write_credits, write_payouts
from app.store.database import Database
from app.store.identities import own_id
from app.store.money import keep_payment, payments_in
from app.store.payouts import Paid, PayoutsDisagree, balances, credits_earned, mark_paid
from app.tables import AssignmentRow, HitRow, PaymentRow, PayoutRow, WorkerRow
from hits.ledger import payment_key

DAY = date(2030, 2, 1)


@pytest.fixture
def owing(launched: Callable[..., object]) -> object:
    """Two workers who handed in, and what a panel owes them: 63 and 63 cents, and a top-up of 20 to the first."""
    study = launched(pairs=9, checks=1, hits=3, trials_per_hit=4, checks_per_hit=1)
    with study.database.writing() as session:
        for row in session.scalars(select(HitRow)):
            row.platform = "panel"
    for number, worker in enumerate(("W1", "W2")):
        begun = study.begin(number, worker)
        owe(study.database, begun.assignment_id, "reward", 63, minute=number)
    owe(study.database, first(study), "top-up", 20, minute=5)
    return study


def first(study: object) -> str:
    """The first worker's assignment."""
    with study.database.reading() as session:
        return session.scalars(select(AssignmentRow.assignment_id).where(AssignmentRow.hit_id == "hit-00000")).one()


def owe(database: Database, assignment_id: str, kind: str, amount: int, minute: int, state: str = "planned") -> str:
    """A payment of the ledger."""
    at = datetime(2030, 1, 1, 12, minute, tzinfo=UTC)
    key = payment_key("panel", assignment_id, f"{kind}{minute}")  # type: ignore[arg-type]
    with database.writing() as session:
        session.add(
            PaymentRow(
                key=key,
                kind=kind,
                assignment_id=assignment_id,
                amount_minor=amount,
                fee_minor=0,
                state=state,
                planned_at=at,
                changed_at=at,
            )
        )
    return key


def owed(study: object) -> dict[str, int]:
    """What is owed, by the platform's ids."""
    with study.database.reading() as session:
        return {one.platform_worker_id: one.amount_minor for one in balances(session, "panel", "planned")}


def mark(study: object, *paid: Paid) -> int:
    with study.database.writing() as session:
        return mark_paid(session, paid, "panel", "planned", "USD", "ada")


def exported(study: object, path: Path) -> Path:
    with study.database.reading() as session:
        write_payouts(path, balances(session, "panel", "planned"), "USD", "study")
    return path


def test_balances_add_up_by_worker(owing) -> None:
    assert owed(owing) == {"W1": 83, "W2": 63}


def test_a_file_goes_out_and_comes_back_and_marks_once(owing, tmp_path: Path) -> None:
    path = exported(owing, tmp_path / "office.csv")
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert [
        line.split(",")[2:6] for line in sorted(path.read_text().splitlines()[1:], key=lambda x: x.split(",")[2])
    ] == [
        ["W1", "0.83", "USD", "study"],
        ["W2", "0.63", "USD", "study"],
    ]
    said = read_payouts(path, "USD", "transfer 7", DAY)

    assert mark(owing, *said) == 2
    assert mark(owing, *said) == 0
    assert owed(owing) == {}
    with owing.database.reading() as session:
        assert {(row.reference, row.paid_on, row.made_by) for row in session.scalars(select(PayoutRow))} == {
            ("transfer 7", DAY, "ada")
        }
        rows = session.scalars(select(PaymentRow)).all()
        assert {row.state for row in rows} == {"confirmed"}
        assert all(row.payout_id for row in rows)
        assert session.scalars(select(AssignmentRow.state)).all() == ["approved"] * 2


def test_what_came_to_be_owed_since_the_file_was_written_stays_owed(owing, tmp_path: Path) -> None:
    said = read_payouts(exported(owing, tmp_path / "office.csv"), "USD", "transfer 7", DAY)
    owe(owing.database, first(owing), "bonus", 100, minute=30)
    assert mark(owing, *said) == 2
    assert owed(owing) == {"W1": 100}
    again = read_payouts(exported(owing, tmp_path / "second.csv"), "USD", "transfer 8", DAY)
    assert mark(owing, *again) == 1
    assert mark(owing, *again, *said) == 0


def test_two_files_with_the_same_money_in_them_do_not_pay_it_twice(owing, tmp_path: Path) -> None:
    early = read_payouts(exported(owing, tmp_path / "early.csv"), "USD", "t", DAY)
    owe(owing.database, first(owing), "bonus", 100, minute=30)
    late = read_payouts(exported(owing, tmp_path / "late.csv"), "USD", "t", DAY)
    mark(owing, *early)
    with pytest.raises(PayoutsDisagree, match="line 2: nothing is owed|line 3: nothing is owed"):
        mark(owing, *late)
    assert owed(owing) == {"W1": 100}


def test_amounts_that_do_not_agree_are_all_named_and_nothing_is_marked(owing, tmp_path: Path) -> None:
    path = exported(owing, tmp_path / "office.csv")
    path.write_text(path.read_text().replace("0.83", "0.80").replace("0.63", "6.30"))
    with pytest.raises(PayoutsDisagree) as wrong:
        mark(owing, *read_payouts(path, "USD", "t", DAY))
    said = str(wrong.value)
    assert "2 lines do not agree" in said
    assert "0.80 USD were paid" in said
    assert "0.83 USD are owed" in said
    assert owed(owing) == {"W1": 83, "W2": 63}


def test_one_wrong_line_keeps_the_others_from_being_marked(owing, tmp_path: Path) -> None:
    path = exported(owing, tmp_path / "office.csv")
    path.write_text(path.read_text().replace("0.83", "0.80"))
    with pytest.raises(PayoutsDisagree, match="1 line does"):
        mark(owing, *read_payouts(path, "USD", "t", DAY))
    assert owed(owing) == {"W1": 83, "W2": 63}


def test_one_worker_alone_is_marked_by_reference_and_date_once(owing) -> None:
    with owing.database.reading() as session:
        worker = next(one.worker for one in balances(session, "panel", "planned") if one.amount_minor == 83)
    with pytest.raises(PayoutsDisagree, match=r"0.90 USD were paid to \w+, and 0.83 USD are owed"):
        mark(owing, Paid(worker, "", 90, "cash", DAY, "--worker"))
    assert mark(owing, Paid(worker, "", 83, "cash", DAY, "--worker")) == 1
    owe(owing.database, first(owing), "bonus", 100, minute=30)
    assert mark(owing, Paid(worker, "", None, "cash", DAY, "--worker")) == 0
    assert owed(owing) == {"W1": 100, "W2": 63}


def test_a_marketplace_s_books_are_owed_by_hand_once_they_say_yes(owing) -> None:
    with owing.database.writing() as session:
        for row in session.scalars(select(HitRow)):
            row.platform = "mturk"
        assert balances(session, "mturk", "confirmed") == []
        for payment in payments_in(session, "planned"):
            keep_payment(session, payment.step("sent").step("confirmed"))
        session.flush()
        found = balances(session, "mturk", "confirmed")
        assert sorted(one.amount_minor for one in found) == [63, 83]
        said = [Paid(one.worker, one.payout_id, one.amount_minor, "t", DAY, "") for one in found]
        assert mark_paid(session, said, "mturk", "confirmed", "USD") == 2
        assert balances(session, "mturk", "confirmed") == []


def test_simulated_listeners_are_owed_nothing(owing) -> None:
    with owing.database.writing() as session:
        for row in session.scalars(select(WorkerRow)):
            row.simulated = own_id(session, row.platform_worker_id) == "W1"
    assert owed(owing) == {"W2": 63}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("payout,worker", "payout,who"), "line 1: found no column worker"),
        (("0.83", "0.835"), r"expected an amount such as 1.50"),
        (("USD", "EUR"), "found the currency 'EUR'; expected USD"),
        (("study,,", "study,t,yesterday"), "Invalid isoformat"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(owing, tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = exported(owing, tmp_path / "office.csv")
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(PayoutFileWrong, match=says):
        read_payouts(path, "USD", "t", DAY)


def test_a_reference_and_a_day_are_wanted_from_somewhere(owing, tmp_path: Path) -> None:
    path = exported(owing, tmp_path / "office.csv")
    with pytest.raises(PayoutFileWrong, match="line 2: found no reference or no date"):
        read_payouts(path, "USD", None, None)
    path.write_text(path.read_text().replace("study,,", "study,transfer 9,2030-03-01"))
    assert {(one.reference, one.paid_on) for one in read_payouts(path, "USD", None, None)} == {
        ("transfer 9", date(2030, 3, 1))
    }


def test_a_spreadsheet_s_byte_order_mark_does_no_harm(owing, tmp_path: Path) -> None:
    path = exported(owing, tmp_path / "office.csv")
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert len(read_payouts(path, "USD", "t", DAY)) == 2


def test_course_credit_is_listed_by_what_was_handed_in(owing, tmp_path: Path) -> None:
    with owing.database.writing() as session:
        for row in session.scalars(select(AssignmentRow)):
            row.state = "submitted"
    with owing.database.reading() as session:
        earned = credits_earned(session, "mturk")  # where its workers came from
    write_credits(tmp_path / "credit.csv", earned, 0.5, "study")
    lines = (tmp_path / "credit.csv").read_text().splitlines()
    assert lines[0] == "worker,platform_worker_id,hits,credits,study"
    assert sorted(line.split(",", 1)[1] for line in lines[1:]) == ["W1,1,0.5,study", "W2,1,0.5,study"]
