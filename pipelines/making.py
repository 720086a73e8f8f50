"""Make the pairs of one clip: its noisy twins, all turned down alike, written, measured and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from pipelines.audio import FULL_SCALE, Samples, Speech, fit_to_full_scale, loudness_lufs
from pipelines.clip import Clip, Pair, Params
from pipelines.design import PairDesign
from pipelines.manifest import Entry, Refusal
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.pair_plan import ClipPlan, PlannedPair, file_stem
from pipelines.parallel import Shared
from pipelines.sound_file import SoundUnreadable, file_sha256, flac_bytes, is_silent, load_speech, sha256_of
from pipelines.sounds.base import NoSoundOfFamily, SoundBank
from pipelines.whole_file import write_whole

Settled = TypeVar("Settled")
#: What came of a planned pair: something made, a refusal, or None where nobody knows yet.
Settle: TypeAlias = Callable[[PlannedPair], Settled | Refusal | None]


@dataclass(frozen=True)
class Twin:
    """A noisy twin before it is written."""

    planned: PlannedPair
    samples: Samples
    params: Params


@dataclass(frozen=True)
class Written:
    """A sound on disk: where, and what can be said of it."""

    path: Path
    length_s: float
    sha256: str
    file_sha256: str
    lufs: float | None


def walk(plan: ClipPlan, settle: Settle[Settled]) -> Iterator[Settled | Refusal | None]:
    """Everything that comes of a clip, in the order of its manifest: of each draw, noises until `take` are made.

    After a None nothing more of that draw is asked for, since what comes next hangs on it.
    """
    yield from (_refusal(lack.planned, lack.reason) for lack in plan.lacks)
    for draw in plan.draws:
        made = 0
        for noise in draw.preferred:
            if made == draw.take:
                break
            for planned in noise:
                settled = settle(planned)
                yield settled
                if settled is None:
                    return
                if not isinstance(settled, Refusal):
                    made += 1
                    break
    for planned in plan.extra:
        yield settle(planned)


def make_clip(plan: ClipPlan, shared_sounds: Shared[SoundBank], design: PairDesign, folder: Path) -> list[Entry]:
    """All pairs and refusals of one clip, in whatever process; their files are whole when this returns.

    What the loudest twin needs to stay within full scale turns all of them down, the original too: the two clips of a
    pair must not differ in how loud their speech is.

    Raises:
        DiskFull: there is no room left.
    """
    sounds = shared_sounds.get()
    try:
        speech = turned_down(plan.clip, design)
    except SoundUnreadable as error:
        reason = str(error)
        return [one for one in walk(plan, lambda planned: _refusal(planned, reason)) if one]
    noises = design.all_conditions
    # Lacks stand in the plan already; what a walk gives here is never None.
    found = [one for one in walk(plan, lambda planned: _twin(planned, speech, noises, sounds, design)) if one]
    twins = [one for one in found if isinstance(one, Twin)]
    if not twins:
        return [one for one in found if isinstance(one, Refusal)]
    (original, *fitted), gain_db = fit_together([speech.samples, *(twin.samples for twin in twins)])
    rate_hz = speech.sample_rate_hz
    first = _write(folder, Path("original", f"{file_stem(plan.clip)}.flac"), original, rate_hz)
    source_sha256 = file_sha256(plan.clip.path)
    entries: dict[str, Entry] = {}
    for twin, samples in zip(twins, fitted, strict=True):
        second = _write(folder, Path("noisy", f"{twin.planned.file_name}.flac"), samples, rate_hz)
        pair = _pair(twin, first, second, noises.get(twin.planned.condition), sounds)
        entries[twin.planned.pair_id] = replace(pair, gain_db=gain_db, source_sha256=source_sha256)
    return [one if isinstance(one, Refusal) else entries[one.planned.pair_id] for one in found]


def _twin(
    planned: PlannedPair, speech: Speech, noises: Mapping[str, Noise], sounds: SoundBank, design: PairDesign
) -> Twin | Refusal:
    try:
        if planned.other is not None:
            return Twin(planned, turned_down(planned.other, design).samples, {"other_clip_id": planned.other.clip_id})
        noise = noises[planned.condition]
        params = noise.draw(speech, sounds, np.random.default_rng(planned.seed))
        samples = noise.apply(speech, params, sounds)
        if is_silent(samples):
            return _refusal(planned, "nothing of the clip is left to hear; leave the clip out, or this condition")
        return Twin(planned, samples, params)
    except (NoiseRefused, SoundUnreadable, NoSoundOfFamily) as error:
        return _refusal(planned, str(error))


def _refusal(planned: PlannedPair, reason: str) -> Refusal:
    return Refusal(planned.pair_id, planned.clip.clip_id, planned.condition, reason)


def turned_down(clip: Clip, design: PairDesign) -> Speech:
    """A clip as all its pairs start from it: at the design's rate, with its headroom."""
    speech = load_speech(clip, design.sample_rate_hz)
    samples, _ = fit_to_full_scale(speech.samples * np.float32(10 ** (-design.headroom_db / 20)))
    if is_silent(samples):
        rate_hz, headroom_db = design.sample_rate_hz, design.headroom_db
        reason = f"is silent at {rate_hz} Hz with a headroom of {headroom_db:g} dB; leave it out, or lower headroom_db"
        raise SoundUnreadable(clip.path, reason)
    return replace(speech, samples=samples)


