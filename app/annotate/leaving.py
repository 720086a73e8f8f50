"""The views of leaving: what was done and earns so far, two ways out, and what every page says of what it stores."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.annotate.arrival import code_back, gone
from app.annotate.room import Halt, assignment_behind, pages
from app.languages import amount
from app.serving import Web, served
from app.store import leaving as store
from app.store.leaving import SoFar
from app.store.work import work


@pages.context_processor
def stored() -> dict[str, Any]:
    """What the foot of every page says: what is stored, and how to leave."""
    study, token = served().study, (request.view_args or {}).get("token")
    begun = token is not None and request.endpoint not in ("annotate.leave", "annotate.leave_now")
    return {
        "stored": True,
        "pays": study.pay.paying,
        "contact": study.study.contact,
        "leave_at": url_for("annotate.leave", token=token) if begun else None,
    }


@pages.get("/<token>/leave")
def leave(token: str) -> str:
    """What was done and what it earns, and the two ways out; once they left, what comes of it."""
    web, assignment_id = served(), assignment_behind(token)
    with web.database.reading() as session:
        found = work(session, assignment_id)
        if found is None:
            raise Halt("wrong-link")
        so_far = store.so_far(session, assignment_id, web.study.pay)
    if found.state == "withdrawn":
        completion = code_back(web, found, "withdrawn")
        return render_template("annotate/left.html", completion=completion, **_facts(web, token, so_far))
    if found.state not in store.AT_WORK:
        raise gone(web, found)
    return render_template("annotate/leave.html", **_facts(web, token, so_far))


@pages.post("/<token>/leave")
def leave_now(token: str) -> AnyResponse:
    """Leave; a second click, another tab or the way back change nothing. Without a choice, ask once more."""
    web, assignment_id = served(), assignment_behind(token)
    chosen = request.form.get("answers")
    if chosen in ("keep", "delete"):
        with web.database.writing() as session:
            if work(session, assignment_id) is None:
                raise Halt("wrong-link")
            store.leave(
                session,
                assignment_id,
                delete_answers=chosen == "delete",
                pay=web.study.pay,
                now=web.database.now(),
            )
    return redirect(url_for("annotate.leave", token=token), 303)


def _facts(web: Web, token: str, so_far: SoFar) -> dict[str, Any]:
    """What both pages show; no money where there is none."""
    currency = web.study.pay.currency
    return {
        "so_far": so_far,
        "earned": amount(so_far.left_minor, currency) if so_far.left_minor else None,
        "whole": amount(so_far.whole_minor, currency) if so_far.whole_minor else None,
        "post_at": url_for("annotate.leave_now", token=token),
        "here": url_for("annotate.trial", token=token),
    }
