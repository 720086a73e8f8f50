"""SafeNoise: the noises that people were shown not to mind, on samples in anybody's own training code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

import pipelines.sounds
from pipelines.audio import Samples, Speech, fit_to_full_scale
from pipelines.clip import Params, Phone, Word
from pipelines.conditions import condition, study_conditions
from pipelines.corpora.base import Problem
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sound_file import SoundUnreadable
from pipelines.sounds.base import JoinedSounds, NoSoundOfFamily, Sound, SoundBank, SoundsNotFound
from pipelines.variants import load

Dimension: TypeAlias = Literal["activation", "valence"]

#: Lossy codecs and augmentation overshoot full scale; what lies 12 dB above it is on another scale, as of 16 bits.
LOUDEST = 4.0
LOWEST_HZ, HIGHEST_HZ = 4000, 192_000  # of speech; libraries that change pitch and speed crash far from that


class NamedBank(Protocol):
    """Where a sound bank lies, and which reader knows it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102


class SafeConditions(Protocol):
    """What has to be known of a study to apply its verdicts. `analysis.whitelist.Whitelist` tells it."""

    @property
    def study(self) -> str: ...  # noqa: D102
    @property
    def noises(self) -> Mapping[str, Mapping[str, Any]]: ...  # noqa: D102
    @property
    def sounds(self) -> Sequence[NamedBank]: ...  # noqa: D102
    def safe_in(self, dimension: Dimension | None) -> tuple[str, ...]: ...  # noqa: D102
    def require_real(self, force: bool = ...) -> None: ...  # noqa: D102


class NothingSafe(ValueError):
    """A whitelist calls no condition safe, so nothing may be applied."""

    def __init__(self, study: str, dimension: Dimension | None) -> None:
        super().__init__(
            f"the whitelist of {study!r} calls no condition SAFE in {dimension or 'activation and valence'}, so no "
            "noise may be applied; collect more judgments, or train without noise"
        )


class SoundsUnknown(ValueError):
    """Nobody knows where the sounds are that noises draw from."""

    def __init__(self, study: str, found: str) -> None:
        super().__init__(
            f"the sounds of {study!r} are needed: {found}; say where they are, as "
            'sounds={"esc50": "/data/ESC-50"}, or do without them with sounds={}'
        )


class SamplesWrong(ValueError):
    """What should be changed is no clip of speech."""

    def __init__(self, found: str) -> None:
        super().__init__(f"the samples {found}; expected one clip as floats in [-1, 1], of shape (time,)")


