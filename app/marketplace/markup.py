"""Read XML that strangers wrote: no declarations, a bound on its size, errors that name the document."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET
from xml.parsers import expat

from app.marketplace.refusals import Refused

SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
GREATEST_BYTES = 65_535  # MTurk's, for each of its XML parameters

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadXml(Refused):
    """A parameter is not XML that this marketplace can use."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__("XMLParseError", f"There was an error parsing the {parameter}: {reason}.")


def parse(document: str, parameter: str) -> ET.Element:
    """The root of a document that declares nothing: entities that unfold into gigabytes need a DTD.

    Raises:
        BadXml: too long, not Unicode, not well formed, or with a DTD.
    """
    if len(document.encode(errors="replace")) > GREATEST_BYTES:
        raise BadXml(parameter, f"it is longer than {GREATEST_BYTES} bytes")

    def refuse_dtd(*_declaration: object) -> None:
        raise BadXml(parameter, "it has a DTD; remove it")

    try:
        data = document.encode()
        guard = expat.ParserCreate()
        guard.StartDoctypeDeclHandler = refuse_dtd
        guard.Parse(data, True)  # noqa: FBT003  # positional only
        return ET.fromstring(data)  # noqa: S314  # the guard above refuses what is dangerous
    except UnicodeEncodeError:
        raise BadXml(parameter, "it is not Unicode text") from None
    except (expat.ExpatError, ET.ParseError) as error:
        raise BadXml(parameter, str(error)) from None


def local_name(element: ET.Element) -> str:
    """An element's name without its namespace.

    >>> local_name(ET.fromstring('<Text xmlns="urn:x"/>'))
    'Text'
    """
    return element.tag.rpartition("}")[2]


def child(element: ET.Element, name: str) -> ET.Element | None:
    """The first child of that name, whatever its namespace."""
    return next((one for one in element if local_name(one) == name), None)


def children(element: ET.Element, name: str) -> list[ET.Element]:
    """All children of that name, whatever their namespace."""
    return [one for one in element if local_name(one) == name]


def text_of(element: ET.Element, name: str) -> str:
    """The text in the first child of that name, without blanks around it; empty where there is none."""
    found = child(element, name)
    return "" if found is None else (found.text or "").strip()


def for_xml(text: str) -> str:
    """Text with a mark in place of each character that XML can't hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
