"""What the page of a trial needs, whether it counts or is for practice: sound, figures, words, and what was said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import url_for

from app.annotate.answers import Posted
from app.annotate.parts import BLANK, kept
from app.annotate.tokens import WHICH, clip_token
from app.serving import Web
from app.store.trials import OpenTrial
from app.store.work import Work


def asking(
    web: Web, token: str, work: Work, asked: OpenTrial, sent: Posted | None = None, sentence: str | None = None
) -> dict[str, Any]:
    """The variables of trial.html, but for how far the worker is and where an answer goes.

    Args:
        web: the study as it is served.
        token: the worker's link.
        work: the worker's assignment.
        asked: what is asked about.
        sent: an answer that was not whole: it is still there.
        sentence: what is missing of it.
    """
    first_src, second_src = sources(web, token, work, asked)
    return {
        "trial": asked,
        "first_src": first_src,
        "second_src": second_src,
        "sent": sent is not None,
        "sentence": sentence,
        "here": url_for("annotate.trial", token=token),
        "examples_at": url_for("annotate.how", token=token) if web.study.screening.practice else None,
        "rated": tuple((f"{which}_", which) for which in WHICH) if asked.rate == "both" else (("", asked.noisy_is),),
        "scale_kind": web.study.hits.scale,
        "kept": kept,
        **BLANK,
        **({"said": _still_there(sent, asked).fields} if sent else {}),
    }


def sources(web: Web, token: str, work: Work, trial: OpenTrial) -> tuple[str, ...]:
    """The addresses of a trial's two clips, for this worker, for as long as the task may take."""
    return _stored(web, work, trial) or tuple(
        url_for(
            "annotate.clip",
            token=token,
            clip=clip_token(web.secret_key, work.assignment_id, trial.trial_id, which, work.expires_at),
        )
        for which in WHICH
    )


def _stored(web: Web, work: Work, trial: OpenTrial) -> tuple[str, ...]:
    """Their addresses in storage; none where the study has no storage, or not these clips in it."""
    if not web.settings.media_bucket:
        return ()
    from app.annotate.stored import stored_sources  # here, so that only who uses storage waits for its library

    return stored_sources(web, work, trial)


def _still_there(sent: Posted, asked: OpenTrial) -> Posted:
    """What was sent, with what was heard as far as that can be."""
    heard = sent.listened
    if heard.total_s >= asked.first_length_s + asked.second_length_s:
        return sent
    return replace(sent, fields={**sent.fields, "first_s": str(heard.first_s), "second_s": str(heard.second_s)})
