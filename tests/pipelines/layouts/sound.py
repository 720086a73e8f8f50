"""Sound for small corpora."""

from pathlib import Path

import numpy as np
import soundfile


def write_voice(path: Path, length_s: float = 1.0, sample_rate_hz: int = 16000) -> None:
    """A tone of a length, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = np.arange(round(length_s * sample_rate_hz)) / sample_rate_hz
    soundfile.write(path, (0.3 * np.sin(2 * np.pi * 127 * seconds)).astype(np.float32), sample_rate_hz)


def write_silence(path: Path, length_s: float = 1.0, sample_rate_hz: int = 16000) -> None:
    """Digital silence of a length, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(length_s * sample_rate_hz), dtype=np.float32), sample_rate_hz)


def write_lfs_pointer(path: Path) -> None:
    """What Git LFS leaves where the sound should be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