class NothingFits(ValueError):
    """A clip can carry none of the safe conditions; `reasons` has why, by condition."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        super().__init__(f"this clip can carry none of the {len(reasons)} safe conditions ({told})")
        self.reasons = reasons

    def __reduce__(self) -> tuple[type[NothingFits], tuple[Mapping[str, str]]]:
        return type(self), (self.reasons,)  # so that it survives the way back from a worker process


class Utterance(TypedDict, total=False):
    """What may be said of a clip beside its samples, and opens noises that need it."""

    words: Sequence[Word]
    phones: Sequence[Phone]
    speaker: str
    language: str
    clip_id: str


@dataclass(frozen=True)
class Changed:
    """A clip after a safe noise, and what was done to it."""

    samples: Samples
    #: None where chance (`p`) left the clip as it was.
    condition: str | None
    params: Params
    #: By how much it was turned down to stay within full scale; 0 or below.
    gain_db: float


class SafeNoise:
    """Apply to each clip one condition that a whitelist calls SAFE, and never another.

    Conditions are drawn evenly; one that a clip can't carry (no words are given, say) gives way to another. The
    whitelist is read and the banks are listed once, here; sounds are decoded when they are first drawn, and kept.

    Args:
        whitelist: as `analysis.whitelist.Whitelist.load` reads it.
        sounds: what noises draw from: a bank, or folders by the name of their reader; None for the study's own banks.
        dimension: in which people were shown to hear no change; None for both.
        p: the share of clips that are changed, in [0, 1].
        force: use verdicts of simulated listeners, too.

    Raises:
        SimulatedWhitelist: its listeners were simulated, and nobody forces it.
        NothingSafe: it allows no condition.
        SoundsUnknown: it does not say where its sounds are, or they are not there.
        UnknownCondition, UnknownVariant: it allows a condition of a noise that is not installed.
        ConditionWrong: it has settings that a noise does not know.
        ValueError: `p` is no share.
    """

    def __init__(
        self,
        whitelist: SafeConditions,
        *,
        sounds: SoundBank | Mapping[str, Path | str] | None = None,
        dimension: Dimension | None = None,
        p: float = 1.0,
        force: bool = False,
    ) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}; expected the share of clips to change, from 0 to 1")
        whitelist.require_real(force)
        known = study_conditions(whitelist.noises)
        self.noises: Mapping[str, Noise] = {name: condition(name, known) for name in whitelist.safe_in(dimension)}
        if not self.noises:
            raise NothingSafe(whitelist.study, dimension)
        self.sounds = _bank(whitelist, sounds)
        self.sounds.families()  # lists the bank now, and not in every worker of a loader
        self.p = p

    def __call__(
        self,
        samples: ArrayLike,
        sample_rate_hz: int,
        rng: np.random.Generator | None = None,
        **utterance: Unpack[Utterance],
    ) -> Samples:
        """The samples after one safe noise: float32 in [-1, 1], a new array of shape (any_time,); see `change`."""
        return self.change(samples, sample_rate_hz, rng, **utterance).samples

    def change(
        self,
        samples: ArrayLike,
        sample_rate_hz: int,
        rng: np.random.Generator | None = None,
        **utterance: Unpack[Utterance],
    ) -> Changed:
        """The samples after one safe noise, with what was done.

        Args:
            samples: one clip of speech, floats in [-1, 1], shape (time,); changes of speed give another length.
            sample_rate_hz: of the samples, and of what comes back.
            rng: where the chance comes from: the same state gives the same sound. None for fresh chance, which also
                differs between the workers of a loader.
            utterance: times of words and phones from the start of the clip, who speaks, which language (ISO 639).

        Raises:
            SamplesWrong: they are no clip of speech.
            NothingFits: the clip can carry none of the safe conditions.
        """
        rng = np.random.default_rng() if rng is None else rng
        speech = _speech(samples, sample_rate_hz, utterance)
        if rng.random() >= self.p:
            return Changed(speech.samples, None, {}, 0.0)
        reasons: dict[str, str] = {}
        names = list(self.noises)
        for place in rng.permutation(len(names)):
            name = names[place]
            try:
                params = self.noises[name].draw(speech, self.sounds, rng)
                noisy, gain_db = fit_to_full_scale(self.noises[name].apply(speech, params, self.sounds))
            except (NoiseRefused, NoSoundOfFamily, SoundUnreadable) as error:
                reasons[name] = str(error)
            else:
                return Changed(noisy, name, params, gain_db)
        raise NothingFits(reasons)


class _NoSounds(SoundBank):
    """A bank without sounds, for whoever does without."""

    def listed(self) -> Iterator[Sound | Problem]:
        """Nothing."""
        yield from ()


def _bank(whitelist: SafeConditions, sounds: SoundBank | Mapping[str, Path | str] | None) -> SoundBank:
    if isinstance(sounds, SoundBank):
        return sounds
    if sounds is not None:
        return _joined([(name, Path(path)) for name, path in sounds.items()])
    if not whitelist.sounds:
        raise SoundsUnknown(whitelist.study, "its whitelist does not say where they are")
    try:
        return _joined([(place.name, Path(place.path)) for place in whitelist.sounds])
    except SoundsNotFound as error:
        raise SoundsUnknown(whitelist.study, str(error)) from error


def _joined(places: Sequence[tuple[str, Path]]) -> SoundBank:
    banks = [load(pipelines.sounds, name, SoundBank)(path) for name, path in places]
    return JoinedSounds(banks) if banks else _NoSounds(Path())


def _speech(samples: ArrayLike, sample_rate_hz: int, utterance: Utterance) -> Speech:
    try:
        found = np.asarray(samples)
    except ValueError as error:
        raise SamplesWrong(f"are no array ({error})") from error
    if found.ndim != 1 or not len(found):
        raise SamplesWrong(f"have the shape {found.shape}")
    if not np.issubdtype(found.dtype, np.floating):
        raise SamplesWrong(f"are {found.dtype}")
    if not np.isfinite(found).all():
        raise SamplesWrong("hold NaN or infinite values")
    if np.abs(found).max() > LOUDEST:
        raise SamplesWrong(f"reach {np.abs(found).max():g}")
    if not isinstance(sample_rate_hz, Integral) or not LOWEST_HZ <= sample_rate_hz <= HIGHEST_HZ:
        rates = f"a whole number from {LOWEST_HZ} to {HIGHEST_HZ}"
        raise SamplesWrong(f"are said to have {sample_rate_hz!r} of them a second, where {rates} is needed")
    return Speech(
        found.astype(np.float32),
        int(sample_rate_hz),
        words=tuple(utterance.get("words", ())),
        phones=tuple(utterance.get("phones", ())),
        clip_id=utterance.get("clip_id", ""),
        speaker=utterance.get("speaker", ""),
        language=utterance.get("language", "und"),
    )
