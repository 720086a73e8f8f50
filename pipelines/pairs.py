"""Make the pairs of a study and write their sound; a run that was stopped goes on where it was."""

from __future__ import annotations

import fcntl
import hashlib
import json
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import joblib
import numpy as np

from pipelines.audio import (
    Samples,
    SoundUnreadable,
    Speech,
    fit_to_full_scale,
    load_speech,
    sha256_of,
    write_flac,
)
from pipelines.clip import Clip, Pair, Params
from pipelines.conditions import condition
from pipelines.corpora.base import Problem
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
from pipelines.noises.base import NoiseRefused
from pipelines.plan import PairDesign, Plan, PlannedPair, file_stem, plan_pairs
from pipelines.sounds.base import FAMILIES, SoundBank

OnProblem: TypeAlias = Callable[[Problem], None]


class FolderTaken(ValueError):
    """A folder holds the pairs of another design, or another run is writing there."""


def make_pairs(
    clips: Iterable[Clip],
    sounds: SoundBank,
    design: PairDesign,
    folder: Path,
    seed: int,
    *,
    n_jobs: int = 1,
    on_problem: OnProblem | None = None,
) -> Iterator[Pair]:
    """Each pair of the study as soon as its sound and its line in the manifest are on disk.

    Pairs that exist already are given again without being made, so that a second run after a stop (or after the end)
    gives all pairs, and the folder ends with the same bytes as if nothing had happened.

    Args:
        clips: the chosen clips; their order does not matter.
        sounds: where the background comes from.
        design: which pairs to make.
        folder: gets `original/`, `noisy/` and `manifest.jsonl`.
        seed: of everything that is drawn.
        n_jobs: processes, as joblib counts them; -1 is one for each core.
        on_problem: told of each pair that can't be made and of each shortage; without it they become warnings.

    Raises:
        FolderTaken: the folder holds pairs of another seed, design, corpus or bank, or is being written to.
        DiskFull: there is no room left; run again to go on.
        NoSoundOfFamily: the bank has no sound of a family that the design needs.
        ManifestWrong: a line of the manifest was changed by other hands.
    """
    tell = on_problem or _warn
    chosen = list(clips)
    plan = plan_pairs(chosen, design, seed)
    for sentence in plan.shortages:
        tell(Problem(folder, sentence))
    with (
        _manifest(folder, _header(chosen, sounds, design, seed)) as (file, recorded),
        closing(_entries(plan, recorded, sounds, design, folder, n_jobs)) as entries,
    ):
        for entry in entries:
            if entry.pair_id not in recorded:
                append(file, entry)
            elif entry != recorded[entry.pair_id]:
                raise FolderTaken(
                    f"{folder}: the sound of pair {entry.pair_id} was missing, and made again it differs from its line "
                    "in the manifest; the corpus or the sounds have changed, so make the pairs in an empty folder"
                )
            if isinstance(entry, Pair):
                yield entry
            else:
                tell(Problem(folder, entry.sentence))


def _warn(problem: Problem) -> None:
    warnings.warn(problem.sentence, stacklevel=3)


def _entries(
    plan: Plan, recorded: dict[str, Entry], sounds: SoundBank, design: PairDesign, folder: Path, n_jobs: int
) -> Generator[Entry]:
    """All entries in the order of the plan; what is not recorded, or lost its sound, is made on the way."""
    by_clip = [list(group) for _, group in groupby(plan.pairs, key=lambda planned: planned.clip.clip_id)]
    todo = [{planned.pair_id for planned in group if not _there(folder, recorded, planned)} for group in by_clip]
    jobs = (
        joblib.delayed(_make)(group, missing, sounds, design, folder)
        for group, missing in zip(by_clip, todo, strict=True)
        if missing
    )
    made = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(jobs) if any(todo) else None
    try:
        for group, missing in zip(by_clip, todo, strict=True):
            fresh = {entry.pair_id: entry for entry in next(made)} if made and missing else {}
            for planned in group:
                yield fresh.get(planned.pair_id) or recorded[planned.pair_id]
    finally:
        if made:
            with warnings.catch_warnings():
                # joblib regrets work that nobody waited for; here it is made again, or found, by the next run.
                warnings.simplefilter("ignore", UserWarning)
                made.close()


def _there(folder: Path, recorded: dict[str, Entry], planned: PlannedPair) -> bool:
    entry = recorded.get(planned.pair_id)
    if not isinstance(entry, Pair):
        return entry is not None
    return all((folder / path).is_file() for path in (entry.original_path, entry.noisy_path))


