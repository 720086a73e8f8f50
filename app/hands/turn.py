"""One turn of the one pair of hands, in the order in which money is safest. Whoever calls it holds the lock."""

from __future__ import annotations

from app.hands.collecting import collect_due
from app.hands.following import follow_decision
from app.hands.pausing import hold_due
from app.hands.paying import accept_unpaid, pay_due
from app.hands.publishing import grow_due, publish_due, top_up
from app.hands.shelf import close_run_out, close_when_decided, take_down
from app.hands.upkeep import forget_due, keep_link_keys, tell_qualifications
from app.hands.worksite import Turn, Worksite
from app.store.decision_stamp import stamp_decision
from hits.recruiting import PlatformRefused


def take_turn(site: Worksite, begun: Turn | None = None) -> Turn:
    """Everything that is due now, in the order in which money is safest.

    Args:
        site: the study, its platform, the held lock.
        begun: what this turn did already, to be counted in.

    Raises:
        PlatformUnreachable: the platform gives no answer; what was done is kept, the rest comes with the next turn.
    """
    turn = begun or Turn()
    with site.database.writing() as session:
        turn.notes += stamp_decision(session, site.study)
    keep_link_keys(site, turn)
    try:
        publish_due(site, turn)
    except PlatformRefused as error:  # no money for further HITs must not keep anybody from their pay
        turn.notes.append(f"HITs could not be published: {error}")
    hold_due(site, turn)
    collect_due(site, turn)
    pay_due(site, turn)
    accept_unpaid(site, turn)
    tell_qualifications(site, turn)
    follow_decision(site, turn)
    close_run_out(site, turn)
    top_up(site, turn)
    grow_due(site, turn)
    close_when_decided(site, turn)
    take_down(site, turn)
    forget_due(site, turn)
    return turn
