"""How pages speak a language: catalogues held in memory, the direction of writing, amounts of money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

import flask_babel
from babel import negotiate_locale
from babel.numbers import format_currency
from babel.support import Translations
from flask import Flask, Request
from flask_babel import Babel, get_locale

from app.catalogues import WRITTEN_IN, Domain, Words, translations
from hits.pay import minor_per_major


class Spoken(flask_babel.Domain):  # type: ignore[misc]
    """Some pages' languages, read and compiled once: no compiled catalogue lies beside the code."""

    def __init__(self, domain: Domain, languages: tuple[str, ...], own: Mapping[str, Words]) -> None:
        super().__init__(domain=domain)
        self._by_language = {
            language: translations(language, domain, own.get(language)) for language in {WRITTEN_IN, *languages}
        }

    def get_translations(self) -> Translations:
        """Those of the language in which the page that is made now speaks; outside of a page, the messages' own."""
        return self._by_language[str(get_locale() or WRITTEN_IN)]


def speak(
    app: Flask,
    domain: Domain,
    languages: tuple[str, ...],
    language_of_page: Callable[[], str],
    own: Mapping[str, Words] | None = None,
) -> None:
    """Let an application's pages speak some languages.

    Args:
        app: the application.
        domain: which catalogue.
        languages: of `known_languages`.
        language_of_page: the language of the page that is made now: one of `languages`, or that of the messages.
        own: texts in place of the catalogue's, by language.
    """
    babel = Babel(app, default_locale=WRITTEN_IN, default_domain=domain, locale_selector=language_of_page)
    babel.domain_instance = Spoken(domain, languages, own or {})
    app.jinja_env.globals.update(language=language, direction=direction)


def language() -> str:
    """The language of the page, as HTML's `lang` says it."""
    return str(get_locale() or WRITTEN_IN).replace("_", "-")


def direction() -> str:
    """The direction of writing, as HTML's `dir` says it: `ltr` or `rtl`."""
    locale = get_locale()
    return "ltr" if locale is None else str(locale.text_direction)


def best_match(asked: Request, languages: tuple[str, ...]) -> str:
    """The language that a browser likes best of some; the first where it likes none of them.

    A region is no other language: `de-AT` is well served by `de`.
    """
    liked = [tag.lower() for tag, quality in asked.accept_languages if quality]
    return negotiate_locale(liked, languages, sep="-") or languages[0]


def amount(minor: int, currency: str) -> str:
    """An amount of money as the page's language writes it, with Western digits: "$0.63", "0,63 $".

    From right to left the currency has its name: a browser would tear the sign from the letters of "US$".
    """
    form: Literal["standard", "name"] = "standard" if direction() == "ltr" else "name"
    major, locale = Decimal(minor) / minor_per_major(currency), get_locale() or WRITTEN_IN
    return str(format_currency(major, currency, locale=locale, format_type=form))
