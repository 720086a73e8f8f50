"""Where templates of an attack's pages lie, and how they are filled."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

import analysis
import models


@cache
def room() -> jinja2.Environment:
    """The templates of nets and of the study's report, whose look they share; everything is escaped."""
    folders = [Path(package.__path__[0]) / "templates" for package in (models, analysis)]
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["drawn"] = Markup
    return found
