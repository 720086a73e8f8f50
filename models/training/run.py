"""A run: one experiment on one corpus, and the nets that it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from analysis.whitelist import Whitelist
from models.checkpoint import CARD, features_of_net, load_card
from models.denoisers.base import SoundDenoiser
from models.experiment import Experiment
from models.hearing.batches import Version
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN, Condition, data_sha256, recipe_sha256
from models.hearing.material import Material, Source, make_denoiser, make_feature
from models.labelling import Labelling, LabelName, labelling
from models.seeding import rng_for
from models.training.augmentation import augmented, drawn, training_sounds
from models.training.folds import Fold, make_folds
from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip
from pipelines.noises.base import Noise
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import write_whole

RUN = "run.json"


class OtherRun(ValueError):
    """A run's folder holds nets that were trained in another way or on other clips."""

    def __init__(self, folder: Path, differing: Sequence[str]) -> None:
        super().__init__(
            f"{folder} holds a run with another {', another '.join(differing)}; give this run a name of its own, or "
            "delete that folder"
        )


class SoundsMissing(ValueError):
    """Clips are to be heard in noise, and no sounds were given."""

    def __init__(self, conditions: Sequence[str]) -> None:
        super().__init__(f"clips are to be heard in {', '.join(conditions[:5])}, and there is no sound bank; give one")


class RunUnreadable(ValueError):
    """The file that describes a run is broken."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not the JSON that was once written; delete its folder and train again")


@dataclass(frozen=True)
class Job:
    """One net of a run."""

    label: LabelName
    seed: int
    fold: Fold

    @property
    def name(self) -> str:
        """How people call it.

        >>> Job("valence", 2, Fold(0, (), (), (), "speakers")).name
        'valence, seed 2, fold 0'
        """
        return f"{self.label}, seed {self.seed}, fold {self.fold.number}"

    @property
    def place(self) -> Path:
        """Its folder below the run's."""
        return Path(self.label, f"seed-{self.seed}", f"fold-{self.fold.number}")


@dataclass(frozen=True, eq=False)  # one run is another only if it is the very same: so it can be a key
class Run:
    """What every net of a run shares; holds no sound, so that it travels to other processes."""

    folder: Path
    source: Source
    labellings: Mapping[LabelName, Labelling]
    folds: Sequence[Fold]
    #: The conditions in which training clips are heard beside clean, by label.
    augmented: Mapping[LabelName, tuple[str, ...]]
    bins: Bins
    data_sha256: str
    #: A hash of all that decides what training clips sound like, by condition: sound banks, and the code of noises too.
    sounds_sha256: Mapping[str, str]
    command: str
    simulated: bool

    @property
    def experiment(self) -> Experiment:
        """Its settings."""
        return self.source.experiment

    @property
    def jobs(self) -> list[Job]:
        """Its nets, in the order in which they are trained."""
        return [Job(*one) for one in product(self.experiment.labels, self.experiment.seeds, self.folds)]

    def rng(self, job: Job, *names: str | int) -> np.random.Generator:
        """Chance for one purpose in one net, apart from all others."""
        return rng_for(
            self.source.seed, "train", job.label, str(job.seed), str(job.fold.number), *(str(name) for name in names)
        )

    def versions(
        self, job: Job, clip_ids: Sequence[str], material: Material, rng: np.random.Generator | None = None
    ) -> list[Version]:
        """Clips clean, and in the noises that their net hears them in: all of these, or a share by chance with an rng.

        Which noises a clip gets is drawn once for the clip, so that seeds and folds hear the same.
        """
        conditions, augment = self.augmented[job.label], self.experiment.augment
        heard = [clip_id for clip_id in clip_ids if material.carries(clip_id, CLEAN)]
        found = [Version(clip_id) for clip_id in heard]
        for clip_id in heard if conditions else ():
            once = rng_for(self.source.seed, "versions", clip_id)
            found += [
                Version(clip_id, condition)
                for condition in drawn(conditions, augment.per_clip, once)
                if material.carries(clip_id, condition)
            ]
        if rng is None or augment.probability == 1:
            return found
        kept = rng.random(len(found)) < augment.probability
        return [one for one, keep in zip(found, kept, strict=True) if keep or one.condition == CLEAN]


