"""Who is attacked: the nets of a run, or any one recogniser with clips whose true labels are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from models.attacking.asking import Target
from models.attacking.targets.net import NetTarget
from models.evaluating.trained_run import TrainedRun
from models.hearing.heard import data_sha256
from models.hearing.material import Material
from models.labelling import Labelling
from pipelines.clip import Clip


@dataclass(frozen=True)
class Victim:
    """A recogniser and the clips on which it is attacked: those that it was not trained on, with their true labels.

    Args:
        target: the recogniser.
        label: what it recognises.
        classes: by the number that it answers.
        clips: whose speakers it never heard.
        truth: the true class of each clip, by id.
        seed: of the net; 0 of others.
        fold: of the net; 0 of others.
        key: tells it from every other recogniser.
    """

    target: Target
    label: str
    classes: tuple[str, ...]
    clips: tuple[Clip, ...]
    truth: Mapping[str, int]
    key: str
    seed: int = 0
    fold: int = 0


class Victims(Protocol):
    """Some recognisers; each is made where it is attacked, since nets do not travel."""

    @property
    def sample_rate_hz(self) -> int:
        """At which they listen."""

    def __len__(self) -> int:
        """How many there are."""

    def victim(self, number: int) -> Victim:
        """One of them."""


@dataclass(frozen=True)
class NetsOfRun:
    """Every net of a run, each with the clips that it was tested with.

    Args:
        run: behind a denoiser, where one is put before its nets.
        seed: the study's.
        cache: a folder for what was heard.
    """

    run: TrainedRun
    seed: int
    cache: Path | None

    def __len__(self) -> int:
        """How many nets the run has."""
        return len(self.run.checkpoints)

    @property
    def sample_rate_hz(self) -> int:
        """That of the first feature that the nets read."""
        return next(iter(self._material.features.values())).sample_rate_hz

    def victim(self, number: int) -> Victim:
        """One net."""
        checkpoint = self.run.checkpoints[number]
        card = checkpoint.card
        tested = set(card.test_clips)
        settings = card.experiment.model_dump_json(include={"denoiser", "denoiser_settings", "features"})
        return Victim(
            NetTarget(checkpoint, self._material),
            card.label,
            card.classes,
            tuple(clip for clip in self.run.clips if clip.clip_id in tested),
            self._labellings[card.label].by_clip,
            repr((card.weights_sha256, card.cleaner_sha256, settings, card.data_sha256)),
            card.seed,
            card.fold,
        )

    @cached_property
    def _material(self) -> Material:
        """The clips as the nets hear them clean, which sets the scale of their speakers."""
        return self.run.source({}, None, self.seed, self.cache).material()

    @cached_property
    def _labellings(self) -> Mapping[str, Labelling]:
        return self.run.labellings()


@dataclass(frozen=True)
class OneRecogniser:
    """Any single recogniser, as one behind a web address."""

    target: Target
    labelling: Labelling
    clips: Sequence[Clip]
    key: str

    def __len__(self) -> int:
        """One."""
        return 1

    @property
    def sample_rate_hz(self) -> int:
        """That of the target."""
        return self.target.sample_rate_hz

    def victim(self, number: int) -> Victim:  # noqa: ARG002
        """The recogniser."""
        truth = self.labelling.by_clip
        known = tuple(clip for clip in self.clips if clip.clip_id in truth)
        key = repr((self.key, self.labelling.classes, data_sha256(known)))
        return Victim(self.target, self.labelling.name, self.labelling.classes, known, truth, key)
