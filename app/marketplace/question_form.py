"""QuestionForm: MTurk's questions in XML, read into what a page can show; media are links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal, TypeAlias
from xml.etree import ElementTree as ET

from app.marketplace.markup import SCHEMAS, BadXml, child, children, local_name, parse, text_of

NAMESPACES = frozenset({f"{SCHEMAS}/2005-10-01/QuestionForm.xsd", f"{SCHEMAS}/2017-11-06/QuestionForm.xsd"})
GREATEST_LENGTH = 20_000  # of a free text, where the form sets none
_BLOCKS = frozenset({"p", "br", "li", "div", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "pre", "blockquote"})

Style: TypeAlias = Literal["one", "several", "text", "lines"]


@dataclass(frozen=True)
class Shown:
    """One thing to read or to follow: a title, a paragraph, a list, or a link to a medium."""

    kind: Literal["title", "text", "list", "link"]
    text: str
    items: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Choice:
    """What can be chosen."""

    identifier: str
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class Asked:
    """A question and the bounds of its answer; for choices the bounds count choices, for texts characters."""

    identifier: str
    shown: tuple[Shown, ...]
    required: bool
    style: Style
    choices: tuple[Choice, ...] = ()
    other: bool = False  # something else may be written
    least: int = 0
    most: int = GREATEST_LENGTH
    least_number: float | None = None
    greatest_number: float | None = None
    numeric: bool = False
    default: str = ""


@dataclass(frozen=True)
class QuestionForm:
    """What is shown and asked, in its order."""

    parts: tuple[tuple[Shown, ...] | Asked, ...]

    @property
    def questions(self) -> tuple[Asked, ...]:
        """The questions alone."""
        return tuple(part for part in self.parts if isinstance(part, Asked))


class BadForm(BadXml):
    """A QuestionForm is not one that this marketplace can show."""

    def __init__(self, reason: str) -> None:
        super().__init__("QuestionForm", reason)


def read_form(document: str) -> QuestionForm:
    """Read a QuestionForm.

    Raises:
        BadXml: it is not XML that can be used.
        BadForm: not a QuestionForm, no question in it, an identifier twice, or something that is not shown here
            (uploads, applets).
    """
    root = parse(document, "QuestionForm")
    namespace, _, name = root.tag.removeprefix("{").rpartition("}")
    if name != "QuestionForm" or namespace not in NAMESPACES:
        raise BadForm(f"expected a QuestionForm of {' or '.join(sorted(NAMESPACES))}, found {root.tag}")
    parts: list[tuple[Shown, ...] | Asked] = []
    for element in root:
        if local_name(element) == "Question":
            parts.append(_question(element))
        elif local_name(element) == "Overview":
            parts.append(tuple(_contents(element)))
        else:
            raise BadForm(f"{local_name(element)} is neither an Overview nor a Question")
    form = QuestionForm(tuple(parts))
    names = [asked.identifier for asked in form.questions]
    if not names or len(set(names)) != len(names):
        raise BadForm("expected one question or more, each with a QuestionIdentifier of its own")
    return form


def _question(element: ET.Element) -> Asked:
    identifier = text_of(element, "QuestionIdentifier")
    content, answer = child(element, "QuestionContent"), child(element, "AnswerSpecification")
    if not identifier or content is None or answer is None or len(answer) != 1:
        raise BadForm("a Question needs a QuestionIdentifier, a QuestionContent and one AnswerSpecification")
    title = text_of(element, "DisplayName")
    shown = (*([Shown("title", title)] if title else []), *_contents(content))
    required = text_of(element, "IsRequired") == "true"
    kind = local_name(answer[0])
    if kind == "SelectionAnswer":
        return _selection(identifier, shown, answer[0], required=required)
    if kind == "FreeTextAnswer":
        return _free_text(identifier, shown, answer[0], required=required)
    raise BadForm(f"{kind} is not asked here; use SelectionAnswer or FreeTextAnswer")


def _selection(identifier: str, shown: tuple[Shown, ...], answer: ET.Element, *, required: bool) -> Asked:
    selections = child(answer, "Selections")
    choices = tuple(
        Choice(text_of(one, "SelectionIdentifier"), tuple(_contents(one, skip="SelectionIdentifier")))
        for one in ([] if selections is None else children(selections, "Selection"))
    )
    other = selections is not None and child(selections, "OtherSelection") is not None
    known = {choice.identifier for choice in choices}
    if not choices or "" in known or len(known) != len(choices):
        raise BadForm(f"question {identifier} needs Selections, each with a SelectionIdentifier of its own")
    least = int(_number(answer, "MinSelectionCount", 1))
    most = int(_number(answer, "MaxSelectionCount", 1))
    if not 0 <= least <= most:
        raise BadForm(f"question {identifier} asks for {least} to {most} selections")
    style: Style = "one" if most == 1 else "several"
    return Asked(identifier, shown, required, style, choices, other, least, most)


def _free_text(identifier: str, shown: tuple[Shown, ...], answer: ET.Element, *, required: bool) -> Asked:
    constraints = child(answer, "Constraints")
    numeric = None if constraints is None else child(constraints, "IsNumeric")
    length = None if constraints is None else child(constraints, "Length")
    bounds = {} if length is None else dict(length.attrib)
    return Asked(
        identifier,
        shown,
        required,
        "lines" if _number(answer, "NumberOfLinesSuggestion", 1) > 1 else "text",
        least=int(_parse_number("minLength", bounds.get("minLength", "0"))),
        most=int(_parse_number("maxLength", bounds.get("maxLength", str(GREATEST_LENGTH)))),
        numeric=numeric is not None,
        least_number=_bound(numeric, "minValue"),
        greatest_number=_bound(numeric, "maxValue"),
        default=text_of(answer, "DefaultText"),
    )


def _bound(numeric: ET.Element | None, name: str) -> float | None:
    text = None if numeric is None else numeric.get(name)
    return None if text is None else _parse_number(name, text)


def _number(element: ET.Element, name: str, usual: float) -> float:
    text = text_of(element, name)
    return _parse_number(name, text) if text else usual


def _parse_number(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise BadForm(f"{name} is {text[:80]!r}, expected a number") from None
    if not abs(found) < 2**31:
        raise BadForm(f"{name} is {text[:80]!r}, expected a number of this world")
    return found


def _contents(element: ET.Element, skip: str = "") -> Iterator[Shown]:
    for part in element:
        kind, text = local_name(part), (part.text or "").strip()
        if kind == skip:
            continue
        if kind in ("Title", "Text"):
            yield Shown("title" if kind == "Title" else "text", text)
        elif kind == "List":
            yield Shown("list", "", tuple((one.text or "").strip() for one in children(part, "ListItem")))
        elif kind == "FormattedContent":
            yield from (Shown("text", line) for line in _lines_of_html(text))
        elif kind in ("Binary", "EmbeddedBinary"):
            yield _medium(part)
        else:
            raise BadForm(f"{kind} is not shown here; use Title, Text, List, FormattedContent or Binary")


def _medium(part: ET.Element) -> Shown:
    """A picture, a sound or a film as a link: what is elsewhere is fetched only by who wants it."""
    url = text_of(part, "DataURL")
    if not url.startswith(("https://", "http://")):
        raise BadForm(f"DataURL {url[:80]!r} is not an address")
    return Shown("link", text_of(part, "AltText") or url, url=url)


class _Words(HTMLParser):
    """The words of an HTML fragment, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self._unread = 0  # inside of how many scripts and style sheets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """A block begins a line."""
        self._unread += tag in ("script", "style")
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        """A block ends one."""
        self._unread -= tag in ("script", "style")
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        """Words go on the line that is open."""
        if self._unread <= 0:
            self.lines[-1] += data


def _lines_of_html(html: str) -> list[str]:
    words = _Words()
    words.feed(html)
    words.close()
    return [line for line in (" ".join(line.split()) for line in words.lines) if line]
