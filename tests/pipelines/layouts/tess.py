"""TESS in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice


def make(root: Path) -> Path:
    """Folders in each of the spellings that copies have, and the one file whose name lacks a letter."""
    for name in [
        "OAF_angry/OAF_back_angry",
        "OAF_Pleasant_surprise/OAF_back_ps",
        "OAF_neutral/OA_bite_neutral",
        "YAF_pleasant_surprised/YAF_love_ps",
        "yaf_sad/YAF_love_sad",
    ]:
        write_voice(root / f"{name}.wav", sample_rate_hz=24414)
    return root
