"""What a posted trial says: from the fields of a form to Said and Listened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from flask_babel import lazy_gettext as _

from hits.judgment import Answer, Rate, Said, Scale
from hits.listening import Listened

#: Ratings as the page calls them: of the one clip that is rated, or of each clip in the order in which they are heard.
RATING_FIELDS = tuple(
    f"{which}{name}_rating" for which in ("", "first_", "second_") for name in ("activation", "valence")
)
FIELDS = ("activation", "valence", *RATING_FIELDS, "first_s", "second_s")
DIMENSIONS = ("activation", "valence")
NO_RATING = 0.0
SENT_RATING = re.compile(r"[0-9](?:\.[0-9]{1,2})?")
LONGEST_FIELD = 32  # characters; longer ones were not made by our page
LONGEST_HEARD_S = 3600.0  # no clip lasts as long; two sums of it stay numbers

#: What `hits` says of an answer that is not whole: here, so that every sentence stands in the catalogues.
SENTENCES = (
    _("Please say whether both clips feel equally energetic."),
    _("Please say whether both clips feel equally pleasant."),
    _("Please also show how calm or excited the voice is."),
    _("Please also show how unpleasant or pleasant the feeling is."),
    _("You still need to hear the first clip to its end."),
    _("You still need to hear the second clip to its end."),
    _("The answer came sooner than both clips can be heard. Please play them once more."),
)


@dataclass(frozen=True)
class Posted:
    """An answer as it was sent, for showing it again; and as it is meant, once it is whole."""

    trial_id: str
    nonce: str
    fields: Mapping[str, str]

    def said(self, rate: Rate, noisy_is: Literal["first", "second"], scale: Scale) -> Said:
        """What the worker says. Ratings that were chosen before both became "the same" do not count.

        Args:
            rate: which clips the trial has rated.
            noisy_is: which clip is the noisy one.
            scale: what ratings are given on.

        Raises:
            WrongAnswer: something is missing or out of range; the sentence is for the worker.
        """
        activation, valence = (cast(Answer, self.fields[name]) for name in DIMENSIONS)
        if rate == "both":
            original_is = "first" if noisy_is == "second" else "second"
            rated = (self._rating(which, name) for which in (noisy_is, original_is) for name in DIMENSIONS)
            return Said(activation, valence, *rated, scale=scale)
        if "different" in (activation, valence):
            return Said(activation, valence, *(self._rating("", name) for name in DIMENSIONS), scale=scale)
        return Said(activation, valence, scale=scale)

    def _rating(self, which: str, dimension: str) -> float:
        """A rating as it was sent; a number beyond the scale for one that is missing or was not made by our page."""
        text = self.fields["_".join(filter(None, (which, dimension, "rating")))]
        return float(text) if SENT_RATING.fullmatch(text) else NO_RATING

    @property
    def listened(self) -> Listened:
        """Seconds of each clip that sounded; what is not a number counts as nothing.

        >>> Posted("t", "n", {"first_s": "2.5", "second_s": "all of it"}).listened
        Listened(first_s=2.5, second_s=0.0)
        """
        return Listened(seconds_in(self.fields["first_s"]), seconds_in(self.fields["second_s"]))


def posted(form: Mapping[str, str]) -> Posted:
    """A form's fields, those that the page has and no longer than it makes them."""
    nonce = form.get("nonce", "")[:64]
    return Posted(
        trial_id=form.get("trial_id", "")[:64],
        nonce=nonce if nonce.isascii() else "",  # ours are; only such ones can be compared in constant time
        fields={name: form.get(name, "")[:LONGEST_FIELD] for name in FIELDS},
    )


def seconds_in(text: str) -> float:
    """Seconds that a field says; 0 for what is no number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_HEARD_S) if 0 <= seconds < float("inf") else 0.0
