"""What every noise, corpus and sound bank promises, as checks that another package's tests can call."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import librosa
import numpy as np

from pipelines.audio import Samples, Speech, active_rms
from pipelines.bins import RATED_FROM, RATED_TO
from pipelines.clip import Clip
from pipelines.corpora.base import Corpus, CorpusNotFound, Problem
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sounds.base import BACKGROUNDS, EMOTIONAL_WORD, Sound, SoundBank, SoundsNotFound

OTHER_RATES_HZ = (8000, 22050, 48000)  # of studies that don't take 16 kHz
SLACK_S = 1e-3  # by which a last word may end after its clip, since alignments are rounded
FEW_SAMPLES = 100

NoisePromise: TypeAlias = Callable[[Noise, Speech, SoundBank], None]


class PromiseBroken(AssertionError):
    """A variant does not do what everything else counts on; says which promise, and what was found."""


def check_noise(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """Check that a noise keeps every promise of a noise.

    Args:
        noise: in one setting.
        speech: a clip that carries it, a second or more; with words and phones if it needs them.
        sounds: a bank with whatever it draws from.

    Raises:
        PromiseBroken: it does not.
        NoiseRefused: the speech can't carry it; bring one that can.
    """
    for promise in NOISE_PROMISES:
        promise(noise, speech, sounds)


def the_same_seed_gives_the_same_samples(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """Chance comes from the rng alone."""
    one, same = (changed(noise, speech, sounds, seed=1) for _ in range(2))
    _require(
        np.array_equal(one, same), f"{noise} gave two sounds for one seed; draw everything from `rng`, in `choose`"
    )


def params_make_the_same_sound_again_after_json(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """What was drawn is plain JSON, and all that `apply` needs."""
    params = noise.draw(speech, sounds, np.random.default_rng(2))
    read_back = json.loads(json.dumps(params, allow_nan=False))
    _require(read_back == params, f"{noise} drew {params}, which JSON reads back as {read_back}; use plain JSON values")
    same = np.array_equal(noise.apply(speech, params, sounds), noise.apply(speech, read_back, sounds))
    _require(same, f"{noise} made two sounds of the same params; leave nothing to chance in `apply`")


def what_comes_out_is_sound(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """One channel of finite float32 samples, not silent."""
    samples = changed(noise, speech, sounds, seed=3)
    _require(samples.dtype == np.float32, f"{noise} gave {samples.dtype} samples; expected float32")
    _require(samples.ndim == 1, f"{noise} gave samples of shape {samples.shape}; expected (time,)")
    _require(bool(np.isfinite(samples).all()), f"{noise} gave samples that are NaN or infinite")
    _require(active_rms(samples) > 0, f"{noise} gave silence")


def the_speech_that_came_in_is_left_alone(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """The original is heard too."""
    before = speech.samples.copy()
    changed(noise, speech, sounds, seed=4)
    _require(np.array_equal(speech.samples, before), f"{noise} changed the speech that it was given; change a copy")


def every_sound_that_it_drew_is_named(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """`sound_id`, or `sound_ids`, leads back to the bank."""
    params = noise.draw(speech, sounds, np.random.default_rng(7))
    several = params.get("sound_ids", [])
    for sound_id in [params["sound_id"]] if "sound_id" in params else several if isinstance(several, list) else []:
        try:
            sounds.sound(str(sound_id))
        except KeyError as error:
            raise PromiseBroken(f"{noise} drew the sound {sound_id!r}, which the bank does not have") from error


def a_clip_that_carries_it_lacks_nothing(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """What is planned is made."""
    lack = noise.lacks(speech, sounds)
    _require(lack is None, f"{noise} says of a clip that it carries: {lack}")


def silence_is_refused_or_stays_finite(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """A silent clip has no level to set a ratio by."""
    silence = replace(speech, samples=np.zeros_like(speech.samples))
    with suppress(NoiseRefused):
        samples = changed(noise, silence, sounds, seed=9)
        _require(bool(np.isfinite(samples).all()), f"{noise} made NaN or infinity of silence; raise NoiseRefused")
        _require(
            noise.nominal_snr_db is None, f"{noise} claims {noise.nominal_snr_db} dB over silence; raise NoiseRefused"
        )


def every_rate_that_a_study_may_have_will_do(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """Nothing counts on 16 kHz."""
    for rate_hz in OTHER_RATES_HZ:
        resampled = librosa.resample(speech.samples, orig_sr=speech.sample_rate_hz, target_sr=rate_hz)
        samples = changed(noise, replace(speech, samples=resampled, sample_rate_hz=rate_hz), sounds, seed=10)
        _require(bool(np.isfinite(samples).all()), f"{noise} gave NaN or infinity at {rate_hz} Hz")


def a_clip_of_a_few_samples_is_changed_or_refused(noise: Noise, speech: Speech, sounds: SoundBank) -> None:
    """Never broken: NoiseRefused says why it can't be changed."""
    short = Speech(np.full(FEW_SAMPLES, 0.1, dtype=np.float32), speech.sample_rate_hz)
    with suppress(NoiseRefused):
        samples = changed(noise, short, sounds, seed=6)
        _require(bool(np.isfinite(samples).all()), f"{noise} gave NaN or infinity for {FEW_SAMPLES} samples")


NOISE_PROMISES: tuple[NoisePromise, ...] = (
    the_same_seed_gives_the_same_samples,
    params_make_the_same_sound_again_after_json,
    what_comes_out_is_sound,
    the_speech_that_came_in_is_left_alone,
    every_sound_that_it_drew_is_named,
    a_clip_that_carries_it_lacks_nothing,
    silence_is_refused_or_stays_finite,
    every_rate_that_a_study_may_have_will_do,
    a_clip_of_a_few_samples_is_changed_or_refused,
)


