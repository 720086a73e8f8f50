"""Predictions: what nets say of their test clips, as a table; every measure is worked out from it, without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.whole_file import writing_whole

CLEAN = "clean"
NAMES = ("label", "condition", "clip_id", "speaker")  # text
COUNTS = ("seed", "fold", "truth")  # whole numbers
#: What a clip was said to be is said once by a net: these columns name one row.
KEY = ("label", "condition", "seed", "clip_id")
KEY_FIELD = b"earwitness_asked"  # in a file's own metadata, so that key and table can't be of two writers
SUM_TOLERANCE = 1e-3  # probabilities are float32, and nets may have computed in half precision


class PredictionsWrong(ValueError):
    """A table can't be used as predictions; the sentence says what was found, where, and what was expected."""

    def __init__(self, found: str, place: str = "the table of predictions") -> None:
        super().__init__(f"{place} can't be used: {found}")
        self.found = found


def probability_columns(table: pd.DataFrame) -> list[str]:
    """p0, p1, ... as far as the table has them.

    Raises:
        PredictionsWrong: there are fewer than two, or one is missing between them.
    """
    found = {str(name) for name in table.columns if str(name)[:1] == "p" and str(name)[1:].isdigit()}
    expected = [f"p{number}" for number in range(len(found))]
    if len(found) < 2 or found != set(expected):
        said = ", ".join(sorted(found)) or "none"
        raise PredictionsWrong(
            f"its columns of probabilities are {said}; expected p0, p1 and so on, one for each class"
        )
    return expected


def checked(table: pd.DataFrame, place: str = "the table of predictions") -> pd.DataFrame:
    """The same predictions with the columns, types and order that everybody relies on.

    Args:
        table: columns label, condition, clip_id, speaker (text), seed, fold, truth (whole numbers; truth is the place
            of the true class) and p0, p1, ... (what the net gives each class; they sum to 1). Where labels differ in
            how many classes they have, the probabilities that a label lacks are nan. Other columns are dropped.
        place: what the table is called in sentences.

    Raises:
        PredictionsWrong: a column is missing, something is nan or out of range, or a net speaks twice of a clip.
    """
    missing = [name for name in (*NAMES, *COUNTS) if name not in table.columns]
    if missing:
        raise PredictionsWrong(
            f"it lacks {', '.join(missing)}; expected {', '.join((*NAMES, *COUNTS))}, p0, p1, ...", place
        )
    try:
        columns = probability_columns(table)
    except PredictionsWrong as wrong:
        raise PredictionsWrong(wrong.found, place) from None
    found = pd.DataFrame({name: _text(table, name, place) for name in NAMES})
    for name in COUNTS:
        found[name] = _whole(table[name], name, place)
    try:
        said = table[columns].to_numpy(dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise PredictionsWrong(f"a probability is no number ({error})", place) from None
    found[columns] = said
    _check_probabilities(found, said, place)
    twice = found.duplicated(list(KEY))
    if twice.any():
        row = found[twice].iloc[0]
        raise PredictionsWrong(
            f"{int(twice.sum())} rows speak again of a clip, the first of {row['clip_id']!r} under "
            f"{row['condition']!r} with seed {row['seed']} for {row['label']}; expected one row for each label, "
            "condition, seed and clip",
            place,
        )
    return found.reset_index(drop=True)


def _text(table: pd.DataFrame, name: str, place: str) -> pd.Series:
    if table[name].isna().any():
        raise PredictionsWrong(f"{int(table[name].isna().sum())} rows have no {name}; expected text in each", place)
    return table[name].astype(str).astype("category")


def _whole(column: pd.Series, name: str, place: str) -> NDArray[np.int64]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(numbers) | (numbers != np.round(numbers)) | ((numbers < 0) & (name != "seed"))
    if wrong.any():
        first = column.iloc[int(np.argmax(wrong))]
        raise PredictionsWrong(
            f"{int(wrong.sum())} rows have a {name} such as {first!r}; expected whole numbers", place
        )
    return pd.to_numeric(column).to_numpy(dtype=np.int64)


def _check_probabilities(found: pd.DataFrame, said: NDArray[np.float32], place: str) -> None:
    """Every label has its own number of classes; within them, probabilities are in [0, 1] and sum to 1."""
    for label, rows in found.groupby("label", observed=True).indices.items():
        part = said[rows]
        classes = _classes(part)
        inside = part[:, :classes]
        wrong = ~np.isfinite(inside).all(axis=1) | (inside < -SUM_TOLERANCE).any(axis=1)
        wrong |= ~(np.abs(inside.sum(axis=1) - 1) <= SUM_TOLERANCE)
        if wrong.any():
            row = found.iloc[int(np.asarray(rows)[np.argmax(wrong)])]
            values = ", ".join(f"{value:g}" for value in inside[np.argmax(wrong)])
            raise PredictionsWrong(
                f"{int(wrong.sum())} rows of {label} hold no probabilities, such as ({values}) for {row['clip_id']!r} "
                f"under {row['condition']!r}; expected numbers from 0 to 1 that sum to 1",
                place,
            )
        truth = found["truth"].to_numpy()[rows]
        if truth.max() >= classes:
            raise PredictionsWrong(
                f"{label} has the true class {truth.max()} but only {classes} probabilities; expected one a class",
                place,
            )


def _classes(said: NDArray[np.float32]) -> int:
    """How many classes a label has: up to the last probability that any of its rows has."""
    given = np.flatnonzero(~np.isnan(said).all(axis=0))
    return int(given[-1]) + 1 if len(given) else said.shape[1]


def class_counts(table: pd.DataFrame) -> Mapping[str, int]:
    """The number of classes of each label in checked predictions."""
    said = table[probability_columns(table)].to_numpy(dtype=np.float32)
    parts = table.groupby("label", observed=True).indices
    return MappingProxyType({str(label): _classes(said[rows]) for label, rows in parts.items()})


def probabilities(table: pd.DataFrame) -> NDArray[np.float32]:
    """What nets gave each class, of predictions of one label; shape (rows, classes)."""
    said = table[probability_columns(table)].to_numpy(dtype=np.float32)
    return said[:, : _classes(said)]


def said_class(table: pd.DataFrame) -> NDArray[np.int64]:
    """The likeliest class of each row, the first of equals; shape (rows,)."""
    said = table[probability_columns(table)].to_numpy(dtype=np.float32, copy=True)
    said[np.isnan(said)] = -np.inf
    best: NDArray[np.int64] = said.argmax(axis=1)
    return best


def write_predictions(table: pd.DataFrame, path: Path, key: str = "") -> pd.DataFrame:
    """Write predictions as Parquet; the file appears whole or not at all.

    Args:
        table: predictions.
        path: of the file.
        key: a hash of all that decided them, kept in the file itself; see `asked_before`.

    Returns:
        The table, checked.

    Raises:
        PredictionsWrong: the table is none; see `checked`.
        DiskFull: there is no room.
    """
    found = checked(table, str(path))
    content = pa.Table.from_pandas(found, preserve_index=False)
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), KEY_FIELD: key.encode()})
    with writing_whole(path) as file:
        pq.write_table(content, file, compression="zstd")
    return found


