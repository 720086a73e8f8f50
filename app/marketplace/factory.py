"""Build the marketplace: a WSGI app of its own, with its own database, mounted anywhere or served alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, Response, current_app, g, render_template, request
from flask.sessions import SecureCookieSessionInterface
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from app.catalogues import WRITTEN_IN, known_languages
from app.languages import best_match, speak
from app.marketplace import own_pages, qualification_pages, question, room, shown, site, task_pages
from app.marketplace.courier import COURIER, INTERVAL_S, Courier
from app.marketplace.refusals import NoSuchAssignment, NoSuchHit, Refused
from app.marketplace.requester import requester_blueprint
from app.marketplace.store.engine import Store, StoreUnavailable
from app.marketplace.wishing import NoSuchQualification

GREATEST_REQUEST_BYTES = 1_048_576  # a Question may have 64 kB; answers are forms
SIGNED_IN_FOR = timedelta(days=365)

log = logging.getLogger(__name__)

#: What people read where Flask refuses by itself: title and next step.
WORDS = {
    404: (_("There is no such page"), _("Check the address, or look at the list of tasks.")),
    405: (_("This page can't be used like that"), _("Go back, and use the button on the page.")),
    413: (_("That was too much at once"), _("Go back and shorten it, please.")),
}
OTHER_WORDS = (_("This did not work"), _("Go back and try once more, please."))


class DatabaseNotReady(RuntimeError):
    """The marketplace's database has no tables yet."""

    def __init__(self) -> None:
        super().__init__("the marketplace's database has no tables; run `earwitness db upgrade` first")


class _MountedSessions(SecureCookieSessionInterface):
    """Cookies that stay under the path at which the marketplace is mounted: a study beside it never sees them."""

    def get_cookie_path(self, app: Flask) -> str:
        """The mount point, as the request says it."""
        del app
        return request.script_root or "/"


def utc_now() -> datetime:
    """The clock by which HITs expire and assignments run out."""
    return datetime.now(UTC)


def create_marketplace(
    database_url: str,
    secret_key: str,
    public_url: str,
    *,
    stylesheet_url: str = "/static/earwitness.css",
    clock: Callable[[], datetime] = utc_now,
    courier_interval_s: float = INTERVAL_S,
) -> Flask:
    """The marketplace as a WSGI app: workers' pages at its root, the requester's API at `/requester`.

    Args:
        database_url: its own database, upgraded (`administration.upgrade`): `sqlite:///path` or `postgresql://...`.
        secret_key: signs the workers' cookies; the same for all processes, kept over restarts.
        public_url: where workers' browsers reach the server. Its scheme, host and port count; under which path the
            app is mounted it learns from each request (SCRIPT_NAME).
        stylesheet_url: a stylesheet that knows plain HTML.
        clock: gives the time, in UTC.
        courier_interval_s: how often news for requesters are looked for and delivered.

    Raises:
        DatabaseNotReady: the database has no tables.
    """
    store = Store(database_url)
    if not store.has_tables():
        store.close()
        raise DatabaseNotReady
    store.close()  # a connection must not be carried over a fork; it opens again by itself
    app = Flask(__name__, static_folder=None, template_folder=str(Path(__file__).parent.parent / "templates"))
    app.config.from_mapping(
        SECRET_KEY=secret_key,
        MAX_CONTENT_LENGTH=GREATEST_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=GREATEST_REQUEST_BYTES,
        PERMANENT_SESSION_LIFETIME=SIGNED_IN_FOR,
        SESSION_COOKIE_NAME="earwitness_worker",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=public_url.startswith("https:"),
        WTF_CSRF_TIME_LIMIT=None,  # a page may lie open for a day; the session bounds it
        WTF_CSRF_SSL_STRICT=False,  # the token decides; some browsers send no Referer
    )
    app.url_map.converters.update(mturk_id=room.MturkId, invite_code=room.InviteCode)
    app.session_interface = _MountedSessions()
    app.extensions[room.EXTENSION] = room.Site(store, clock, public_url, stylesheet_url)
    csrf = CSRFProtect(app)
    requester = requester_blueprint(store, clock)
    csrf.exempt(requester)  # signed instead
    csrf.exempt(task_pages.hand_in)  # posted from the task's frame; the assignment's id is its authority
    app.register_blueprint(requester)
    for blueprint in (room.pages, own_pages.own, qualification_pages.qualifying):
        app.register_blueprint(blueprint)
    speak(app, "marketplace", known_languages(), _language_of_page)
    app.jinja_env.filters.update(
        amount=shown.show_amount, moment=shown.show_moment, pay=shown.show_pay, time=shown.show_time
    )
    app.context_processor(lambda: {"stylesheet_url": stylesheet_url})
    _answer_errors(app)
    app.after_request(_protect)
    app.extensions[COURIER] = Courier(store, clock, courier_interval_s)
    app.after_request(_start_courier)
    return app


def _language_of_page() -> str:
    """The language that a worker's browser likes best; requesters' programs are answered in MTurk's."""
    return best_match(request, known_languages()) if request.blueprint != "requester" else WRITTEN_IN


def _answer_errors(app: Flask) -> None:
    """Every no is a page with a next step."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int]:
        return _page(_("This can't be done"), error.sentence), _status(error)

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> tuple[str, int]:
        sentence = _("This form is too old or was not opened here. Open the page afresh.")
        return _page(_("Please try again"), sentence), 400

    @app.errorhandler(StoreUnavailable)
    def busy(error: StoreUnavailable) -> tuple[str, int]:
        log.warning("%s", error)
        sentence = _("The marketplace is busy and nothing was changed. Try again in a minute.")
        return _page(_("One moment"), sentence), 503

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int] | HTTPException:
        if error.code is None or error.code < 400:  # redirects pass
            return error
        return _page(*WORDS.get(error.code, OTHER_WORDS)), error.code


def _status(error: Refused) -> int:
    if isinstance(error, (NoSuchHit, NoSuchAssignment, NoSuchQualification, site.NoSuchInvite)):
        return 404
    if isinstance(error, room.NotSignedIn):
        return 401
    return {"NoAnswer": 400, "InviteClosed": 410, "AssignmentNotActive": 410, "TestIsOver": 410}.get(
        error.code.rpartition(".")[2], 409
    )


def _page(title: LazyString, sentence: LazyString | str) -> str:
    return render_template("marketplace/message.html", title=title, sentence=sentence)


def _protect(response: Response) -> Response:
    """Nobody frames these pages but we ourselves (the page after handing in lies in our own frame)."""
    in_own_frame = request.path == task_pages.SUBMIT_PATH
    policy = {
        "default-src": "'none'",
        "style-src": " ".join(["'self'", *_origin_of(room.site().stylesheet_url)]),
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-src": " ".join(["'self'", *([g.frame_origin] if "frame_origin" in g else [])]),
        "frame-ancestors": "'self'" if in_own_frame else "'none'",
    }
    usual = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["Content-Security-Policy"] = (
        g.own_policy if "own_policy" in g and response.status_code == 200 else usual
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # assignment ids stay here
    response.headers["Cache-Control"] = "no-store"
    return response


def _start_courier(response: Response) -> Response:
    """Here and not in the factory: a thread would not survive the server's fork."""
    courier: Courier = current_app.extensions[COURIER]
    courier.ensure(at_once="Notification" in request.headers.get("X-Amz-Target", ""))
    return response


def _origin_of(url: str) -> list[str]:
    return [question.origin(url)] if "://" in url else []
