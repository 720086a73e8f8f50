"""What an answer may do in a browser: content security policies, and the nonce that lets our own scripts run."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from flask import Response, g, request


def nonce() -> str:
    """The word that lets this one answer's own scripts run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(12)
    return str(g.nonce)


def policy(*, framed_by: str, posts_to: Collection[str] = (), fetches_from: Collection[str] = ()) -> str:
    """A content security policy: our own files only, scripts by nonce, framed and posting as said.

    Args:
        framed_by: sources that may show the page in a frame; `'none'` for nobody.
        posts_to: origins, beside our own, to which forms may go.
        fetches_from: origins, beside our own, from which scripts may fetch.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce()}'",
            "style-src 'self'",
            "img-src 'self' data:",
            " ".join(("connect-src 'self'", *sorted(fetches_from))),
            "media-src 'self'",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *sorted(posts_to))),
            f"frame-ancestors {framed_by}",
        )
    )


def guard(response: Response) -> Response:
    """The headers of every answer; views that need another policy have set it before."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    headers.setdefault("Content-Security-Policy", policy(framed_by="'none'"))
    location = headers.get("Location", "")
    if location.startswith(request.host_url):  # Flask believes the Host header; a redirect to ourselves needs none
        headers["Location"] = "/" + location.removeprefix(request.host_url).lstrip("/")
    if request.endpoint != "static":
        headers["Cache-Control"] = response.headers.get("Cache-Control") or "no-store"
    return response
