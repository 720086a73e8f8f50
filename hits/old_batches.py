"""Read what requesters kept of MTurk before it closed: batch results as CSV, assignments as XML or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

#: As the requester's site named columns, by how the command line tools did.
TOOLS_NAMES = {
    "hitid": "HITId",
    "assignmentid": "AssignmentId",
    "workerid": "WorkerId",
    "assignmentstatus": "AssignmentStatus",
    "assignmentaccepttime": "AcceptTime",
    "assignmentsubmittime": "SubmitTime",
}


class BatchWrong(ValueError):
    """A file can't be read as a batch's results at all."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} can't be read: {why}; docs/importing.md says which files can")


@dataclass(frozen=True)
class Row:
    """One assignment of a file, by column.

    Attributes:
        place: where it stands, in words.
        values: text by column, blanks around it taken off.
    """

    place: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class OldBatch:
    """All assignments of one file, and in which encoding they were."""

    rows: tuple[Row, ...]
    encoding: str

    @property
    def columns(self) -> list[str]:
        """Every column that any of them has, in the order of the file."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))


def read_batch(path: Path) -> OldBatch:
    """Every assignment of a file; the kind of file is told by how it begins.

    Raises:
        FileNotFoundError: there is none.
        BatchWrong: it is neither CSV with a header, nor XML with assignments, nor JSON with them.
    """
    text, encoding = _decoded(path.read_bytes())
    begin = text.lstrip()[:1]
    rows = _xml(text, path) if begin == "<" else _json(text, path) if begin in ("{", "[") else _csv(text, path)
    found = tuple(rows)
    if not found:
        raise BatchWrong(path, "there is no assignment in it")
    return OldBatch(found, encoding)


def _decoded(content: bytes) -> tuple[str, str]:
    """The text, and its encoding: as its mark says, else UTF-8, else as Windows and older Excel write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), "UTF-16"
    for encoding, name in (("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            return content.decode(encoding), name
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "Latin-1"  # every byte is something there


def _csv(text: str, path: Path) -> Iterator[Row]:
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [TOOLS_NAMES.get(name.strip().lower(), name.strip()) for name in next(reader, [])]
        if len(set(header)) < len(header) or len(header) < 2:
            raise BatchWrong(path, "its first line is no header of columns with a name each")
        line = reader.line_num + 1
        for values in reader:
            if values:
                kept = dict(zip(header, map(str.strip, values), strict=False))
                # A row of another length is passed on as it is said: whoever asks for its columns refuses it.
                yield Row(f"line {line}", kept if len(values) == len(header) else {})
            line = reader.line_num + 1
    except csv.Error as broken:
        raise BatchWrong(path, f"line {reader.line_num}: {broken}") from None


def _json(text: str, path: Path) -> Iterator[Row]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise BatchWrong(path, str(error)) from None
    if isinstance(said, dict):
        said = said.get("Assignments", said.get("Assignment", []))
    for number, one in enumerate(said if isinstance(said, list) else [said], start=1):
        if isinstance(one, dict):
            values = {name: str(value) for name, value in one.items() if name != "Answer" and value is not None}
            yield Row(f"assignment {number}", {**values, **_answers(str(one.get("Answer", "")), path)})


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
        raise BatchWrong(path, "its XML has a DTD")

    data = document.strip().encode()
    try:
        guard = expat.ParserCreate("utf-8")
        guard.StartDoctypeDeclHandler = refuse
        guard.Parse(data, True)  # noqa: FBT003  # positional only
        return ET.fromstring(data, ET.XMLParser(encoding="utf-8"))  # noqa: S314  # the guard refused what is dangerous
    except (expat.ExpatError, ET.ParseError) as error:
        raise BatchWrong(path, f"its XML is broken ({error})") from None


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
