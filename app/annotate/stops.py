"""Every way in which a worker can come to a stop: what happened, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class Stop:
    """One page: a title, a sentence, a next step; `reason` and the HTTP status are for programs.

    `paid` is what it says of pay, where the study pays.
    """

    reason: str
    status: int
    title: LazyString
    sentence: LazyString
    next_step: LazyString
    paid: LazyString | None = None


RETURN_IT = _("Please return the task on the platform: that costs you nothing, and somebody else can have it.")

STOPS = {
    stop.reason: stop
    for stop in (
        Stop(
            "wrong-link",
            404,
            _("This link is not complete"),
            _("Something got lost on the way here."),
            _("Go back to the platform and open the task from there once more."),
        ),
        Stop(
            "expired-link",
            410,
            _("This link has grown old"),
            _("Sound can be fetched for as long as a task may take, and no longer."),
            _("Open the task once more: you go on where you were."),
        ),
        Stop(
            "wrong-arrival",
            400,
            _("We can't tell which task this is"),
            _("The link lacks what the platform usually says."),
            _("Open the task from your platform's own list, not from a copied address."),
        ),
        Stop(
            "unknown-hit",
            404,
            _("This task is not open any more"),
            _("It was finished or taken back before you came."),
            RETURN_IT,
        ),
        Stop(
            "paused",
            409,
            _("This study takes a break"),
            _("Nobody new can begin just now. Nothing is lost, and nothing counts against you."),
            _("Please come back later and open the task again. If you hold it now, returning it costs you nothing."),
        ),
        Stop(
            "not-invited",
            410,
            _("You have done your share of this study"),
            _("Thank you for listening. We have all that we need from you."),
            RETURN_IT,
            _("Everything that you handed in is paid."),
        ),
        Stop(
            "hit-taken",
            409,
            _("Somebody else has this task"),
            _("It is in other hands already."),
            RETURN_IT,
        ),
        Stop(
            "nothing-open",
            409,
            _("There is nothing left to hear"),
            _("You have heard every pair that is still open in this study."),
            RETURN_IT,
        ),
        Stop(
            "submitted",
            200,
            _("You have handed this in already"),
            _("Thank you. All of your answers have arrived."),
            _("There is nothing more to do."),
            _("The platform tells you when it is paid."),
        ),
        Stop(
            "approved",
            200,
            _("This task is done"),
            _("Thank you for listening."),
            _("There is nothing more to do. More tasks of this study, if there are any, are on the platform."),
            _("It is paid."),
        ),
        Stop(
            "rejected",
            200,
            _("This task is closed"),
            _("It was not accepted."),
            _(
                "The platform shows the reason. Write to us through the platform if you think that it is wrong: "
                "we look at every message."
            ),
        ),
        Stop(
            "returned",
            410,
            _("You have returned this task"),
            _("What you answered is kept, and nothing counts against you."),
            _("If you would like to go on, accept a new task of this study on the platform."),
        ),
        Stop(
            "expired",
            410,
            _("The time for this task is over"),
            _("The platform has given it to somebody else."),
            _(
                "If you had handed it in before, it is safe. Otherwise, write to us through the platform if something "
                "kept you from finishing."
            ),
            _("Work that was done is paid."),
        ),
        Stop(
            "screened-out",
            200,
            _("Thank you, that is all for today"),
            _(
                "This study asks for a certain way of listening, and it did not fit today. "
                "That says nothing about you or your hearing."
            ),
            _("Please return the task on the platform: that does not count against you."),
            _("The time that you spent on it is paid."),
        ),
        Stop(
            "withdrawn",
            200,
            _("You have left this study"),
            _("Nothing counts against you."),
            _("Please return the task on the platform, so that somebody else can have it."),
            _("What you did until then is paid."),
        ),
        Stop(
            "missing-clip",
            503,
            _("A clip is missing here"),
            _("That is our fault, not yours. What you answered is safe."),
            _("Wait a few minutes and open the task once more."),
        ),
    )
}
