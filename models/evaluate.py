"""How well a run's nets do on clean clips and under each condition, each net on its own test fold (section 5.5)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from analysis.whitelist import Whitelist
from models.ask import logits_by_clip
from models.checkpoint import Card, Checkpoint, load_checkpoint, run_folders, versions
from models.data import Condition, data_sha256, hear, labels_of
from models.features.base import Filterbanks
from models.measures.recall import CHANCE, mean_and_spread, uar
from models.normalise import Scale, scale_by_speaker
from models.training import Dimension, ZnormStats
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import write_whole

CLEAN = "clean"
TABLE = "evaluation.csv"
WHOLE = "evaluation.json"


class OtherClips(ValueError):
    """A run was trained on other clips than the ones at hand."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the nets in {folder} were trained on other clips than the study has now, so who was tested can't be "
            "told; run `earwitness train` under a new name, or bring the clips back"
        )


class MixedRun(ValueError):
    """The nets of one folder do not belong together."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the nets in {folder} differ in their filterbanks or normalisation; expected the nets of one run; "
            "delete the folder and run `earwitness train` again"
        )


@dataclass(frozen=True)
class Row:
    """What one dimension comes to under one condition: a line of evaluation.csv."""

    dimension: Dimension
    condition: str
    family: str
    snr_db: float | None
    uar: float  # mean over folds
    uar_sd: float
    change: float  # mean over folds of UAR minus the clean UAR of the same clips; below 0 is worse
    change_sd: float
    folds: int
    clips: int
    refused: int  # clips that could not carry the noise
    uar_by_fold: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """All rows, clean first, and how they came to be."""

    rows: tuple[Row, ...]
    refused: Mapping[str, Mapping[str, str]]  # by condition, then clip id: the reason
    left_out: tuple[str, ...]  # conditions that the whitelist does not allow
    command: str
    seed: int
    simulated: bool


@dataclass(frozen=True)
class EvaluateEvent:
    """What just happened; `done` of `total` counts conditions, and the last event has the result."""

    done: int
    total: int
    sentence: str
    evaluation: Evaluation | None = None


def evaluate(
    clips: Sequence[Clip],
    sounds: SoundBank,
    conditions: Mapping[str, Noise],
    folder: Path,
    *,
    seed: int,
    command: str,
    whitelist: Whitelist | None = None,
) -> Iterator[EvaluateEvent]:
    """Test every net of a run on the speakers it never heard, and write evaluation.csv and evaluation.json.

    Args:
        clips: those that the run was trained on.
        sounds: where background sounds come from.
        conditions: noises by name; clean is always tested too.
        folder: of the run.
        seed: the study's; a clip's noise depends on it, the clip and the condition only.
        command: what the user typed.
        whitelist: leaves out conditions under which people do not hear the same emotion; None tests all.

    Raises:
        CheckpointMissing, CheckpointCorrupt, MixedRun: the run can't be used.
        OtherClips: it was trained on other clips.
        UnratedClips, SoundUnreadable: a clip can't be used.
    """
    checkpoints = load_run(folder, clips)
    filterbanks, znorm_stats = shared_features(folder, checkpoints)
    kept = {name: noise for name, noise in conditions.items() if whitelist is None or whitelist.allows(name)}
    left_out = tuple(name for name in conditions if name not in kept)
    labels = {card.dimension: labels_of(clips, card.dimension, card.bins) for card in (c.card for c in checkpoints)}

    yield EvaluateEvent(0, len(kept) + 1, f"hearing {len(clips)} clips, clean")
    clean = hear(clips, filterbanks).frames
    clean_scales = _scales(clips, clean)
    clean_said = [_said(checkpoint, clean, clean_scales) for checkpoint in checkpoints]
    rows = _rows(checkpoints, labels, (CLEAN, CLEAN, None), clean_said, clean_said)
    refused: dict[str, Mapping[str, str]] = {}
    for done, (name, noise) in enumerate(kept.items(), start=1):
        yield EvaluateEvent(done, len(kept) + 1, f"testing under {name}")
        heard = hear(clips, filterbanks, condition=Condition(name, noise), sounds=sounds, seed=seed)
        scales = _scales(clips, heard.frames) if znorm_stats == "same" else clean_scales
        said = [_said(checkpoint, heard.frames, scales) for checkpoint in checkpoints]
        rows += _rows(checkpoints, labels, (name, noise.family, noise.nominal_snr_db), said, clean_said)
        refused |= {name: heard.refused} if heard.refused else {}
    simulated = any(checkpoint.card.simulated for checkpoint in checkpoints)
    evaluation = Evaluation(tuple(rows), refused, left_out, command, seed, simulated)
    _write(folder, evaluation, checkpoints[0].card)
    yield EvaluateEvent(len(kept) + 1, len(kept) + 1, f"wrote {folder / TABLE}", evaluation)


def load_run(folder: Path, clips: Sequence[Clip]) -> list[Checkpoint]:
    """Every net of a run, if these are the clips that it was made with.

    Raises:
        CheckpointMissing, CheckpointCorrupt: a net can't be used.
        OtherClips: the run was trained on others.
    """
    checkpoints = [load_checkpoint(place) for place in run_folders(folder)]
    found = data_sha256(clips)
    if any(checkpoint.card.data_sha256 != found for checkpoint in checkpoints):
        raise OtherClips(folder)
    return checkpoints


def shared_features(folder: Path, checkpoints: Sequence[Checkpoint]) -> tuple[Filterbanks, ZnormStats]:
    """What all nets of a run see.

    Raises:
        MixedRun: not all of them see the same.
    """
    seen = {(card.filterbanks, card.znorm_stats) for card in (checkpoint.card for checkpoint in checkpoints)}
    if len(seen) > 1:
        raise MixedRun(folder)
    return seen.pop()


def _scales(clips: Sequence[Clip], frames: Mapping[str, Tensor]) -> dict[str, Scale]:
    """The scale of each clip, by clip id, from all frames of its speaker."""
    heard = [clip for clip in clips if clip.clip_id in frames]
    scale_of = scale_by_speaker((clip.speaker, frames[clip.clip_id]) for clip in heard)
    return {clip.clip_id: scale_of[clip.speaker] for clip in heard}


def _said(checkpoint: Checkpoint, frames: Mapping[str, Tensor], scales: Mapping[str, Scale]) -> dict[str, int]:
    """What a net says of those of its test clips that were heard, by clip id."""
    tested = [clip_id for clip_id in checkpoint.card.test_clips if clip_id in frames]
    logits = logits_by_clip(checkpoint.net, tested, frames, scales)
    return {clip_id: int(found.argmax()) for clip_id, found in logits.items()}


def _rows(
    checkpoints: Sequence[Checkpoint],
    labels: Mapping[Dimension, Mapping[str, int]],
    condition: tuple[str, str, float | None],
    said: Sequence[Mapping[str, int]],
    clean_said: Sequence[Mapping[str, int]],
) -> list[Row]:
    """One row a dimension for a condition (its name, family and SNR in dB)."""
    rows = []
    for dimension, truth in labels.items():
        uars, changes, tested, refused = [], [], 0, 0
        for checkpoint, noisy, clean in zip(checkpoints, said, clean_said, strict=True):
            if checkpoint.card.dimension != dimension:
                continue
            clip_ids = list(noisy)
            labelled = [truth[clip_id] for clip_id in clip_ids]
            uars.append(uar(labelled, [noisy[clip_id] for clip_id in clip_ids]))
            changes.append(uars[-1] - uar(labelled, [clean[clip_id] for clip_id in clip_ids]))
            tested += len(clip_ids)
            refused += len(clean) - len(clip_ids)
        rows.append(
            Row(
                dimension,
                *condition,
                *mean_and_spread(uars),
                *mean_and_spread(changes),
                folds=len(uars),
                clips=tested,
                refused=refused,
                uar_by_fold=tuple(uars),
            )
        )
    return rows


def _write(folder: Path, evaluation: Evaluation, card: Card) -> None:
    table = io.StringIO(newline="")
    names = [name for name in asdict(evaluation.rows[0]) if name != "uar_by_fold"]
    writer = csv.DictWriter(table, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in asdict(row).items()} for row in evaluation.rows)
    write_whole(folder / TABLE, table.getvalue().encode())
    whole = {
        "format": "earwitness-evaluation",
        "version": 1,
        "chance": CHANCE,
        "net": card.net,
        "data_sha256": card.data_sha256,
        "versions": versions(),
        **asdict(evaluation),
    }
    write_whole(folder / WHOLE, (json.dumps(_finite(whole), indent=2) + "\n").encode())


def _cell(value: Any) -> Any:
    """Numbers with four decimals, and nothing where there is no number."""
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
