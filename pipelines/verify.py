"""Do the pairs on disk still agree with their manifest? What has changed, is missing, or does not belong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.clip import Pair
from pipelines.corpora.base import Problem
from pipelines.manifest import FILE_NAME, read_manifest
from pipelines.sound_file import SoundUnreadable, read_sound, sha256_of, sound_length_s

FOLDERS = ("original", "noisy")
MAKE_AGAIN = "remove it, and `earwitness pairs make` makes it again"


@dataclass(frozen=True)
class _Promised:
    """What a line of the manifest says of a file: its bytes, its samples, and how long they sound."""

    file_sha256: str
    sound_sha256: str
    length_s: float


def verify_pairs(folder: Path) -> Iterator[Problem | Path]:
    """Look at every file of a folder of pairs: its path where all is well, and a Problem where it is not.

    A file whose bytes changed is decoded, so that the sentence says whether it is still the same sound.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: the manifest itself is broken.
    """
    promised: dict[Path, _Promised] = {}
    for pair in read_manifest(folder):
        for path, said in _files_of(pair):
            if promised.setdefault(path, said) != said:
                yield Problem(
                    folder / path,
                    f"{folder / path} is described by two lines of the manifest that differ, {pair.pair_id} the later; "
                    "somebody changed one: fetch the manifest again, or make the pairs anew",
                )
    for path, said in promised.items():
        yield _changed(folder / path, said) or folder / path
    yield from _extra(folder, set(promised))


def _files_of(pair: Pair) -> Iterator[tuple[Path, _Promised]]:
    yield (
        pair.original_path,
        _Promised(pair.original_file_sha256, pair.original_sha256, pair.original_length_s),
    )
    yield pair.noisy_path, _Promised(pair.noisy_file_sha256, pair.noisy_sha256, pair.noisy_length_s)


def _changed(path: Path, said: _Promised) -> Problem | None:
    if not path.is_file():
        return Problem(path, f"{path} is missing; `earwitness pairs make` makes it again")
    try:
        if _file_sha256(path) == said.file_sha256:
            return None
        same = sha256_of(read_sound(path, None)) == said.sound_sha256
        length_s = sound_length_s(path)
    except SoundUnreadable as error:
        wrong = error.reason.rpartition("; ")[0] or error.reason  # what to do with a corpus' file is no help here
        return Problem(path, f"{path} {wrong}; {MAKE_AGAIN}")
    except OSError as error:
        return Problem(path, f"{path} can't be read ({error.strerror}); see to its permissions and its disk")
    if not same:
        return Problem(path, f"{path} holds another sound than its line in the manifest; {MAKE_AGAIN}")
    if abs(length_s - said.length_s) > 1e-9:
        return Problem(
            path,
            f"{path} holds the right samples at another rate, so that it lasts {length_s:.3f} s instead of "
            f"{said.length_s:.3f} s; {MAKE_AGAIN}",
        )
    return Problem(path, f"{path} was encoded anew; its sound is the same, sample by sample")


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extra(folder: Path, expected: set[Path]) -> Iterator[Problem]:
    found = [path for name in FOLDERS for path in (folder / name).rglob("*") if not path.is_dir()]
    found += [path for path in folder.iterdir() if path.name != FILE_NAME and path.name not in FOLDERS]
    for path in sorted(found):
        if path.relative_to(folder) in expected:
            continue
        if path.name.startswith(".") and path.suffix == ".part":
            yield Problem(
                path, f"{path} belongs to a run that is going on or was stopped; `earwitness pairs make` ends it"
            )
        else:
            yield Problem(path, f"{path} does not belong to these pairs; move it away")
