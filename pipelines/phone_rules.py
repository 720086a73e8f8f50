"""Rules that say which phones may be dropped where, in a notation short enough for a study file.

A rule is a row of phones, and the ones in brackets are dropped: `[HH] V` drops an /h/ before a vowel. V is any vowel
and C any consonant; other tokens are phones of the alphabet, and /V/ in slashes is the phone V itself. `|` stands where
one word ends and the next begins without a pause: `V N [D] | C`; at the end of a rule, where a word ends: `IH [NG] |`;
at its beginning, where one begins. Phones without a `|` between them are of one word. Stress digits are ignored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines.clip import Phone, Word

#: The phones of English in ARPAbet as dictionaries and aligners write it, stress digits left out.
ARPABET_VOWELS = (
    "AA", "AE", "AH", "AO", "AW", "AX", "AXR", "AY", "EH", "ER", "EY", "IH", "IX", "IY", "OW", "OY", "UH", "UW", "UX",
)  # fmt: skip
ARPABET_CONSONANTS = (
    "B", "CH", "D", "DH", "DX", "EL", "EM", "EN", "F", "G", "HH", "HV", "JH", "K", "L", "M", "N", "NG", "NX", "P", "Q",
    "R", "S", "SH", "T", "TH", "TS", "V", "W", "WH", "Y", "Z", "ZH",
)  # fmt: skip
SILENT = frozenset({"", "SIL", "SP", "SPN", "PAU", "H#", "<EPS>", "NSN"})  # what aligners write where nobody speaks
VOWEL, CONSONANT, EDGE = "V", "C", "|"
PAUSE_S = 0.1  # between two phones; words that lie further apart do not run into each other


class RuleWrong(ValueError):
    """A rule for dropping phones can't be read: which token, and what was expected."""

    def __init__(self, rule: str, found: str, expected: str) -> None:
        super().__init__(f"in the rule {rule!r}, {found}; expected {expected}")


@dataclass(frozen=True)
class Alphabet:
    """The phones of a language as its alignments write them."""

    vowels: frozenset[str]
    consonants: frozenset[str]

    def read(self, symbol: str) -> str:
        """A symbol of an alignment without its stress digit; in capitals where only these are in the alphabet."""
        plain = symbol.rstrip("0123456789")
        return plain if plain in self.vowels | self.consonants else plain.upper()

    def __contains__(self, symbol: str) -> bool:
        return symbol in self.vowels or symbol in self.consonants


@dataclass(frozen=True)
class Slot:
    """One phone of a rule: which ones fit (`fits`), whether it is dropped, and whether it begins a word."""

    fits: frozenset[str]
    dropped: bool
    begins_word: bool


@dataclass(frozen=True)
class Rule:
    """A row of phones, some of which are dropped wherever the row is spoken."""

    slots: tuple[Slot, ...]
    ends_word: bool


def parse_rule(text: str, alphabet: Alphabet) -> Rule:
    """A rule from its notation.

    >>> arpabet = Alphabet(frozenset(ARPABET_VOWELS), frozenset(ARPABET_CONSONANTS))
    >>> [slot.dropped for slot in parse_rule("V N [D] | C", arpabet).slots]
    [False, False, True, False]

    Raises:
        RuleWrong: a token is no phone, no V or C and no `|`; brackets don't pair up; nothing or everything is dropped.
    """
    tokens = text.split()
    for before, after in pairwise(tokens):
        if before == after == EDGE:
            raise RuleWrong(text, "two '|' follow each other", "a phone between them")
    slots = [
        _slot(text, token, alphabet, begins_word=number > 0 and tokens[number - 1] == EDGE)
        for number, token in enumerate(tokens)
        if token != EDGE
    ]
    dropped = sum(slot.dropped for slot in slots)
    if not dropped:
        raise RuleWrong(text, "no phone stands in brackets", "those that are dropped as in '[HH] V'")
    if dropped == len(slots) == 1 and EDGE not in tokens:
        raise RuleWrong(text, f"{tokens[0]!r} stands alone", "the phones beside which it is dropped as in '[HH] V'")
    return Rule(tuple(slots), ends_word=tokens[-1] == EDGE)


def _slot(rule: str, token: str, alphabet: Alphabet, *, begins_word: bool) -> Slot:
    dropped = token.startswith("[") and token.endswith("]")
    name = token[1:-1] if dropped else token
    if any(bracket in name for bracket in "[]") or not name:
        raise RuleWrong(rule, f"the brackets of {token!r} don't pair up", "one phone in each pair, as in '[HH]'")
    if name == VOWEL:
        return Slot(alphabet.vowels, dropped, begins_word)
    if name == CONSONANT:
        return Slot(alphabet.consonants, dropped, begins_word)
    symbol = alphabet.read(name.strip("/"))
    if symbol not in alphabet:
        raise RuleWrong(rule, f"{token!r} is no phone of the alphabet", "one of its phones, V, C or |")
    return Slot(frozenset({symbol}), dropped, begins_word)


@dataclass(frozen=True)
class SpokenPhone:
    """A phone that is spoken within a word."""

    phone: Phone
    symbol: str
    word: int  # its number among the words


def spoken_in_words(phones: Sequence[Phone], words: Sequence[Word], alphabet: Alphabet) -> list[SpokenPhone]:
    """The phones that are spoken, each with the word that its middle lies in; silence and what lies outside is none."""
    ordered = sorted(words, key=lambda word: word.start_s)
    starts = [word.start_s for word in ordered]
    spoken = []
    for phone in sorted(phones, key=lambda phone: phone.start_s):
        middle_s, symbol = (phone.start_s + phone.end_s) / 2, alphabet.read(phone.symbol)
        number = bisect_right(starts, middle_s) - 1
        if number >= 0 and middle_s < ordered[number].end_s and symbol.upper() not in SILENT:
            spoken.append(SpokenPhone(phone, symbol, number))
    return spoken


def dropped_by(rules: Sequence[Rule], spoken: Sequence[SpokenPhone]) -> list[SpokenPhone]:
    """The phones that the rules drop, in order, each once."""
    found = {place for rule in rules for place in _places(rule, spoken)}
    return [spoken[place] for place in sorted(found)]


def _places(rule: Rule, spoken: Sequence[SpokenPhone]) -> Iterator[int]:
    """Where in a row of phones those stand that a rule drops."""
    for first in range(len(spoken) - len(rule.slots) + 1):
        row = spoken[first : first + len(rule.slots)]
        if not all(one.symbol in slot.fits for one, slot in zip(row, rule.slots, strict=True)):
            continue
        if not all(_adjoin(*two, slot) for two, slot in zip(pairwise(row), rule.slots[1:], strict=True)):
            continue
        if rule.slots[0].begins_word and first > 0 and spoken[first - 1].word == row[0].word:
            continue
        last = first + len(rule.slots)
        if rule.ends_word and last < len(spoken) and spoken[last].word == row[-1].word:
            continue
        yield from (first + number for number, slot in enumerate(rule.slots) if slot.dropped)


def _adjoin(before: SpokenPhone, after: SpokenPhone, slot: Slot) -> bool:
    """Whether two phones follow each other as a rule wants it: in one word, or from one to the next without a pause."""
    return after.word - before.word == int(slot.begins_word) and after.phone.start_s - before.phone.end_s <= PAUSE_S
