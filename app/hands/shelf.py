"""Take HITs off the shelf: once their time is over, nothing is asked any more, or a researcher says so."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from app.hands.worksite import Turn, Worksite, many, note
from app.store import hits as hit_store
from app.store.asked import asked_so_far
from app.store.events import CLOSED, PAUSED, fact, keep_fact
from app.store.missing import is_complete
from app.store.shelf import to_take_down
from hits.recruiting import PlatformRefused


def close_run_out(site: Worksite, turn: Turn) -> None:
    """Take it that HITs are off the shelf once their time is over, so that their votes are asked for again."""
    with site.database.reading() as session:
        if fact(session, PAUSED) is not None:  # its time stands still
            return
    begun_by_now = timedelta(seconds=site.study.hits.assignment_duration_s)  # whoever accepted in the last second
    if site.platform.traits.shared_hits:  # such a platform knows no lifetime, so it has to be told
        with site.database.reading() as session:
            run_out = hit_store.run_out_ids(session, site.database.now())
        take_off_the_shelf(site, run_out, turn)
    with site.database.writing() as session:
        turn.closed += hit_store.close_run_out(session, site.database.now() - begun_by_now)


def close_when_decided(site: Worksite, turn: Turn) -> None:
    """Take every HIT off the shelf once no pair misses a judgment, and none will."""
    now = site.database.now()
    with site.database.reading() as session:
        open_ids = hit_store.published_ids(session, open_only=True)
        if not open_ids or not is_complete(session, site.study.hits, now):
            return
        what = "pair" if asked_so_far(session) is None else "condition"
    take_off_the_shelf(site, open_ids, turn)
    note(site, "close", f"every {what} is decided; all HITs are off the shelf")


def take_down(site: Worksite, turn: Turn) -> None:
    """Take down what should let nobody in: all HITs of a study that is shut, and those that ask about nothing open."""
    with site.database.writing() as session:
        shut = is_shut(session, site)
        idle = to_take_down(session, site.study.hits, site.database.now(), shut=shut)
    take_off_the_shelf(site, idle, turn)
    if idle:
        why = "the study is shut" if shut else "no votes are left for them"
        note(site, "close", f"{many(len(idle), 'HIT')} taken off the shelf: {why}")


def is_shut(session: Session, site: Worksite) -> bool:
    """Whether a researcher closed the study, or its last day is over."""
    return fact(session, CLOSED) is not None or site.study.hits.over_at(site.database.now())


def close_all(site: Worksite, turn: Turn) -> None:
    """Take every open HIT off the shelf, and plan no new ones until the study is published again."""
    with site.database.writing() as session:
        keep_fact(session, CLOSED, {"at": site.database.now().isoformat()})
        open_ids = hit_store.published_ids(session, open_only=True)
    take_off_the_shelf(site, open_ids, turn)
    note(site, "close", "the study was closed by hand")


def take_off_the_shelf(site: Worksite, open_ids: list[str], turn: Turn) -> None:
    """Take these HITs off the shelf, each of them kept as soon as it is."""
    for number, hit_id in enumerate(open_ids, start=1):
        try:
            site.platform.expire(hit_id)
        except PlatformRefused as error:  # one HIT that is gone must not keep the others open
            turn.notes.append(str(error))
        with site.database.writing() as session:
            hit_store.mark_closed(session, hit_id)
        turn.closed += 1
        site.hands.renew()
        site.on_step("closing HITs", number, len(open_ids))
