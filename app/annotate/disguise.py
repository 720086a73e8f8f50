"""Sound as it is served to a worker: no two files alike, and both of a pair of one size, whatever the pair is.

Of an identical pair the two files differ too, by a dither of their own below what can be heard; so neither bytes nor
sizes tell controls and checks from the rest. A script that compares the decoded sound still can: nothing that is to be
heard can be hidden from a program that listens.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import wave
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

MIMETYPE = "audio/wav"
BLOCK_BYTES = 32 * 1024  # sizes are multiples of this
CHUNK_HEAD = 8  # bytes: a name and a length
PCM_LOW, PCM_HIGH = -32768, 32767


def disguised(path: Path, longest_s: float, secret_key: str, name: str) -> bytes:
    """A clip as a WAV file of 16 bits that is like no other, and as large as its neighbour.

    Args:
        path: of the clip, as written for the study.
        longest_s: the length of the longer clip of the pair, in seconds.
        secret_key: of the study; together with `name` it fixes the dither, so that a second request gets the same.
        name: of this serving: which trial, which clip.

    Raises:
        OSError: the file can't be read as sound.
    """
    try:
        samples, sample_rate_hz = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path} can't be read as sound: {error}") from error
    content = _wav(_dithered(samples, secret_key, name), sample_rate_hz)
    longest_bytes = len(content) + 2 * max(0, round(longest_s * sample_rate_hz) - len(samples))
    return _padded(content, -(-(longest_bytes + CHUNK_HEAD) // BLOCK_BYTES) * BLOCK_BYTES)


def _dithered(samples: NDArray[np.int16], secret_key: str, name: str) -> NDArray[np.int16]:
    """Samples with a triangular dither of one step, which lies 90 dB below full scale; those at full scale stay."""
    seed = hmac.new(secret_key.encode(), f"dither/{name}".encode(), hashlib.sha256).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(seed, "big")))
    count = len(samples)
    bits = np.unpackbits(np.frombuffer(rng.bytes(count // 4 + 1), dtype=np.uint8)).view(np.int8)  # two a sample
    dither = bits[:count] - bits[count : 2 * count]
    dither *= (samples > PCM_LOW) & (samples < PCM_HIGH)
    return (samples + dither).astype("<i2", copy=False)


def _wav(samples: NDArray[np.int16], sample_rate_hz: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate_hz)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def _padded(content: bytes, size: int) -> bytes:
    """A WAV file filled up with a chunk that players pass over."""
    filling = size - len(content) - CHUNK_HEAD
    whole = content + b"JUNK" + filling.to_bytes(4, "little") + bytes(filling)
    return whole[:4] + (size - CHUNK_HEAD).to_bytes(4, "little") + whole[8:]
