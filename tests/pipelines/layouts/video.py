"""Videos with sound for small corpora, written by PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIDE = 64  # pixels
FRAMES_PER_S = 25


def write_video(
    path: Path,
    length_s: float = 1.0,
    *,
    picture: str = "mpeg4",
    sound: str | None = "pcm_s16le",
    peak: float = 0.3,
    faststart: bool = False,
) -> None:
    """A moving grey square with a tone of 127 Hz on two channels at 48 kHz; the container follows the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        video = container.add_stream(picture, rate=FRAMES_PER_S)
        video.width = video.height = SIDE
        video.pix_fmt = "yuv420p"
        track = container.add_stream(sound, rate=48000, layout="stereo") if sound else None
        for number in range(round(length_s * FRAMES_PER_S)):
            grey = np.full((SIDE, SIDE, 3), 5 * number % 255, dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(grey)))
        container.mux(video.encode(None))
        if track:
            for frame in _tone(track, length_s, peak):
                container.mux(track.encode(frame))
            container.mux(track.encode(None))


def _tone(track: av.AudioStream, length_s: float, peak: float) -> list[av.AudioFrame]:
    seconds = np.arange(round(length_s * track.rate)) / track.rate
    voice = (peak * np.sin(2 * np.pi * 127 * seconds)).astype(np.float32)
    whole = av.AudioFrame.from_ndarray(np.stack([voice, voice]), format="fltp", layout="stereo")
    whole.rate, whole.pts, whole.time_base = track.rate, 0, Fraction(1, track.rate)
    cutter = av.AudioResampler(track.format.name, "stereo", track.rate, track.codec_context.frame_size or 1024)
    return [*cutter.resample(whole), *cutter.resample(None)]
