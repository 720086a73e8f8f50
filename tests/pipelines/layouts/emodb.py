"""EmoDB in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice


def make(root: Path) -> Path:
    """Four recordings, one with its labels."""
    for name in ["03a01Fa", "03a01Wa", "08b10Tb", "16a05Nc"]:
        write_voice(root / "wav" / f"{name}.wav")
    (root / "lablaut").mkdir()
    (root / "lablaut" / "03a01Faxx.lablaut").write_bytes(
        b"signal x\nnfields 1\n#\n    0.10   -1 d\n    0.20   -1 \xe4\t+lar\n    0.30   -1 .\n"
    )
    return root
