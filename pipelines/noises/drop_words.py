"""Small words left out, as in hasty speech or a poor connection (DropW, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params, Word, plain_word
from pipelines.noises.base import Noise, NoiseRefused, Spoken, numbers
from pipelines.sounds.base import SoundBank
from pipelines.splicing import cut_out, cuts_at, spans_between, written_cuts

WORDS = ("a", "the", "an", "so", "like", "and")  # section 4.2
SHORTEST_LEFT_S = 0.1  # below this nobody hears an emotion


@dataclass(frozen=True)
class DropWords(Noise):
    """Cut out every one of some words, wherever it is said. Pauses round it stay.

    Words are compared without regard to capitals and punctuation. Cuts lie on the words' edges, moved by 5 ms at most,
    and are cross-faded. The words belong to a language: "so" and "an" mean something else in German.
    """

    words: tuple[str, ...] = WORDS
    language: str = "en"

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Another language, no words in time, none of these words, or no others."""
        if spoken.language.split("-")[0].lower() != self.language:
            return (
                f"the clip's language is {spoken.language!r} and the words to drop are of {self.language!r}; give the "
                "corpus its language, or this condition `words` and a `language` that fit"
            )
        if not spoken.words:
            return "the clip has no alignment of words; dropping words needs one, as a forced aligner gives it"
        dropped = self._dropped(spoken.words)
        if not dropped:
            return f"none of the clip's {len(spoken.words)} words is one of {', '.join(self.words)}"
        if len(dropped) == len(spoken.words):
            return f"each of the clip's {len(spoken.words)} words is one of {', '.join(self.words)}; none would be left"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Which words are cut, from when to when; nothing is left to chance."""
        rate_hz = speech.sample_rate_hz
        dropped = self._dropped(speech.words)
        cuts = cuts_at(speech.samples, [(word.start_s, word.end_s) for word in dropped], rate_hz)
        left_s = (len(speech.samples) - sum(stop - start for start, stop in cuts)) / rate_hz
        if not cuts or left_s < SHORTEST_LEFT_S:
            raise NoiseRefused(
                f"the clip lasts {speech.length_s:.3f} s, and {left_s:.3f} s without {len(cuts)} stretches to drop; "
                f"expected 1 or more within the clip, and {SHORTEST_LEFT_S} s or more left"
            )
        return {"words": [word.text for word in dropped], **written_cuts(cuts, rate_hz)}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech without these words; shape (time - sum of the cuts,)."""
        cuts = spans_between(numbers(params, "cut_starts_s"), numbers(params, "cut_ends_s"), speech.sample_rate_hz)
        return cut_out(speech.samples, cuts, speech.sample_rate_hz)

    @property
    def family(self) -> str:
        """`drop-words`."""
        return "drop-words"

    def _dropped(self, words: tuple[Word, ...]) -> list[Word]:
        wanted = {plain_word(word) for word in self.words}
        return [word for word in words if plain_word(word.text) in wanted]


STUDY: dict[str, Noise] = {"drop-words": DropWords()}
