"""Sounds that casual speakers drop: /h/ of "him", /d/ of "and then" (DropLt, paper section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.audio import Samples, Speech
from pipelines.clip import Params
from pipelines.noises.base import Noise, NoiseRefused, Spoken, numbers
from pipelines.phone_rules import (
    ARPABET_CONSONANTS,
    ARPABET_VOWELS,
    SILENT,
    Alphabet,
    Rule,
    dropped_by,
    parse_rule,
    spoken_in_words,
)
from pipelines.sounds.base import SoundBank
from pipelines.splicing import cut_out, cuts_at, spans_between, written_cuts

#: Section 4.2 names the surroundings. Which phone goes is our reading of them as the phonology of casual American
#: English: initial h, the d of -nd and the t of a cluster before a consonant of the next word, r before a consonant of
#: the same word, and of -ing its velar nasal, since the vowel before it keeps the nasal sound (g-dropping).
RULES = ("[HH] V", "V N [D] | C", "C [T] | C", "V [R] C", "IH [NG] |")


@dataclass(frozen=True)
class DropLetters(Noise):
    """Cut out every phone that a rule drops; see `pipelines.phone_rules` for how rules are written.

    The rules are for one language and one phone alphabet; others come with `rules`, `vowels`, `consonants` and
    `language`. Cuts lie on the phones' edges, moved by 5 ms at most, and are cross-faded.
    """

    rules: tuple[str, ...] = RULES
    language: str = "en"
    vowels: tuple[str, ...] = ARPABET_VOWELS
    consonants: tuple[str, ...] = ARPABET_CONSONANTS

    def __post_init__(self) -> None:
        """Refuse rules that can't be read.

        Raises:
            RuleWrong: which rule, and which token of it.
        """
        self._parsed()

    def lacks(self, spoken: Spoken, sounds: SoundBank) -> str | None:  # noqa: ARG002
        """Another language, no phones or words in time, a phone of another alphabet, or no place for any rule."""
        if spoken.language.split("-")[0].lower() != self.language:
            return (
                f"the clip's language is {spoken.language!r} and the rules are for {self.language!r}; give the corpus "
                "its language, or this condition `rules` and a `language` that fit"
            )
        if not spoken.phones or not spoken.words:
            found = f"{len(spoken.phones)} phones and {len(spoken.words)} words"
            return f"the clip has an alignment of {found}; dropping letters needs both, as a forced aligner gives them"
        alphabet = self._alphabet()
        symbols = [one.symbol for one in spoken.phones if one.symbol.upper() not in SILENT]
        unknown = [symbol for symbol in symbols if alphabet.read(symbol) not in alphabet]
        if unknown:
            return (
                f"the clip has the phone {unknown[0]!r}, which is not in the alphabet of the rules; align it with an "
                "ARPAbet dictionary, or bring `rules`, `vowels` and `consonants`"
            )
        if not dropped_by(self._parsed(), spoken_in_words(spoken.phones, spoken.words, alphabet)):
            return f"none of the {len(self.rules)} rules fits any of the clip's {len(spoken.phones)} phones"
        return None

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:  # noqa: ARG002
        """Which phones are cut, from when to when; nothing is left to chance."""
        rate_hz = speech.sample_rate_hz
        dropped = dropped_by(self._parsed(), spoken_in_words(speech.phones, speech.words, self._alphabet()))
        cuts = cuts_at(speech.samples, [(one.phone.start_s, one.phone.end_s) for one in dropped], rate_hz)
        if not cuts:
            raise NoiseRefused("the phones to drop lie behind the end of the clip's sound; expected them within it")
        return {"phones": [one.symbol for one in dropped], **written_cuts(cuts, rate_hz)}

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:  # noqa: ARG002
        """The speech without these phones; shape (time - sum of the cuts,)."""
        cuts = spans_between(numbers(params, "cut_starts_s"), numbers(params, "cut_ends_s"), speech.sample_rate_hz)
        return cut_out(speech.samples, cuts, speech.sample_rate_hz)

    @property
    def family(self) -> str:
        """`drop-letters`."""
        return "drop-letters"

    def _alphabet(self) -> Alphabet:
        return Alphabet(frozenset(self.vowels), frozenset(self.consonants))

    def _parsed(self) -> list[Rule]:
        return [parse_rule(rule, self._alphabet()) for rule in self.rules]


STUDY: dict[str, Noise] = {"drop-letters": DropLetters()}
