"""What a posted trial says: from the fields of a form to Said and Listened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from hits.judgment import Answer, Said, WrongAnswer
from hits.listening import Listened

FIELDS = ("activation", "valence", "activation_rating", "valence_rating", "first_s", "second_s")
LONGEST_FIELD = 32  # characters; longer ones were not made by our page
LONGEST_HEARD_S = 3600.0  # no clip lasts as long; two sums of it stay numbers

#: What each missing answer is called on the page.
MISSING = {
    "activation": "Please say whether both clips feel equally energetic.",
    "valence": "Please say whether both clips feel equally pleasant.",
    "activation_rating": "Please also choose the figure for how calm or excited the voice is.",
    "valence_rating": "Please also choose the figure for how unpleasant or pleasant the feeling is.",
}


@dataclass(frozen=True)
class Posted:
    """An answer as it was sent, for showing it again; and as it is meant, once it is whole."""

    trial_id: str
    nonce: str
    fields: Mapping[str, str]

    @property
    def said(self) -> Said:
        """What the worker says. Ratings that were chosen before both became "the same" do not count.

        Raises:
            WrongAnswer: something is missing or out of range; the sentence is for the worker.
        """
        answers = {name: self.fields[name] for name in ("activation", "valence")}
        for name, word in answers.items():
            if word not in ("same", "different"):
                raise WrongAnswer(MISSING[name])
        ratings: dict[str, int | None] = {"activation_rating": None, "valence_rating": None}
        if "different" in answers.values():
            for name in ratings:
                if self.fields[name] not in ("1", "2", "3", "4", "5"):
                    raise WrongAnswer(MISSING[name])
                ratings[name] = int(self.fields[name])
        return Said(cast(Answer, answers["activation"]), cast(Answer, answers["valence"]), **ratings)

    @property
    def listened(self) -> Listened:
        """Seconds of each clip that sounded; what is not a number counts as nothing.

        >>> Posted("t", "n", {"first_s": "2.5", "second_s": "all of it"}).listened
        Listened(first_s=2.5, second_s=0.0)
        """
        return Listened(_seconds(self.fields["first_s"]), _seconds(self.fields["second_s"]))


def posted(form: Mapping[str, str]) -> Posted:
    """A form's fields, those that the page has and no longer than it makes them."""
    nonce = form.get("nonce", "")[:64]
    return Posted(
        trial_id=form.get("trial_id", "")[:64],
        nonce=nonce if nonce.isascii() else "",  # ours are; only such ones can be compared in constant time
        fields={name: form.get(name, "")[:LONGEST_FIELD] for name in FIELDS},
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_HEARD_S) if 0 <= seconds < float("inf") else 0.0
