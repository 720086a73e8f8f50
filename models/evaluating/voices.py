"""Whose voices are behind the speech, where no sound bank has babble of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank


def borrowed_voices(names: Collection[str], conditions: Mapping[str, Noise], sounds: SoundBank) -> tuple[str, ...]:
    """A sentence, if conditions among `names` are babble and its talkers are the corpus' own speakers."""
    babble = sorted(name for name in names if conditions[name].family == "babble")
    if not babble or sounds.sounds("babble"):
        return ()
    return (
        f"Voices: no sound bank has babble, so whoever talks behind the speech in {', '.join(babble)} is a speaker of "
        "the banks' speech, the corpus' own among them: nets may hear a test speaker's voice, unlabelled, in training "
        "noise, and training speakers' in test noise. A bank with recordings of babble keeps them apart.",
    )
