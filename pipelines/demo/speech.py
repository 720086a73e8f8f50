"""Make the demo's corpus: short English utterances in nine styles, spoken by espeak-ng, with simulated ratings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import librosa
import numpy as np

from pipelines.audio import Samples, Speech, active_rms, fit_to_full_scale
from pipelines.bins import BINS, Bin
from pipelines.clip import Gender, Phone, Word
from pipelines.corpora.demo import FILE_NAME, FORMAT
from pipelines.demo.arpabet import arpabet_of
from pipelines.demo.espeak import Espeak, Style, voice
from pipelines.demo.held import refuse_other
from pipelines.sound_file import write_wav
from pipelines.whole_folder import whole_folder

SAMPLE_RATE_HZ = 16000
QUIET = 10 ** (-50 / 20)  # of the peak: what is softer at either end is cut off
MARGIN_S = 0.03  # of silence that stays at either end

#: Voices of both genders, alternating, so that every choice of the first n is balanced. Voices with an echo are left
#: out, since espeak-ng does not speak them the same way twice.
VOICES: tuple[tuple[str, Gender], ...] = (
    ("f1", "female"), ("m1", "male"), ("f4", "female"), ("m3", "male"), ("linda", "female"), ("m7", "male"),
    ("steph", "female"), ("michael", "male"), ("belinda", "female"), ("m4", "male"), ("anika", "female"),
    ("edward", "male"),
)  # fmt: skip
#: Each holds several of the words a, the, an, so, like, and, which one of the noises drops; every other one a filler.
SENTENCES = (
    "So, um, the cat and a dog like it.",
    "A fox and an owl like the rain.",
    "The men like, uh, a song and an egg.",
    "So an old man and the boy left.",
    "Kids like the hot sun and, um, a swim.",
    "An apple and a pear are the best.",
    "The train and a bus are so late.",
    "So they like an art and, uh, the sea.",
    "A friend and the dog sat like so.",
    "The wind and an echo are, um, so near.",
    "We like a tent and, uh, the open air.",
    "And so the hat and a coat got wet.",
)
#: What a style does to the voice. Activation: speed, loudness, and some pitch; valence: melody, and more pitch.
WORDS_PER_MINUTE: dict[Bin, int] = {"low": 165, "mid": 200, "high": 245}
LEVEL_DB: dict[Bin, float] = {"low": -30.0, "mid": -25.0, "high": -20.0}
PITCH_BY_ACTIVATION: dict[Bin, int] = {"low": -8, "mid": 0, "high": 10}
PITCH_BY_VALENCE: dict[Bin, int] = {"low": -8, "mid": 0, "high": 14}
PITCH_RANGE: dict[Bin, int] = {"low": 15, "mid": 50, "high": 90}
#: Simulated ratings are drawn evenly from inside the bin.
RATINGS: dict[Bin, tuple[float, float]] = {"low": (1.25, 2.5), "mid": (2.8, 3.2), "high": (3.5, 4.75)}
CATEGORIES: dict[tuple[Bin, Bin], str] = {
    ("high", "low"): "anger", ("high", "high"): "happiness", ("mid", "high"): "happiness", ("low", "low"): "sadness",
    ("mid", "mid"): "neutral", ("low", "high"): "calm", ("low", "mid"): "boredom", ("mid", "low"): "frustration",
    ("high", "mid"): "excitement",
}  # fmt: skip

#: Called with how many clips are done, and of how many.
Progress = Callable[[int, int], None]


class TooManyAsked(ValueError):
    """More speakers or sentences are asked for than there are."""

    def __init__(self, what: str, asked: int, most: int) -> None:
        super().__init__(f"{asked} {what} are asked for; expected 1 to {most}")


class _Take(NamedTuple):
    """One utterance that is to be spoken."""

    clip_id: str
    sentence: str
    activation: Bin
    valence: Bin


def make_demo_corpus(
    folder: Path, seed: int, speakers: int = 8, sentences: int = 2, progress: Progress | None = None
) -> Path:
    """Make the demo's corpus, completely or not at all: speakers x 9 styles x sentences clips of 1 to 2.2 s at 16 kHz.

    The same seed gives the same bytes. A folder that holds this very corpus is left as it is.

    Returns:
        The folder, to be read by `pipelines.corpora.demo`.

    Raises:
        NoVoices: espeak-ng is not installed.
        TooManyAsked: more than 12 speakers or 12 sentences.
        FolderInTheWay: something else is in the folder.
        DiskFull: there is no room.
    """
    for what, asked, most in (("speakers", speakers, len(VOICES)), ("sentences", sentences, len(SENTENCES))):
        if not 1 <= asked <= most:
            raise TooManyAsked(what, asked, most)
    header = {"format": FORMAT, "version": 2, "simulated": True, "seed": seed}
    header |= {"speakers": speakers, "sentences": sentences}
    if folder.exists():
        what = f"the demo corpus of seed {seed} with {speakers} speakers and {sentences} sentences"
        refuse_other(folder / FILE_NAME, header, what)
        return folder
    with whole_folder(folder) as part:
        (part / "wav").mkdir()
        with (part / FILE_NAME).open("w", encoding="utf-8") as file:
            file.write(json.dumps(header) + "\n")
            for done, row in enumerate(_rows(part, seed, speakers, sentences), start=1):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                if progress:
                    progress(done, speakers * sentences * len(BINS) ** 2)
    return folder


def _rows(folder: Path, seed: int, speakers: int, sentences: int) -> Iterator[dict[str, Any]]:
    for number, (name, gender) in enumerate(VOICES[:speakers]):
        rng = np.random.default_rng([seed, number])
        with voice(f"en-us+{name}") as speaker:
            for take in _takes(name, sentences, rng):
                speech = _spoken(speaker, take)
                path = folder / "wav" / f"{take.clip_id}.wav"
                write_wav(path, speech.samples, SAMPLE_RATE_HZ)
                yield _row(take, name, gender, speech, rng)


def _takes(name: str, sentences: int, rng: np.random.Generator) -> list[_Take]:
    drawn = [SENTENCES[index] for index in rng.choice(len(SENTENCES), size=sentences, replace=False)]
    return [
        _Take(f"{name}-{activation}-{valence}-{number}", sentence, activation, valence)
        for activation, valence in product(BINS, BINS)
        for number, sentence in enumerate(drawn, start=1)
    ]


def _spoken(speaker: Espeak, take: _Take) -> Speech:
    """An utterance in its style, trimmed, at 16 kHz and at the loudness of its style."""
    style = Style(
        words_per_minute=WORDS_PER_MINUTE[take.activation],
        pitch=50 + PITCH_BY_ACTIVATION[take.activation] + PITCH_BY_VALENCE[take.valence],
        pitch_range=PITCH_RANGE[take.valence],
    )
    said = speaker.say(take.sentence, style)
    samples = librosa.resample(said.samples, orig_sr=said.sample_rate_hz, target_sr=SAMPLE_RATE_HZ)
    gain = 10 ** (LEVEL_DB[take.activation] / 20) / active_rms(samples)
    loud, _ = fit_to_full_scale(samples * np.float32(gain))
    return _trimmed(Speech(loud, SAMPLE_RATE_HZ, said.words, said.phones))


def _trimmed(speech: Speech) -> Speech:
    """The speech without the silence at its ends but for a margin; words and phones move along."""
    sounding = np.flatnonzero(np.abs(speech.samples) > np.abs(speech.samples).max() * QUIET).tolist()
    margin = round(MARGIN_S * speech.sample_rate_hz)
    start, end = max(0, sounding[0] - margin), min(len(speech.samples), sounding[-1] + 1 + margin)
    samples: Samples = speech.samples[start:end]
    shift_s, length_s = int(start) / speech.sample_rate_hz, len(samples) / speech.sample_rate_hz

    def moved(time_s: float) -> float:
        return round(min(max(time_s - shift_s, 0.0), length_s), 4)

    words = tuple(Word(word.text, moved(word.start_s), moved(word.end_s)) for word in speech.words)
    spelled = (part for phone in speech.phones for part in arpabet_of(phone))
    phones = tuple(Phone(phone.symbol, moved(phone.start_s), moved(phone.end_s)) for phone in spelled)
    return Speech(samples, speech.sample_rate_hz, words, phones)


def _row(take: _Take, name: str, gender: Gender, speech: Speech, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "clip_id": take.clip_id,
        "file": f"{take.clip_id}.wav",
        "speaker": name,
        "gender": gender,
        "length_s": speech.length_s,
        "activation": round(float(rng.uniform(*RATINGS[take.activation])), 2),
        "valence": round(float(rng.uniform(*RATINGS[take.valence])), 2),
        "category": CATEGORIES[take.activation, take.valence],
        "transcript": take.sentence,
        "words": [list(asdict(word).values()) for word in speech.words],
        "phones": [list(asdict(phone).values()) for phone in speech.phones],
    }