def plan_run(
    clips: Sequence[Clip],
    experiment: Experiment,
    folder: Path,
    *,
    seed: int,
    command: str,
    conditions: Mapping[str, Noise],
    sounds: SoundBank | None,
    whitelist: Whitelist | None = None,
    cache: Path | None = None,
    bins: Bins = USUAL_BINS,
    simulated: bool = False,
    folds: Sequence[Fold] | None = None,
) -> Run:
    """Check everything that can be checked before any sound is heard.

    Args: as `models.training.train.train`; and folds in place of those that the experiment makes.

    Raises: as `models.training.train.train`, but for what only hearing and learning show.
    """
    # By id, so that the order in which a corpus is read changes no fold and no weight.
    clips = sorted(clips, key=lambda clip: clip.clip_id)
    labellings = {name: labelling(clips, name, bins) for name in experiment.labels}
    folds = make_folds(clips, experiment.folds, seed) if folds is None else folds
    make_denoiser(experiment)
    chosen = {name: augmented(experiment.augment, name, conditions, whitelist) for name in experiment.labels}
    simulated = simulated or any(clip.simulated for clip in clips)
    if experiment.augment.conditions == "whitelist" and whitelist is not None:
        simulated = simulated or whitelist.simulated
    if sounds is None and any(chosen.values()):
        raise SoundsMissing(next(names for names in chosen.values() if names))
    heard = {name: noise for name, noise in conditions.items() if any(name in names for names in chosen.values())}
    mine = training_sounds(experiment, sounds, seed)
    source = Source(tuple(clips), experiment, features_of_net(experiment), heard, mine, seed, cache)
    data = data_sha256(clips, FeatureCache(cache).hashes if cache else None)
    return Run(folder, source, labellings, folds, chosen, bins, data, _sounds_sha256(source), command, simulated)


def _sounds_sha256(source: Source) -> dict[str, str]:
    denoiser = make_denoiser(source.experiment)
    before = denoiser if isinstance(denoiser, SoundDenoiser) else None
    cache = FeatureCache(source.cache) if source.cache else None
    features = [make_feature(name, source.experiment) for name in source.reads]
    found = {}
    for name, noise in {CLEAN: None, **source.conditions}.items():
        condition = None if noise is None else Condition(name, noise)
        parts = [
            recipe_sha256(source.clips, feature, condition, source.sounds, source.seed, before, cache)
            for feature in features
        ]
        found[name] = hashlib.sha256(repr((parts, denoiser.version if denoiser else 0)).encode()).hexdigest()
    return found


def claim(run: Run) -> None:
    """Write down what a run is, or refuse a folder that holds another one.

    Raises:
        OtherRun, RunUnreadable: the folder is taken.
        DiskFull: there is no room.
    """
    path, this = run.folder / RUN, _deciding(run)
    if not path.is_file():
        write_whole(path, (json.dumps(this, indent=2) + "\n").encode())
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise RunUnreadable(path) from None
    differing = [key for key, value in this.items() if not isinstance(before, dict) or before.get(key) != value]
    if differing:
        raise OtherRun(run.folder, differing)


def is_done(run: Run, job: Job) -> bool:
    """Whether a net is trained and saved, and of this very run.

    Raises:
        OtherRun: a net of another experiment, of other clips or other folds lies in its place.
        CheckpointCorrupt: its card can't be read.
    """
    place = run.folder / job.place
    if not (place / CARD).is_file():
        return False
    card, fold = load_card(place), job.fold
    same = {
        "clips": card.data_sha256 == run.data_sha256,
        "folds": (card.train_clips, card.validation_clips, card.test_clips) == (fold.train, fold.validation, fold.test),
        "settings": _settings(card.experiment) == _settings(run.experiment),
        "augmentation": card.augmented == run.augmented[job.label],
    }
    if not all(same.values()):
        raise OtherRun(place, [name for name, equal in same.items() if not equal])
    return True


def identity(run: Run) -> str:
    """A hash of all that decides what nets come out: equal for runs that would train the same nets."""
    return hashlib.sha256(json.dumps(_deciding(run), sort_keys=True).encode()).hexdigest()


def _deciding(run: Run) -> dict[str, Any]:
    """All that decides what nets come out, under the words that people are told where it differs."""
    augment = run.experiment.augment
    # What is left out of the bank decides nothing where it is not heard, and runs from before there was a choice had it
    # whole.
    apart = {"sounds_share": augment.sounds_share} if augment.sounds_share < 1 and run.source.conditions else {}
    return {
        "clips": run.data_sha256,
        "seed": run.source.seed,
        "bins": run.bins.model_dump(mode="json"),
        "sound": dict(run.sounds_sha256),
        "augmentation": {
            "conditions": {label: list(names) for label, names in run.augmented.items()},
            "probability": augment.probability,
            "per_clip": augment.per_clip,
            **apart,
        },
        "folds": _folds_sha256(run.folds),  # a file of lists may have changed
        "settings": _settings(run.experiment),
    }


def _settings(experiment: Experiment) -> dict[str, Any]:
    """What is left of an experiment: what is measured and how many seeds there are changes no net that is there.

    What it is augmented with is told by the conditions that came of it.
    """
    return experiment.model_dump(mode="json", exclude={"measures", "seeds", "augment"})


def _folds_sha256(folds: Sequence[Fold]) -> str:
    parts = [(sorted(fold.train), sorted(fold.validation), sorted(fold.test)) for fold in folds]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