def changed(noise: Noise, speech: Speech, sounds: SoundBank, seed: int) -> Samples:
    """The speech after a noise, with everything drawn from one seed."""
    return noise.apply(speech, noise.draw(speech, sounds, np.random.default_rng(seed)), sounds)


def check_corpus(open_corpus: Callable[[Path], Corpus], root: Path) -> None:
    """Check that a corpus keeps the promises of a corpus.

    Args:
        open_corpus: its class.
        root: a small folder in its layout, all of whose files can be used. Files are broken in a copy of it.

    Raises:
        PromiseBroken: it does not.
    """
    entries = list(open_corpus(root).read())
    clips = [entry for entry in entries if isinstance(entry, Clip)]
    _require(bool(clips), f"{root} gave no clip at all")
    _require(clips == entries, f"{root} gave problems where every file can be used: {_first_problem(entries)}")
    for clip in clips:
        _check_clip(clip)
    _require(list(open_corpus(root).read()) == entries, f"{root} was read differently the second time")
    _refuses_other_folders(open_corpus, CorpusNotFound)
    with _copy_of(root) as copy:
        broken = copy / clips[0].path.relative_to(root)
        broken.write_bytes(b"")
        found = list(open_corpus(copy).read())
    problems = [entry.path for entry in found if isinstance(entry, Problem)]
    of_file = sum(clip.path == clips[0].path for clip in clips)
    _require(
        set(problems) == {broken} and len(found) - len(problems) == len(clips) - of_file,
        f"an empty file {broken.name} gave {len(problems)} problems and {len(found) - len(problems)} clips; expected "
        f"one problem for each clip in it, and the other {len(clips) - of_file} clips",
    )


def _check_clip(clip: Clip) -> None:
    name = f"clip {clip.clip_id!r}"
    _require(bool(clip.clip_id and clip.speaker), f"{name} has the speaker {clip.speaker!r}; both need a name")
    _require(clip.length_s > 0, f"{name} lasts {clip.length_s} s")
    rated = [rating for rating in (clip.activation, clip.valence, clip.dominance) if rating is not None]
    _require(all(RATED_FROM <= rating <= RATED_TO for rating in rated), f"{name} is rated {rated}; expected 1 to 5")
    _require(
        bool(rated) == (clip.ratings != "none"), f"{name} is rated {rated}, and says of its ratings {clip.ratings!r}"
    )
    for timed in (clip.words, clip.phones):
        _check_times(name, [(one.start_s, one.end_s) for one in timed], clip.length_s)


def _check_times(name: str, times: Sequence[tuple[float, float]], length_s: float) -> None:
    inside = all(0 <= start_s < end_s <= length_s + SLACK_S for start_s, end_s in times)
    _require(inside and times == sorted(times), f"{name} has words or phones out of order, or outside its {length_s} s")


def check_sounds(open_bank: Callable[[Path], SoundBank], root: Path) -> None:
    """Check that a sound bank keeps the promises of a bank.

    Args:
        open_bank: its class.
        root: a small folder in its layout, with files that can't be used or without. Files are broken in a copy of it.

    Raises:
        PromiseBroken: it does not.
    """
    bank = open_bank(root)
    everything = _all_sounds(bank)
    _require(bool(everything), f"{root} gave no sound at all")
    _require(_all_sounds(open_bank(root)) == everything, f"{root} was listed differently the second time")
    for sound in everything:
        _check_sound(bank, sound)
    _refuses_other_folders(open_bank, SoundsNotFound)
    with _copy_of(root) as copy:
        empty = copy / everything[0].path.relative_to(root)
        empty.write_bytes(b"")
        offered = [sound.path for sound in _all_sounds(open_bank(copy))]
    _require(empty not in offered, f"the empty file {empty.name} was offered as a sound")
    others = {sound.path for sound in everything if sound.path != everything[0].path}
    _require(len(set(offered)) == len(others), f"of the {len(others)} other files {len(set(offered))} were offered")


def _check_sound(bank: SoundBank, sound: Sound) -> None:
    name = f"sound {sound.sound_id!r}"
    emotional = sound.family in BACKGROUNDS and EMOTIONAL_WORD.search(sound.category)
    _require(not emotional, f"{name} is {sound.category!r}, and no background ({sound.family})")
    _require(bank.sound(sound.sound_id) == sound, f"{name} is another sound by its id")
    at_16, at_8 = bank.samples(sound.sound_id, 16000), bank.samples(sound.sound_id, 8000)
    _require(
        abs(len(at_8) - len(at_16) / 2) <= 1 + 0.02 * len(at_8),
        f"{name} has {len(at_16)} samples at 16 kHz and {len(at_8)} at 8 kHz; expected half as many",
    )


def _all_sounds(bank: SoundBank) -> list[Sound]:
    return [sound for family in bank.families() for sound in bank.sounds(family)]


def _refuses_other_folders(open_root: Callable[[Path], object], refusal: type[Exception]) -> None:
    with tempfile.TemporaryDirectory() as empty:
        for wrong in (Path(empty), Path(empty) / "absent"):
            with suppress(refusal):
                open_root(wrong)
                raise PromiseBroken(f"the {'empty' if wrong.exists() else 'absent'} folder {wrong} was taken for one")


@contextmanager
def _copy_of(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copytree(root, Path(folder) / root.name))


def _first_problem(entries: Sequence[object]) -> str:
    return next((entry.sentence for entry in entries if isinstance(entry, Problem)), "")


def _require(kept: bool, sentence: str) -> None:
    if not kept:
        raise PromiseBroken(sentence)
