"""Answers to a QuestionForm: read from a posted form, held against its bounds, written as QuestionFormAnswers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from xml.etree import ElementTree as ET

from flask_babel import gettext as _
from flask_babel import ngettext

from app.marketplace.markup import for_xml
from app.marketplace.question import ANSWERS
from app.marketplace.question_form import Asked, QuestionForm

OTHER_SUFFIX = ":other"


@dataclass(frozen=True)
class Answer:
    """What was said to one question; `fault` is a sentence where it can't be taken."""

    asked: Asked
    chosen: tuple[str, ...]
    text: str
    fault: str | None


def field_name(number: int) -> str:
    """The name of a question's form field: identifiers are strangers' text.

    >>> field_name(0)
    'question-0'
    """
    return f"question-{number}"


def read_answers(form: QuestionForm, values: Callable[[str], Sequence[str]]) -> list[Answer]:
    """What a posted form says to each question; `values` gives all values of a field."""
    return [_read(asked, field_name(number), values) for number, asked in enumerate(form.questions)]


def chosen_by_question(answers: Sequence[Answer]) -> dict[str, frozenset[str]]:
    """The choices, as an AnswerKey scores them."""
    return {answer.asked.identifier: frozenset(answer.chosen) for answer in answers if answer.chosen}


def form_answers_xml(answers: Sequence[Answer]) -> str:
    """QuestionFormAnswers; a question that was left empty has an empty answer, as on MTurk."""
    root = ET.Element("QuestionFormAnswers", {"xmlns": ANSWERS})
    for answer in answers:
        element = ET.SubElement(root, "Answer")
        ET.SubElement(element, "QuestionIdentifier").text = for_xml(answer.asked.identifier)
        for identifier in answer.chosen:
            ET.SubElement(element, "SelectionIdentifier").text = for_xml(identifier)
        if answer.asked.choices and answer.text:
            ET.SubElement(element, "OtherSelectionText").text = for_xml(answer.text)
        elif not answer.asked.choices:
            ET.SubElement(element, "FreeText").text = for_xml(answer.text)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _read(asked: Asked, name: str, values: Callable[[str], Sequence[str]]) -> Answer:
    if asked.choices:
        known = {choice.identifier for choice in asked.choices}
        chosen = tuple(dict.fromkeys(value for value in values(name) if value in known))
        text = "".join(values(name + OTHER_SUFFIX)[:1]).strip() if asked.other else ""
        return Answer(asked, chosen, text, _fault_of_choice(asked, len(chosen) + bool(text)))
    text = "".join(values(name)[:1]).strip()
    return Answer(asked, (), text, _fault_of_text(asked, text))


def _fault_of_choice(asked: Asked, number: int) -> str | None:
    if number == 0 and not asked.required:
        return None
    least = max(asked.least, 1 if asked.required else 0)
    if number < least:
        return str(ngettext("Please choose at least one.", "Please choose at least %(num)s.", least))
    if number > asked.most:
        return str(ngettext("Please choose only one.", "Please choose at most %(num)s.", asked.most))
    return None


def _fault_of_text(asked: Asked, text: str) -> str | None:
    if not text:
        return str(_("Please answer this question.")) if asked.required else None
    if not asked.least <= len(text) <= asked.most:
        return str(_("Please write %(least)s to %(most)s characters.", least=asked.least, most=asked.most))
    return _fault_of_number(asked, text) if asked.numeric else None


def _fault_of_number(asked: Asked, text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        return str(_("Please write a number."))
    if asked.least_number is not None and number < asked.least_number:
        return str(_("Please write a number of at least %(least)s.", least=f"{asked.least_number:g}"))
    if asked.greatest_number is not None and number > asked.greatest_number:
        return str(_("Please write a number of at most %(most)s.", most=f"{asked.greatest_number:g}"))
    return None
