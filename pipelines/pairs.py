"""Make the pairs of a study and write their sound; a run that was stopped goes on where it was."""

from __future__ import annotations

import fcntl
import hashlib
import json
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.clip import Clip, Pair
from pipelines.corpora.base import Problem
from pipelines.design import PairDesign
from pipelines.making import make_clip, walk
from pipelines.manifest import (
    FILE_NAME,
    Entry,
    Header,
    Refusal,
    append,
    drop_broken_end,
    read_entries,
    read_header,
)
from pipelines.pair_plan import ClipPlan, Plan, PlannedPair
from pipelines.parallel import Workers
from pipelines.sounds.base import SoundBank

OnProblem: TypeAlias = Callable[[Problem | Refusal], None]
ONE_PROCESS = Workers()
#: Settings that folders of earlier versions don't name, as they were made.
BEFORE = {"practice": 0}


class FolderTaken(ValueError):
    """A folder holds the pairs of another design, or another run is writing there."""


def make_pairs(
    plan: Plan,
    sounds: SoundBank,
    design: PairDesign,
    folder: Path,
    seed: int,
    *,
    workers: Workers = ONE_PROCESS,
    on_problem: OnProblem | None = None,
) -> Iterator[Pair]:
    """Each pair of the study as soon as its sound and its line in the manifest are on disk.

    Pairs that exist already are given again without being made, so that a second run after a stop (or after the end)
    gives all pairs, and the folder ends with the same bytes as if nothing had happened.

    Args:
        plan: of `plan_pairs`, by the same design and seed.
        sounds: what noises draw from.
        design: which pairs to make.
        folder: gets `original/`, `noisy/` and `manifest.jsonl`.
        seed: of everything that is drawn.
        workers: where the sound is made.
        on_problem: told of each pair that can't be made (a Refusal) and of each shortage (a Problem); without it they
            become warnings.

    Raises:
        FolderTaken: the folder holds pairs of another seed, design, corpus or bank, or is being written to.
        DiskFull: there is no room left; run again to go on.
        ManifestWrong: a line of the manifest was changed by other hands.
        ClusterUnreachable: the cluster that `workers` names does not answer.
        ProcessKilled: a process that made sound was killed; run again to go on.
    """
    tell = on_problem or _warn
    for sentence in plan.shortages:
        tell(Problem(folder, sentence))
    header = _header([one.clip for one in plan.clips], sounds, design, seed)
    with (
        _manifest(folder, header) as (file, recorded),
        closing(_entries(plan, recorded, sounds, design, folder, workers)) as entries,
    ):
        for of_clip in entries:
            for entry in of_clip:
                _refuse_changed(folder, entry, recorded)
            append(file, [entry for entry in of_clip if entry.pair_id not in recorded])
            for entry in of_clip:
                if isinstance(entry, Pair):
                    yield entry
                else:
                    tell(entry)


def _warn(problem: Problem | Refusal) -> None:
    warnings.warn(problem.sentence, stacklevel=3)


def _refuse_changed(folder: Path, entry: Entry, recorded: Mapping[str, Entry]) -> None:
    if recorded.get(entry.pair_id, entry) != entry:
        raise FolderTaken(
            f"{folder}: the sound of pair {entry.pair_id} was missing, and made again it differs from its line "
            "in the manifest; the corpus or the sounds have changed, so make the pairs in an empty folder"
        )


def _entries(
    plan: Plan, recorded: Mapping[str, Entry], sounds: SoundBank, design: PairDesign, folder: Path, workers: Workers
) -> Generator[list[Entry]]:
    """The entries of each clip in the order of the plan; what is not recorded, or lost its sound, is made meanwhile."""
    known = [_known(clip, recorded, folder) for clip in plan.clips]
    todo = [clip for clip, entries in zip(plan.clips, known, strict=True) if entries is None]
    with workers.sharing(sounds, folder) as bank:
        calls = ((make_clip, (clip, bank, design, folder)) for clip in todo)
        with closing(workers.each(calls)) as made:
            for entries in known:
                yield next(made) if entries is None else entries


def _known(plan: ClipPlan, recorded: Mapping[str, Entry], folder: Path) -> list[Entry] | None:
    """What the manifest holds of a clip; None if something is missing, in it or on disk."""

    def settle(planned: PlannedPair) -> Pair | Refusal | None:
        entry = recorded.get(planned.pair_id)
        if isinstance(entry, Pair) and not all(
            (folder / path).is_file() for path in (entry.original_path, entry.noisy_path)
        ):
            return None
        return entry

    entries = []
    for entry in walk(plan, settle):
        if entry is None:
            return None
        entries.append(entry)
    return entries


def _header(clips: Sequence[Clip], sounds: SoundBank, design: PairDesign, seed: int) -> Header:
    said = [asdict(clip) | {"path": clip.path.name} for clip in clips]
    bank = {family: [sound.sound_id for sound in sounds.sounds(family)] for family in sounds.families()}
    return Header(seed, design.model_dump(mode="json"), _sha256(said), _sha256(bank))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def _manifest(folder: Path, header: Header) -> Iterator[tuple[FileIO, dict[str, Entry]]]:
    """The folder's manifest, open for this run alone, and what stands in it already."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    with path.open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTaken(f"another run is making pairs in {folder}; wait for it, or stop it") from error
        for part in [*folder.glob(".*.part"), *folder.glob("*/.*.part")]:
            part.unlink(missing_ok=True)  # what a killed run was writing
        drop_broken_end(path)
        if path.stat().st_size == 0:
            append(file, [header])
        _refuse_other(folder, read_header(path), header)
        yield file, {entry.pair_id: entry for entry in read_entries(path)}


def _refuse_other(folder: Path, found: Header, expected: Header) -> None:
    """Stop before pairs of two designs get mixed."""
    differences = []
    if found.seed != expected.seed:
        differences.append(f"seed {found.seed}, and this run has seed {expected.seed}")
    for name in sorted({*found.design, *expected.design}):
        then, now = found.design.get(name, BEFORE.get(name)), expected.design.get(name)
        if then != now:
            differences.append(f"{name} = {then}, and this run has {now}")
    if found.clips_sha256 != expected.clips_sha256:
        differences.append("another choice of clips")
    if found.sounds_sha256 != expected.sounds_sha256:
        differences.append("another sound bank")
    if differences:
        raise FolderTaken(
            f"{folder} holds pairs made with {'; with '.join(differences)}; go back to what it was made with, "
            "or make these pairs in an empty folder"
        )
