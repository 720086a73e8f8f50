"""Speech through codecs and lines: MP3 and Opus by FFmpeg (PyAV), G.711 by libsndfile, and packets that are lost."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import librosa
import numpy as np
import soundfile

from pipelines.audio import Samples

if TYPE_CHECKING:
    from av import AudioStream

Codec: TypeAlias = Literal["mp3", "opus"]

#: FFmpeg's names of the encoder and of the file format, which says by how much the codec delays the sound.
ENCODERS: dict[Codec, tuple[str, str]] = {"mp3": ("libmp3lame", "mp3"), "opus": ("libopus", "ogg")}
RATES_HZ: dict[Codec, tuple[int, ...]] = {
    "mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "opus": (8000, 12000, 16000, 24000, 48000),
}
FALLBACK_RATE_HZ = 48000  # for sound at a rate that a codec does not know
LINE_RATE_HZ = 8000  # of ITU-T G.711
BAND_ORDER = 4  # of the line's filter, run forwards and backwards so that it does not shift the sound
PERIODS_S = (0.0025, 0.015)  # of voices, from 400 down to 67 Hz
FALL_S = (0.010, 0.060)  # G.711 Appendix I: a concealed gap begins to fall, and is silent
SEAM_S = 0.004  # over which a concealed gap passes into the next packet


def recoded(samples: Samples, sample_rate_hz: int, codec: Codec, kbps: int) -> Samples:
    """Samples encoded and decoded again: of the same length, not shifted in time; shape (time,).

    The same samples give the same bytes. May exceed [-1, 1].

    Args:
        samples: shape (time,), at least one.
        sample_rate_hz: of the samples; a rate that the codec does not know is changed to 48 kHz and back.
        codec: `mp3` (LAME) or `opus` (libopus).
        kbps: thousand bits a second, on average.
    """
    rate_hz = sample_rate_hz if sample_rate_hz in RATES_HZ[codec] else FALLBACK_RATE_HZ
    encoded = _encoded(_at_rate(samples, sample_rate_hz, rate_hz), rate_hz, codec, kbps)
    decoded, decoded_rate_hz = _decoded(encoded)
    return _fitted(_at_rate(decoded, decoded_rate_hz, sample_rate_hz), len(samples))


def _encoded(samples: Samples, sample_rate_hz: int, codec: Codec, kbps: int) -> io.BytesIO:
    import av

    encoder, container_format = ENCODERS[codec]
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        stream = cast("AudioStream", container.add_stream(encoder, rate=sample_rate_hz, layout="mono"))
        stream.bit_rate = kbps * 1000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[np.newaxis]), format="fltp", layout="mono")
        frame.sample_rate = sample_rate_hz
        for piece in (frame, None):  # None lets the encoder give what it still holds
            container.mux(stream.encode(piece))
    file.seek(0)
    return file


def _decoded(file: io.BytesIO) -> tuple[Samples, int]:
    import av

    with av.open(file, "r") as container:
        stream = container.streams.audio[0]
        pieces = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        return np.concatenate(pieces).astype(np.float32), int(stream.rate)


def _at_rate(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    if from_hz == to_hz:
        return samples
    return np.asarray(librosa.resample(samples, orig_sr=from_hz, target_sr=to_hz), dtype=np.float32)


def _fitted(samples: Samples, length: int) -> Samples:
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def through_telephone(samples: Samples, sample_rate_hz: int, low_hz: float, high_hz: float) -> Samples:
    """Samples over a narrow-band line: 8 kHz, a band, and 8 bits a sample by the mu-law of G.711; shape (time,).

    Not shifted in time. What lies above full scale is clipped, as on a line.

    Args:
        samples: shape (time,), at least 64 of them.
        sample_rate_hz: of the samples.
        low_hz: where the band begins.
        high_hz: where it ends, below 4000.
    """
    from scipy.signal import butter, sosfiltfilt  # here, since every command learns of the noises, and this is slow

    band = butter(BAND_ORDER, (low_hz, high_hz), btype="band", fs=LINE_RATE_HZ, output="sos")
    narrow = sosfiltfilt(band, _at_rate(samples, sample_rate_hz, LINE_RATE_HZ))
    line = io.BytesIO()
    soundfile.write(line, np.clip(narrow, -1, 1), LINE_RATE_HZ, format="RAW", subtype="ULAW")
    line.seek(0)
    heard, _ = soundfile.read(line, dtype="float32", samplerate=LINE_RATE_HZ, channels=1, format="RAW", subtype="ULAW")
    return _fitted(_at_rate(heard, LINE_RATE_HZ, sample_rate_hz), len(samples))


def without_packets(samples: Samples, sample_rate_hz: int, packet_s: float, lost: Collection[int]) -> Samples:
    """Samples of which some packets never arrived, with what a receiver plays instead; shape (time,).

    The gap is concealed in the manner of ITU-T G.711 Appendix I: the last period of the voice goes on, at its level for
    10 ms and then falling to silence at 60 ms, and passes into the next packet that arrives over 4 ms.

    Args:
        samples: shape (time,).
        sample_rate_hz: of the samples.
        packet_s: length of a packet in seconds.
        lost: numbers of the packets that are lost, counted from 0.
    """
    packet, seam = round(packet_s * sample_rate_hz), round(SEAM_S * sample_rate_hz)
    heard = samples.copy()
    for first in (number for number in sorted(lost) if number - 1 not in lost):
        after = next(number for number in range(first, first + len(lost) + 1) if number not in lost)
        start, end = first * packet, min(after * packet, len(samples))
        held = _continued(heard[:start], end - start + seam, sample_rate_hz)
        heard[start:end] = held[: end - start]
        rise = np.linspace(0, 1, seam, dtype=np.float32)[: len(samples) - end]
        arriving = heard[end : end + seam]
        arriving += (held[end - start :][: len(arriving)] - arriving) * (1 - rise)
    return heard


def _continued(past: Samples, length: int, sample_rate_hz: int) -> Samples:
    """How a sound goes on when its last period is repeated and falls silent; shape (length,)."""
    shortest, longest = (round(period_s * sample_rate_hz) for period_s in PERIODS_S)
    if len(past) < 2 * longest:
        return np.zeros(length, dtype=np.float32)
    recent = past[-longest:]
    earlier = np.lib.stride_tricks.sliding_window_view(past[-2 * longest : -shortest], longest)  # longest lag first
    alike = earlier @ recent / np.sqrt(np.einsum("ij,ij->i", earlier, earlier) + 1e-9)
    period = longest - int(np.argmax(alike))
    falling = np.interp(np.arange(length) / sample_rate_hz, FALL_S, (1, 0)).astype(np.float32)
    return np.resize(past[-period:], length) * falling