def fit_together(parts: Sequence[Samples]) -> tuple[list[Samples], float]:
    """Several sounds turned down by one gain, so that 16 bits hold the loudest; and that gain in dB (0 or below).

    >>> (soft, loud), gain_db = fit_together([np.array([0.5], np.float32), np.array([2.0], np.float32)])
    >>> float(soft[0].round(2)), round(gain_db, 1)
    (0.25, -6.0)
    """
    peak = max(float(np.max(np.abs(part), initial=0.0)) for part in parts)
    if peak <= FULL_SCALE:
        return list(parts), 0.0
    factor = FULL_SCALE / peak
    fitted = [np.clip(part * np.float32(factor), -FULL_SCALE, FULL_SCALE) for part in parts]
    return fitted, float(20 * np.log10(factor))


def _write(folder: Path, path: Path, samples: Samples, sample_rate_hz: int) -> Written:
    content = flac_bytes(samples, sample_rate_hz)
    write_whole(folder / path, content)
    return Written(
        path,
        len(samples) / sample_rate_hz,
        sha256_of(samples),
        hashlib.sha256(content).hexdigest(),
        loudness_lufs(samples, sample_rate_hz),
    )


def _pair(twin: Twin, original: Written, noisy: Written, noise: Noise | None, sounds: SoundBank) -> Pair:
    planned = twin.planned
    sound_ids = _sound_ids(twin.params)
    return Pair(
        pair_id=planned.pair_id,
        clip_id=planned.clip.clip_id,
        condition=planned.condition,
        role=planned.role,
        original_path=original.path,
        noisy_path=noisy.path,
        original_length_s=original.length_s,
        noisy_length_s=noisy.length_s,
        original_sha256=original.sha256,
        noisy_sha256=noisy.sha256,
        seed=planned.seed,
        params=twin.params,
        family=noise.family if noise else planned.condition,
        snr_db=noise.nominal_snr_db if noise else None,
        original_lufs=original.lufs,
        noisy_lufs=noisy.lufs,
        original_file_sha256=original.file_sha256,
        noisy_file_sha256=noisy.file_sha256,
        sound_ids=sound_ids,
        sound_sha256s=tuple(sounds.sha256(sound_id) for sound_id in sound_ids),
        simulated=planned.clip.simulated,
        clip=_said_of(planned.clip),
    )


def _sound_ids(params: Params) -> tuple[str, ...]:
    """The sounds that a noise drew, which it names `sound_id`, or `sound_ids` where there are several."""
    one, several = params.get("sound_id"), params.get("sound_ids")
    drawn = several if isinstance(several, list) else [one]
    return tuple(sound_id for sound_id in drawn if isinstance(sound_id, str))


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
        "language": clip.language,
        "length_s": clip.length_s,
    }
