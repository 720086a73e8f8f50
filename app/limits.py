"""How often pages may be asked for: by the one worker of a link, and by everybody who comes from one address."""

from __future__ import annotations

import time
from typing import cast

from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from app import api, auth, counting  # noqa: F401 -- the store for one process is known to `limits` by it
from app.annotate.room import pages as worker_pages
from app.annotate.tokens import LinkRefused, assignment_of
from app.asker import address
from app.serving import Web, served

KEY = "earwitness-limits"
SIGN_IN_TRIES = "30 per minute"  # of one address, right ones too: each costs a slow hash
API_CALLS = "600 per minute"  # from one address, with a token or without


def limit(app: Flask, web: Web) -> None:
    """Count requests, and refuse with RateLimitExceeded what is too many: nothing else of an answer changes by it."""
    settings = web.settings
    if settings.earwitness_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.earwitness_proxies, x_proto=0)  # type: ignore[method-assign]
    limiter = Limiter(
        address,
        app=app,
        storage_uri=settings.earwitness_limits_url,
        strategy="fixed-window",
        headers_enabled=False,  # what is left would differ by what was asked before
        in_memory_fallback_enabled=True,  # a store that is away must not close the study
    )
    limiter.shared_limit(
        f"{settings.earwitness_requests_per_minute} per minute", "worker", key_func=_link, exempt_when=_comes_unknown
    )(worker_pages)
    limiter.shared_limit(
        f"{settings.earwitness_arrivals_per_minute} per minute", "arrival", exempt_when=lambda: not _comes_unknown()
    )(worker_pages)
    limiter.shared_limit(SIGN_IN_TRIES, "sign-in", methods=["POST"])(auth.pages)
    limiter.shared_limit(API_CALLS, "api")(api.pages)
    app.extensions[KEY] = limiter


def wait_s() -> int:
    """Whole seconds until the request that was refused may be made again, at least one."""
    breached = cast(Limiter, current_app.extensions[KEY]).current_limit
    return max(1, breached.reset_at - int(time.time())) if breached else 1


def _link() -> str:
    """The assignment behind a link of ours; empty for all other requests, which a guess at a link is too."""
    if "link" not in g:
        try:
            g.link = assignment_of(served().secret_key, (request.view_args or {}).get("token", ""))
        except LinkRefused:
            g.link = ""
    return str(g.link)


def _comes_unknown() -> bool:
    return not _link()
