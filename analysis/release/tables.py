"""Judgments and manifest as they are published: no words that were spoken, no finer times than the study wishes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.judgments_file import LINE, read_rows
from analysis.release.settings import Times
from analysis.release.source import Source
from hits.judgments_csv import write_judgments
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, line_of, read_header

FLOORS: Mapping[Times, str] = {"hour": "h", "day": "D"}
#: What of a pair repeats words of the corpus, by the field and the key there.
SPOKEN = {"clip": ("transcript",), "params": ("words", "phones", "after_word")}


def write_published_judgments(source: Source, path: Path) -> bool:
    """Write the judgments that fit; the same bytes as the study's own file where nothing has to be changed.

    Returns:
        Whether the bytes are the same, so that hashes of that file hold for this one.
    """
    if source.design.times == "exact" and not source.sifted.problems:
        path.write_bytes(source.judgments.read_bytes())
        return True
    text, _ = read_rows(source.judgments)
    wrong = {problem.line for problem in source.sifted.problems}
    rows = coarse(text[~text[LINE].isin(wrong)].drop(columns=LINE), source.design.times)
    write_judgments(map(dict, (zip(rows.columns, row, strict=True) for row in rows.itertuples(index=False))), path)
    return False


def coarse(text: pd.DataFrame, times: Times) -> pd.DataFrame:
    """Rows with their times brought down to the hour or the day, in UTC."""
    if times == "exact":
        return text
    read = pd.to_datetime(text["submitted_at"], format="ISO8601", utc=True).dt.floor(FLOORS[times])
    return text.assign(submitted_at=read.map(lambda time: time.isoformat()))


def write_published_manifest(source: Source, path: Path) -> bool:
    """Write the manifest; without transcripts and spoken words unless all sound goes out with them.

    Returns:
        Whether the bytes are the same as the study's own.
    """
    own = source.pairs / FILE_NAME
    kept = source.design.sound == "all"
    entries = [entry if kept or not isinstance(entry, Pair) else _unspoken(entry) for entry in source.entries]
    content = "".join([line_of(read_header(own)), *map(line_of, entries)]).encode()
    path.write_bytes(source.scrubber.clean(content))
    return hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(own.read_bytes()).digest()


def _unspoken(pair: Pair) -> Pair:
    changed: dict[str, Any] = {
        part: {name: value for name, value in getattr(pair, part).items() if name not in names}
        for part, names in SPOKEN.items()
    }
    return replace(pair, **changed)


def sound_files(source: Source) -> tuple[Path, ...]:
    """Which files of sound go out, below the folder of the pairs.

    Of "noisy" only study pairs: both sides of a control, and of a check, may be the corpus' own speech.
    """
    if source.design.sound == "none":
        return ()
    if source.design.sound == "noisy":
        own = [pair.noisy_path for pair in source.manifest if _is_changed(pair)]
        originals = {pair.original_path for pair in source.manifest}
        return tuple(sorted(set(own) - originals))
    return tuple(sorted({path for pair in source.manifest for path in (pair.original_path, pair.noisy_path)}))


def _is_changed(pair: Pair) -> bool:
    return pair.role == "study" and pair.noisy_sha256 != pair.original_sha256
