"""Read the messages out of the workers' pages, and bring every language's catalogue up to date."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import write_po

from app.catalogues import FOLDER, WRITTEN_IN, Domain, catalogue_path, known_languages, read_catalogue

#: Where each domain's messages are, below this folder.
SOURCES: dict[Domain, list[tuple[str, str]]] = {
    "annotate": [
        ("annotate/**.py", "python"),
        ("web.py", "python"),
        ("templates/annotate/**.html", "jinja2"),
        ("templates/base.html", "jinja2"),
        ("templates/stop.html", "jinja2"),
    ],
    "marketplace": [("marketplace/**.py", "python"), ("templates/marketplace/**.html", "jinja2")],
}
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
SAID_TO_TRANSLATORS = ("Translators:",)
LINE_WIDTH = 120


def messages(domain: Domain) -> Catalog:
    """Every message of some pages as their code and templates have it now."""
    catalogue = Catalog(domain=domain)
    found = extract_from_dir(FOLDER.parent, SOURCES[domain], {}, KEYWORDS, SAID_TO_TRANSLATORS)
    for path, _line, message, comments, context in found:
        catalogue.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    return catalogue


def write(catalogue: Catalog, path: Path) -> None:
    """A catalogue in the order of its messages, with nothing in it that changes by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_head(catalogue).encode())
        write_po(
            file,
            catalogue,
            width=LINE_WIDTH,
            omit_header=True,
            sort_output=True,
            include_lineno=False,
            ignore_obsolete=True,
        )


def _head(catalogue: Catalog) -> str:
    """What an editor of catalogues needs to know first."""
    lines = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    if catalogue.locale is not None:
        lines = [f"Language: {catalogue.locale}", f"Plural-Forms: {catalogue.plural_forms}", *lines]
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def bring_up_to_date(domain: Domain) -> None:
    """Write the template anew, and into each catalogue what is new; what is gone is dropped, what changed is fuzzy."""
    template = messages(domain)
    write(template, catalogue_path(WRITTEN_IN, domain))
    for language in known_languages()[1:]:
        path = catalogue_path(language, domain)
        catalogue = read_catalogue(language, domain) if path.exists() else Catalog(locale=language, domain=domain)
        catalogue.update(template, update_creation_date=False)
        write(catalogue, path)


if __name__ == "__main__":
    for one in get_args(Domain):
        bring_up_to_date(one)
