"""The sound of a video file (avi, mp4, flv, mpg ...), decoded by FFmpeg through PyAV."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from cachetools import LRUCache, cached
from cachetools.keys import hashkey
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import AudioResampler, AudioStream, Packet
    from av.container import InputContainer

#: By how much sound may end before its file says so: programs count the last frames of a codec differently.
TOLERANCE_S = 0.25
#: Lossy codecs overshoot full scale a little; what lies 12 dB above it was decoded from damaged bytes.
LOUDEST = 4.0
#: FFmpeg's names of the formats that write down how long they last; for others it would have to guess.
LENGTH_STATED = frozenset({"avi", "asf", "flv", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"})
TICKS_PER_S = 1_000_000  # of FFmpeg's clock for whole files
CACHE_BYTES = 64 * 2**20  # of decoded sound that a process keeps, since pieces of one file follow each other

#: Samples of shape (time,), and their rate in Hz.
Decoded: TypeAlias = tuple[NDArray[np.float32], int]


class VideoUnreadable(ValueError):
    """A file is no video with usable sound; its sentence goes on after the name of the file."""


@dataclass
class _Decoding:
    """What came out of a sound track so far."""

    sample_rate_hz: int = 0
    pieces: list[NDArray[np.float32]] = field(default_factory=list)
    packets: int = 0
    broken: list[int] = field(default_factory=list)
    peak: float = 0.0
    read_to_s: float = 0.0

    @property
    def length_s(self) -> float:
        """How long the sound is that came out, in seconds."""
        return sum(map(len, self.pieces)) / self.sample_rate_hz if self.pieces else 0.0


def _bytes_of(decoded: Decoded) -> int:
    return decoded[0].nbytes


@cached(LRUCache(CACHE_BYTES, getsizeof=_bytes_of), key=hashkey, lock=Lock())
def video_sound(path: Path, changed_ns: int) -> Decoded:  # noqa: ARG001
    """All sound of a video file, its channels averaged: samples of shape (time,), read-only, and their rate in Hz.

    Of several sound tracks the first is taken; time runs from its first sample. A format that does not write down
    how long it lasts (mpg) can't tell that it was cut off. Decoded again only when the file has changed
    (`changed_ns`, its time of change).

    Raises:
        VideoUnreadable: it is no video, has no sound track, is cut off, or can't be decoded throughout.
    """
    import av

    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None:
                held = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
                raise VideoUnreadable(f"has no sound track (it holds {held}); leave it out")
            done = _decode(container, stream)
            _refuse_damaged(done)
            _refuse_cut_off(container, stream, done)
    except av.FFmpegError as error:
        raise VideoUnreadable(f"can't be read as sound or video ({error.strerror}); fetch it again") from error
    samples = np.concatenate(done.pieces) if done.pieces else np.zeros(0, dtype=np.float32)
    samples.flags.writeable = False
    return samples, done.sample_rate_hz


def _decode(container: InputContainer, stream: AudioStream) -> _Decoding:
    from av import AudioResampler

    done, as_floats = _Decoding(), AudioResampler(format="fltp")
    for packet in container.demux():
        if packet.pts is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            done.read_to_s = max(done.read_to_s, end_s)
        if packet.stream is stream:
            _decode_packet(cast("Packet[AudioStream]", packet), as_floats, done)
    return done


def _decode_packet(packet: Packet[AudioStream], as_floats: AudioResampler, done: _Decoding) -> None:
    import av

    try:
        for decoded in packet.decode():
            for frame in as_floats.resample(decoded):
                channels = frame.to_ndarray()  # (channels, time)
                done.sample_rate_hz = frame.sample_rate
                done.peak = max(done.peak, float(np.abs(channels).max(initial=0.0)))
                done.pieces.append(channels.mean(axis=0, dtype=np.float32))
    except av.FFmpegError:
        done.broken.append(done.packets)
    except ValueError as error:  # what a resampler says of a frame in another format
        raise VideoUnreadable(f"changes the format of its sound half-way ({error}); leave it out") from error
    done.packets += bool(packet.size)


def _refuse_damaged(done: _Decoding) -> None:
    # Where a recording was cut out of a longer one, its first and its last packet may be halves.
    if any(0 < number < done.packets - 1 for number in done.broken):
        raise VideoUnreadable(
            f"is damaged: {len(done.broken)} of {done.packets} packets of its sound can't be decoded; fetch it again"
        )
    if done.peak > LOUDEST:
        raise VideoUnreadable(f"is damaged: its sound decodes to {done.peak:.0f} times full scale; fetch it again")


def _refuse_cut_off(container: InputContainer, stream: AudioStream, done: _Decoding) -> None:
    if container.format.name not in LENGTH_STATED:
        return
    promised_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    if done.length_s < promised_s - TOLERANCE_S:
        raise VideoUnreadable(
            f"is cut off: {done.length_s:.2f} of {promised_s:.2f} s of sound are there; fetch it again"
        )
    whole_s = ((container.duration or 0) + (container.start_time or 0)) / TICKS_PER_S
    if done.read_to_s < whole_s - TOLERANCE_S:
        raise VideoUnreadable(f"is cut off: it ends after {done.read_to_s:.2f} of {whole_s:.2f} s; fetch it again")
