"""A study's own words in place of the pages': which texts may stand for which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from app.catalogues import Words, known_languages, read_catalogue

PLACE = re.compile(r"%\((\w+)\)[sd]")
TAG = re.compile(r"<[^<>]*>")
#: A study's longer texts, which no catalogue has: what [study] says in the first language.
LONG_TEXTS = ("about", "consent")


def wrong_words(texts: Mapping[str, Words], languages: tuple[str, ...], *, consent: bool) -> Iterator[str]:
    """A sentence for everything in [texts] that can't be shown.

    Args:
        texts: by language, by message id or name of a long text.
        languages: of the study's pages.
        consent: whether workers agree to something, which they must be able to read.
    """
    for language, own in texts.items():
        if language not in languages:
            known = "add it to study.languages" if language in known_languages() else "no page speaks it"
            yield f"texts.{language}: found a language that the study does not have; expected one of: " + (
                f"{', '.join(languages)} ({known})"
            )
            continue
        yield from _wrong_in(language, own)
    for language in languages[1:] if consent else ():
        if not texts.get(language, {}).get("consent"):
            yield f"texts.{language}.consent: found nothing; expected what study.consent says, in this language"


def _wrong_in(language: str, own: Words) -> Iterator[str]:
    catalogue = read_catalogue(language, "annotate") if set(own) - set(LONG_TEXTS) else None
    for message_id, text in own.items():
        key = f'texts.{language}."{message_id}"'
        if message_id in LONG_TEXTS or catalogue is None:
            if not isinstance(text, str):
                yield f"{key}: found several texts; expected one"
            continue
        message = catalogue.get(message_id)
        if message is None:
            yield f"{key}: found a message that no page has; expected {_nearest(message_id, catalogue)}"
            continue
        forms = (text,) if isinstance(text, str) else text
        if not isinstance(text, str) and len(forms) != (catalogue.num_plurals if message.pluralizable else 1):
            wanted = f"one, or {catalogue.num_plurals}, as it has plural forms" if message.pluralizable else "one"
            yield f"{key}: found {len(forms)} texts; expected {wanted}"
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        yield from (f"{key}: {wrong}" for form in forms if (wrong := unfit(form, ids)))


def unfit(text: str, ids: tuple[str, ...]) -> str | None:
    """Why a text can't stand for a message, which may have a singular and a plural; None where it can.

    >>> unfit("%(count)s von %(all)s", ("%(done)s of %(all)s",))
    'found %(count)s; expected none but %(all)s, %(done)s'
    >>> unfit("Zu 100 %", ("All of it",))
    'found % by itself; expected %% for a per cent sign'
    """
    places, tags = (set().union(*(kind.findall(one) for one in ids)) for kind in (PLACE, TAG))
    for name in PLACE.findall(text):
        if name not in places:
            return f"found %({name})s; expected {_none_but(f'%({place})s' for place in places)}"
    for tag in TAG.findall(text):
        if tag not in tags:
            return f"found {tag}; expected {_none_but(tags)}"
    try:
        text % dict.fromkeys(places, 1)
    except (ValueError, TypeError, KeyError):
        return "found % by itself; expected %% for a per cent sign"
    stray = re.search(r'[<>"]', TAG.sub("", text))
    return f"found {stray[0]}; expected words, and quotation marks as in print" if stray else None


def _none_but(some: Any) -> str:
    listed = ", ".join(sorted(some))
    return f"none but {listed}" if listed else "none"


def _nearest(message_id: str, catalogue: Any) -> str:
    near = get_close_matches(message_id, [one.id if isinstance(one.id, str) else one.id[0] for one in catalogue], n=1)
    return f'"{near[0]}"' if near else "an English sentence as the pages have it"
