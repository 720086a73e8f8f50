"""Do the pairs on disk still agree with their manifest? What has changed, is missing, or does not belong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.clip import Clip, Pair
from pipelines.corpora.base import Problem
from pipelines.manifest import FILE_NAME, read_header, read_manifest
from pipelines.pair_plan import planned_pair
from pipelines.ranking import FILE_NAME as RANKING
from pipelines.ranking import FOLDER as RANKED
from pipelines.ranking import RankingMissing, read_ranking
from pipelines.sound_file import SoundUnreadable, file_sha256, read_sound, sha256_of, sound_length_s

FOLDERS = ("original", "noisy", RANKED)
MAKE_AGAIN = "remove it, and `earwitness pairs make` makes it again"


@dataclass(frozen=True)
class _Promised:
    """What a line of the manifest says of a file: its bytes, its samples, and how long they sound."""

    file_sha256: str
    sound_sha256: str
    length_s: float
    said_in: str = "its line in the manifest"


def verify_pairs(folder: Path) -> Iterator[Problem | Path]:
    """Look at every file of a folder of pairs: its path where all is well, and a Problem where it is not.

    A file whose bytes changed is decoded, so that the sentence says whether it is still the same sound. A line whose
    clip, condition, role, seed or file is not that of its pair's id was changed by other hands, too. Clips that
    workers rank are looked at where there are any.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: the manifest itself is broken.
        RankingWrong: ranking.json is.
    """
    promised: dict[Path, _Promised] = {}
    study_seed = read_header(folder / FILE_NAME).seed
    for pair in read_manifest(folder):
        if _is_relabelled(pair, study_seed):
            yield Problem(
                folder / FILE_NAME,
                f"{folder / FILE_NAME} says that pair {pair.pair_id} is clip {pair.clip_id} under {pair.condition} "
                f"({pair.role}) in {pair.noisy_path}, which its id does not bear out; somebody changed that line: "
                "fetch the manifest again, or make the pairs anew",
            )
        for path, said in _files_of(pair):
            if promised.setdefault(path, said) != said:
                yield Problem(
                    folder / path,
                    f"{folder / path} is described by two lines of the manifest that differ, {pair.pair_id} the later; "
                    "somebody changed one: fetch the manifest again, or make the pairs anew",
                )
    promised |= _ranked(folder)
    for path, said in promised.items():
        yield _changed(folder / path, said) or folder / path
    yield from _extra(folder, set(promised))


def _is_relabelled(pair: Pair, study_seed: int) -> bool:
    """Whether a line of the manifest says something else of its pair than the id, which follows from all of that."""
    other_id = pair.params.get("other_clip_id")
    other = _named(other_id) if isinstance(other_id, str) else None
    planned = planned_pair(study_seed, _named(pair.clip_id), pair.condition, pair.role, other)
    expected = planned.pair_id, planned.seed, Path("noisy", f"{planned.file_name}.flac")
    return expected != (pair.pair_id, pair.seed, pair.noisy_path)


def _named(clip_id: str) -> Clip:
    return Clip(clip_id, Path(), speaker="")


def _files_of(pair: Pair) -> Iterator[tuple[Path, _Promised]]:
    yield (
        pair.original_path,
        _Promised(pair.original_file_sha256, pair.original_sha256, pair.original_length_s),
    )
    yield pair.noisy_path, _Promised(pair.noisy_file_sha256, pair.noisy_sha256, pair.noisy_length_s)


def _ranked(folder: Path) -> dict[Path, _Promised]:
    try:
        sets = read_ranking(folder)
    except RankingMissing:
        return {}
    return {
        Path(clip.path): _Promised(clip.file_sha256, clip.sha256, clip.length_s, f"its place in {RANKING}")
        for one in sets
        for clip in one.clips
    }


def _changed(path: Path, said: _Promised) -> Problem | None:
    if not path.is_file():
        return Problem(path, f"{path} is missing; `earwitness pairs make` makes it again")
    try:
        if file_sha256(path) == said.file_sha256:
            return None
        same = sha256_of(read_sound(path, None)) == said.sound_sha256
        length_s = sound_length_s(path)
    except SoundUnreadable as error:
        wrong = error.reason.rpartition("; ")[0] or error.reason  # what to do with a corpus' file is no help here
        return Problem(path, f"{path} {wrong}; {MAKE_AGAIN}")
    except OSError as error:
        return Problem(path, f"{path} can't be read ({error.strerror}); see to its permissions and its disk")
    if not same:
        return Problem(path, f"{path} holds another sound than {said.said_in}; {MAKE_AGAIN}")
    if abs(length_s - said.length_s) > 1e-9:
        return Problem(
            path,
            f"{path} holds the right samples at another rate, so that it lasts {length_s:.3f} s instead of "
            f"{said.length_s:.3f} s; {MAKE_AGAIN}",
        )
    anew = f"{path} was encoded anew; its sound is the same, sample by sample"
    return Problem(path, f"{anew}: keep it, or remove it, and `earwitness pairs make` writes the old one")


def _extra(folder: Path, expected: set[Path]) -> Iterator[Problem]:
    found = [path for name in FOLDERS for path in (folder / name).rglob("*") if not path.is_dir()]
    found += [path for path in folder.iterdir() if path.name not in (FILE_NAME, RANKING, *FOLDERS)]
    for path in sorted(found):
        if path.relative_to(folder) in expected:
            continue
        if path.name.startswith(".") and path.suffix == ".part":
            yield Problem(
                path, f"{path} belongs to a run that is going on or was stopped; `earwitness pairs make` ends it"
            )
        else:
            yield Problem(path, f"{path} does not belong to these pairs; move it away")
