"""Carry out what researchers wished by buttons, once each. Whoever calls it holds the lock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.hands.collecting import collect_due
from app.hands.pausing import hold_due
from app.hands.paying import approved_there, pay_due, plan_refused_again
from app.hands.shelf import close_all
from app.hands.worksite import Turn, Worksite, many
from app.launch import launch, prepare
from app.store import by_hand
from app.store.events import PAUSED, drop_fact, keep_fact, note_event
from app.store.identities import nameless
from app.store.pairs import known_pairs
from app.store.wishes import Wish, WishKind, WishState, settle_wish, waiting_wishes
from hits.pay import money
from hits.recruiting import PlatformRefused, PlatformUnreachable

TELL_THEM = "; this platform can't be told: take its listing down there, or our pages ask people to come back later"
ON_ITS_WAY = "it was on its way when no answer came; look at the platform before you write again"


def grant_wishes(site: Worksite, turn: Turn, pairs: Path) -> None:
    """Do everything that was wished for, the oldest first. Each wish ends done or refused, with the reason in words.

    Args:
        site: the study, its platform, the held lock.
        turn: what is done is counted in.
        pairs: the study's folder of pairs.

    Raises:
        PlatformUnreachable: no answer; that wish and those after it wait for the next turn, and say so.
    """
    with site.database.reading() as session:
        wishes = waiting_wishes(session)
    for one in wishes:
        try:
            note = _publish(site, one, pairs) if one.kind == "publish" else GRANTED[one.kind](site, turn, one)
        except PlatformUnreachable as error:
            _settle(site, one, "waiting", _nameless(site, f"no answer yet: {error}"))
            raise
        except (PlatformRefused, ValueError) as error:
            words = _nameless(site, str(error))
            _settle(site, one, "refused", words)
            turn.notes.append(f"{one.kind}: {words}")
        else:
            if note is not None:
                _settle(site, one, "done", note)
        site.hands.renew()


def _nameless(site: Worksite, words: str) -> str:
    with site.database.reading() as session:
        return nameless(session, words)


def _settle(site: Worksite, wish: Wish, state: WishState, note: str) -> None:
    with site.database.writing() as session:
        settle_wish(session, wish.wish_id, state, note)
        if state != "waiting":
            note_event(session, "wish", f"{wish.kind} ({_about(wish)}): {state}. {note}", wish.researcher)


def _about(wish: Wish) -> str:
    named = (str(wish.detail[name]) for name in ("assignment_id", "worker", "key") if name in wish.detail)
    return next(named, f"wish {wish.wish_id}")


def _publish(site: Worksite, wish: Wish, pairs: Path) -> str:
    clips = wish.detail.get("clips")
    with site.database.reading() as session:
        taken = len(known_pairs(session))
    if taken != wish.detail["pairs_before"]:  # by this wish, if the program was stopped just then, or by another
        raise by_hand.HandRefused("pairs were taken in meanwhile; look at what is left, and say yes once more")
    bill = prepare(site.database, site.study, pairs, clips)
    agreed = int(wish.detail["total_minor"])
    if bill.total_minor > agreed:
        currency = site.study.pay.currency
        raise by_hand.HandRefused(
            f"it would cost {money(bill.total_minor, currency)} by now, not {money(agreed, currency)}; look at the "
            "price and say yes once more"
        )
    planned = launch(site.database, site.study, pairs, clips)
    if not planned:
        return "pairs are taken in; HITs go out when the decision asks for them"
    return f"{many(planned, 'HIT')} planned; they go out now"


def _pause(site: Worksite, turn: Turn, wish: Wish) -> str:
    with site.database.writing() as session:
        keep_fact(session, PAUSED, {"at": wish.at.isoformat(), "by": wish.researcher})
    hold_due(site, turn)
    told = "" if site.platform.traits.pauses else TELL_THEM
    return f"nobody new can begin; whoever is at work goes on and is paid{told}"


def _resume(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    with site.database.writing() as session:
        drop_fact(session, PAUSED)
    hold_due(site, turn)
    return "people can begin again"


def _close(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    before = turn.closed
    close_all(site, turn)
    return f"{many(turn.closed - before, 'HIT')} taken off the shelf"


def _collect(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    before = turn.handed_in
    collect_due(site, turn)
    return f"{many(turn.handed_in - before, 'assignment')} handed in since the last look"


def _pay(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    before = turn.paid
    collect_due(site, turn)
    plan_refused_again(site)
    pay_due(site, turn, reviewed=True)
    return f"{many(turn.paid - before, 'payment')} confirmed"


def _approve(site: Worksite, turn: Turn, wish: Wish) -> str | None:
    assignment_id = str(wish.detail["assignment_id"])
    with site.database.reading() as session:
        about = by_hand.subject(session, assignment_id)
    overturns = about.state != "rejected" or site.platform.traits.overturns
    if not overturns and not approved_there(site, about.platform_assignment_id):
        raise by_hand.HandRefused(
            "this platform takes back a rejection on its own pages only; do it there first, then approve here, so that "
            "what is owed beside the reward is paid too"
        )
    with site.database.writing() as session:
        key = by_hand.plan_reward(session, assignment_id, wish.researcher, site.study.pay)
    return _paid(site, turn, wish, key)


def _reject(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    assignment_id, reason = str(wish.detail["assignment_id"]), str(wish.detail["reason"])
    with site.database.reading() as session:
        about = by_hand.require_rejectable(session, assignment_id, site.study.pay, wish.at)
    site.platform.reject(about.platform_assignment_id, reason)
    with site.database.writing() as session:
        by_hand.note_rejection(session, assignment_id, reason)
    return "the platform took the rejection"


def _bonus(site: Worksite, turn: Turn, wish: Wish) -> str | None:
    with site.database.writing() as session:
        key = by_hand.plan_bonus(
            session,
            wish.wish_id,
            str(wish.detail["assignment_id"]),
            int(wish.detail["amount_minor"]),
            str(wish.detail["reason"]),
            wish.researcher,
            site.study.pay,
        )
    return _paid(site, turn, wish, key)


def _paid(site: Worksite, turn: Turn, wish: Wish, key: str) -> str | None:
    """Send what is planned, and say what came of one payment; None where it could not be sent yet."""
    if not site.platform.traits.pays:
        return "written down; it is paid out by hand, with all that is owed"
    pay_due(site, turn)
    with site.database.reading() as session:
        state, note = by_hand.payment_standing(session, key) or ("planned", "")
    if state == "refused":
        raise PlatformRefused(note)
    if state == "planned":
        _settle(site, wish, "waiting", f"no answer yet: {note}")
        return None
    return (
        "paid" if state == "confirmed" else f"sent, and the platform gave no clear answer: the ledger shows it ({note})"
    )


def _message(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    """Write to workers at most once: platforms can't be asked whether a message arrived."""
    wanted = wish.detail.get("worker")
    with site.database.reading() as session:
        found = by_hand.platform_worker_ids(session, None if wanted is None else [str(wanted)])
    if not found:
        raise by_hand.HandRefused("there is nobody to write to: their ids were forgotten, or nobody is invited on")
    with site.database.writing() as session:  # should the program be stopped in the middle, nobody is written to twice
        settle_wish(session, wish.wish_id, "refused", ON_ITS_WAY)
    try:
        site.platform.message(list(found.values()), str(wish.detail["subject"]), str(wish.detail["text"]))
    except PlatformUnreachable as error:
        raise by_hand.HandRefused(f"{ON_ITS_WAY} ({error})") from error
    return f"sent to {many(len(found), 'worker')}"


def _invite(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    trusted, reason = wish.detail["trusted"], str(wish.detail["reason"])
    with site.database.writing() as session:
        by_hand.set_trust(
            session,
            str(wish.detail["worker"]),
            trusted=trusted,
            because=reason,
            rule=site.study.quality,
            by=wish.researcher or "a researcher",
        )
    if trusted is None:
        return "the checks decide again"
    return f"invited on: {reason}" if trusted else f"not invited on, and paid for everything that was done: {reason}"


def _settle_payment(site: Worksite, turn: Turn, wish: Wish) -> str:  # noqa: ARG001
    with site.database.writing() as session:
        return by_hand.settle_payment(
            session, str(wish.detail["key"]), paid=bool(wish.detail["paid"]), by=wish.researcher
        )


#: What is done for each kind of wish; gives a note where it is done, None where it has to wait.
GRANTED: dict[WishKind, Callable[[Worksite, Turn, Wish], str | None]] = {
    "pause": _pause,
    "resume": _resume,
    "close": _close,
    "collect": _collect,
    "pay": _pay,
    "approve": _approve,
    "reject": _reject,
    "bonus": _bonus,
    "message": _message,
    "invite": _invite,
    "settle": _settle_payment,
}