def read_predictions(path: Path) -> pd.DataFrame:
    """Predictions from one Parquet file, checked.

    Raises:
        PredictionsWrong: it is missing, no Parquet, or no predictions.
    """
    return _read(path)[0]


def asked_before(path: Path, key: str) -> pd.DataFrame | None:
    """Predictions that were written with this very key; None where there are none, or none that can be read."""
    try:
        table, found = _read(path)
    except PredictionsWrong:
        return None
    return table if found == key else None


def _read(path: Path) -> tuple[pd.DataFrame, str]:
    """Predictions and their key, of one and the same file."""
    try:
        content = pq.read_table(path)
    except FileNotFoundError:
        raise PredictionsWrong("there is no such file; `earwitness evaluate` writes it", str(path)) from None
    except (OSError, pa.ArrowException) as error:
        raise PredictionsWrong(
            f"it is no Parquet file ({error}); `earwitness evaluate` writes it anew", str(path)
        ) from None
    key = (content.schema.metadata or {}).get(KEY_FIELD, b"").decode(errors="replace")
    return checked(content.to_pandas(), str(path)), key


def together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Checked predictions of several conditions as one table; labels with fewer classes have nan beyond theirs.

    Raises:
        PredictionsWrong: there are none, or two speak of the same clips.
    """
    found: Sequence[pd.DataFrame] = [table for table in tables if len(table)]
    if not found:
        raise PredictionsWrong("there are none; expected those of at least one condition")
    joined = pd.concat([table.astype(dict.fromkeys(NAMES, object)) for table in found], ignore_index=True)
    return checked(joined)
