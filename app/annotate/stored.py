"""Clips that browsers fetch from storage: which variant a worker gets of each, and the link to it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from app.media import MediaOff, MediaRefused, MediaUnreachable, storage_of
from app.serving import Web
from app.settings import Settings
from app.store.media import servings
from app.store.trials import OpenTrial
from app.store.work import Work

log = logging.getLogger(__name__)


def stored_sources(web: Web, work: Work, trial: OpenTrial) -> tuple[str, ...]:
    """Links to both clips of a trial, good as long as its assignment; none where one of them is not in storage."""
    with web.database.reading() as session:
        both = servings(session, work.worker, trial)
    if not all(serving.keys for serving in both):
        return ()
    try:
        storage, now = storage_of(web.settings), datetime.now(UTC)
        return tuple(storage.link(serving.key, work.expires_at, now) for serving in both)
    except (MediaRefused, MediaUnreachable):
        log.exception("clips come from the app, since their storage can't be used")
        return ()


def storage_origins(settings: Settings) -> frozenset[str]:
    """Where pages may fetch sound from, beside their own server."""
    try:
        return frozenset({storage_of(settings).origin})
    except (MediaOff, MediaRefused, MediaUnreachable):
        return frozenset()
