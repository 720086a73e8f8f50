"""Measured rooms: a folder of impulse responses, one a file, such as those of openslr.org/28 or of the BUT ReverbDB.

Every file of sound below the folder is one room, named by the folder it lies in. A file has one channel (that of one
microphone; an average of several would colour the sound) and lasts 10 s at most. Recordings of noise that such
collections hold beside the impulse responses (`noise` in the file name) are passed over. Silence is kept: before the
direct sound it is a delay, which `pipelines.rooms` removes to the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import soundfile

from pipelines.corpora.base import Problem
from pipelines.files_below import sound_files
from pipelines.sounds.base import Sound, SoundBank, SoundsNotFound

LONGEST_S = 10.0


class ImpulseResponses(SoundBank):
    """The impulse responses of a folder: sounds of the family `room`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not root.is_dir() or next(self._files(), None) is None:
            raise SoundsNotFound("impulse-response", root, "expected files of sound below it, .wav or .flac")

    def _files(self) -> Iterator[Path]:
        return (path for path in sound_files(self.root) if "noise" not in path.stem.lower())

    def listed(self) -> Iterator[Sound | Problem]:
        """One room a file, by path."""
        for path in self._files():
            sentence = _unlike_a_room(path)
            if sentence:
                yield Problem(path, f"{path} {sentence}")
            else:
                place = path.relative_to(self.root)
                yield Sound(place.with_suffix("").as_posix(), path, "room", path.parent.name)


def _unlike_a_room(path: Path) -> str | None:
    try:
        info = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        return f"can't be read as sound ({error}); fetch the file again"
    if info.channels != 1:
        return f"has {info.channels} channels; expected one microphone a file, so split it"
    if info.frames > LONGEST_S * info.samplerate:
        return f"lasts {info.frames / info.samplerate:.1f} s; expected an impulse response of {LONGEST_S:g} s at most"
    return None
