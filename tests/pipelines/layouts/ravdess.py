"""RAVDESS in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice
from tests.pipelines.layouts.video import write_video


def make(root: Path) -> Path:
    """Two actors; one take as wav and as videos with and without sound, one as video alone."""
    for name in ["03-01-05-02-01-01-01", "03-01-01-01-02-02-01"]:
        write_voice(root / "Actor_01" / f"{name}.wav", sample_rate_hz=48000)
    write_voice(root / "Actor_12" / "03-01-02-01-01-01-12.wav", sample_rate_hz=48000)
    for name in ["01-01-05-02-01-01-01", "01-01-08-01-01-01-01"]:
        write_video(root / "Actor_01" / f"{name}.mp4", sound="aac")
    write_video(root / "Actor_01" / "02-01-05-02-01-01-01.mp4", sound=None)
    (root / "Actor_01" / "._03-01-05-02-01-01-01.wav").write_bytes(b"what macOS leaves")
    return root
