"""The listening page: originals and noisy twins side by side in one HTML file, heard before anything is paid."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import jinja2
import numpy as np
import soundfile

from pipelines.audio import Samples
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Pair
from pipelines.listening_page import words
from pipelines.listening_page.choice import RULE, ConditionHeard, Heard, cell_in_words
from pipelines.listening_page.pictures import SILENT, WAVE_HEIGHT, WAVE_WIDTH, mel_powers, mel_webp, ticks_s, wave_path
from pipelines.manifest import read_manifest
from pipelines.sound_file import read_sound, to_pcm16
from pipelines.whole_file import writing_whole

LARGEST_MB = 100.0  # browsers grow slow beyond it
#: Sample rates that MP3 knows; sound at others is embedded without loss.
MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
MP3_BEST = 0.0  # libsndfile's measure of compression: the largest file, about 55 kbit/s for speech at 16 kHz


class PageTooLarge(ValueError):
    """The listening page would outgrow its limit."""

    def __init__(self, path: Path, largest_mb: float, drawn: int, wanted: int) -> None:
        super().__init__(
            f"{path} would be larger than {largest_mb:g} MB after {drawn} of {wanted} pairs; hear fewer of each "
            "condition (--per-condition), leave out --lossless, or raise --largest-mb"
        )


@dataclass(frozen=True)
class Page:
    """What the page says of the study, and how it is made."""

    study: str
    command: str
    bins: Bins = USUAL_BINS
    #: Embed FLAC, as listeners hear it; otherwise MP3, which every browser and phone plays and takes a third.
    lossless: bool = False
    largest_mb: float = LARGEST_MB
    simulated: bool = False


@dataclass(frozen=True)
class PlayedClip:
    """One player with its pictures, drawn to the scale of its pair."""

    title: str
    source: str
    length_s: float
    lufs: float | None
    wave: str
    mel: str
    share: float  # of the pair's time axis


@dataclass(frozen=True)
class PlayedPair:
    """An original and its twin with everything that is shown of them."""

    pair: Pair
    role: str
    cell: str
    drawn: Sequence[tuple[str, str]]
    clips: Sequence[PlayedClip]
    axis_s: float
    ticks: Sequence[tuple[float, float]]  # seconds, and the share of the axis at which they stand


@dataclass(frozen=True)
class Group:
    """Conditions under one heading."""

    title: str
    words: str
    conditions: Sequence[ConditionHeard]


def write_listening_page(
    folder: Path, path: Path, heard: Heard, page: Page, *, progress: Callable[[int], None] | None = None
) -> None:
    """Write one HTML page on which the chosen pairs of a study can be heard and seen.

    It stands alone: sound, pictures, style and script are in it. Pairs are drawn one after the other, so that memory
    stays small; the file appears whole or not at all. The same pairs and settings give the same bytes.

    Args:
        folder: of the pairs.
        path: of the page; an older one is replaced.
        heard: of `choose_heard`, for the same folder.
        page: what it says and holds.
        progress: told how many pairs are done, after each.

    Raises:
        ManifestWrong: the manifest is broken.
        SoundUnreadable: the sound of a pair is missing or broken.
        PageTooLarge: it outgrows `page.largest_mb`.
        DiskFull: there is no room for it.
    """
    wanted = set(heard.pair_ids)
    pairs = {pair.pair_id: pair for pair in read_manifest(folder) if pair.pair_id in wanted}
    rate_hz = int(heard.header.design["sample_rate_hz"])
    drawn = 0

    def played(condition: ConditionHeard) -> Iterator[PlayedPair]:
        nonlocal drawn
        for pair_id in condition.pair_ids:
            yield _played(pairs[pair_id], folder, rate_hz, page)
            drawn += 1
            if progress:
                progress(drawn)

    parts = _template().generate(
        page=page,
        heard=heard,
        groups=_groups(heard.conditions),
        played=played,
        simulated=page.simulated or heard.simulated,
        rule=RULE,
        words=words,
        wave_box=f"0 0 {WAVE_WIDTH} {WAVE_HEIGHT}",
    )
    written = 0
    with writing_whole(path) as file:
        for part in parts:
            written += file.write(part.encode())
            if written > page.largest_mb * 1e6:
                raise PageTooLarge(path, page.largest_mb, drawn, len(pairs))


def _template() -> jinja2.Template:
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return rooms.get_template("listen.html")


def _groups(conditions: Sequence[ConditionHeard]) -> list[Group]:
    titled = groupby(conditions, key=lambda one: "controls and checks" if one.is_control else one.family)
    return [Group(title, words.FAMILY_WORDS.get(title, ""), list(inside)) for title, inside in titled]


def _played(pair: Pair, folder: Path, sample_rate_hz: int, page: Page) -> PlayedPair:
    paths = [folder / path for path in (pair.original_path, pair.noisy_path)]
    sounds = [read_sound(path, sample_rate_hz) for path in paths]
    axis = max(map(len, sounds))
    peak = max(float(np.abs(samples).max()) for samples in sounds)
    powers = [mel_powers(samples, sample_rate_hz, axis) for samples in sounds]
    loudest = max(SILENT, *(float(power.max()) for power in powers))
    titles = ("Original", words.SECOND_WORDS.get(pair.condition, "Noisy"))
    clips = [
        PlayedClip(
            title,
            _source(path, samples, sample_rate_hz, page.lossless),
            len(samples) / sample_rate_hz,
            lufs,
            wave_path(samples, axis, peak),
            _data_uri("image/webp", mel_webp(power, loudest)),
            len(samples) / axis,
        )
        for title, path, samples, power, lufs in zip(
            titles, paths, sounds, powers, (pair.original_lufs, pair.noisy_lufs), strict=True
        )
    ]
    axis_s = axis / sample_rate_hz
    return PlayedPair(
        pair,
        words.ROLE_WORDS[pair.role],
        cell_in_words(pair, page.bins),
        list(words.in_words(pair.params)),
        clips,
        axis_s,
        [(moment_s, moment_s / axis_s) for moment_s in ticks_s(axis_s)],
    )


def _source(path: Path, samples: Samples, sample_rate_hz: int, lossless: bool) -> str:
    if lossless or sample_rate_hz not in MP3_RATES_HZ:
        return _data_uri("audio/flac", path.read_bytes())
    file = io.BytesIO()
    soundfile.write(
        file,
        to_pcm16(samples),
        sample_rate_hz,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="VARIABLE",
        compression_level=MP3_BEST,
    )
    return _data_uri("audio/mpeg", file.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
