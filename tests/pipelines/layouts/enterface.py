"""eNTERFACE'05 in small, its irregular folders first of all."""

from pathlib import Path

from tests.pipelines.layouts.video import write_video

SOUND = "*.avi"
GENDERS_KNOWN = False


def make(root: Path) -> Path:
    """One video in each of the ways in which folders and names differ."""
    for name in [
        "subject 1/anger/sentence 1/s1_an_1",
        "subject 3/disgust/sentence 2/s_3_di_2",
        "subject 6/fear/s6_fe",
        "subject 11/happiness/sentence 4/s12_ha_4",
        "subject 16/surprise/sentence 3/s16_su_3avi",
        "subject 23/sadness/sentence 5/again/s23_sa_5",
    ]:
        write_video(root / f"{name}.avi")
    (root / "subject 1" / "anger" / "sentence 1" / "Thumbs.db").write_bytes(b"what Windows leaves")
    return root
