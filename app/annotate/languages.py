"""The language of a worker's page: as its address asks, as the worker chose before, or as the browser asks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from babel import Locale
from flask import g, request, url_for
from flask_babel import lazy_gettext as _

from app.annotate.room import pages
from app.annotate.tokens import LinkRefused, assignment_of
from app.catalogues import WRITTEN_IN
from app.languages import best_match, language
from app.sealing import worker_key
from app.serving import Web, served
from app.store.languages import keep_language, language_of_assignment, language_of_worker
from app.study import About, Study
from hits.recruiting import ArrivalRefused

ASKED_BY = "lang"  # the parameter of an address that names a language
SOUNDS = ("annotate.clip", "annotate.step_sound")  # nothing to read there


#: What a study says of itself as long as its researcher writes nothing else.
USUAL_ABOUT = _("We study how background noise changes the emotion that people hear in a voice.")


@dataclass(frozen=True)
class Offered:
    """A language that a page can be read in, by its own name, and where to."""

    language: str
    name: str
    address: str
    current: bool


def about(study: Study) -> str:
    """What the study says of itself, in the language of the page as far as the researcher wrote it."""
    written = About.model_fields["about"].default
    usual = str(USUAL_ABOUT) if study.study.about == written else study.study.about
    return str(study.texts.get(language(), {}).get("about", usual))


def consent(study: Study) -> str:
    """What workers agree to, in the language of the page."""
    return str(study.texts.get(language(), {}).get("consent", study.study.consent))


def language_of_page() -> str:
    """The language of the page that is made now; the researcher's pages are in the one that they are written in."""
    if not request.path.startswith(f"{pages.url_prefix}/"):
        return WRITTEN_IN
    if "language" not in g:  # an address that leads to no view
        g.language = asked_for() or best_match(request, served().study.study.languages)
    return str(g.language)


def asked_for() -> str | None:
    """The language that the address asks for; None where it asks for none that the study has."""
    asked = request.args.get(ASKED_BY)
    return asked if asked in served().study.study.languages else None


@pages.before_request
def settle_language() -> None:
    """Before a page is made: its language; what a worker chooses on the way is kept for all devices and tasks."""
    web = served()
    languages = web.study.study.languages
    if len(languages) == 1 or request.endpoint in SOUNDS:
        g.language = languages[0]
        return
    chosen = _choice(web)
    g.language = chosen if chosen in languages else best_match(request, languages)


def _choice(web: Web) -> str | None:
    """What the worker chooses now, or chose before."""
    asked, token = asked_for(), (request.view_args or {}).get("token")
    if token is None:
        return asked or _chosen_before(web)
    try:
        assignment_id = assignment_of(web.secret_key, token)
    except LinkRefused:  # the view says so
        return asked
    with web.database.reading() as session:
        chosen = language_of_assignment(session, assignment_id)
    if asked is None or asked == chosen:
        return chosen
    with web.database.writing() as session:
        keep_language(session, assignment_id, asked)
    return asked


def _chosen_before(web: Web) -> str | None:
    """What a worker who comes from the platform chose in an earlier task."""
    try:
        arrival = web.platform.arrive(request.args, web.submit_hosts)
    except ArrivalRefused:  # the view says so
        return None
    if arrival.worker_id is None:
        return None
    with web.database.reading() as session:
        return language_of_worker(session, worker_key(web.study.hits.platform, arrival.worker_id, web.secret_key))


def languages_offered() -> list[Offered]:
    """Every language of the study with the address of this page in it; none where there is nothing to choose."""
    worker_page = request.endpoint is not None and request.blueprint == pages.name
    languages = served().study.study.languages
    if not worker_page or len(languages) == 1:
        return []
    return [
        Offered(one, Locale.parse(one).language_name.capitalize(), _address_in(one), one == language())
        for one in languages
    ]


def _address_in(chosen: str) -> str:
    """This page in a language; a page that answers a form has no address of its own, so the trial behind it."""
    token = (request.view_args or {}).get("token")
    sent = request.method == "POST" and token is not None
    path = url_for("annotate.trial", token=token) if sent else request.path
    others = [(name, value) for name, value in request.args.items(multi=True) if name != ASKED_BY]
    return f"{request.script_root if not sent else ''}{path}?{urlencode([*others, (ASKED_BY, chosen)])}"
