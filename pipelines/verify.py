"""Do the pairs on disk still agree with their manifest? What has changed, is missing, or does not belong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.audio import SoundUnreadable, read_sound, sha256_of
from pipelines.clip import Pair
from pipelines.corpora.base import Problem
from pipelines.manifest import FILE_NAME, read_manifest

FOLDERS = ("original", "noisy")


def verify_pairs(folder: Path) -> Iterator[Problem | Path]:
    """Look at every file of a folder of pairs: its path where all is well, and a Problem where it is not.

    A file whose bytes changed is decoded, so that the sentence says whether it is still the same sound.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: the manifest itself is broken.
    """
    expected = {path: hashes for pair in read_manifest(folder) for path, hashes in _files_of(pair)}
    for path, hashes in expected.items():
        problem = _changed(folder / path, *hashes)
        yield problem or folder / path
    yield from _extra(folder, set(expected))


def _files_of(pair: Pair) -> Iterator[tuple[Path, tuple[str, str]]]:
    yield pair.original_path, (pair.original_file_sha256, pair.original_sha256)
    yield pair.noisy_path, (pair.noisy_file_sha256, pair.noisy_sha256)


def _changed(path: Path, file_sha256: str, sound_sha256: str) -> Problem | None:
    if not path.is_file():
        return Problem(path, f"{path} is missing; `earwitness pairs make` makes it again")
    if hashlib.sha256(path.read_bytes()).hexdigest() == file_sha256:
        return None
    try:
        same = sha256_of(read_sound(path, None)) == sound_sha256
    except SoundUnreadable as error:
        return Problem(path, f"{error}; remove it, and `earwitness pairs make` makes it again")
    if same:
        return Problem(path, f"{path} was encoded anew; its sound is the same, sample by sample")
    return Problem(
        path,
        f"{path} holds another sound than its line in the manifest; remove it, and `earwitness pairs make` "
        "makes it again",
    )


def _extra(folder: Path, expected: set[Path]) -> Iterator[Problem]:
    found = [path for name in FOLDERS for path in (folder / name).rglob("*") if not path.is_dir()]
    found += [path for path in folder.iterdir() if path.name != FILE_NAME and path.name not in FOLDERS]
    for path in sorted(found):
        if path.relative_to(folder) not in expected:
            yield Problem(path, f"{path} does not belong to these pairs; move it away")
