"""The catalogues of the pages' languages: which there are, what they say, and other words laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from babel.messages import Catalog
    from babel.support import Translations

#: Which pages a catalogue is for; each has its own messages.
Domain: TypeAlias = Literal["annotate", "marketplace"]
#: A text by its message id; for a message with plurals, one text or as many as the language has forms.
Words: TypeAlias = Mapping[str, str | tuple[str, ...]]

FOLDER = Path(__file__).parent / "translations"
WRITTEN_IN = "en"  # message ids are the English sentences themselves


def known_languages() -> tuple[str, ...]:
    """The languages that the pages can be shown in, the one that they are written in first."""
    return (WRITTEN_IN, *sorted(found.name for found in FOLDER.iterdir() if (found / "LC_MESSAGES").is_dir()))


def catalogue_path(language: str, domain: Domain) -> Path:
    """Where a language's catalogue is; that of the language that the pages are written in is the template."""
    if language == WRITTEN_IN:
        return FOLDER / f"{domain}.pot"
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(language: str, domain: Domain) -> Catalog:
    """Every message of some pages with its translation, empty where the message itself is shown."""
    from babel.messages.pofile import read_po  # here, so that commands that show no page do not wait for it

    with catalogue_path(language, domain).open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def translations(language: str, domain: Domain, own: Words | None = None) -> Translations:
    """A language as the pages need it, compiled in memory.

    Args:
        language: one of `known_languages`.
        domain: which pages.
        own: texts in place of the catalogue's; ids that it does not have are passed over.
    """
    from babel.messages.mofile import write_mo
    from babel.support import Translations

    catalogue = read_catalogue(language, domain)
    for message_id, text in (own or {}).items():
        message = catalogue.get(message_id)
        if message is not None:
            message.string = _forms(text, catalogue.num_plurals) if message.pluralizable else text
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain)


def _forms(text: str | tuple[str, ...], count: int) -> tuple[str, ...]:
    return (text,) * count if isinstance(text, str) else text
