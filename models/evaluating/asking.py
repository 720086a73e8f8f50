"""Ask every net of a run about its test clips, clean and in each condition; what they say is kept as predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from models.checkpoint import Checkpoint
from models.denoisers.base import FrameDenoiser, JointDenoiser
from models.evaluating.trained_run import TrainedRun
from models.experiment import Scalar
from models.hearing.batches import Version
from models.hearing.heard import CLEAN
from models.hearing.material import Material, fitted_cleaner, make_denoiser
from models.measures.predictions import asked_before, together, write_predictions
from models.training.ask import logits_of
from models.training.machine import Machine
from models.training.optimising import repeatable
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import write_whole

FOLDER = "predictions"
REFUSED = "refused.json"  # why clips could not carry a condition


class NotInFront(ValueError):
    """A denoiser that is a part of the net is to be put before a net that was trained without it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the denoiser {name!r} learns together with its net, so it can't be put before a net trained without it; "
            "train with it, or take rnnoise or vts"
        )


@dataclass(frozen=True)
class AskEvent:
    """What just happened; `done` of `total` counts conditions."""

    done: int
    total: int
    sentence: str


@dataclass
class Asked:
    """What the nets of a run said, by condition; filled while it is asked."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    #: By condition, then clip id: why the clip could not carry the noise.
    refused: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def predictions(self) -> pd.DataFrame:
        """All of it as one table."""
        return together(self.tables.values())


def ask_run(
    run: TrainedRun,
    conditions: Mapping[str, Noise],
    sounds: SoundBank | None,
    into: Asked,
    *,
    seed: int,
    cache: Path | None = None,
    machine: Machine | None = None,
    denoiser: str | None = None,
    denoiser_settings: Mapping[str, Scalar] | None = None,
) -> Iterator[AskEvent]:
    """Ask every net about its own test clips, clean and in each condition; what was asked before is read again.

    Args:
        run: the nets.
        conditions: noises by name; clean is always asked about.
        sounds: where background sounds come from.
        into: gets what the nets say.
        seed: the study's; a clip's noise depends on it, the clip and the condition only.
        cache: a folder for what was heard.
        machine: where to hear and ask.
        denoiser: put before nets that were trained without one.
        denoiser_settings: its settings.

    Raises:
        NotInFront, UnknownVariant, SettingsWrong: the denoiser can't be used so.
        SoundUnreadable: a clip can't be heard.
        DiskFull: there is no room for what is said.
    """
    machine = machine or Machine()
    if denoiser is not None:
        run = behind(run, denoiser, denoiser_settings)
    place = run.folder / FOLDER / (denoiser or "")
    source = run.source(conditions, sounds, seed, cache)
    material = source.material(workers=machine.hearing, device=machine.devices[0])
    asker = _Asker(run, material, machine, place)
    total = len(conditions) + 1
    for done, condition in enumerate((CLEAN, *conditions)):
        yield AskEvent(done, total, f"testing under {condition}" if done else "testing clean")
        table, refused = asker.under(condition)
        if table is not None:
            into.tables[condition] = table
        if refused:
            into.refused[condition] = refused
        if done:
            asker.forget(condition)
    yield AskEvent(total, total, f"{len(run.checkpoints)} nets were asked in {total} conditions")


def behind(run: TrainedRun, name: str, settings: Mapping[str, Scalar] | None = None) -> TrainedRun:
    """The same nets behind a denoiser; one that learns has learnt from each net's clean training clips.

    Raises:
        NotInFront: the denoiser is a part of its net.
        UnknownVariant, SettingsWrong: there is no such denoiser, or not with such settings.
    """
    changes = {"denoiser": name, "denoiser_settings": dict(settings or {})}
    if isinstance(make_denoiser(run.experiment.model_copy(update=changes)), JointDenoiser):
        raise NotInFront(name)
    checkpoints = [
        replace(one, card=one.card.model_copy(update={"experiment": one.card.experiment.model_copy(update=changes)}))
        for one in run.checkpoints
    ]
    return replace(run, checkpoints=checkpoints)


@dataclass
class _Asker:
    """Asks all nets in one condition after another."""

    run: TrainedRun
    material: Material
    machine: Machine
    place: Path
    _cleaned: dict[tuple[str, ...], Material] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.truth = {label: found.by_clip for label, found in self.run.labellings().items()}
        self.speaker = {clip.clip_id: clip.speaker for clip in self.run.clips}

    def under(self, condition: str) -> tuple[pd.DataFrame | None, Mapping[str, str]]:
        """What nets say in a condition, and who could not carry it; out of the file if it is of these very nets.

        There is no table where no clip can carry it.
        """
        refused, key, path = self.material.refused(condition), self._key(condition), self.place / f"{condition}.parquet"
        if key and (before := asked_before(path, key)) is not None:
            return before, refused
        _write_json(self.place / REFUSED, {**_read_json(self.place / REFUSED), condition: dict(refused)})
        with repeatable(self.machine.threads):
            said = self._said_by_all(condition)
        # Of a rare noise, or with fixed lists, perhaps only clips that nobody is tested on carry it.
        if not said:
            return None, refused
        # What is given is what was said, not what a second command may have put there since.
        return write_predictions(pd.concat(said, ignore_index=True), path, key), refused

    def forget(self, condition: str) -> None:
        """Let go of what was heard in a condition."""
        for material in (self.material, *self._cleaned.values()):
            material.forget(condition)

    def _key(self, condition: str) -> str:
        """A hash of all that decides what is said; empty where what was heard has none."""
        reads = self.material.source.reads
        heard = [self.material.heard(name, feature).key for name in (CLEAN, condition) for feature in reads]
        if not all(heard):
            return ""
        nets = sorted(checkpoint.card.weights_sha256 for checkpoint in self.run.checkpoints)
        shared = self.run.experiment.model_dump_json(include={"denoiser", "denoiser_settings", "znorm_stats"})
        denoiser = make_denoiser(self.run.experiment)
        version = denoiser.version if denoiser else 0
        return hashlib.sha256(repr((nets, heard, shared, version, self.material.source.seed)).encode()).hexdigest()

    def _said_by_all(self, condition: str) -> list[pd.DataFrame]:
        """What each net says of those of its test clips that carry the condition, where there are any."""
        found: dict[int, pd.DataFrame] = {}
        # The nets of a fold in a row, so that what its denoiser cleaned is kept for them alone.
        in_folds = sorted(enumerate(self.run.checkpoints), key=lambda one: one[1].card.train_clips)
        for _, nets in groupby(in_folds, key=lambda one: one[1].card.train_clips):
            for number, one in nets:
                carrying = [name for name in one.card.test_clips if self.material.carries(name, condition)]
                if carrying:
                    found[number] = self._said(one, [Version(name, condition) for name in carrying], condition)
            for material in self._cleaned.values():
                material.let_go()
        return [found[number] for number in sorted(found)]

    def _said(self, checkpoint: Checkpoint, tested: Sequence[Version], condition: str) -> pd.DataFrame:
        """What a net says of its test clips: the columns of predictions."""
        card, device = checkpoint.card, self.machine.devices[0]
        material = self._cleaned_for(checkpoint)
        table = pd.DataFrame(
            {
                "label": card.label,
                "seed": card.seed,
                "fold": card.fold,
                "condition": condition,
                "clip_id": [version.clip_id for version in tested],
                "speaker": [self.speaker[version.clip_id] for version in tested],
                "truth": [self.truth[card.label][version.clip_id] for version in tested],
            }
        )
        said = logits_of(checkpoint.net.to(device), tested, material, device)
        probabilities = torch.softmax(said.double(), dim=1).float().cpu().numpy()  # (clips, classes)
        table[[f"p{number}" for number in range(len(card.classes))]] = probabilities
        return table

    def _cleaned_for(self, checkpoint: Checkpoint) -> Material:
        """The material as this net hears it."""
        card = checkpoint.card
        if not isinstance(make_denoiser(card.experiment), FrameDenoiser):
            return self.material
        if card.train_clips not in self._cleaned:
            cleaner = checkpoint.cleaner or fitted_cleaner(card.experiment, card.train_clips, self.material)
            assert cleaner is not None
            self._cleaned[card.train_clips] = self.material.cleaned_by(cleaner)
        return self._cleaned[card.train_clips]


def _read_json(path: Path) -> dict[str, Any]:
    """What was noted; nothing where the note is missing or broken, so that it is asked again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    write_whole(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
