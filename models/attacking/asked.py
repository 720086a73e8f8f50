"""What was asked, as two tables from which every figure and page of an attack is made; no torch.

`queries` has a row for each question to a net and its answer, `clips` one for each clip and net, attacked or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.attacks.base import Query
from pipelines.whole_file import writing_whole

Eval: TypeAlias = Literal["no", "before"]
#: What became of a clip: attacked; the attacker's own; the net is wrong on it; silent; beyond the design's number.
Use: TypeAlias = Literal["attacked", "own", "wrong", "silent", "left"]

#: What a row of `clips` says, with the type of each column.
CLIPS: Final[Mapping[str, str]] = {
    "nets": "str",  # which nets: the name of a run, or of a way of training
    "label": "str",
    "seed": "int64",
    "fold": "int64",
    "clip_id": "str",
    "speaker": "str",
    "truth": "int64",  # the place of the true class
    "clean_label": "int64",  # what the net says of the clean clip; -1 of silence
    "use": "str",
}
#: What a row of `queries` says.
QUERIES: Final[Mapping[str, str]] = {
    "nets": "str",
    "label": "str",
    "seed": "int64",
    "fold": "int64",
    "clip_id": "str",
    "speaker": "str",
    "draw": "int64",
    "attack": "str",
    "corr": "bool",  # whether the attacker knew what hurts
    "eval": "str",  # "before": only what is whitelisted may be asked; "no": everything
    "singles": "bool",  # whether moves without an SNR may be asked
    "number": "int64",  # 1 to k
    "move": "str",
    "category": "str",
    "sound_id": "str",
    "level_db": "float64",  # nan where no SNR was aimed at
    "snr_db": "float64",  # of what was sent; nan where there is none
    "answer": "int64",
    "changed": "bool",
    "safe": "bool",  # whether people hear the same emotion, by the whitelist
    "params": "str",  # JSON: what was drawn
}
#: What a row of what an informed attacker learnt says: of one of its own clips, by move and sound.
LEARNT: Final[Mapping[str, str]] = {
    "clip_id": "str",
    "move": "str",
    "sound_id": "str",
    "questions": "int64",
    "fooled": "int64",  # of these
}
KEY_FIELD = b"earwitness_attacked"  # in a file's own metadata, so that key and table can't be of two writers


@dataclass(frozen=True)
class Setting:
    """What an attacker knows and may do."""

    attack: str
    corr: bool = False
    eval: Eval = "no"
    singles: bool = False

    @property
    def slug(self) -> str:
        """Its name in the name of a file.

        >>> Setting("noise-boundary", corr=True, eval="before", singles=True).slug
        'noise-boundary-corr-before-singles'
        """
        words = (self.attack, "corr" * self.corr, "before" * (self.eval == "before"), "singles" * self.singles)
        return "-".join(word for word in words if word)


@dataclass(frozen=True)
class AskedTables:
    """The two tables of one net, or of all nets together."""

    queries: pd.DataFrame
    clips: pd.DataFrame


def query_row(query: Query, of: Mapping[str, object], setting: Setting, draw: int, *, safe: bool) -> dict[str, Any]:
    """A row of `queries`.

    Args:
        query: the question and its answer.
        of: nets, label, seed, fold, clip_id and speaker.
        setting: what the attacker knew and might do.
        draw: which time the clip was attacked.
        safe: whether people hear the same emotion after it.
    """
    return {
        **of,
        "draw": draw,
        "attack": setting.attack,
        "corr": setting.corr,
        "eval": setting.eval,
        "singles": setting.singles,
        "number": query.number,
        "move": query.move,
        "category": query.category,
        "sound_id": query.sound_id,
        "level_db": query.level_db,
        "snr_db": query.snr_db,
        "answer": query.label,
        "changed": query.changed,
        "safe": safe,
        "params": json.dumps(dict(query.params), sort_keys=True),
    }


def table_of(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a table with just these columns and types, also where there is none."""
    found = pd.DataFrame(list(rows), columns=list(columns))
    return found.astype(_types(columns))


def together(parts: Sequence[AskedTables]) -> AskedTables:
    """The tables of several nets as one."""
    return AskedTables(
        pd.concat([part.queries for part in parts], ignore_index=True) if parts else table_of((), QUERIES),
        pd.concat([part.clips for part in parts], ignore_index=True) if parts else table_of((), CLIPS),
    )


def write_asked(table: pd.DataFrame, path: Path, key: str = "") -> None:
    """Write one of the tables as Parquet, whole or not at all, with a hash of all that decided it.

    Raises:
        DiskFull: there is no room.
    """
    content = pa.Table.from_pandas(table, preserve_index=False)
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), KEY_FIELD: key.encode()})
    with writing_whole(path) as file:
        pq.write_table(content, file, compression="zstd")


def asked_before(path: Path, key: str, columns: Mapping[str, str]) -> pd.DataFrame | None:
    """A table that was written with this very key; None where there is none, or none that can be read."""
    try:
        content = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return None
    if (content.schema.metadata or {}).get(KEY_FIELD, b"").decode(errors="replace") != key:
        return None
    found = content.to_pandas()
    return found.astype(_types(columns)) if list(found.columns) == list(columns) else None


def _types(columns: Mapping[str, str]) -> dict[str, str]:
    """The types of columns, always the same, so that what is read again is written alike."""
    return {name: "object" if kind == "str" else kind for name, kind in columns.items()}
