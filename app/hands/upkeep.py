"""What else each turn keeps in order: keys of links, qualifications to be told, workers to be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.hands.worksite import Turn, Worksite, many
from app.store.events import fact, keep_fact
from app.store.forgetting import forget_older
from app.store.news import LINK_KEYS
from app.store.steps import mark_told, untold_steps
from hits.qualification import qualification_name
from hits.recruiting import PlatformRefused, PlatformUnreachable

KEYS_LIVE = timedelta(hours=1)  # a new key of the platform's is known here by then


def keep_link_keys(site: Worksite, turn: Turn) -> None:
    """Keep the keys by which the platform signs its links, for pages never ask it; anew once they are an hour old."""
    now = site.database.now()
    with site.database.reading() as session:
        kept = fact(session, LINK_KEYS)
    if kept is not None and now - datetime.fromisoformat(str(kept["at"])) < KEYS_LIVE:
        return
    try:
        keys = site.platform.link_keys()
    except PlatformUnreachable as error:  # those that are kept will do for now
        turn.notes.append(str(error))
        return
    if keys is not None:
        with site.database.writing() as session:
            keep_fact(session, LINK_KEYS, {**keys, "at": now.isoformat()})


def tell_qualifications(site: Worksite, turn: Turn) -> None:
    """Tell the platform how workers' qualifications ended, so that it can keep HITs for those who passed.

    The platform does it again without harm, so it is asked again until it says yes.
    """
    with site.database.reading() as session:
        untold = untold_steps(session, "qualification")
    for one in untold:
        score = int(one.found[-1].get("score", 0))
        try:
            site.platform.grant(one.platform_worker_id, qualification_name(site.study.study.name), score)
        except PlatformRefused as error:  # pay does not wait for it
            words = str(error).replace(one.platform_worker_id, one.worker)
            turn.notes.append(f"a qualification could not be given: {words}")
            continue
        with site.database.writing() as session:
            mark_told(session, one.worker, "qualification", site.database.now())
        site.hands.renew()


def forget_due(site: Worksite, turn: Turn) -> None:
    """Forget who workers are with whom all was settled as long ago as the study says."""
    days = site.study.study.keep_ids_days
    if days is None:
        return
    with site.database.writing(overwriting=True) as session:
        forgotten = forget_older(session, days, site.database.now(), booked=site.books_only)
    if forgotten:
        site.database.wipe_log()
        turn.notes.append(f"{many(forgotten, 'worker')} forgotten, {many(days, 'day')} after all was settled")
