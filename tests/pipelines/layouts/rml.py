"""RML in small."""

from pathlib import Path

from tests.pipelines.layouts.video import write_video

SOUND = "*.avi"
GENDERS_KNOWN = False


def make(root: Path) -> Path:
    """Both halves, and one speaker with a folder for each language."""
    for name in ["rml-1/s1/an1", "rml-1/s1/su10", "rml-1/s3/English/ha1", "rml-1/s3/Mandarin/ha1", "rml-2/s6/fe2"]:
        write_video(root / f"{name}.avi")
    return root
