"""ExternalQuestion, HTMLQuestion, QuestionForm and QuestionFormAnswers: the XML documents that a task travels in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree as ET

from app.marketplace.markup import SCHEMAS, BadXml, for_xml, local_name, parse
from app.marketplace.question_form import QuestionForm, read_form

EXTERNAL_QUESTION = f"{SCHEMAS}/2006-07-14/ExternalQuestion.xsd"
HTML_QUESTION = f"{SCHEMAS}/2011-11-11/HTMLQuestion.xsd"
ANSWERS = f"{SCHEMAS}/2005-10-01/QuestionFormAnswers.xsd"
#: Form fields that are the platform's own and never an answer.
RESERVED_FIELDS = frozenset({"assignmentId", "hitId", "turkSubmitTo", "workerId"})

_MTURK_SUBMIT = re.compile(r"(?:https?:)?//(?:www|workersandbox|worker)\.mturk\.com/mturk/externalSubmit")


class BadQuestion(BadXml):
    """A Question is not one that this marketplace can show."""

    def __init__(self, reason: str) -> None:
        super().__init__("Question", reason)


@dataclass(frozen=True)
class Task:
    """What a HIT's Question asks for: exactly one of an address, a page, and a form."""

    url: str | None = None
    html: str | None = None
    form: QuestionForm | None = None


def read_task(question: str) -> Task:
    """Read a Question of any kind.

    Raises:
        BadXml: it is not one that this marketplace can show.
    """
    root = parse(question, "Question")
    if local_name(root) == "QuestionForm":
        return Task(form=read_form(question))
    if root.tag != f"{{{HTML_QUESTION}}}HTMLQuestion":
        return Task(url=task_url(question))
    _check_height(root, HTML_QUESTION)
    html = root.findtext(f"{{{HTML_QUESTION}}}HTMLContent") or ""
    if not html.strip():
        raise BadQuestion("HTMLContent is empty")
    return Task(html=html)


def html_task(html: str, submit_url: str) -> str:
    """An HTMLQuestion's page, whose forms for MTurk go to this marketplace.

    >>> html_task('<form action="https://www.mturk.com/mturk/externalSubmit">', "http://localhost/x")
    '<form action="http://localhost/x">'
    """
    return _MTURK_SUBMIT.sub(lambda _: submit_url, html)


def task_url(question: str) -> str:
    """The address of an ExternalQuestion's task.

    Raises:
        BadXml: too long, not well formed, or with a DTD.
        BadQuestion: another kind of question, or an address that is neither https nor on this machine.
    """
    root = parse(question, "Question")
    if root.tag != f"{{{EXTERNAL_QUESTION}}}ExternalQuestion":
        raise BadQuestion(
            f"expected an ExternalQuestion, HTMLQuestion or QuestionForm of MTurk's schemas, found {root.tag}"
        )
    url = (root.findtext(f"{{{EXTERNAL_QUESTION}}}ExternalURL") or "").strip()
    _check_height(root, EXTERNAL_QUESTION)
    _check_address(url)
    return url


def task_url_for(question: str, ids: Mapping[str, str]) -> str:
    """The task's address with MTurk's parameters behind its own."""
    parts = urlsplit(task_url(question))
    query = [*parse_qsl(parts.query, keep_blank_values=True), *ids.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def origin(url: str) -> str:
    """Scheme, host and port of an address.

    >>> origin("https://lab.example:8443/task?x=1")
    'https://lab.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def answers_xml(fields: Sequence[tuple[str, str]]) -> str:
    """Form fields as QuestionFormAnswers; several values of one field are joined by a bar, as on MTurk."""
    answers: dict[str, list[str]] = {}
    for name, value in fields:
        if name not in RESERVED_FIELDS:
            answers.setdefault(for_xml(name), []).append(for_xml(value))
    root = ET.Element("QuestionFormAnswers", {"xmlns": ANSWERS})
    for name, values in answers.items():
        answer = ET.SubElement(root, "Answer")
        ET.SubElement(answer, "QuestionIdentifier").text = name
        ET.SubElement(answer, "FreeText").text = "|".join(values)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _check_height(root: ET.Element, namespace: str) -> None:
    height = (root.findtext(f"{{{namespace}}}FrameHeight") or "").strip()
    if not (height.isascii() and height.isdigit()):
        raise BadQuestion(f"FrameHeight is {height!r}, expected a whole number")


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # asking for it checks it
    except ValueError:
        raise BadQuestion(f"ExternalURL {url!r} is not an address") from None
    if not parts.hostname or parts.username is not None or re.search(r"[\s\\;,'\"]", parts.netloc):
        raise BadQuestion(f"ExternalURL {url!r} is not an address")
    if not parts.netloc.isascii():  # it goes into a header as it stands
        raise BadQuestion(f"ExternalURL {url!r} has a host that is not ASCII; write it as xn--...")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        raise BadQuestion(f"ExternalURL {url!r} must begin with https:// (http only on this machine)")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
