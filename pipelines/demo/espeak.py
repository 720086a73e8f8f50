"""espeak-ng through ctypes: text to sound, with the times of its words and phones."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from pipelines.audio import PCM_STEPS, Speech
from pipelines.clip import Phone, Word

# What follows is named in espeak-ng's speak_lib.h.
AUDIO_OUTPUT_RETRIEVAL = 1
PHONEME_EVENTS, PHONEME_IPA = 1, 2
POS_CHARACTER = 1
CHARS_UTF8 = 1
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
LIST_TERMINATED, WORD, PHONEME = 0, 1, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class NoVoices(ImportError):
    """espeak-ng is not installed, or does not know a voice."""


@dataclass(frozen=True)
class Style:
    """How something is said, in espeak-ng's own units."""

    words_per_minute: int = 175
    pitch: int = 50  # 0..99, 50 is the voice's own
    pitch_range: int = 50  # 0..99, 0 is monotonous


@dataclass(frozen=True)
class _Mark:
    """An event of the synthesis: a word or a phone begins; `place` is where its word stands in the text."""

    kind: int
    start_s: float
    text: str
    place: int


class Espeak:
    """One voice of espeak-ng. Said in the same order, the same things give the same samples."""

    def __init__(self, library: ctypes.CDLL, sample_rate_hz: int) -> None:
        self._library = library
        self._sample_rate_hz = sample_rate_hz
        self._sound: list[bytes] = []
        self._marks: list[_Mark] = []
        self._text = ""
        self._callback = _Callback(self._heard)  # kept, since espeak-ng calls it as long as it lives
        library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, style: Style) -> Speech:
        """Text as sound, with the times of its words and phones (in IPA).

        Args:
            text: plain English.
            style: how to say it.
        """
        self._sound.clear()
        self._marks.clear()
        self._text = text
        for parameter, value in ((RATE, style.words_per_minute), (PITCH, style.pitch), (RANGE, style.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.frombuffer(b"".join(self._sound), dtype="<i2").astype(np.float32) / np.float32(PCM_STEPS)
        words, phones = _timed(self._marks, len(samples) / self._sample_rate_hz)
        return Speech(samples, self._sample_rate_hz, words, phones)

    def _heard(self, samples: object, count: int, events: object) -> int:
        """What espeak-ng calls with each stretch of sound; 0 asks for more."""
        if samples and count:
            self._sound.append(ctypes.string_at(samples, 2 * count))  # type: ignore[arg-type]
        for event in _listed(events):
            start_s = event.sample / self._sample_rate_hz
            if event.type == WORD:
                begin = event.text_position - 1
                self._marks.append(_Mark(WORD, start_s, self._text[begin : begin + event.length], begin))
            elif event.type == PHONEME:
                # All eight bytes may be used, so that there need not be a closing zero.
                symbol = ctypes.string_at(ctypes.addressof(event.id), 8).split(b"\0")[0]
                self._marks.append(_Mark(PHONEME, start_s, symbol.decode("utf-8", "ignore"), event.text_position - 1))
        return 0


def _listed(events: object) -> Iterator[_Event]:
    index = 0
    while events[index].type != LIST_TERMINATED:  # type: ignore[index]
        yield events[index]  # type: ignore[index]
        index += 1


def _timed(marks: list[_Mark], length_s: float) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words and phones with their ends: a phone lasts until the next one or a pause, a word as long as its phones.

    A phone knows its word by its place in the text; the time of a word's own event can be that of the phone before.
    """
    sounding = [mark for mark in marks if mark.kind == PHONEME]
    ends = [mark.start_s for mark in sounding[1:]] + [length_s]
    timed = [
        (mark.place, Phone(mark.text, mark.start_s, end_s))
        for mark, end_s in zip(sounding, ends, strict=True)
        if mark.text and end_s > mark.start_s
    ]
    words = []
    for mark in marks:
        own = [phone for place, phone in timed if mark.kind == WORD and place == mark.place]
        if own:
            words.append(Word(mark.text, own[0].start_s, own[-1].end_s))
    return tuple(words), tuple(phone for _, phone in timed)


@contextmanager
def voice(name: str) -> Iterator[Espeak]:
    """A voice of espeak-ng, such as `en-us+f1`, as fresh as if nothing had ever been said.

    espeak-ng keeps state between utterances, also when it is ended and begun again, so each voice gets a copy of the
    library of its own.

    Raises:
        NoVoices: the package espeakng-loader is not installed, or the voice is not known.
    """
    try:
        loader = import_module("espeakng_loader")
    except ImportError as error:
        raise NoVoices(
            "the demo's voices need espeak-ng, which is not installed; run: pip install 'earwitness[demo]'"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(str(shutil.copy(loader.get_library_path(), Path(folder))))
        rate_hz = library.espeak_Initialize(
            AUDIO_OUTPUT_RETRIEVAL, 0, str(loader.get_data_path()).encode(), PHONEME_EVENTS | PHONEME_IPA
        )
        if rate_hz <= 0 or library.espeak_SetVoiceByName(name.encode()) != 0:
            raise NoVoices(
                f"espeak-ng has no voice {name!r}; reinstall it: pip install --force-reinstall espeakng-loader"
            )
        try:
            yield Espeak(library, rate_hz)
        finally:
            library.espeak_Terminate()
