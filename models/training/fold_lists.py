"""Fixed lists of who trains, validates and is tested, from a CSV: as papers publish them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.clip import Clip

PARTS = ("train", "validation", "test")


class FoldListsWrong(ValueError):
    """A file of fixed folds can't be used."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path}: {found}; expected a CSV with the columns fold, part ({', '.join(PARTS)}) and speaker or clip_id"
        )


def listed_folds(path: Path, clips: Sequence[Clip]) -> list[Mapping[str, tuple[str, ...]]]:
    """The clips (by id) of each part of each fold, in the order of the file's folds.

    Clips that no row names take no part in that fold. A list is taken as it is: it may test someone who is learnt
    from only where it names clips, as some published protocols do.

    Raises:
        FoldListsWrong: unreadable, a column or part that is none, a name that no clip has, a clip in two parts or
            tested in two folds, or a fold in which a part is empty.
    """
    rows = _rows(path)
    key = "clip_id" if "clip_id" in rows[0] else "speaker"  # a list of clips may name their speakers too
    own: dict[str, list[str]] = {}
    for clip in clips:
        own.setdefault(clip.speaker if key == "speaker" else clip.clip_id, []).append(clip.clip_id)
    folds: dict[str, dict[str, str]] = {}  # the part of each clip, by fold and clip id
    for line, row in enumerate(rows, start=2):
        if row["part"] not in PARTS:
            raise FoldListsWrong(path, f"line {line} has the part {row['part']!r}")
        if row[key] not in own:
            raise FoldListsWrong(path, f"line {line} names the {key} {row[key]!r}, which no clip has")
        parts = folds.setdefault(row["fold"], {})
        for clip_id in own[row[key]]:
            if parts.setdefault(clip_id, row["part"]) != row["part"]:
                raise FoldListsWrong(path, f"line {line} puts {clip_id} into a second part of fold {row['fold']}")
    found = [_parts(path, fold, parts, clips) for fold, parts in folds.items()]
    twice = [name for name, folds in Counter(name for parts in found for name in parts["test"]).items() if folds > 1]
    if twice:
        raise FoldListsWrong(path, f"{len(twice)} clips are tested in several folds, the first {twice[0]}")
    return found


def _parts(path: Path, fold: str, parts: Mapping[str, str], clips: Sequence[Clip]) -> Mapping[str, tuple[str, ...]]:
    found = {part: tuple(clip.clip_id for clip in clips if parts.get(clip.clip_id) == part) for part in PARTS}
    empty = [part for part, clip_ids in found.items() if not clip_ids]
    if empty:
        raise FoldListsWrong(path, f"fold {fold} has nothing in {' and '.join(empty)}")
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name.strip(): (cell or "").strip() for name, cell in row.items() if name} for row in reader]
    except OSError as error:
        raise FoldListsWrong(path, f"it can't be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FoldListsWrong(path, f"it is not a CSV in UTF-8 ({error})") from None
    if not rows:
        raise FoldListsWrong(path, "it has no rows")
    columns = set(rows[0])
    if not {"fold", "part"} <= columns or not columns & {"speaker", "clip_id"}:
        raise FoldListsWrong(path, f"it has the columns {', '.join(rows[0])}")
    return rows
