"""Pay what is owed: settle what nobody knows by the platform's books, then send what is planned."""

from __future__ import annotations

from app.hands.worksite import Turn, Worksite, many, note
from app.store import hits as hit_store
from app.store.money import count_alike, keep_payment, payments_in, to_be_sent
from app.store.own_word import mark_accepted, unaccepted
from app.store.review import waiting_until
from hits.ledger import reconcile, send
from hits.recruiting import PlatformRefused


def plan_refused_again(site: Worksite) -> int:
    """Plan what a platform refused to pay once more: somebody has seen to the reason. The number of payments."""
    with site.database.writing() as session:
        refused = payments_in(session, "refused")
        for payment in refused:
            keep_payment(session, payment.step("planned", f"asked again; before: {payment.note}"))
    return len(refused)


def pay_due(site: Worksite, turn: Turn, *, reviewed: bool = False) -> None:
    """Settle payments of unknown outcome by the platform's books, then send what is planned and not to be reviewed.

    Where no money moves through the platform, what is planned waits for a payout by hand.

    Args:
        site: the study, its platform, the held lock.
        turn: what is done is counted in.
        reviewed: a person says that nothing has to wait for review.
    """
    if not site.platform.traits.pays:
        return
    _settle_unknown(site, turn)
    _send_planned(site, turn, reviewed=reviewed)


def _settle_unknown(site: Worksite, turn: Turn) -> None:
    with site.database.reading() as session:
        unsettled = payments_in(session, "sent", "unknown")
    for payment in unsettled:
        try:
            approved = payment.kind == "reward" and approved_there(site, payment.platform_assignment_id)
            with site.database.reading() as session:
                alike = count_alike(session, payment)
            settled = reconcile(payment, approved, site.platform, alike)
        except PlatformRefused as error:  # its books are closed for this one; others can still be paid
            turn.notes.append(f"payment {payment.key} could not be settled: {error}")
            continue
        with site.database.writing() as session:
            keep_payment(session, settled)


def _send_planned(site: Worksite, turn: Turn, *, reviewed: bool) -> None:
    with site.database.writing() as session:
        in_review = {} if reviewed else waiting_until(session, site.study.pay, site.database.now())
        planned, waiting = to_be_sent(session, in_review)
    if waiting:
        turn.notes.append(f"{many(waiting, 'payment')} wait for the key that opens workers' ids (EARWITNESS_SEAL_KEY)")
    for number, payment in enumerate(planned, start=1):
        for step in send(payment, site.platform):
            with site.database.writing() as session:
                keep_payment(session, step)
        turn.paid += step.state == "confirmed"
        if step.state == "refused":
            turn.notes.append(f"payment {payment.key} was refused: {step.note}")
            note(site, "pay", turn.notes[-1])
        site.hands.renew()
        site.on_step("paying", number, len(planned))
    if turn.paid:
        note(site, "pay", f"{many(turn.paid, 'payment')} confirmed")


def approved_there(site: Worksite, platform_assignment_id: str) -> bool:
    """Whether the platform says of an assignment that it is approved."""
    with site.database.reading() as session:
        hit_id = hit_store.platform_hit_of(session, platform_assignment_id)
    return any(
        seen.assignment_id == platform_assignment_id and seen.state == "approved"
        for seen in site.platform.assignments(hit_id)
    )


def accept_unpaid(site: Worksite, turn: Turn) -> None:
    """Accept what was handed in where a study pays no money, so that no platform leaves it open."""
    if site.study.pay.mode == "money":
        return
    with site.database.reading() as session:
        waiting = unaccepted(session, site.study.pay, site.database.now())
    for assignment_id, platform_assignment_id in waiting:
        try:
            site.platform.approve(platform_assignment_id)
        except PlatformRefused as error:
            turn.notes.append(f"assignment {assignment_id} could not be accepted: {error}")
            continue
        with site.database.writing() as session:
            mark_accepted(session, [assignment_id])
        site.hands.renew()
