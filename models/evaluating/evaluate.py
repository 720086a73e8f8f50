"""How well a run's nets do on clean clips and under each condition, each net on its own test fold (section 5.3)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.whitelist import Whitelist
from models.checkpoint import versions
from models.evaluating.asking import Asked, ask_run
from models.evaluating.trained_run import TrainedRun, load_run
from models.evaluating.voices import borrowed_voices
from models.experiment import MeasureDesign
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN
from models.measures.measured import Measured, measured
from models.measures.resampling import Resampling
from models.training.machine import Machine
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import write_whole

TABLE = "evaluation.csv"
WHOLE = "evaluation.json"
COLUMNS = (
    "label",
    "condition",
    "family",
    "snr_db",
    "uar",
    "uar_sd",
    "uar_lower",
    "uar_upper",
    "wa",
    "change",
    "change_sd",
    "change_lower",
    "change_upper",
    "p",
    "p_adjusted",
    "ece",
    "seeds",
    "folds",
    "speakers",
    "clips",
    "refused",
)
#: In every line, so that a table that is passed on says so: categories' centres stand in; something is made up.
OF_ALL = ("mapped", "simulated")


@dataclass(frozen=True)
class Evaluation:
    """All rows, clean first, and how they came to be."""

    rows: tuple[Measured, ...]
    refused: Mapping[str, Mapping[str, str]]  # by condition, then clip id: the reason
    left_out: tuple[str, ...]  # conditions that the whitelist does not allow
    classes: Mapping[str, tuple[str, ...]]  # by label
    mapped: bool  # ratings stand in for the corpus' categories
    command: str
    seed: int
    simulated: bool
    notes: tuple[str, ...] = ()  # what else a reader must know


@dataclass(frozen=True)
class EvaluateEvent:
    """What just happened; `done` of `total` counts conditions, and the last event has the result."""

    done: int
    total: int
    sentence: str
    evaluation: Evaluation | None = None


def evaluate(
    clips: Sequence[Clip],
    sounds: SoundBank | None,
    conditions: Mapping[str, Noise],
    folder: Path,
    *,
    seed: int,
    command: str,
    whitelist: Whitelist | None = None,
    cache: Path | None = None,
    machine: Machine | None = None,
) -> Iterator[EvaluateEvent]:
    """Test every net of a run on the speakers it never heard; write predictions, evaluation.csv and evaluation.json.

    Args:
        clips: those that the run was trained on.
        sounds: where background sounds come from.
        conditions: noises by name; clean is always tested too.
        folder: of the run.
        seed: the study's; a clip's noise depends on it, the clip and the condition only.
        command: what the user typed.
        whitelist: leaves out conditions under which people do not hear the same emotion; None tests all.
        cache: a folder for what was heard.
        machine: where to hear and ask.

    Raises:
        CheckpointMissing, CheckpointCorrupt, MixedRun: the run can't be used.
        OtherClips, RunUnfinished: it was trained on other clips, or not to the end.
        UnlabelledClips, SoundUnreadable: a clip can't be used.
        DiskFull: there is no room for what is found.
    """
    run = load_run(folder, clips, hashes=FeatureCache(cache).hashes if cache else None)
    kept = {name: noise for name, noise in conditions.items() if whitelist is None or whitelist.allows(name)}
    left_out = tuple(name for name in conditions if name not in kept)
    asked = Asked()
    total = len(kept) + 2
    for event in ask_run(run, kept, sounds, asked, seed=seed, cache=cache, machine=machine):
        yield EvaluateEvent(event.done, total, event.sentence)
    rows = measured_rows(asked, kept, run.experiment.measures)
    evaluation = Evaluation(
        rows,
        asked.refused,
        left_out,
        {one.card.label: one.card.classes for one in run.checkpoints},
        any(one.card.mapped for one in run.checkpoints),
        command,
        seed,
        any(one.card.simulated for one in run.checkpoints),
        borrowed_voices(kept, kept, sounds) if sounds else (),
    )
    _write(run, evaluation)
    yield EvaluateEvent(total, total, f"wrote {folder / TABLE}", evaluation)


def measured_rows(
    asked: Asked, conditions: Mapping[str, Noise], design: MeasureDesign, arm: str = ""
) -> tuple[Measured, ...]:
    """What predictions come to, as a design wants it measured."""
    resampling = Resampling(draws=design.resamples, confidence=design.confidence)
    return measured(asked.predictions, conditions, arm=arm, pooling=design.pooled, resampling=resampling)


def row_of(found: Measured) -> dict[str, Any]:
    """One line of evaluation.csv: figures by column."""
    row: dict[str, Any] = {name: getattr(found, name) for name in COLUMNS if hasattr(found, name)}
    change = found.change
    row |= {
        "change": change.value if change else (0.0 if found.condition == CLEAN else None),
        "change_sd": change.sd if change else None,
        "change_lower": change.lower if change else None,
        "change_upper": change.upper if change else None,
        "p": change.p if change else None,
        "p_adjusted": change.p_adjusted if change else None,
    }
    return {name: row[name] for name in COLUMNS}


def _write(run: TrainedRun, evaluation: Evaluation) -> None:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, (*COLUMNS, *OF_ALL), lineterminator="\n")
    writer.writeheader()
    told = {name: "yes" if getattr(evaluation, name) else "no" for name in OF_ALL}
    writer.writerows({name: _cell(value) for name, value in row_of(row).items()} | told for row in evaluation.rows)
    write_whole(run.folder / TABLE, table.getvalue().encode())
    whole = {
        "format": "earwitness-evaluation",
        "version": 2,
        "net": run.experiment.net,
        "data_sha256": run.checkpoints[0].card.data_sha256,
        "versions": versions(),
        **asdict(evaluation),
    }
    write_whole(run.folder / WHOLE, (json.dumps(_finite(whole), indent=2) + "\n").encode())


def _cell(value: Any) -> Any:
    """Numbers with four decimals, and nothing where there is no number."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}" if math.isfinite(value) else ""
    return value


def _finite(value: Any) -> Any:
    """The same with None for nan, which JSON has no word for."""
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
