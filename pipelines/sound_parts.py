"""Parts of a sound bank: some of its sounds, or two halves that share no recording."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from pipelines.audio import Samples
from pipelines.corpora.base import Problem
from pipelines.sounds.base import Family, Sound, SoundBank


class SomeSounds(SoundBank):
    """Some sounds of a bank, by their ids; whatever else the bank has is not there."""

    def __init__(self, bank: SoundBank, sound_ids: Collection[str]) -> None:
        super().__init__(bank.root)
        self._bank, self._ids = bank, frozenset(sound_ids)

    def listed(self) -> Iterator[Sound | Problem]:
        """Those of the bank's sounds that belong to this part, in its order."""
        yield from self._bank.problems()
        for family in self._bank.families():
            yield from (sound for sound in self._bank.sounds(family) if sound.sound_id in self._ids)

    # Asked for one sound at a time, thousands of times: no index of its own is made.
    def sounds(self, family: Family, speaker: str | None = None) -> tuple[Sound, ...]:
        """The sounds of a family that belong to this part."""
        return tuple(sound for sound in self._bank.sounds(family, speaker) if sound.sound_id in self._ids)

    def sound(self, sound_id: str) -> Sound:
        """As the bank's own; KeyError for a sound of another part."""
        if sound_id not in self._ids:
            raise KeyError(sound_id)
        return self._bank.sound(sound_id)

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """As the bank's own; KeyError for a sound of another part."""
        self.sound(sound_id)
        return self._bank.samples(sound_id, sample_rate_hz)

    def loud_moments(self, sound_id: str, sample_rate_hz: int) -> NDArray[np.intp]:
        """As the bank's own; KeyError for a sound of another part."""
        self.sound(sound_id)
        return self._bank.loud_moments(sound_id, sample_rate_hz)


def apart(bank: SoundBank, share: float, seed: int) -> tuple[SoundBank, SoundBank]:
    """A bank in two parts that share no recording: pieces cut from one recording go together.

    Recordings are dealt family by family, so that each family of two recordings or more is in both parts.

    Args:
        bank: to be parted.
        share: of the recordings of each family that the first part gets, 0 to 1 (both exclusive).
        seed: decides which.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share of the first part is {share}; expected more than 0 and less than 1")
    rng = np.random.default_rng(seed)
    part: dict[str, bool] = {}  # whether a recording is in the first part
    for family in bank.families():
        _deal(bank, family, share, rng, part)
    sounds = [sound for family in bank.families() for sound in bank.sounds(family)]
    first = [sound.sound_id for sound in sounds if part[sound.recording]]
    second = [sound.sound_id for sound in sounds if not part[sound.recording]]
    return SomeSounds(bank, first), SomeSounds(bank, second)


def _deal(bank: SoundBank, family: Family, share: float, rng: np.random.Generator, part: dict[str, bool]) -> None:
    """Deal the recordings of a family that no other family has dealt."""
    recordings = list(dict.fromkeys(sound.recording for sound in bank.sounds(family)))
    free = [name for name in recordings if name not in part]
    wanted = min(max(round(len(recordings) * share), 1), max(1, len(recordings) - 1))
    missing = max(0, wanted - sum(part.get(name, False) for name in recordings))
    for place, number in enumerate(rng.permutation(len(free))):
        part[free[int(number)]] = place < missing
