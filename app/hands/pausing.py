"""Hold HITs back on the platform while a study is paused, and let them go afterwards; whoever is at work goes on."""

from __future__ import annotations

from app.hands.worksite import Turn, Worksite, many, note
from app.store.events import PAUSED, fact
from app.store.held import forget_closed, held_hits, hold, let_go, to_hold
from hits.recruiting import PlatformRefused


def hold_due(site: Worksite, turn: Turn) -> None:
    """Tell the platform of every HIT that is to be held back, or to be let go, and that it was not told of yet.

    Each HIT is kept as soon as the platform has answered, and told of again where nobody saw the answer.

    Raises:
        PlatformUnreachable: no answer; our own pages let nobody new in all the same, and the next turn goes on.
    """
    with site.database.reading() as session:
        paused = fact(session, PAUSED) is not None
    if paused:
        _hold_back(site, turn)
    else:
        _let_go(site, turn)


def _hold_back(site: Worksite, turn: Turn) -> None:
    with site.database.reading() as session:
        waiting = to_hold(session)
    for number, hit_id in enumerate(waiting, start=1):
        try:
            site.platform.pause(hit_id)
        except PlatformRefused as error:  # asking again would not help; our own pages let nobody in
            turn.notes.append(f"HIT {hit_id} could not be paused: {error}")
        with site.database.writing() as session:
            hold(session, hit_id, site.database.now())
        site.hands.renew()
        site.on_step("pausing HITs", number, len(waiting))
    if waiting:
        note(site, "pause", f"{many(len(waiting), 'HIT')} held back")


def _let_go(site: Worksite, turn: Turn) -> None:
    with site.database.reading() as session:
        held = held_hits(session, site.database.now())
    for number, one in enumerate(held.is_open, start=1):
        try:
            site.platform.resume(one.platform_hit_id, one.left_s)
        except PlatformRefused as error:  # it is over there; its time here ends, and its votes are asked for again
            turn.notes.append(f"HIT {one.platform_hit_id} could not be resumed: {error}")
        with site.database.writing() as session:
            let_go(session, one)
        site.hands.renew()
        site.on_step("resuming HITs", number, len(held.is_open))
    if held.closed:  # while the study was paused: the platform has them off the shelf already
        with site.database.writing() as session:
            forget_closed(session, held.closed)
    if held.is_open:
        note(site, "resume", f"{many(len(held.is_open), 'HIT')} let go again")
