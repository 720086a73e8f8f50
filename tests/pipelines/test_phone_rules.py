"""Dropped letters: the rules, their notation, and the noise that follows them."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from pipelines.audio import Speech
from pipelines.clip import Phone, Word
from pipelines.conditions import ConditionWrong, condition, study_conditions
from pipelines.noises.base import NoiseRefused
from pipelines.noises.drop_letters import RULES, DropLetters
from pipelines.phone_rules import RuleWrong
from pipelines.sounds.base import SoundBank
from tests.pipelines.conftest import RATE_HZ, spoken
from tests.pipelines.splices import cut_samples, drawn, near


def pronounced(*words: str, language: str = "en", pause_s: float = 0.0) -> Speech:
    """Words given as their phones, 80 ms each, with a pause between words."""
    phones, timed, now_s = [], [], 0.1
    for word in words:
        begun_s = now_s
        for symbol in word.split():
            phones.append(Phone(symbol, round(now_s, 4), round(now_s + 0.08, 4)))
            now_s += 0.08
        timed.append(Word(word, round(begun_s, 4), round(now_s, 4)))
        now_s += pause_s
    return Speech(spoken(now_s + 0.1), RATE_HZ, tuple(timed), tuple(phones), "x", "anna", language)


class TestDropLetters:
    @pytest.mark.parametrize(
        ("words", "dropped"),
        [
            (("G IH1 V", "HH IH1 M"), ["HH"]),  # give 'im
            (("HH W EH1 R",), []),  # no vowel follows
            (("HH AE1 N D", "B AE1 G"), ["HH", "D"]),  # 'an' bag
            (("AE1 N D", "AY1"), []),  # a vowel follows
            (("HH AE1 N D B AE1 G",), ["HH"]),  # one word: the rule wants a next one
            (("L AE1 S T", "N AY1 T"), ["T"]),  # las' night
            (("N AY1 T", "S K UW1 L"), []),  # a vowel before the t
            (("K AA1 R D",), ["R"]),
            (("K AA1 R",), []),
            (("K AA1 R", "D AO1 R"), []),  # of one word alone
            (("W AO1 K IH0 NG",), ["NG"]),
            (("S IH1 NG ER0",), []),  # inside a word
            (("w ao1 k ih0 ng",), ["NG"]),  # some aligners write small letters
        ],
    )
    def test_the_five_rules_drop_what_english_drops(
        self, words: Iterable[str], dropped: list[str], sounds: SoundBank
    ) -> None:
        speech = pronounced(*words)

        if dropped:
            params, changed = drawn(condition("drop-letters"), speech, sounds)
            assert params["phones"] == dropped
            assert len(changed) == len(speech.samples) - cut_samples(params)
        else:
            assert "none of the 5 rules fits" in str(condition("drop-letters").lacks(speech, sounds))

    def test_words_with_a_pause_between_them_do_not_run_into_each_other(self, sounds: SoundBank) -> None:
        noise = DropLetters(rules=("C [T] | C",))

        assert noise.lacks(pronounced("L AE S T", "N AY T", pause_s=0.05), sounds) is None
        assert noise.lacks(pronounced("L AE S T", "N AY T", pause_s=0.3), sounds) is not None

    def test_the_cuts_lie_on_the_phones_edges(self, speech: Speech, sounds: SoundBank) -> None:
        params, changed = drawn(condition("drop-letters"), speech, sounds)

        phones = speech.phones
        assert params["phones"] == ["HH", "D", "T", "HH", "R", "NG"]
        assert all(near(start_s, [phone.start_s for phone in phones]) for start_s in params["cut_starts_s"])  # type: ignore[union-attr]
        assert all(near(end_s, [phone.end_s for phone in phones]) for end_s in params["cut_ends_s"])  # type: ignore[union-attr]
        assert len(changed) == len(speech.samples) - cut_samples(params)

    @pytest.mark.parametrize(
        ("speech", "reason"),
        [
            (pronounced("HH IH M", language="de"), "language is 'de' and the rules are for 'en'"),
            (replace(pronounced("HH IH M"), phones=()), "an alignment of 0 phones and 1 words"),
            (replace(pronounced("HH IH M"), words=()), "an alignment of 3 phones and 0 words"),
            (pronounced("h ɪ m"), "the phone 'h', which is not in the alphabet"),
        ],
    )
    def test_a_clip_that_can_not_carry_it_is_told_why(self, speech: Speech, reason: str, sounds: SoundBank) -> None:
        with pytest.raises(NoiseRefused, match=reason):
            drawn(condition("drop-letters"), speech, sounds)

    @pytest.mark.parametrize(
        ("rule", "said_of_it"),
        [
            ("V XX [D]", "'XX' is no phone of the alphabet"),
            ("V N [D | C", r"the brackets of '\[D' don't pair up"),
            ("V [] C", r"the brackets of '\[\]' don't pair up"),
            ("V N D", "no phone stands in brackets"),
            ("", "no phone stands in brackets"),
            ("[T]", r"'\[T\]' stands alone"),
            ("[T] | | C", r"two '\|' follow each other"),
        ],
    )
    def test_a_rule_that_can_not_be_read_is_refused_by_its_token(self, rule: str, said_of_it: str) -> None:
        with pytest.raises(RuleWrong, match=said_of_it):
            DropLetters(rules=(*RULES, rule))

    def test_a_study_file_with_a_wrong_rule_is_refused_by_its_condition(self) -> None:
        with pytest.raises(ConditionWrong, match=r"^drop-letters: in the rule 'V XX \[D\]', 'XX' is no phone"):
            study_conditions({"drop-letters": {"rules": ["V XX [D]"]}})

    def test_a_study_brings_rules_and_phones_of_its_own(self, sounds: SoundBank) -> None:
        changes = {"rules": ["ə [n] |"], "language": "de", "vowels": ["ə", "a"], "consonants": ["n", "h", "b"]}
        noise = study_conditions({"drop-letters": changes})["drop-letters"]

        assert drawn(noise, pronounced("h a b ə n", language="de"), sounds)[0]["phones"] == ["n"]

    def test_the_phone_v_is_not_any_vowel(self, sounds: SoundBank) -> None:
        noise = DropLetters(rules=("V [/V/] |",))

        assert drawn(noise, pronounced("AH V", "AH M"), sounds)[0]["phones"] == ["V"]
        assert noise.lacks(pronounced("AH AH"), sounds) is not None

    def test_a_rule_can_ask_for_the_beginning_of_a_word(self, sounds: SoundBank) -> None:
        noise = DropLetters(rules=("| [DH] V",))

        assert drawn(noise, pronounced("DH EH M", "B EY DH IH NG"), sounds)[0]["phones"] == ["DH"]
