"""A small folder in the layout of every sound bank, traps included."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import soundfile

from pipelines.sounds.base import Sound, SoundBank

Make: TypeAlias = Callable[[Path, pytest.FixtureRequest], Path]

ESC50_ROWS = [
    ("1-100-A-10", 10, "rain"),
    ("1-101-A-16", 16, "wind"),
    ("1-102-A-24", 24, "coughing"),
    ("1-103-A-25", 25, "footsteps"),
    ("1-104-A-20", 20, "crying_baby"),
    ("1-105-A-26", 26, "laughing"),
    ("1-106-A-36", 36, "vacuum_cleaner"),
    ("1-107-A-32", 32, "keyboard_typing"),
    ("1-108-A-0", 0, "dog"),
]
#: Segment, start, end and machine id. The second segment's file is a whole video, named by the video alone.
AUDIOSET_ROWS = [
    ("aaa_10000", 1.0, 2.5, "/m/07r660_"),  # giggle
    ("aaa_10000", 3.0, 6.0, "/m/01j3sz"),  # laughter, too long
    ("aaa_10000", 7.0, 9.5, "/m/0463cq4"),  # sobbing
    ("bbb_4000", 0.5, 1.5, "/m/07rgt08"),  # chuckle
    ("bbb_4000", 5.0, 6.0, "/m/01j3sz"),  # laughter, but somebody speaks
    ("bbb_4000", 5.5, 8.0, "/m/09x0r"),  # speech
    ("ccc_0", 0.0, 1.0, "/t/dd00001"),  # baby laughter
    ("ddd_0", 0.0, 1.0, "/m/0463cq4"),  # sobbing, of which there is no file
]
MUSAN_FILES = {
    "music/fma/music-fma-0000.wav": 43.0,
    "music/fma/music-fma-0001.wav": 6.0,  # sung
    "speech/librivox/speech-librivox-0000.wav": 24.0,
    "speech/us-gov/speech-us-gov-0000.wav": 8.0,
    "noise/free-sound/noise-free-sound-0000.wav": 3.0,
    "noise/free-sound/noise-free-sound-0001.wav": 3.0,  # a crowd that laughs
    "noise/sound-bible/noise-sound-bible-0000.wav": 2.0,
}
MUSAN_ANNOTATIONS = {
    "music/fma": "music-fma-0000 jazz,blues N somebody\nmusic-fma-0001 folk Y somebody\n",
    "noise/free-sound": "noise-free-sound-0000 fan\nnoise-free-sound-0001 crowd laughing\n\n",
}


def write_wav(path: Path, samples: np.ndarray, sample_rate_hz: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, sample_rate_hz)


def burst(length: int = 8000, seed: int = 0) -> np.ndarray:
    return (0.2 * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def impulse(length: int = 3200, delay: int = 500) -> np.ndarray:
    """A direct sound after a delay, and a tail that dies away."""
    tail = burst(length) * 10 ** (-3 * np.arange(length) / length)
    tail[0] = 0.9
    return np.concatenate([np.zeros(delay), tail]).astype(np.float32)


def make_esc50(root: Path, request: pytest.FixtureRequest) -> Path:
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for stem, target, category in ESC50_ROWS:
        padded = np.concatenate([np.zeros(2000), burst(), np.zeros(12050)]).astype(np.float32)
        write_wav(root / "audio" / f"{stem}.wav", padded, 22050)
        lines.append(f"{stem}.wav,1,{target},{category},False,1,A")
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(lines))
    return root


def make_demo(root: Path, request: pytest.FixtureRequest) -> Path:
    shutil.copytree(request.getfixturevalue("sounds_root"), root, dirs_exist_ok=True)
    return root


def make_audioset(root: Path, request: pytest.FixtureRequest) -> Path:
    rows = ["\t".join(map(str, row)) for row in AUDIOSET_ROWS]
    header = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel"
    (root / "audioset_eval_strong.tsv").write_text("\n".join([header, *rows]) + "\n")
    write_wav(root / "audio" / "aaa_10000.wav", burst(160000, seed=1))
    write_wav(root / "audio" / "Ybbb.flac", burst(20 * 16000, seed=2))
    write_wav(root / "audio" / "ccc.wav", burst(160000, seed=3))
    return root


def make_musan(root: Path, request: pytest.FixtureRequest) -> Path:
    for seed, (name, length_s) in enumerate(MUSAN_FILES.items()):
        write_wav(root / name, burst(round(length_s * 16000), seed))
    for folder, text in MUSAN_ANNOTATIONS.items():
        (root / folder / "ANNOTATIONS").write_text(text)
    return root


def make_impulse_responses(root: Path, request: pytest.FixtureRequest) -> Path:
    write_wav(root / "office" / "far.wav", impulse())
    write_wav(root / "office" / "near.wav", impulse(1600, delay=100), 48000)
    write_wav(root / "hall" / "1.flac", impulse(16000))
    write_wav(root / "hall" / "array.wav", np.stack([impulse(), impulse()], axis=1))
    write_wav(root / "hall" / "noise-1.wav", burst())
    return root


def make_folder(root: Path, request: pytest.FixtureRequest) -> Path:
    for seed, name in enumerate(
        [
            "nat/rain/1.wav", "nat/wind.wav", "hum/cough.flac", "hum/crying_baby/1.wav", "int/clock/tick.wav",
            "laugh/1.wav", "speech/anna/1.wav", "speech/ben/1.wav", "loose.wav", "My Sounds/1.wav", ".hidden/1.wav",
        ]
    ):  # fmt: skip
        write_wav(root / name, burst(seed=seed))
    return root


def make_table(root: Path) -> Path:
    """The same kind of folder with a table."""
    write_wav(root / "long.wav", burst(32000))
    write_wav(root / "ha.wav", burst())
    write_wav(root.parent / "outside.wav", burst())
    (root / "link.wav").symlink_to(root.parent / "outside.wav")
    (root / "sounds.csv").write_text(
        "file,family,category,start_s,end_s,speaker\n"
        "long.wav,nat,rain,0,0.5,\n"
        "long.wav,nat,rain,1.0,,\n"
        "ha.wav,laugh,,,,\n"
        "ha.wav,filler,uh,0.1,0.3,anna\n"
        "../outside.wav,nat,,,,\n"
        "/etc/hostname,nat,,,,\n"
        "link.wav,nat,,,,\n"
        "..\\outside.wav,nat,,,,\n"
        "ha.wav,Nature,,,,\n"
        "ha.wav,int,,half,,\n"
        "ha.wav,int,,0.4,0.2,\n"
        ",int,,,,\n"
        "absent.wav,int,,,,\n"
        "ha.wav,hum,sobbing,,,\n",
        encoding="utf-8",
    )
    return root


#: One line here puts a new sound bank under the tests that every bank must pass.
LAYOUTS: dict[str, Make] = {
    "audioset": make_audioset,
    "demo": make_demo,
    "esc50": make_esc50,
    "folder": make_folder,
    "impulse-responses": make_impulse_responses,
    "musan": make_musan,
}


def all_of(bank: SoundBank) -> list[Sound]:
    """Every sound of a bank."""
    return [sound for family in bank.families() for sound in bank.sounds(family)]
