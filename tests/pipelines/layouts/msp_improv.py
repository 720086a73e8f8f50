"""MSP-IMPROV in small."""

from pathlib import Path

from tests.pipelines.layouts.sound import write_voice

EVALUATION = """UTD-IMPROV-S01A-F01-P-FM01.avi; A; A:4.250000; V:1.750000; D:4.000000; N:3.500000;
AB12-p1; Angry; A:4.000000; V:2.000000; D:4.000000; N:3.000000;
CD34-p2; Angry, Frustrated; A:4.500000; V:1.500000; D:4.000000; N:4.000000;

UTD-IMPROV-S01A-M01-R-MF02.avi; N; A:3.000000; V:3.000000; D:NaN; N:4.000000;
AB12-p1; Neutral; A:3.000000; V:3.000000; D:; N:4.000000;

UTD-IMPROV-S02H-F01-S-FM103.avi; O; A:3.500000; V:3.250000; N:4.000000;

UTD-IMPROV-S03S-M02-T-FF04.avi; X; A:2.000000; V:2.250000; D:2.000000; N:4.000000;
"""
STEMS = (
    "MSP-IMPROV-S01A-F01-P-FM01",
    "MSP-IMPROV-S01A-M01-R-MF02",
    "MSP-IMPROV-S02H-F01-S-FM103",
    "MSP-IMPROV-S03S-M02-T-FF04",
)


def make(root: Path) -> Path:
    """Two sessions, the file of labels as the release spells it, clips of all kinds of codes, and one transcript."""
    for stem in STEMS:
        write_voice(path_of(root / "Audio", stem), sample_rate_hz=44100)
    (root / "Evalution.txt").write_text(EVALUATION)
    (root / "All_human_transcriptions").mkdir()
    (root / "All_human_transcriptions" / f"{STEMS[0]}.txt").write_text("How can I not?\n")
    return root


def path_of(audio: Path, stem: str) -> Path:
    """Where a turn lies: session, sentence, condition."""
    _, _, sentence, speaker, condition, _ = stem.split("-")
    return audio / f"session{int(speaker[1:])}" / sentence / condition / f"{stem}.wav"
