"""Every way in which a worker can come to a stop: what happened, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """One page: a title, a sentence, a next step; `reason` and the HTTP status are for programs."""

    reason: str
    status: int
    title: str
    sentence: str
    next_step: str


RETURN_IT = "Please return the task on the platform: that costs you nothing, and somebody else can have it."

STOPS = {
    stop.reason: stop
    for stop in (
        Stop(
            "wrong-link",
            404,
            "This link is not complete",
            "Something got lost on the way here.",
            "Go back to the platform and open the task from there once more.",
        ),
        Stop(
            "expired-link",
            410,
            "This link has grown old",
            "Sound can be fetched for as long as a task may take, and no longer.",
            "Open the task once more: you go on where you were.",
        ),
        Stop(
            "wrong-arrival",
            400,
            "We can't tell which task this is",
            "The link lacks what the platform usually says.",
            "Open the task from your platform's own list, not from a copied address.",
        ),
        Stop(
            "unknown-hit",
            404,
            "This task is not open any more",
            "It was finished or taken back before you came.",
            RETURN_IT,
        ),
        Stop(
            "not-invited",
            410,
            "You have done your share of this study",
            "Thank you. Everything that you handed in is paid.",
            RETURN_IT,
        ),
        Stop(
            "hit-taken",
            409,
            "Somebody else has this task",
            "It is in other hands already.",
            RETURN_IT,
        ),
        Stop(
            "nothing-open",
            409,
            "There is nothing left to hear",
            "You have heard every pair that is still open in this study.",
            RETURN_IT,
        ),
        Stop(
            "submitted",
            200,
            "You have handed this in already",
            "Thank you. All of your answers have arrived.",
            "There is nothing more to do: the platform tells you when it is paid.",
        ),
        Stop(
            "approved",
            200,
            "This task is done and paid",
            "Thank you for listening.",
            "There is nothing more to do. More tasks of this study, if there are any, are on the platform.",
        ),
        Stop(
            "rejected",
            200,
            "This task is closed",
            "It was not accepted.",
            "The platform shows the reason. Write to us through the platform if you think that it is wrong: "
            "we look at every message.",
        ),
        Stop(
            "returned",
            410,
            "You have returned this task",
            "What you answered is kept, and nothing counts against you.",
            "If you would like to go on, accept a new task of this study on the platform.",
        ),
        Stop(
            "expired",
            410,
            "The time for this task is over",
            "The platform has given it to somebody else.",
            "If you had handed it in before, it is safe and will be paid. "
            "Otherwise, write to us through the platform: work that was done is paid.",
        ),
        Stop(
            "screened-out",
            200,
            "Thank you, that is all for today",
            "This study needs something else than what we found just now: it says nothing about your hearing or you.",
            "The time that you spent is paid. Please return the task on the platform: that does not count against you.",
        ),
        Stop(
            "withdrawn",
            200,
            "You have left this study",
            "What you did until then is paid, and nothing counts against you.",
            "Please return the task on the platform, so that somebody else can have it.",
        ),
        Stop(
            "missing-clip",
            503,
            "A clip is missing here",
            "That is our fault, not yours. What you answered is safe.",
            "Wait a few minutes and open the task once more.",
        ),
    )
}
