"""What a researcher asks for, from a form or from a program: read, checked, and ready to be written down as a wish."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast, get_args

from sqlalchemy.orm import Session

from app.research.assignment import SHORTEST_REJECTION
from app.serving import Web
from app.store import assignments
from app.store.by_hand import LONGEST_REASON, SHORTEST_REASON, payment_standing
from app.store.wishes import WishKind
from app.store.workers import known_worker
from hits.pay import money, read_amount

LONGEST_SUBJECT, LONGEST_TEXT = 200, 4096  # what MTurk carries, the strictest of all
CLIPS = re.compile(r"[0-9]{1,6}")
TRUST = {"yes": True, "no": False, "checks": None}

Asked = Mapping[str, str]


class Unclear(ValueError):
    """What was asked for can't be done as it was said: a sentence for the person who asked."""


def kind_of(word: str) -> WishKind:
    """The kind of wish.

    Raises:
        Unclear: there is none of that name.
    """
    if word not in get_args(WishKind):
        raise Unclear(f"There is no wish {word!r}; there are {', '.join(get_args(WishKind))}.")
    return cast(WishKind, word)


def detail_of(kind: WishKind, asked: Asked, web: Web, session: Session) -> dict[str, object]:
    """What a wish is about, as it is kept.

    Raises:
        Unclear: something is missing, out of range, or not of this study.
    """
    reader = READERS.get(kind)
    return {} if reader is None else reader(asked, web, session)


def clips_of(said: str) -> int | None:
    """The number of clips that a wave is to have; None for all that are left.

    Raises:
        Unclear: it is no number above 0.
    """
    if not said.strip():
        return None
    if not (CLIPS.fullmatch(said.strip()) and int(said)):
        raise Unclear("The number of clips has to be a whole number above 0; leave it empty for all that are left.")
    return int(said)


def _publish(asked: Asked, web: Web, session: Session) -> dict[str, object]:  # noqa: ARG001
    clips = clips_of(asked.get("clips", ""))
    try:
        total_minor, pairs_before = int(asked["total_minor"]), int(asked["pairs_before"])
    except (KeyError, ValueError) as error:
        raise Unclear("Please look at the price first: nothing is published without it.") from error
    return {"clips": clips, "total_minor": total_minor, "pairs_before": pairs_before}


def _approve(asked: Asked, web: Web, session: Session) -> dict[str, object]:  # noqa: ARG001
    return _about(asked, session)


def _reject(asked: Asked, web: Web, session: Session) -> dict[str, object]:
    if not web.platform.traits.rejects:
        raise Unclear("This platform knows no rejections: what was done is paid.")
    return {**_about(asked, session), "reason": _reason(asked, SHORTEST_REJECTION)}


def _bonus(asked: Asked, web: Web, session: Session) -> dict[str, object]:
    about = _about(asked, session)
    pay = web.study.pay
    try:
        amount_minor = read_amount(asked.get("amount", ""), pay.currency)
    except ValueError as error:
        raise Unclear(f"Please give an amount of {pay.currency}: {error}.") from error
    if not 0 < amount_minor <= pay.cap_minor:
        raise Unclear(f"The amount has to lie above 0 and within the cap of {money(pay.cap_minor, pay.currency)}.")
    return {**about, "amount_minor": amount_minor, "reason": _reason(asked, SHORTEST_REASON)}


def _message(asked: Asked, web: Web, session: Session) -> dict[str, object]:  # noqa: ARG001
    subject, text = asked.get("subject", "").strip(), asked.get("text", "").strip()
    if not 0 < len(subject) <= LONGEST_SUBJECT or not 0 < len(text) <= LONGEST_TEXT:
        raise Unclear(
            f"A message needs a subject of up to {LONGEST_SUBJECT} characters and a text of up to {LONGEST_TEXT}."
        )
    to = {"worker": _worker(asked, session)} if asked.get("worker") else {}
    return {**to, "subject": subject, "text": text}


def _invite(asked: Asked, web: Web, session: Session) -> dict[str, object]:  # noqa: ARG001
    if asked.get("trusted") not in TRUST:
        raise Unclear("Please say whether the worker is invited on: yes, no, or as the checks say.")
    trusted = TRUST[asked["trusted"]]
    reason = "" if trusted is None else _reason(asked, SHORTEST_REASON)
    return {"worker": _worker(asked, session), "trusted": trusted, "reason": reason}


def _settle(asked: Asked, web: Web, session: Session) -> dict[str, object]:  # noqa: ARG001
    key, paid = asked.get("key", ""), asked.get("paid", "")
    if paid not in ("yes", "no"):
        raise Unclear("Please say whether it was paid: yes or no.")
    standing = payment_standing(session, key)
    if standing is None:
        raise Unclear("There is no such payment in this study.")
    if standing[0] != "unknown":
        raise Unclear(f"This payment is {standing[0]} by now; nothing is to be settled.")
    return {"key": key, "paid": paid == "yes"}


def _about(asked: Asked, session: Session) -> dict[str, object]:
    found = assignments.assignment(session, asked.get("assignment_id", ""))
    if found is None:
        raise Unclear("There is no such assignment in this study.")
    return {"assignment_id": found.assignment_id}


def _worker(asked: Asked, session: Session) -> str:
    worker = asked.get("worker", "")
    if not known_worker(session, worker):
        raise Unclear("There is no such worker in this study.")
    return worker


def _reason(asked: Asked, shortest: int) -> str:
    reason = asked.get("reason", "").strip()
    if not shortest <= len(reason) <= LONGEST_REASON:
        raise Unclear(f"Please give a reason of {shortest} to {LONGEST_REASON} characters: the worker reads it.")
    return reason


READERS: dict[WishKind, Callable[[Asked, Web, Session], dict[str, object]]] = {
    "publish": _publish,
    "approve": _approve,
    "reject": _reject,
    "bonus": _bonus,
    "message": _message,
    "invite": _invite,
    "settle": _settle,
}
