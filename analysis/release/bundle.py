"""Write a release: a folder that is there whole or not at all, and a zip of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis.release.database import write_database
from analysis.release.papers import citation, datasheet, licence, readme
from analysis.release.source import Source
from analysis.release.tables import sound_files, write_published_judgments, write_published_manifest
from pipelines.manifest import FILE_NAME
from pipelines.whole_file import NO_ROOM, DiskFull

SUMS = "SHA256SUMS"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of a zip's calendar, so that the same files make the same bytes

#: What may lie in a release.
HOLDS = {
    "README.md": "this page",
    "datasheet.md": "motivation, composition, collection, uses, maintenance (*Datasheets for Datasets*)",
    "LICENSE.md": "terms",
    "CITATION.cff": "how to cite it",
    "judgments.csv": "every judgment, one row each; workers by keyed hashes",
    FILE_NAME: "every pair and how it was made, one JSON object a line",
    "study.toml": "the whole design",
    "whitelist.json": "the verdicts",
    "whitelist.csv": "the verdicts as a table",
    "whitelist.md": "the verdicts to be read",
    "report": "the report (index.html), its tables and figures",
    "original": "original clips",
    "noisy": "noisy twins",
    "db.yaml": "header of the audformat database",
    SUMS: "SHA-256 of every file",
}


class ReleaseExists(FileExistsError):
    """The folder is there already, or is not one that may be replaced."""


@dataclass(frozen=True)
class Released:
    """What was published.

    Attributes:
        folder: where it lies.
        files: how many files, and `size` in bytes.
        notes: what differs from the study's own files.
    """

    folder: Path
    files: int
    size: int
    notes: tuple[str, ...]


def write_release(source: Source, folder: Path, *, again: bool = False) -> Released:
    """Write everything that others need into a new folder.

    Args:
        source: the study.
        folder: must not be there yet.
        again: an older release there is replaced.

    Raises:
        ReleaseExists: the folder is there; or it is no release, so that it is not replaced either.
        ReleaseLeaks: a file holds a folder of this machine, a key, or a worker's id.
        DatabaseDiffers: the audformat database does not read back.
        JudgmentsRefused, ManifestWrong: the study's files can't be read.
        DiskFull: there is no room for it.
    """
    _refuse_existing(folder, again=again)
    with _whole_folder(folder) as draft:
        notes = _fill(source, draft)
        files = _files(draft)
        source.scrubber.refuse_leaks(files, draft)
        sums = "".join(f"{_sha256(path)}  {path.relative_to(draft).as_posix()}\n" for path in files)
        (draft / SUMS).write_text(sums, encoding="utf-8")
        size = sum(path.stat().st_size for path in files)
    return Released(folder, len(files) + 1, size, notes)


def zip_release(folder: Path) -> Path:
    """Pack a release beside itself, under its own name; the same files make the same bytes.

    Raises:
        DiskFull: there is no room for it.
    """
    path = folder.with_name(folder.name + ".zip")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w") as packed:
            for file in _files(folder):
                name = (Path(folder.name) / file.relative_to(folder)).as_posix()
                entry = zipfile.ZipInfo(name, FIRST_DAY)
                entry.compress_type = zipfile.ZIP_STORED if file.suffix == ".flac" else zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                with file.open("rb") as content, packed.open(entry, "w", force_zip64=True) as inside:
                    shutil.copyfileobj(content, inside, 2**20)
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise DiskFull(path) from error
        raise
    return path


def _fill(source: Source, draft: Path) -> tuple[str, ...]:
    """Everything but the checksums; gives what differs from the study's own files."""
    notes = []
    if not write_published_judgments(source, draft / "judgments.csv"):
        left = f"times {source.design.times}, wrong rows left out {source.sifted.kept_out}"
        notes.append(_differs("judgments.csv", f"was written anew ({left})", source.judgments))
    if source.entries and not write_published_manifest(source, draft / FILE_NAME):
        left = "" if source.design.sound == "all" else "transcripts and spoken words left out, "
        notes.append(_differs(FILE_NAME, f"was cleaned ({left}folders as their names)", source.pairs / FILE_NAME))
    (draft / "study.toml").write_bytes(source.scrubber.clean(source.study_toml.encode()))
    notes += _copy_texts(source, draft)
    for path in sound_files(source):
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.pairs / path, draft / path)
    written = {"datasheet.md": datasheet(source), "LICENSE.md": licence(source), "CITATION.cff": citation(source)}
    for name, text in written.items():
        (draft / name).write_bytes(source.scrubber.clean(text.encode()))
    there = [name for name in HOLDS if (draft / name).exists()]
    tables = write_database(source, draft, [name for name in there if name not in ("original", "noisy")])
    holds = {name: HOLDS[name] for name in HOLDS if name in (*there, "README.md", "db.yaml", SUMS)}
    holds |= {f"db.{name}.csv": "a table of the audformat database" for name in tables}
    (draft / "README.md").write_bytes(source.scrubber.clean(readme(source, holds, tuple(notes)).encode()))
    return tuple(notes)


def _copy_texts(source: Source, draft: Path) -> Iterator[str]:
    """Copy whitelist and report; gives a sentence for each file in which a folder of this machine became a name."""
    views = [source.whitelist.with_suffix(ending) for ending in (".json", ".csv", ".md")]
    copies = [(path, Path(f"whitelist{path.suffix}")) for path in views if path.is_file()]
    if source.report.is_dir():
        copies += [(path, "report" / path.relative_to(source.report)) for path in _files(source.report)]
    for path, name in copies:
        own = path.read_bytes()
        clean = own if path.suffix in (".png", ".pdf") else source.scrubber.clean(own)
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(clean)
        if clean != own:
            yield _differs(name.as_posix(), "was cleaned (folders as their names)", path)


def _differs(name: str, how: str, own: Path) -> str:
    return f"{name} {how}. The study's own file has the SHA-256 {_sha256(own)}."


def _files(folder: Path) -> list[Path]:
    """Every file below a folder, in one order; hidden ones and links are left where they are."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_existing(folder: Path, *, again: bool) -> None:
    if not folder.exists():
        return
    if not again:
        raise ReleaseExists(f"{folder} is there already; name another folder, or replace it by --again")
    if not (folder.is_dir() and (folder / SUMS).is_file() and (folder / "datasheet.md").is_file()):
        raise ReleaseExists(f"{folder} is no release, so it is not replaced; name another folder")


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes its place when the block ends well and leaves no trace when it does not."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    older = folder.with_name(f".{folder.name}.{os.getpid()}.older")
    try:
        draft.mkdir(parents=True)
        yield draft
        if folder.exists():
            folder.rename(older)
        try:
            draft.rename(folder)
        except OSError:
            if older.exists():
                older.rename(folder)
            raise
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM and not isinstance(error, DiskFull):
            raise DiskFull(folder) from error
        raise
    shutil.rmtree(older, ignore_errors=True)
