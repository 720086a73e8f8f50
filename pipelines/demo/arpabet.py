"""Phones of American English in ARPAbet, which the rules for dropped letters are written in, from their IPA signs."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from pipelines.clip import Phone

#: Longer signs first, since a phone is read from left to right.
ARPABET_BY_IPA = MappingProxyType(
    {
        "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH", "ɜː": "ER", "iː": "IY",
        "uː": "UW", "ɑː": "AA", "ɔː": "AO", "əl": "AH L", "ɐ": "AH", "ə": "AH", "ʌ": "AH", "ɚ": "ER", "ɝ": "ER",
        "æ": "AE", "ɛ": "EH", "e": "EH", "ɪ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "ɑ": "AA", "a": "AA", "ɔ": "AO",
        "o": "OW", "b": "B", "d": "D", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M",
        "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T",
        "θ": "TH", "ð": "DH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH",
    }
)  # fmt: skip


def arpabet_of(phone: Phone) -> Iterator[Phone]:
    """A phone in IPA as phones in ARPAbet, without stress; where one sign stands for several, they share its time.

    Signs that are no phone of American English are left out.

    >>> [(part.symbol, part.end_s) for part in arpabet_of(Phone("ˈɑːɹ", 0.0, 0.2))]
    [('AA', 0.1), ('R', 0.2)]
    """
    symbols: list[str] = []
    rest = phone.symbol
    while rest:
        sign = next((sign for sign in ARPABET_BY_IPA if rest.startswith(sign)), None)
        symbols += ARPABET_BY_IPA[sign].split() if sign else []
        rest = rest[len(sign or "x") :]
    share_s = (phone.end_s - phone.start_s) / max(1, len(symbols))
    for place, symbol in enumerate(symbols):
        yield Phone(symbol, phone.start_s + place * share_s, phone.start_s + (place + 1) * share_s)
