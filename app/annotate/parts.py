"""Parts of a trial's page that are the same for everybody who reads one language: put together once in a process."""

from __future__ import annotations

from collections.abc import Hashable

from flask import current_app, render_template
from markupsafe import Markup

from app.annotate.answers import FIELDS
from app.annotate.manikin import ENDS, STEPS, figure
from app.languages import language
from hits.judgment import RATINGS

FIGURES = {dimension: [figure(dimension, step) for step in RATINGS] for dimension in ENDS}
KEY = "earwitness-parts"

#: What the questions show, and nothing said yet.
BLANK = {"figures": FIGURES, "steps": STEPS, "ends": ENDS, "said": dict.fromkeys(FIELDS, "")}


def kept(template: str, **given: Hashable) -> Markup:
    """A part of a page with nothing said in it yet; nothing of a worker or a trial may be among `given`."""
    parts: dict[tuple[Hashable, ...], Markup] = current_app.extensions.setdefault(KEY, {})
    key = (template, language(), *given.items())
    if key not in parts:
        parts[key] = Markup(render_template(template, **{**BLANK, **given}))  # noqa: S704 -- our own template
    return parts[key]
