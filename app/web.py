"""The Flask application of one served study: the annotator's pages and the researcher's pages."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask, render_template, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_limiter import RateLimitExceeded
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app import api, assets, auth, headers, hooks, limits
from app.annotate import leaving, pages, sound, way  # noqa: F401 - their views join the worker's room
from app.annotate.languages import language_of_page, languages_offered
from app.annotate.room import pages as worker_pages
from app.languages import speak
from app.research import assignment, bill, condition, decided, events, ledger, overview, people, plan, wishes, workers  # noqa: F401 - their views too
from app.research.figures import Kept
from app.research.room import pages as research_pages
from app.serving import KEY, Web

__all__ = ["Web", "create_app"]

SIGNED_IN_FOR = timedelta(hours=12)
LARGEST_FORM_BYTES = 64 * 1024

log = logging.getLogger(__name__)

#: What people read where Flask refuses by itself: title and next step.
WORDS = {
    404: (_("There is no such page"), _("Check the link, or go back to where it came from.")),
    405: (_("This page can't be used like that"), _("Go back, and use the button on the page.")),
    413: (_("That was too much text"), _("Go back and shorten it, please.")),
    429: (_("That was a lot at once"), _("Wait a minute, then load this page again, please. What was sent is safe.")),
}
OTHER_WORDS = (_("This did not work"), _("Go back and try once more, please."))


def create_app(web: Web) -> Flask:
    """The pages of a study, as a WSGI application. Nothing is read or written until a request comes."""
    app = Flask("app", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=web.secret_key,
        SESSION_COOKIE_NAME="earwitness",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=web.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=SIGNED_IN_FOR,
        SESSION_REFRESH_EACH_REQUEST=False,  # a dashboard that fetches itself anew must not sign in for ever
        MAX_CONTENT_LENGTH=LARGEST_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    assets.keep_assets(app)
    app.extensions[KEY] = web
    app.extensions[auth.THROTTLE] = auth.Throttle()
    app.extensions[decided.KEPT] = Kept()
    speak(app, "annotate", web.study.study.languages, language_of_page, web.study.texts)
    app.jinja_env.globals.update(nonce=headers.nonce, languages_offered=languages_offered)
    limits.limit(app, web)  # first of all, so that what others refuse counts too
    csrf = CSRFProtect(app)
    csrf.exempt(worker_pages)  # no cookie there: the signed link itself is what lets a worker in
    csrf.exempt(api.pages)  # nor there: a token is sent by hand
    csrf.exempt(hooks.pages)  # nor there: a signature is what is believed
    for room in (worker_pages, hooks.pages, auth.pages, research_pages, api.pages):
        app.register_blueprint(room)
    app.after_request(headers.guard)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(Exception, _broken)
    return app


def _stale(error: CSRFError) -> tuple[str, int]:
    log.info("a form was refused: %s", error.description)
    title, step = _("This page waited too long"), _("Go back, load the page again, and send it once more.")
    return _page(title, step), 400


def _refused(error: HTTPException) -> tuple[str, int] | HTTPException:
    """A page of our own for what Flask refuses by itself; redirects pass."""
    if error.code is None or error.code < 400:
        return error
    return _page(*WORDS.get(error.code, OTHER_WORDS)), error.code


def _too_often(_error: RateLimitExceeded) -> tuple[str, int, dict[str, str]]:
    return _page(*WORDS[429]), 429, {"Retry-After": str(limits.wait_s())}


def _broken(error: Exception) -> tuple[str, int]:
    """Our fault: the log gets the traceback, the person a page with a next step."""
    log.error("%s %s failed", request.method, request.endpoint, exc_info=error)
    step = _("What was sent before is safe. Wait a minute and load this page again, please.")
    return _page(_("The server stumbled"), step), 503


def _page(title: LazyString, next_step: LazyString) -> str:
    return render_template("stop.html", title=title, sentence=None, next_step=next_step, reason="error")
