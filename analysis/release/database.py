"""The release as a database in audEERING's format, written through their library audformat and opened again."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import audformat
import pandas as pd

from analysis.aggregators.majority_vote import MajorityVote
from analysis.release.source import Source
from analysis.release.tables import coarse, sound_files
from analysis.votes import Dimension, counted, votes_of
from hits.judgment import RATED
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, read_header

NAME = "db"  # of the header's file, which the library asks for
ANSWERS = ["same", "different"]
JUDGED = (
    "pair", "worker", "condition", "role", "activation", "valence", *RATED, "scale", "order",
    "listened_s", "elapsed_s", "submitted_at", "used", "late", "simulated", "assignment",
)  # fmt: skip
OF_CLIP = ("speaker", "gender", "category", "activation", "valence", "language")


class DatabaseDiffers(RuntimeError):
    """The database that was written does not read back as it was."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the audformat database does not read back as it was written: {what}; nothing was published")


def write_database(source: Source, folder: Path, attachments: Iterable[str]) -> tuple[str, ...]:
    """Write db.yaml and its tables, and open them again.

    Args:
        source: the study.
        folder: of the release; sound lies below it as the manifest says.
        attachments: files and folders there that belong to the database.

    Returns:
        The names of its tables.

    Raises:
        DatabaseDiffers: it does not read back as it was written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the library's use of pandas
        database = _header(source)
        _schemes(database, source)
        for name, index, columns in _tables(source):
            _add(database, name, index, columns)
        for name in attachments:
            database.attachments[name.replace(".", "-")] = audformat.Attachment(name)
        database.save(str(folder), storage_format="csv")
        _compare(database, audformat.Database.load(str(folder), load_data=True))
    return tuple(database.tables) + tuple(database.misc_tables)


def _header(source: Source) -> Any:
    simulated = "Judgments of simulated listeners, or of simulated speech: they say nothing about people. "
    license_ = source.design.license
    database = audformat.Database(
        source.name,
        source="https://doi.org/" + source.design.doi if source.design.doi else "crowdsourced listening",
        usage="unrestricted" if license_ in ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0") else "other",
        languages=_languages(source.manifest),
        description=(simulated if source.is_simulated else "")
        + f"{source.title}. Listeners heard an original clip and its noisy twin, and said whether activation and "
        "valence are the same. README.md says what lies beside this file.",
        author="; ".join(source.design.authors) or None,
        license=license_ or None,
        meta={"earwitness": source.software, "simulated": source.is_simulated, "sound": source.design.sound},
    )
    if sound_files(source):
        rate_hz = int(read_header(source.pairs / FILE_NAME).design.get("sample_rate_hz", 0)) or None
        database.media["audio"] = audformat.Media(
            "audio", format="flac", sampling_rate=rate_hz, channels=1, bit_depth=16
        )
    kind = "machine" if source.is_simulated else "human"
    database.raters["listeners"] = audformat.Rater(kind, description="one by one in the table judgments")
    database.raters["majority"] = audformat.Rater(
        "vote", description="of those judgments that count; a tie is different"
    )
    if source.decisions:
        database.raters["whitelist"] = audformat.Rater("vote", description="what whitelist.json decides")
    return database


def _languages(manifest: tuple[Pair, ...]) -> list[str]:
    """What is spoken, as far as anybody said so in a way that the library knows."""
    found = set()
    for language in {str(pair.clip.get("language", "und")) for pair in manifest}:
        with suppress(ValueError):
            found.add(str(audformat.utils.map_language(language)))
    return sorted(found - {"und"})


def _schemes(database: Any, source: Source) -> None:
    """Of each column, what may stand in it; those with a unit say which."""
    words = {
        "answer": ANSWERS,
        "role": ["study", "identical", "positive", "check", "repeat", "practice"],
        "order": ["original-first", "noisy-first"],
        "scale": ["manikins", "slider"],
        "gender": ["female", "male", "unknown"],
        "decision": sorted({*source.decisions.values(), "SAFE", "UNSAFE", "UNDECIDED"}),
    }
    # Workers are named by a table, but not bound to it: what is loaded before that table would lose its names
    for name in (
        "pair",
        "worker",
        "condition",
        "clip",
        "assignment",
        "speaker",
        "category",
        "family",
        "original",
        "noisy",
        "language",
    ):
        database.schemes[name] = audformat.Scheme("str")
    for name, labels in words.items():
        database.schemes[name] = audformat.Scheme("str", labels=labels)
    database.schemes["truth"] = audformat.Scheme("bool")
    database.schemes["seconds"] = audformat.Scheme("float", minimum=0, description="s")
    database.schemes["snr_db"] = audformat.Scheme("float", description="speech to noise in dB; higher is cleaner")
    database.schemes["share"] = audformat.Scheme("float", minimum=0, maximum=1)
    database.schemes["count"] = audformat.Scheme("int", minimum=0)
    database.schemes["rating"] = audformat.Scheme("float", minimum=1, maximum=5, description="SAM, or Affective Slider")
    database.schemes["time"] = audformat.Scheme("date", description=f"in UTC, {source.design.times}")


def _tables(source: Source) -> Iterable[tuple[str, Any, pd.DataFrame]]:
    """Every table: its name, its index, and its columns by name."""
    judgments = source.table
    facts = _pair_facts(judgments, source.manifest)
    yield "conditions", "condition", _conditions(facts, source.decisions)
    yield "workers", "worker", _workers(judgments)
    yield "pairs", "pair", facts
    yield "judgments", "judgment", _judgments(source)
    yield "labels", "pair", _labels(judgments)
    if source.manifest:
        yield "original", "file", _originals(source.manifest)
        yield "noisy", "file", _noisy(source.manifest)


def _pair_facts(judgments: pd.DataFrame, manifest: tuple[Pair, ...]) -> pd.DataFrame:
    """Pairs of the manifest, and those that imported judgments brought."""
    made = pd.DataFrame(
        {
            "pair": [pair.pair_id for pair in manifest],
            "clip": [pair.clip_id for pair in manifest],
            "condition": [pair.condition for pair in manifest],
            "family": [pair.family for pair in manifest],
            "snr_db": [pair.snr_db for pair in manifest],
            "role": [pair.role for pair in manifest],
            "original": [pair.original_path.as_posix() for pair in manifest],
            "noisy": [pair.noisy_path.as_posix() for pair in manifest],
        }
    )
    first = judgments[judgments["role"] != "repeat"].drop_duplicates("pair_id")
    brought = first[~first["pair_id"].isin(made["pair"])].rename(columns={"pair_id": "pair", "clip_id": "clip"})
    both = [brought[["pair", "clip", "condition", "family", "snr_db", "role"]]] if len(brought) else []
    return pd.concat([made, *both], ignore_index=True).set_index("pair")


def _conditions(facts: pd.DataFrame, decisions: Mapping[str, str]) -> pd.DataFrame:
    table = facts.drop_duplicates("condition").set_index("condition")[["family", "snr_db"]]
    if decisions:
        table["decision"] = [decisions.get(name) for name in table.index]
    return table


def _workers(judgments: pd.DataFrame) -> pd.DataFrame:
    by_worker = judgments.groupby("worker", sort=True)
    return pd.DataFrame(
        {"judgments": by_worker.size(), "used": by_worker["used"].any(), "simulated": by_worker["simulated"].any()}
    )


def _judgments(source: Source) -> pd.DataFrame:
    names = {"judgment_id": "judgment", "pair_id": "pair", "assignment_id": "assignment"}
    table = source.table.rename(columns=names).set_index("judgment")
    if source.design.times != "exact":
        table = coarse(table, source.design.times)
    times = pd.to_datetime(table["submitted_at"], utc=True).dt.tz_localize(None)
    return table.assign(submitted_at=times)[list(JUDGED)]


def _labels(judgments: pd.DataFrame) -> pd.DataFrame:
    """The majority's label of every study pair in both dimensions, with its votes and mean ratings."""
    rows = counted(judgments)
    by_pair = rows.groupby("pair_id", sort=True)
    table = pd.DataFrame({"votes": by_pair.size()})
    dimensions: tuple[Dimension, ...] = ("activation", "valence")
    for name in dimensions:
        labels = pd.Series(MajorityVote().fit_predict(votes_of(judgments, name)))
        table[name] = labels.astype("str").reindex(table.index)
        table[f"{name}_share"] = rows[name].eq("different").groupby(rows["pair_id"]).mean()
    return table.join(by_pair[list(RATED)].mean())


