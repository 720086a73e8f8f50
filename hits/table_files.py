"""Read judgments from any file of rows: CSV, Excel, Parquet, JSON lines, and what requesters kept of MTurk."""

from __future__ import annotations

import codecs
import csv
import json
import warnings
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from hits.foreign_table import ForeignTable, Row, TableWrong, as_text, begun, header_of
from hits.old_batches import TOOLS_NAMES, flat, from_json, from_xml, is_batch

CHUNK = 2**20  # bytes that are in memory at once
ROWS = 10_000  # of Parquet and Excel, likewise
LARGEST_SHEET = 2**31  # bytes of a workbook once it is unpacked; the rest would be a trap
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What openpyxl lets through of a broken workbook: errors of zip, of XML, and of whatever it makes of them.
WORKBOOK_BROKEN = (
    BadZipFile, zlib.error, OSError, EOFError, RuntimeError,
    SyntaxError, LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip


def read_table(path: Path) -> ForeignTable:
    """The rows of a file; its kind is told by how it begins, whatever its name is.

    Long files of CSV, JSON lines, Excel and Parquet are read row by row.

    Raises:
        FileNotFoundError: there is none.
        TableWrong: it is none of these, or broken. It may be raised while rows are read.
    """
    with path.open("rb") as file:
        begin = file.read(4096)
    if begin.startswith(b"PAR1"):
        return _parquet(path)
    if begin.startswith(b"PK\x03\x04"):
        return _workbook(path)
    encoding, name = _encoding(path)
    notes = () if name == "UTF-8" else (f"it is not UTF-8; it was read as {name}",)
    with path.open(encoding=encoding) as text:
        first = next((line for line in text if line.strip()), "").lstrip()
    if first.startswith("<"):
        return from_xml(path.read_text(encoding), path, notes)
    if first.startswith(("{", "[")):
        lines = _is_json_lines(first)
        return (_json_lines if lines else _json)(path, encoding, notes)
    return _csv(path, encoding, max(",\t;", key=first.count), notes)


def _encoding(path: Path) -> tuple[str, str]:
    """Of a text, and what people call it: as its mark says, else UTF-8, else as Windows and older Excel write."""
    with path.open("rb") as file:
        if file.read(2) in UTF_16:
            return "utf-16", "UTF-16"
        for encoding, name in (("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while chunk := file.read(CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding, name
    return "latin-1", "Latin-1"  # every byte is something there


def _csv(path: Path, encoding: str, delimiter: str, notes: tuple[str, ...]) -> ForeignTable:
    lines = _csv_lines(path, encoding, delimiter)
    _, names = next(lines, (1, []))
    header = header_of([TOOLS_NAMES.get(name.strip().lower(), name.strip()) for name in names], path)

    def rows() -> Iterator[Row]:
        for line, values in lines:
            wrong = "" if len(values) == len(header) else f"it has {len(values)} values for {len(header)} columns"
            kept = dict(zip(header, map(str.strip, values), strict=False))
            yield Row(f"line {line}", {} if wrong else kept, wrong)

    return ForeignTable(header, begun(rows(), path), notes)


def _csv_lines(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, and the line where it begins."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        line = 1
        try:
            for values in reader:
                if values:
                    yield line, values
                line = reader.line_num + 1
        except csv.Error as broken:
            raise TableWrong(path, f"line {reader.line_num}: {broken}") from None
        except UnicodeDecodeError as broken:
            raise TableWrong(path, f"it is no {encoding} from line {line} on ({broken.reason})") from None


def _is_json_lines(first: str) -> bool:
    """Whether a first line is a whole object by itself, and not MTurk's answer with all assignments in it."""
    try:
        said = json.loads(first)
    except ValueError:
        return False
    return isinstance(said, dict) and not is_batch(said)


def _json(path: Path, encoding: str, notes: tuple[str, ...]) -> ForeignTable:
    try:
        said = json.loads(path.read_text(encoding))
    except (ValueError, RecursionError) as error:
        raise TableWrong(path, str(error)) from None
    return from_json(said, path, notes)


def _json_lines(path: Path, encoding: str, notes: tuple[str, ...]) -> ForeignTable:
    def rows() -> Iterator[Row]:
        with path.open(encoding=encoding) as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    said = json.loads(line)
                except (ValueError, RecursionError) as error:
                    said = str(error)
                if isinstance(said, dict):
                    yield Row(f"line {number}", flat(said, path))
                else:
                    yield Row(f"line {number}", {}, f"it is no JSON object ({said!s:.80})")

    columns = dict.fromkeys(name for row in rows() for name in row.values)  # once through: any line may have more
    return ForeignTable(tuple(columns), begun(rows(), path), notes)


def _parquet(path: Path) -> ForeignTable:
    import pyarrow as pa
    import pyarrow.parquet

    def rows() -> Iterator[Row]:
        number = 0
        try:
            with pa.parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS):
                    for said in batch.to_pylist():
                        number += 1
                        yield Row(f"row {number}", {name: as_text(value) for name, value in said.items()})
        except (pa.ArrowException, OSError) as error:
            raise TableWrong(path, f"after row {number}: {error}") from None

    try:
        names = pa.parquet.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise TableWrong(path, str(error)) from None
    return ForeignTable(header_of(names, path), begun(rows(), path))


def _workbook(path: Path) -> ForeignTable:
    """The first sheet of an Excel workbook; that there are others is said."""
    try:
        cells = _sheet(path)
        _, (_, *others) = next(cells)
        number, head = next(((n, row) for n, row in cells if any(row)), (1, []))
    except WORKBOOK_BROKEN as error:
        raise TableWrong(path, f"it is no Excel workbook ({type(error).__name__}: {error})") from None
    while head and not head[-1]:
        head.pop()
    header = header_of(head, path)

    def rows() -> Iterator[Row]:
        place = number
        try:
            for place, row in cells:
                beyond = [text for text in row[len(header) :] if text]
                if any(row):
                    wrong = f"it has {len(header) + len(beyond)} values for {len(header)} columns" if beyond else ""
                    yield Row(f"row {place}", {} if wrong else dict(zip(header, row, strict=False)), wrong)
        except WORKBOOK_BROKEN as error:
            raise TableWrong(path, f"after row {place}: {type(error).__name__}: {error}") from None

    notes = (f"its first sheet was read; these were not: {', '.join(others)}",) if others else ()
    return ForeignTable(header, begun(rows(), path), notes)


def _sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The names of a workbook's sheets, under the number 0, then the rows of the first with their numbers."""
    from openpyxl import load_workbook

    with ZipFile(path) as packed:
        unpacked = sum(part.file_size for part in packed.infolist())
    if unpacked > LARGEST_SHEET:
        raise ValueError(f"it unpacks to {unpacked / 2**30:.0f} GiB")
    with path.open("rb") as file:
        with _unwarned():
            book = load_workbook(file, read_only=True, data_only=True)  # given a path, it would judge by its ending
        with closing(book):
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # other writers than Excel note wrong ones
            yield 0, book.sheetnames
            rows = enumerate(sheet.iter_rows(values_only=True), start=1)
            while some := _some(rows):
                yield from ((number, [as_text(value) for value in row]) for number, row in some)


def _some(rows: Iterator[tuple[int, Any]]) -> list[tuple[int, Any]]:
    with _unwarned():
        return list(islice(rows, ROWS))


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without openpyxl's warnings about what Excel adds for the eye."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
