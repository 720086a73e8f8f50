"""Read what requesters kept of MTurk before it closed: assignments as XML or JSON, and how its tools named columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from hits.foreign_table import ForeignTable, Row, TableWrong, as_text, begun

#: As the requester's site named columns, by how the command line tools did.
TOOLS_NAMES = {
    "hitid": "HITId",
    "assignmentid": "AssignmentId",
    "workerid": "WorkerId",
    "assignmentstatus": "AssignmentStatus",
    "assignmentaccepttime": "AcceptTime",
    "assignmentsubmittime": "SubmitTime",
}
LISTS = ("Assignments", "Assignment")  # where an API's answer has them


def is_batch(said: Mapping[str, Any]) -> bool:
    """Whether an object is what the API answered, with all assignments in it."""
    return any(isinstance(said.get(name), list | dict) for name in LISTS)


def from_json(said: Any, path: Path, notes: tuple[str, ...] = ()) -> ForeignTable:
    """Every assignment (or plain object) of a whole JSON document.

    Raises:
        TableWrong: there is none, or an answer's XML is broken.
    """
    if isinstance(said, dict) and is_batch(said):
        said = next(said[name] for name in LISTS if name in said)
    rows = [
        Row(f"assignment {number}", flat(one, path))
        if isinstance(one, dict)
        else Row(f"assignment {number}", {}, f"it is no JSON object ({one!s:.80})")
        for number, one in enumerate(said if isinstance(said, list) else [said], start=1)
    ]
    return _table(rows, path, notes)


def flat(said: Mapping[str, Any], path: Path) -> dict[str, str]:
    """An object's values as text, and those of the XML in its `Answer`, if that is what it holds."""
    answer = str(said.get("Answer", ""))
    if not answer.lstrip().startswith("<"):
        return {name: as_text(value) for name, value in said.items()}
    values = {name: as_text(value) for name, value in said.items() if name != "Answer"}
    return {**values, **_answers(answer, path)}


def from_xml(text: str, path: Path, notes: tuple[str, ...] = ()) -> ForeignTable:
    """Every assignment of a document as the API answered.

    Raises:
        TableWrong: there is none, or the XML is broken or has a DTD.
    """
    return _table(list(_xml(text, path)), path, notes)


def _table(rows: list[Row], path: Path, notes: tuple[str, ...]) -> ForeignTable:
    columns = dict.fromkeys(name for row in rows for name in row.values)
    return ForeignTable(tuple(columns), begun(iter(rows), path), notes)


def _xml(text: str, path: Path) -> Iterator[Row]:
    found = [element for element in _parse(text, path).iter() if _name(element) == "Assignment"]
    for number, element in enumerate(found, start=1):
        values = {_name(child): (child.text or "").strip() for child in element if _name(child) != "Answer"}
        answers: dict[str, str] = {}
        for answer in (child for child in element if _name(child) == "Answer"):
            nested = next((one for one in answer.iter() if _name(one) == "QuestionFormAnswers"), None)
            answers |= _read_answers(nested) if nested is not None else _answers(answer.text or "", path)
        yield Row(f"assignment {number}", {**values, **answers})


def _answers(document: str, path: Path) -> dict[str, str]:
    return _read_answers(_parse(document, path)) if document.strip() else {}


def _read_answers(form: ET.Element) -> dict[str, str]:
    """The answers of a QuestionFormAnswers document, by `Answer.` and their question's identifier."""
    found: dict[str, str] = {}
    for answer in (one for one in form if _name(one) == "Answer"):
        texts = {name: [(e.text or "").strip() for e in answer if _name(e) == name] for name in map(_name, answer)}
        said = texts.get("FreeText") or texts.get("SelectionIdentifier") or texts.get("OtherSelectionText") or []
        found[f"Answer.{''.join(texts.get('QuestionIdentifier', []))}"] = "|".join(said)
    return found


def _parse(document: str, path: Path) -> ET.Element:
    """The root of a document that declares nothing: entities that unfold into gigabytes need a DTD."""

    def refuse(*_declaration: Any) -> None:
        raise TableWrong(path, "its XML has a DTD")

    data = document.strip().encode()
    try:
        guard = expat.ParserCreate("utf-8")
        guard.StartDoctypeDeclHandler = refuse
        guard.Parse(data, True)  # noqa: FBT003  # positional only
        return ET.fromstring(data, ET.XMLParser(encoding="utf-8"))  # noqa: S314  # the guard refused what is dangerous
    except (expat.ExpatError, ET.ParseError) as error:
        raise TableWrong(path, f"its XML is broken ({error})") from None


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
