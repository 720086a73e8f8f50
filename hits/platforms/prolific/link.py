"""Signed study links of Prolific: a JWT in the URL says who comes to which study, and for which address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt

from hits.recruiting import ArrivalRefused

TOKEN = "prolific_token"  # noqa: S105 - the parameter's name
ALGORITHM = "RS256"
CLOCKS_DIFFER_S = 30
IDS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)


class LinkUnsigned(ValueError):
    """A link is not what Prolific signed."""


def require_signed_link(query: Mapping[str, str], keys: Mapping[str, Any], audience: str) -> None:
    """Refuse a link whose token was not signed by Prolific, for this address, for these ids, or a while ago.

    Args:
        query: of the link.
        keys: Prolific's public keys, as a JSON Web Key Set.
        audience: `scheme://host[:port]` of our pages.

    Raises:
        LinkUnsigned: with what is wrong.
    """
    try:
        token = query[TOKEN]
        key = _key(token, keys)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHM],
            options={"require": ["exp", "aud"], "verify_aud": False},  # it is the whole address of the study: see below
            leeway=CLOCKS_DIFFER_S,
        )
    except KeyError as error:
        raise LinkUnsigned("the link carries no token of Prolific's") from error
    except jwt.PyJWTError as error:
        raise LinkUnsigned(f"the link's token can't be trusted ({type(error).__name__})") from error
    if _origin(claims["aud"]) != _origin(audience):
        raise LinkUnsigned("the link's token is for another address")
    said = claims.get("prolific")
    if not isinstance(said, dict) or any(said.get(name) != query.get(name) for name in IDS):
        raise LinkUnsigned("the link's token is for somebody else, or for another study")


def _key(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    """The key that the token names; there is never another one to try."""
    wanted = jwt.get_unverified_header(token).get("kid")
    for key in jwt.PyJWKSet.from_dict(dict(keys)).keys:
        if wanted is not None and key.key_id == wanted:
            return key
    raise jwt.InvalidKeyError("no key of that name")


def _origin(address: object) -> tuple[str, str] | None:
    """Scheme and host; None for what names no address."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
    except ValueError:
        return None
    return (parts.scheme, parts.netloc.lower()) if parts.netloc else None


def wanted_id(query: Mapping[str, str], name: str) -> str:
    """One of the three ids of a link.

    Raises:
        ArrivalRefused: it is missing, malformed, or still a placeholder.
    """
    value = query.get(name, "")
    if _ID.fullmatch(value):
        return value
    if "{{" in value:
        raise ArrivalRefused(
            f"The place for {name} in this link is still empty: it is the study's own address, not the way of a "
            "participant. Open the study on Prolific."
        )
    what = "no" if not value else "a malformed"
    raise ArrivalRefused(f"This link has {what} {name}. Open the study on Prolific again.")
