"""What is planned of a study: pairs that may be made, clip by clip, and seeds that no order of work can change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.clip import Clip, Role


@dataclass(frozen=True)
class PlannedPair:
    """A pair that may be made. `other` is the second clip of an obvious pair."""

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
class PlannedDraw:
    """What one clip gets of one draw: the first `take` noises that can be made, each in its first condition that can.

    Noises and their conditions stand in the order in which they are wanted, so that those after the first `take` are
    what is drawn instead when hearing the clip shows that it can't carry one of them.
    """

    take: int
    preferred: tuple[tuple[PlannedPair, ...], ...]

    @property
    def expected(self) -> tuple[PlannedPair, ...]:
        """What is made when nothing is refused."""
        return tuple(noise[0] for noise in self.preferred[: self.take])


@dataclass(frozen=True)
class Lack:
    """A condition that a clip can't carry, known before it is heard, and why."""

    planned: PlannedPair
    reason: str


@dataclass(frozen=True)
class ClipPlan:
    """Everything that is made of one clip: its draws, then its controls and checks."""

    clip: Clip
    draws: tuple[PlannedDraw, ...]
    extra: tuple[PlannedPair, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def expected(self) -> tuple[PlannedPair, ...]:
        """The pairs that are made when nothing is refused."""
        return (*(planned for draw in self.draws for planned in draw.expected), *self.extra)


@dataclass(frozen=True)
class Plan:
    """All pairs of a study, clip by clip; as sentences, what the clips could not give and what to beware of."""

    clips: tuple[ClipPlan, ...]
    shortages: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[PlannedPair, ...]:
        """The pairs that are made when nothing is refused, clip by clip."""
        return tuple(planned for clip in self.clips for planned in clip.expected)


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
    return f"{plain[:80]}-{digest(clip.clip_id)[:10]}"


def digest(*parts: object) -> str:
    """SHA-256 of what the parts say, in hexadecimal digits."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def seed_of(seed: int, *names: str) -> int:
    """A seed of its own for whatever the names stand for, so that the order of the work never matters.

    48 bits, since JSON and SQLite hold them exactly.
    """
    return int(digest(seed, *names)[:12], 16)


def planned_pair(seed: int, clip: Clip, name: str, role: Role, other: Clip | None = None) -> PlannedPair:
    """The pair of a clip under the condition `name`, with an id and a seed of its own."""
    names = (clip.clip_id, name, *(() if role == "study" else (role,)), *(() if other is None else (other.clip_id,)))
    own = seed_of(seed, *names)
    return PlannedPair(f"p{digest(seed, 'pair', *names)[:12]}", clip, name, role, own, other)
