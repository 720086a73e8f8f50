"""SAVEE in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice
from tests.pipelines.layouts.video import write_video


def make(root: Path) -> Path:
    """Three speakers; one take as wav and video, one as video alone, one in a flat copy."""
    for name in ["DC/a01", "DC/sa01", "DC/su15", "KL/n30"]:
        write_voice(root / "AudioData" / f"{name}.wav", sample_rate_hz=44100)
    for name in ["a1", "h2"]:
        write_video(root / "AudioVisualClip" / "DC" / f"{name}.avi")
    write_voice(root / "ALL" / "JE_n23.wav", sample_rate_hz=44100)
    return root
