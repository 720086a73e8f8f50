"""BAUM-1s in small."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from tests.pipelines.layouts.video import write_video

SOUND = "BAUM1s*/*/*.mp4"
GENDERS_KNOWN = False

HEADING = ("No", "Subject", "Gender", "Clip Name", "Emotion", "Emotion Code")
ROWS = (
    (1, 1, "F", "S001_001", "Happiness", 8),
    (2, 1, "F", "S001_002", "con", 4),
    (3, 2, "M", "S002_001", "Contempt", 5),
    (4, 2, None, "S002_002", "Neutral", 9),
)


def make(root: Path) -> Path:
    """Two people, and the acted part of the corpus, which is another one."""
    write_sheet(root, ROWS)
    for row in ROWS:
        write_clip(root, row[3])
    write_video(root / "BAUM1a_MP4_all" / "s001" / "S001_001.mp4", sound="aac")
    return root


def write_clip(root: Path, name: str) -> None:
    """A video where the corpus has it: folders in small letters, names in capitals."""
    write_video(root / "BAUM1s_MP4 - All" / name[:4].lower() / f"{name}.mp4", sound="aac")


def write_sheet(root: Path, rows: Sequence[Sequence[object]]) -> None:
    """The annotations, below their heading."""
    book = Workbook()
    for row in (HEADING, *rows):
        book.active.append(list(row))
    root.mkdir(parents=True, exist_ok=True)
    book.save(root / "Annotations_BAUM1s.xlsx")