def _originals(manifest: tuple[Pair, ...]) -> pd.DataFrame:
    by_path = {pair.original_path.as_posix(): pair for pair in manifest}
    rows = [{"clip": pair.clip_id, **{name: pair.clip.get(name) for name in OF_CLIP}} for pair in by_path.values()]
    return pd.DataFrame(rows, index=list(by_path)).rename(
        columns={"activation": "clip_activation", "valence": "clip_valence"}
    )


def _noisy(manifest: tuple[Pair, ...]) -> pd.DataFrame:
    by_path = {pair.noisy_path.as_posix(): pair for pair in manifest}
    rows = [{"pair": pair.pair_id, "condition": pair.condition, "role": pair.role} for pair in by_path.values()]
    return pd.DataFrame(rows, index=list(by_path))


#: By column: its scheme and who said it.
COLUMNS: Mapping[str, tuple[str, str | None]] = {
    "activation": ("answer", "listeners"),
    "valence": ("answer", "listeners"),
    **dict.fromkeys(RATED, ("rating", "listeners")),
    **dict.fromkeys(("clip_activation", "clip_valence"), ("rating", None)),
    **dict.fromkeys(("activation_share", "valence_share"), ("share", "listeners")),
    **dict.fromkeys(("listened_s", "elapsed_s"), ("seconds", None)),
    **dict.fromkeys(("used", "late", "simulated"), ("truth", None)),
    **dict.fromkeys(("judgments", "votes"), ("count", None)),
    "submitted_at": ("time", None),
    "decision": ("decision", "whitelist"),
}


def _add(database: Any, name: str, key: str, columns: pd.DataFrame) -> None:
    """Put a table in, column by column."""
    if key == "file":
        table = database[name] = audformat.Table(audformat.filewise_index(list(columns.index)))
    else:
        table = database[name] = audformat.MiscTable(pd.Index(columns.index, name=key, dtype="string"))
    for column, values in columns.items():
        scheme, rater = COLUMNS.get(str(column), (str(column), None))
        if name == "labels" and rater == "listeners":
            rater = "majority"
        table[str(column)] = audformat.Column(scheme_id=scheme, rater_id=rater)
        table[str(column)].set(values.to_list())


def _compare(made: Any, read: Any) -> None:
    """Raise where what was read is not what was made."""
    if made.dump() != read.dump():
        raise DatabaseDiffers("its header is another")
    for name in made:
        try:
            pd.testing.assert_frame_equal(_plain(made[name].get()), _plain(read[name].get()), check_like=True)
        except AssertionError as error:
            raise DatabaseDiffers(f"table {name}, {str(error).splitlines()[0]}") from error


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table with its values for what they are: which categories a column might have had stands in the header."""
    named = [name for name in table.columns if isinstance(table[name].dtype, pd.CategoricalDtype)]
    return table.astype(dict.fromkeys(named, "object"))
