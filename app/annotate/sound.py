"""The sound of a trial, in practice too: for the worker who is asked about it, for as long as the task may take."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Response

from app.annotate.disguise import MIMETYPE, disguised
from app.annotate.examples import practised
from app.annotate.room import Halt, assignment_behind, pages
from app.annotate.tokens import LinkExpired, LinkRefused, clip_of
from app.serving import Web, served
from app.store import trials as store

KEPT_S = 3600  # by the browser that fetched it: the next pair is loaded while this one is heard

log = logging.getLogger(__name__)


@pages.get("/<token>/clip/<clip>")
def clip(token: str, clip: str) -> Response:
    """The sound of one clip, under a name that says nothing, for this worker only."""
    web, assignment_id = served(), assignment_behind(token)
    try:
        trial_id, which = clip_of(web.secret_key, assignment_id, clip, web.database.now())
    except LinkExpired as expired:
        raise Halt("expired-link") from expired
    except LinkRefused as refused:
        raise Halt("wrong-link") from refused
    with web.database.reading() as session:
        found = store.trial(session, trial_id) or practised(session, web.secret_key, assignment_id, trial_id)
    if found is None or found.assignment_id != assignment_id:
        raise Halt("wrong-link")
    path = _sound_path(web, found.first_path if which == "first" else found.second_path)
    longest_s = max(found.first_length_s, found.second_length_s)
    try:  # not send_file: a date of change or a size range would tell the twins apart
        sound = disguised(path, longest_s, web.secret_key, f"{trial_id}/{which}")
    except OSError as error:
        log.exception("the clip %s can't be read", path)
        raise Halt("missing-clip") from error
    return Response(sound, mimetype=MIMETYPE, headers={"Cache-Control": f"private, max-age={KEPT_S}, immutable"})


def _sound_path(web: Web, path: Path) -> Path:
    return web.folder / "pairs" / path  # an absolute path stays what it is
