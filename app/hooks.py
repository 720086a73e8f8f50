"""Where platforms say something by themselves: proven to be theirs, noted, and left to the one pair of hands."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from flask import Blueprint, abort, request

from app.serving import served
from app.store.news import keep_news
from hits.recruiting import NewsRefused

log = logging.getLogger(__name__)

pages = Blueprint("hooks", __name__, url_prefix="/hooks")

LARGEST_BYTES = 16 * 1024


@pages.post("/<platform>")
def take_news(platform: str) -> tuple[str, int]:
    """Note what the study's platform says. It says so again until it is answered, and twice is as good as once."""
    web = served()
    if web.hook_secret is None or platform != web.study.hits.platform:
        abort(404)
    request.max_content_length = LARGEST_BYTES
    now = datetime.now(UTC)
    try:
        news = web.platform.news(dict(request.headers), request.get_data(cache=False), web.hook_secret, now)
    except NewsRefused as refused:
        log.warning("a message to /hooks/%s was refused: %s", web.study.hits.platform, refused)
        return "refused", 401
    keep_news(web.database, web.study.hits.platform, news, now)
    return "", 204
