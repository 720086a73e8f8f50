"""SendBonus, ListBonusPayments, GetAccountBalance."""

from __future__ import annotations

from app.marketplace.ids import new_id
from app.marketplace.money import fee_on_bonus, parse_amount, show_amount
from app.marketplace.operations.call import Call, Fields, page
from app.marketplace.paying import purse_of
from app.marketplace.records import Payment
from app.marketplace.refusals import Refused
from app.marketplace.store import payments, requesters


def send_bonus(call: Call) -> Fields:
    """Pay a worker extra for an assignment, handed in or not; the same token never pays twice.

    Unlike MTurk's, also for work that was returned, ran out or still goes on: nobody who worked must go unpaid.
    """
    fields, key = call.fields, call.requester.access_key_id
    amount_minor = parse_amount(fields["BonusAmount"], "BonusAmount")
    if amount_minor == 0 or not fields["Reason"].strip():
        raise Refused("ParameterValidationError", "A bonus needs an amount above 0.00 and a Reason.")
    with call.store.write() as connection:
        requesters.lock_purse(connection, key)
        assignment = call.own_assignment(connection)
        if assignment.worker_id != fields["WorkerId"]:
            raise Refused("WorkerDoesNotExist", f"Worker {fields['WorkerId']} did not do that assignment.")
        bonus = Payment(
            payment_id=new_id(),
            kind="bonus",
            access_key_id=key,
            worker_id=assignment.worker_id,
            assignment_id=assignment.assignment_id,
            amount_minor=amount_minor,
            fee_minor=fee_on_bonus(amount_minor),
            reason=fields["Reason"],
            unique_request_token=fields.get("UniqueRequestToken"),
            paid_at=call.now,
        )
        if bonus.unique_request_token is not None:
            _check_token(payments.payment_of_token(connection, key, bonus.unique_request_token), bonus)
        purse_of(connection, call.requester, call.now).require(bonus.amount_minor + bonus.fee_minor)
        payments.add_payment(connection, bonus)
    return {}


def list_bonus_payments(call: Call) -> Fields:
    """The bonuses for a HIT or for an assignment, in the order of payment."""
    by_hit, by_assignment = "HITId" in call.fields, "AssignmentId" in call.fields
    if by_hit == by_assignment:
        raise Refused("ParameterValidationError", "Give either HITId or AssignmentId.")
    with call.store.read() as connection:
        found = payments.page_of_bonuses(
            connection,
            hit_id=call.own_hit(connection).hit_id if by_hit else None,
            assignment_id=call.own_assignment(connection).assignment_id if by_assignment else None,
            after=call.after,
            limit=call.page_size + 1,
        )
    shown = found[: call.page_size]
    more = (shown[-1].paid_at, shown[-1].payment_id) if len(found) > call.page_size else None
    return page("BonusPayments", [_describe(bonus) for bonus in shown], more)


def get_account_balance(call: Call) -> Fields:
    """What is left, and what is held for open HITs."""
    with call.store.read() as connection:
        purse = purse_of(connection, call.requester, call.now)
    return {
        "AvailableBalance": show_amount(max(purse.available_minor, 0)),
        "OnHoldBalance": show_amount(purse.held_minor),
    }


def _describe(bonus: Payment) -> Fields:
    return {
        "WorkerId": bonus.worker_id,
        "BonusAmount": show_amount(bonus.amount_minor),
        "AssignmentId": bonus.assignment_id,
        "Reason": bonus.reason,
        "GrantTime": bonus.paid_at,
    }


def _check_token(paid: Payment | None, asked: Payment) -> None:
    """Raises Refused when the token was used before: as MTurk for the same bonus, and louder for another."""
    if paid is None:
        return
    if (paid.assignment_id, paid.amount_minor, paid.reason) != (asked.assignment_id, asked.amount_minor, asked.reason):
        raise Refused(
            "IdempotentParameterMismatch",
            f'The idempotency token "{asked.unique_request_token}" was used for another bonus; nothing was paid.',
        )
    raise Refused(
        "DuplicateRequest",
        f'The idempotency token "{asked.unique_request_token}" has already been processed. '
        f"Request {paid.payment_id} paid this bonus.",
    )
