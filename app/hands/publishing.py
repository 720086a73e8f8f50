"""Put HITs out, plan as many as the open votes need, and let those grow that can."""

from __future__ import annotations

from app.hands.shelf import is_shut
from app.hands.worksite import Turn, Worksite, many, note
from app.store import hits as hit_store
from app.store.events import LAUNCHED, PAUSED, fact
from app.store.missing import trials_out, votes_still_open
from app.store.money import committed_minor
from app.store.places import keep_places, places_due, plan_or_grow
from app.study import Study
from hits.batch import open_hits, open_hits_needed
from hits.completion import completion_codes
from hits.pay import OverCap
from hits.publish import cost_minor, offer_of, publish
from hits.recruiting import PlatformRefused


def publish_due(site: Worksite, turn: Turn) -> None:
    """Put out every HIT that was planned, or whose publication was never confirmed (its token makes that safe)."""
    with site.database.reading() as session:
        due = hit_store.unsent_hits(session)
        if is_shut(session, site) or fact(session, PAUSED) is not None:  # what may be out has to be known, to be held
            due = [one for one in due if hit_store.is_sent(session, one[0].hit_id)]
    design, pay, key = site.study.hits, site.study.pay, site.secret_key
    offers = [
        (hit, offer_of(hit, token, design, pay, site.task_url, completion_codes(key, token))) for hit, token in due
    ]
    with site.database.writing() as session:
        hit_store.mark_sent(session, [hit.hit_id for hit, _ in due])
    for hit, platform_hit_id in publish(offers, site.platform):
        with site.database.writing() as session:
            hit_store.mark_open(session, hit.hit_id, platform_hit_id, site.study.hits.lifetime_s)
        turn.published += 1
        site.hands.renew()
        site.on_step("publishing HITs", turn.published, len(due))
    if turn.published:
        note(site, "publish", f"{many(turn.published, 'HIT')} published")


def top_up(site: Worksite, turn: Turn) -> None:
    """Plan as many HITs as the votes that are still open need, within the cap; they are filled on arrival.

    Under `fixed` those are the votes that are not used, or that did not come while their HIT was on the shelf.
    """
    now = site.database.now()
    try:
        with site.database.writing() as session:
            held = is_shut(session, site) or fact(session, PAUSED) is not None
            if fact(session, LAUNCHED) is None or held:
                return
            needed = open_hits_needed(
                votes_still_open(session, site.study.hits, now),
                trials_out(session, site.study.hits, now),
                site.study.hits,
            )
            shared = site.platform.traits.shared_hits
            planned = open_hits(hit_store.count_hits(session), needed, site.study.hits, shared=shared)
            require_within_cap(
                cost_minor(planned, site.study.pay), committed_minor(session, site.study.pay), site.study
            )
            plan = plan_or_grow if shared else hit_store.plan_hits
            plan(session, planned, site.study.study.name, site.study.hits, site.study.pay)
    except OverCap as error:
        turn.notes.append(f"no further HITs: {error}")


def grow_due(site: Worksite, turn: Turn) -> None:
    """Tell the platform of places that HITs have gained."""
    if not site.platform.traits.shared_hits:
        return
    with site.database.reading() as session:
        due = places_due(session)
    for platform_hit_id, places in due:
        try:
            site.platform.grow(platform_hit_id, places)
        except PlatformRefused as error:
            turn.notes.append(f"HIT {platform_hit_id} could not grow to {many(places, 'place')}: {error}")
            continue
        with site.database.writing() as session:
            keep_places(session, platform_hit_id, places)


def require_within_cap(wanted_minor: int, committed: int, study: Study) -> None:
    """Refuse to commit more than the study's cap.

    Raises:
        OverCap: with what is committed, what was wanted, and the cap.
    """
    if wanted_minor and committed + wanted_minor > study.pay.cap_minor:
        raise OverCap(wanted_minor, committed, study.pay)
