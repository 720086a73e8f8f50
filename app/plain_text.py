"""Text that every database, file and platform takes: what is none is refused at the researcher's door."""

from __future__ import annotations

from flask import abort, request


def is_plain(text: str) -> bool:
    """Whether a text can be kept: it has no NUL, which PostgreSQL knows not, and no half of a character.

    >>> is_plain("Grüße"), is_plain("a\\0b"), is_plain("\\ud800")
    (True, False, False)
    """
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def require_plain() -> None:
    """Refuse a request whose address, query or form holds what is no text."""
    said = (str(value) for value in (request.view_args or {}).values())
    if not all(map(is_plain, (*said, *request.args.values(), *request.form.values()))):
        abort(400)
