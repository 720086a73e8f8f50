"""What decides how a clip is heard, as hashes: a cache of frames goes by them."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.conditions import settings_of
from pipelines.corpora.base import Problem
from pipelines.noises.base import Noise
from pipelines.sound_file import SoundUnreadable, sha256_of
from pipelines.sounds.base import Family, Sound, SoundBank

#: A family of sounds, and the speaker whose sounds were asked for; None for everybody's.
Ask: TypeAlias = tuple[Family, str | None]
EVERYTHING: Ask = ("*", None)
UNKNOWN_LENGTH_S = 3600.0  # of a clip whose length nobody told: a noise shall not think it too short
BANK_RATE_HZ = 16000  # at which sounds without a file are hashed


class AskedBank(SoundBank):
    """A sound bank that notes what it is asked for, and gives it."""

    def __init__(self, bank: SoundBank) -> None:
        super().__init__(bank.root)
        self._bank = bank
        self.asked: set[Ask] = set()

    def listed(self) -> Iterator[Sound | Problem]:
        """As the bank's own."""
        self.asked.add(EVERYTHING)
        return self._bank.listed()

    def families(self) -> tuple[Family, ...]:
        """As the bank's own."""
        self.asked.add(EVERYTHING)
        return self._bank.families()

    def speakers(self, family: Family) -> tuple[str, ...]:
        """As the bank's own."""
        self.asked.add((family, None))
        return self._bank.speakers(family)

    def sounds(self, family: Family, speaker: str | None = None) -> tuple[Sound, ...]:
        """As the bank's own."""
        self.asked.add((family, speaker))
        return self._bank.sounds(family, speaker)

    def problems(self) -> tuple[Problem, ...]:
        """As the bank's own."""
        self.asked.add(EVERYTHING)
        return self._bank.problems()

    def sound(self, sound_id: str) -> Sound:
        """As the bank's own."""
        self._note(sound_id)
        return self._bank.sound(sound_id)

    def samples(self, sound_id: str, sample_rate_hz: int) -> Samples:
        """As the bank's own."""
        self._note(sound_id)
        return self._bank.samples(sound_id, sample_rate_hz)

    def sha256(self, sound_id: str) -> str:
        """As the bank's own."""
        self._note(sound_id)
        return self._bank.sha256(sound_id)

    def _note(self, sound_id: str) -> None:
        """A sound that was found under no family that was asked for was known by its name alone."""
        if not any(
            sound.sound_id == sound_id for family, who in self.asked for sound in self._bank.sounds(family, who)
        ):
            self.asked.add(EVERYTHING)

    def beyond(self, foreseen: frozenset[Ask]) -> bool:
        """Whether it was asked for anything that was not foreseen."""
        if EVERYTHING in foreseen:
            return False
        return any(ask not in foreseen and (ask[0], None) not in foreseen for ask in self.asked)


def foreseen_asks(noise: Noise, clip: Clip, sounds: SoundBank) -> frozenset[Ask]:
    """The sounds that a noise may draw for a clip: what its `lacks` looks for."""
    bank = AskedBank(sounds)
    noise.lacks(clip if clip.length_s else replace(clip, length_s=UNKNOWN_LENGTH_S), bank)
    return frozenset(bank.asked)


class BankContent:
    """Hashes of what a sound bank holds: names, places, kinds and bytes of its sounds.

    Args:
        bank: whose sounds.
        sha256: the hash of a file.
    """

    def __init__(self, bank: SoundBank, sha256: Callable[[Path], str]) -> None:
        self._bank = bank
        self._sha256 = sha256
        self._known: dict[Ask, str] = {}

    def of(self, asks: frozenset[Ask]) -> str:
        """One hash of all that is asked for."""
        return digest(sorted((family, speaker or "", self._of(family, speaker)) for family, speaker in asks))

    def foreseen(self, noise: Noise, clip: Clip) -> str:
        """One hash of all sounds that a noise may draw for a clip."""
        return self.of(foreseen_asks(noise, clip, self._bank))

    def _of(self, family: Family, speaker: str | None) -> str:
        if (family, speaker) not in self._known:
            families = self._bank.families() if family == EVERYTHING[0] else (family,)
            sounds = [sound for name in families for sound in self._bank.sounds(name, speaker)]
            self._known[family, speaker] = digest([self._content(sound) for sound in sounds])
        return self._known[family, speaker]

    def _content(self, sound: Sound) -> list[Any]:
        try:
            found = self._sha256(sound.path)
        except OSError:
            found = self._samples_sha256(sound)
        return [sound.sound_id, sound.category, sound.start_s, sound.end_s, sound.speaker, sound.clip_id, found]

    def _samples_sha256(self, sound: Sound) -> str:
        """Of a sound that is made on the spot; nothing where there is none."""
        try:
            return sha256_of(self._bank.samples(sound.sound_id, BANK_RATE_HZ))
        except SoundUnreadable:
            return ""


def sound_key(clip: Clip, sha256: Callable[[Path], str]) -> list[Any]:
    """What decides how a clip sounds as it is.

    Raises:
        SoundUnreadable: its file is not there.
    """
    try:
        return [sha256(clip.path), clip.start_s, clip.end_s]
    except FileNotFoundError as error:
        raise SoundUnreadable(clip.path, "does not exist; expected a sound file") from error
    except OSError as error:
        raise SoundUnreadable(clip.path, f"can't be opened ({error.strerror}); see to its permissions") from error


def clip_key(clip: Clip, sha256: Callable[[Path], str], noise: Noise | None, bank: BankContent | None) -> list[Any]:
    """What decides how a clip sounds, as it is or under a noise with the sounds of a bank.

    Raises:
        SoundUnreadable: its file is not there.
    """
    key = sound_key(clip, sha256)
    if noise is None or bank is None:
        return key
    words = [[word.text, word.start_s, word.end_s] for word in clip.words]
    phones = [[phone.symbol, phone.start_s, phone.end_s] for phone in clip.phones]
    # The draws go by the clip's id, and a noise may go by all the rest.
    return [*key, clip.clip_id, clip.speaker, clip.language, words, phones, bank.foreseen(noise, clip)]


def noise_recipe(name: str, noise: Noise, seed: int) -> dict[str, Any]:
    """What decides how a noise changes clips, but for the clips and the sounds."""
    kind = type(noise)
    return {
        "condition": name,
        "noise": f"{kind.__module__}.{kind.__qualname__}",
        "settings": settings_of(noise),
        "source": source_sha256(kind),
        "seed": seed,
    }


@cache
def source_sha256(kind: type) -> str:
    """A hash of the code of a class: of its file, and of those of the same packages that these import names from.

    So a noise is heard anew when the mixing that it calls has changed, and not when its neighbour has.
    """
    start = sys.modules[kind.__module__]
    packages = {start.__name__.partition(".")[0], "pipelines"}
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module.__name__ not in found and module.__name__.partition(".")[0] in packages:
            found[module.__name__] = _source(module)
            waiting += _owners(module)
    return digest(sorted(found.items()))


def _owners(module: ModuleType) -> Iterator[ModuleType]:
    """The modules that the names in a module are from."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value
        elif isinstance(owner := getattr(value, "__module__", None), str) and owner in sys.modules:
            yield sys.modules[owner]


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""  # compiled, or typed into a console: nothing to go by


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal digits; what JSON does not know counts by how it prints."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()