def _make(
    group: list[PlannedPair], missing: set[str], sounds: SoundBank, design: PairDesign, folder: Path
) -> list[Entry]:
    """The missing pairs of one clip, in whatever process; their files are whole when this returns.

    All pairs of the clip are computed, since what the loudest of them needs to stay within full scale turns all of
    them down, the original too: a pair must not differ in how loud its speech is.
    """
    clip = group[0].clip
    try:
        speech = _turned_down(clip, design)
    except SoundUnreadable as error:
        return [
            Refusal(planned.pair_id, clip.clip_id, planned.condition, str(error))
            for planned in group
            if planned.pair_id in missing
        ]
    changed = [_changed(planned, speech, sounds, design) for planned in group]
    twins = [(planned, one) for planned, one in zip(group, changed, strict=True) if not isinstance(one, Refusal)]
    parts, gain_db = _fit_together([speech.samples, *(samples for _, (samples, _) in twins)])
    original = Speech(parts[0], speech.sample_rate_hz)
    if not (folder / _original_path(clip)).is_file():
        write_flac(folder / _original_path(clip), original.samples, original.sample_rate_hz)
    refusals = [one for one in changed if isinstance(one, Refusal) and one.pair_id in missing]
    return refusals + [
        _write(planned, original, noisy, params, gain_db, folder)
        for (planned, (_, params)), noisy in zip(twins, parts[1:], strict=True)
        if planned.pair_id in missing
    ]


def _fit_together(parts: list[Samples]) -> tuple[list[Samples], float]:
    """Several sounds turned down by one gain, so that 16 bits hold the loudest; and that gain in dB."""
    fitted, gain_db = fit_to_full_scale(np.concatenate(parts))
    return np.split(fitted, np.cumsum([len(part) for part in parts])[:-1]), gain_db


def _write(
    planned: PlannedPair, original: Speech, noisy: Samples, params: Params, gain_db: float, folder: Path
) -> Pair:
    path = Path("noisy", f"{planned.file_name}.flac")
    write_flac(folder / path, noisy, original.sample_rate_hz)
    sound_id = params.get("sound_id")
    noise = None if planned.other else condition(planned.condition)
    return Pair(
        pair_id=planned.pair_id,
        clip_id=planned.clip.clip_id,
        condition=planned.condition,
        role=planned.role,
        original_path=_original_path(planned.clip),
        noisy_path=path,
        original_length_s=original.length_s,
        noisy_length_s=len(noisy) / original.sample_rate_hz,
        original_sha256=sha256_of(original.samples),
        noisy_sha256=sha256_of(noisy),
        seed=planned.seed,
        family=noise.family if noise else planned.condition,
        snr_db=noise.snr_db if noise else None,
        params=params,
        gain_db=gain_db,
        sound_ids=(sound_id,) if isinstance(sound_id, str) else (),
        simulated=planned.clip.simulated,
        clip=_said_of(planned.clip),
    )


def _changed(
    planned: PlannedPair, speech: Speech, sounds: SoundBank, design: PairDesign
) -> tuple[Samples, Params] | Refusal:
    """The noisy twin before it is fitted to full scale, and how it came to be; or why it can't be."""
    try:
        if planned.other is not None:
            return _turned_down(planned.other, design).samples, {"other_clip_id": planned.other.clip_id}
        noise = condition(planned.condition)
        params = noise.draw(speech, sounds, np.random.default_rng(planned.seed))
        return noise.apply(speech, params, sounds), params
    except (NoiseRefused, SoundUnreadable) as error:
        sentence = f"clip {planned.clip.clip_id} can't be paired under {planned.condition}: {error}"
        return Refusal(planned.pair_id, planned.clip.clip_id, planned.condition, sentence)


def _turned_down(clip: Clip, design: PairDesign) -> Speech:
    """A clip as all its pairs start from it: at the design's rate, with its headroom."""
    speech = load_speech(clip, design.sample_rate_hz)
    samples, _ = fit_to_full_scale(speech.samples * np.float32(10 ** (-design.headroom_db / 20)))
    return Speech(samples, speech.sample_rate_hz, speech.words, speech.phones)


def _original_path(clip: Clip) -> Path:
    return Path("original", f"{file_stem(clip)}.flac")


def _said_of(clip: Clip) -> dict[str, str | float | bool | None]:
    """What the corpus says of a clip, as plain values."""
    return {
        "speaker": clip.speaker,
        "gender": clip.gender,
        "session": clip.session,
        "activation": clip.activation,
        "valence": clip.valence,
        "dominance": clip.dominance,
        "category": clip.category,
        "ratings": clip.ratings,
        "transcript": clip.transcript,
        "length_s": clip.length_s,
    }


def _header(clips: list[Clip], sounds: SoundBank, design: PairDesign, seed: int) -> Header:
    said = [asdict(clip) | {"path": clip.path.name} for clip in sorted(clips, key=lambda clip: clip.clip_id)]
    bank = {family: [sound.sound_id for sound in sounds.sounds(family)] for family in FAMILIES}
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
            append(file, header)
        _refuse_other(folder, read_header(path), header)
        yield file, {entry.pair_id: entry for entry in read_entries(path)}


def _refuse_other(folder: Path, found: Header, expected: Header) -> None:
    """Stop before pairs of two designs get mixed."""
    differences = []
    if found.seed != expected.seed:
        differences.append(f"seed {found.seed}, and this run has seed {expected.seed}")
    for name in sorted({*found.design, *expected.design}):
        then, now = found.design.get(name), expected.design.get(name)
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
