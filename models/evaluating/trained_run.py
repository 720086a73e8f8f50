"""The nets of a run, as they were trained, and whether all of them are there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from models.checkpoint import Card, Checkpoint, load_checkpoint, run_folders
from models.experiment import Experiment
from models.hearing.file_hashes import FileHashes
from models.hearing.heard import data_sha256
from models.hearing.material import Source
from models.labelling import Labelling, labelling
from models.training.folds import make_folds
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank


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
            f"the nets in {folder} differ in what they see of a clip; expected the nets of one run; delete the folder "
            "and run `earwitness train` again"
        )


class RunUnfinished(ValueError):
    """A run lacks nets that its experiment has, so that its figures would be of some clips and some seeds."""

    def __init__(self, folder: Path, found: int, missing: Sequence[str]) -> None:
        super().__init__(
            f"{folder} holds {found} of the {found + len(missing)} nets of its experiment, and lacks {missing[0]}"
            f"{' and others' if len(missing) > 1 else ''}; run `earwitness train` again, which goes on where it stopped"
        )


@dataclass(frozen=True)
class TrainedRun:
    """Every net of a run, with the clips that it was made with."""

    folder: Path
    clips: Sequence[Clip]
    checkpoints: Sequence[Checkpoint]

    @property
    def experiment(self) -> Experiment:
        """What all nets share."""
        return self.checkpoints[0].card.experiment

    def source(
        self, conditions: Mapping[str, Noise], sounds: SoundBank | None, seed: int, cache: Path | None
    ) -> Source:
        """From what these nets hear clips in these conditions."""
        reads = tuple(self.checkpoints[0].card.frame_shapes)
        return Source(tuple(self.clips), self.experiment, reads, conditions, sounds, seed, cache)

    def labellings(self) -> Mapping[str, Labelling]:
        """What the nets were to say, by label."""
        bins = {checkpoint.card.label: checkpoint.card.bins for checkpoint in self.checkpoints}
        return {label: labelling(self.clips, label, found) for label, found in bins.items()}


def load_run(
    folder: Path, clips: Sequence[Clip], *, seeds: Collection[int] | None = None, hashes: FileHashes | None = None
) -> TrainedRun:
    """Every net of a run, if all are there and these are the clips that they were made with.

    Args:
        folder: of the run.
        clips: the corpus.
        seeds: those of the nets that are wanted; all that the run has, or was to have, if None.
        hashes: where hashes of files are remembered, as `FeatureCache.hashes`.

    Raises:
        CheckpointMissing, CheckpointCorrupt: a net can't be used.
        OtherClips: the run was trained on others.
        MixedRun: its nets were not trained alike.
        RunUnfinished: its training was stopped.
    """
    checkpoints = [load_checkpoint(place) for place in run_folders(folder)]
    found = data_sha256(clips, hashes)
    if any(checkpoint.card.data_sha256 != found for checkpoint in checkpoints):
        raise OtherClips(folder)
    shared = {
        checkpoint.card.experiment.model_dump_json(include={"features", "denoiser", "denoiser_settings", "znorm_stats"})
        for checkpoint in checkpoints
    }
    if len(shared) > 1:
        raise MixedRun(folder)
    wanted = [one for one in checkpoints if seeds is None or one.card.seed in seeds]
    _refuse_unfinished(folder, clips, [one.card for one in checkpoints], seeds)
    return TrainedRun(folder, clips, wanted)


def _refuse_unfinished(
    folder: Path, clips: Sequence[Clip], cards: Sequence[Card], seeds: Collection[int] | None
) -> None:
    """Hold the nets that are there against labels x seeds x folds of their experiment."""
    if seeds is None:
        seeds = {seed for card in cards for seed in (card.seed, *card.experiment.seeds)}
    labels = sorted({label for card in cards for label in card.experiment.labels})
    expected = set(product(labels, seeds, range(_folds(clips, cards))))
    missing = expected - {(card.label, card.seed, card.fold) for card in cards}
    if missing:
        names = [f"{label}, seed {seed}, fold {fold}" for label, seed, fold in sorted(missing)]
        raise RunUnfinished(folder, len(expected) - len(missing), names)


def _folds(clips: Sequence[Clip], cards: Sequence[Card]) -> int:
    """How many folds a run has; as many as are there, where the file of their lists is gone."""
    design = cards[0].experiment.folds
    if design.lists is not None and not design.lists.is_file():
        return 1 + max(card.fold for card in cards)
    return len(make_folds(clips, design, cards[0].study_seed))
