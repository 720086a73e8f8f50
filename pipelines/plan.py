"""Which pairs a study makes: every clip under its conditions, and the controls and checks beside them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipelines.bins import Bins
from pipelines.clip import Clip, Role
from pipelines.conditions import IDENTICAL, OBVIOUS, condition, study_conditions

OPPOSITE = {"low": "high", "high": "low"}


def _default_conditions() -> tuple[str, ...]:
    return tuple(name for name in study_conditions() if name != IDENTICAL)


class DuplicateClips(ValueError):
    """Several clips carry one id, so their judgments could not be told apart."""

    def __init__(self, clip_ids: Sequence[str]) -> None:
        super().__init__(
            f"{len(clip_ids)} clip ids stand for more than one clip, {clip_ids[0]!r} among them; expected each once: "
            "name each corpus once, and no two corpora with the same ids"
        )


class PairDesign(BaseModel):
    """Which pairs are made of the chosen clips."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conditions: tuple[str, ...] = Field(
        default_factory=_default_conditions,
        min_length=1,
        description="the noise conditions under which clips are judged",
        json_schema_extra={"paper": "section 4"},
    )
    conditions_per_clip: int = Field(
        0, ge=0, description="how many of these conditions each clip gets, drawn at random; 0 means all"
    )
    identical_controls: int = Field(
        10, ge=0, description="clips that are also paired with themselves, to learn how often people err"
    )
    checks: int = Field(
        8,
        ge=0,
        description="attention checks: half identical pairs, half obviously different ones",
        json_schema_extra={"paper": "section 5.1"},
    )
    sample_rate_hz: int = Field(
        16000,
        ge=8000,
        le=48000,
        description="sample rate of everything that is heard",
        json_schema_extra={"unit": "Hz"},
    )
    headroom_db: float = Field(
        6.0,
        ge=0,
        le=40,
        description="all clips, originals too, are turned down by this, so that added noise seldom forces more",
        json_schema_extra={"unit": "dB"},
    )

    @field_validator("conditions")
    @classmethod
    def _known_and_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            condition(name)
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there more than once; expected each condition once")
        return names


@dataclass(frozen=True)
class PlannedPair:
    """A pair that is to be made. `other` is the second clip of an obvious pair."""

    pair_id: str
    clip: Clip
    condition: str
    role: Role
    seed: int
    other: Clip | None = None

    @property
    def file_name(self) -> str:
        """What its noisy twin is called, without an extension; not for listeners' eyes."""
        what = self.condition if self.other is None else f"{self.condition}-{file_stem(self.other)}"
        return (
            f"{file_stem(self.clip)}--{what}" if self.role == "study" else f"{file_stem(self.clip)}--{self.role}-{what}"
        )


@dataclass(frozen=True)
class Plan:
    """All pairs of a study, clip by clip, and what the corpus could not give, as sentences."""

    pairs: tuple[PlannedPair, ...]
    shortages: tuple[str, ...] = ()


def file_stem(clip: Clip) -> str:
    """A clip's id as part of a file name; ids that no file can carry get a hash in place of what is odd.

    >>> from pathlib import Path
    >>> file_stem(Clip("03a01Fa", Path("x.wav"), "03")), file_stem(Clip("a/b", Path("x.wav"), "03"))
    ('03a01Fa', 'a_b-c14cddc033')
    """
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in clip.clip_id
    )
    if plain == clip.clip_id and len(plain) <= 80:
        return plain
    return f"{plain[:80]}-{_digest(clip.clip_id)[:10]}"


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def seed_of(seed: int, *names: str) -> int:
    """A seed of its own for whatever the names stand for, so that the order of the work never matters.

    48 bits, since JSON and SQLite hold them exactly.
    """
    return int(_digest(seed, *names)[:12], 16)


def plan_pairs(clips: Iterable[Clip], design: PairDesign, seed: int) -> Plan:
    """The pairs of a study: the same clips, design and seed give the same plan, in whatever order the clips come.

    Raises:
        DuplicateClips: two clips have one id.
    """
    chosen = sorted(clips, key=lambda clip: clip.clip_id)
    twice = sorted(clip_id for clip_id, count in Counter(clip.clip_id for clip in chosen).items() if count > 1)
    if twice:
        raise DuplicateClips(twice)
    study = [_planned(seed, clip, name, "study") for clip in chosen for name in _conditions_of(clip, design, seed)]
    quiet = sorted(chosen, key=lambda clip: _digest(seed, "controls", clip.clip_id))
    controls = quiet[: design.identical_controls]
    # Checks start where the controls end, and come round to them only when the corpus has no other clips.
    rest = quiet[len(controls) :] + controls
    obvious = _obvious(rest, design.checks // 2, seed)
    met = {pair.clip.clip_id for pair in obvious}
    left = [clip for clip in rest if clip.clip_id not in met] or rest
    easy = list(islice(left, design.checks - design.checks // 2))
    extra = [_planned(seed, clip, IDENTICAL, "identical") for clip in controls]
    extra += [_planned(seed, clip, IDENTICAL, "check") for clip in easy]
    place = {clip.clip_id: index for index, clip in enumerate(chosen)}
    pairs = sorted([*study, *extra, *obvious], key=lambda pair: place[pair.clip.clip_id])
    return Plan(tuple(pairs), tuple(_shortages(design, len(controls), len(easy), len(obvious))))


def _planned(seed: int, clip: Clip, name: str, role: Role, other: Clip | None = None) -> PlannedPair:
    names = (clip.clip_id, name, *(() if role == "study" else (role,)), *(() if other is None else (other.clip_id,)))
    own = seed_of(seed, *names)
    return PlannedPair(f"p{_digest(seed, 'pair', *names)[:12]}", clip, name, role, own, other)


def _conditions_of(clip: Clip, design: PairDesign, seed: int) -> tuple[str, ...]:
    wanted = design.conditions_per_clip
    if wanted == 0 or wanted >= len(design.conditions):
        return design.conditions
    rng = np.random.default_rng(seed_of(seed, clip.clip_id, "conditions"))
    drawn = sorted(rng.choice(len(design.conditions), size=wanted, replace=False))
    return tuple(design.conditions[index] for index in drawn)


def _obvious(clips: Sequence[Clip], wanted: int, seed: int) -> list[PlannedPair]:
    """Pairs of one speaker's clips with opposite activation; each clip is an original once at most."""
    pairs: list[PlannedPair] = []
    for clip in clips:
        if len(pairs) == wanted:
            break
        partners = [other for other in clips if other.speaker == clip.speaker and _opposite(clip, other)]
        if partners:
            other = min(partners, key=lambda other: _digest(seed, clip.clip_id, other.clip_id))
            pairs.append(_planned(seed, clip, OBVIOUS, "check", other))
    return pairs


def _opposite(clip: Clip, other: Clip) -> bool:
    if clip.activation is None or other.activation is None:
        return False
    return OPPOSITE.get(Bins().bin_of(clip.activation)) == Bins().bin_of(other.activation)


def _shortages(design: PairDesign, controls: int, easy: int, obvious: int) -> Iterable[str]:
    wanted = {
        "identical controls": (design.identical_controls, controls, "choose more clips"),
        "identical checks": (design.checks - design.checks // 2, easy, "choose more clips"),
        "obvious checks": (design.checks // 2, obvious, "choose clips of low and high activation by one speaker"),
    }
    for what, (asked, found, advice) in wanted.items():
        if found < asked:
            yield f"the clips give {found} of {asked} {what}; {advice}, or ask for fewer"
