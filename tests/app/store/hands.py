"""Studies on a rude platform, for the one pair of hands."""

from __future__ import annotations

from app.store import hits as hit_store
from hits.batch import open_hits
from hits.pay import Pay


def plan(study: object, count: int = 3) -> None:
    with study.database.writing() as session:
        first = hit_store.count_hits(session)
        hit_store.plan_hits(session, open_hits(first, count, study.rules.hits), "test", study.rules.hits, Pay())


def hand_in(study, platform, worker: str, hit: int = 0, seconds: float = 10.0) -> None:
    begun = study.begin(hit, worker)
    while study.open(begun) is not None:
        study.answer(begun, after_s=seconds)
    platform.hand_in(begun.platform_assignment_id, begun.platform_hit_id, worker)
