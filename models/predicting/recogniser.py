"""Recogniser: `fit` and `predict` on files or arrays, as scikit-learn's classifiers have them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from models.checkpoint import CARD, Checkpoint, load_checkpoint, run_folders
from models.experiment import Augment, Experiment, FoldDesign
from models.hearing.listening import LengthsDiffer, Listener, Sound, SoundWrong, checked, name_of, refuse_one
from models.hearing.normalise import Scale, scale_by_speaker
from models.nets.base import Padded
from models.predicting.confidence import NormalisedBy, Prediction, doubts_of
from models.predicting.reverberance import THRESHOLD_S, how_reverberant
from models.training.folds import everyone
from models.training.machine import Machine
from models.training.optimising import repeatable
from models.training.run import plan_run
from models.training.train import train_run
from pipelines.clip import Clip
from pipelines.sound_file import SoundUnreadable

#: The frames of one sound by feature, each of shape (time, *frame_shape).
Heard: TypeAlias = Mapping[str, NDArray[np.float32]]


class NotFitted(RuntimeError):
    """A recogniser is asked before it has learnt."""

    def __init__(self) -> None:
        super().__init__("this recogniser has learnt nothing yet; call fit, or Recogniser.load with a run's folder")


class LabelAmbiguous(ValueError):
    """A folder holds nets for several labels, and nobody said which is meant."""

    def __init__(self, folder: Path, found: Sequence[str], wanted: str | None) -> None:
        asked = "expected the name of one of them" if wanted is None else f"found none for {wanted}"
        super().__init__(f"{folder} holds nets for {' and '.join(found)}; {asked}")


@dataclass(frozen=True)
class Unheard:
    """A sound that can't be recognised, and why."""

    name: str
    reason: SoundWrong | SoundUnreadable


class Recogniser:
    """Recognises emotion in sound; a scikit-learn-like classifier whose samples are files or arrays.

    Fitted attributes: `classes_` (names of the classes) and `nets_` (trained nets, whose probabilities are averaged).
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        seed: int = 0,
        sample_rate_hz: int = 16000,
        machine: Machine | None = None,
    ) -> None:
        """A recogniser that has learnt nothing yet.

        Args:
            experiment: net, features, training and seeds; its labels, folds and augmentation are of no use here.
            seed: everything random follows from it.
            sample_rate_hz: of sounds that are given as arrays.
            machine: where to train and ask.
        """
        self.experiment = experiment or Experiment()
        self.seed = seed
        self.sample_rate_hz = sample_rate_hz
        self.machine = machine or Machine()
        self.nets_: list[Checkpoint] = []

    @classmethod
    def load(
        cls,
        folder: Path | str,
        label: str | None = None,
        *,
        sample_rate_hz: int = 16000,
        machine: Machine | None = None,
    ) -> Self:
        """The nets of a run, or of one net's own folder.

        Args:
            folder: as `runs/crnn`, or `runs/crnn/valence/seed-1/fold-0`.
            label: activation, valence or emotion; needed where a run has nets for several.
            sample_rate_hz: of sounds that are given as arrays.
            machine: where to ask.

        Raises:
            CheckpointMissing, CheckpointCorrupt: it holds no nets, or broken ones.
            LabelAmbiguous: it holds nets for several labels, and none or another was named.
        """
        folder = Path(folder)
        places = [folder] if (folder / CARD).is_file() else run_folders(folder)
        nets = [load_checkpoint(place) for place in places]
        found = list(dict.fromkeys(net.card.label for net in nets))
        if (label is None and len(found) > 1) or (label is not None and label not in found):
            raise LabelAmbiguous(folder, found, label)
        card = nets[0].card
        loaded = cls(card.experiment, seed=card.study_seed, sample_rate_hz=sample_rate_hz, machine=machine)
        loaded.nets_ = [net for net in nets if label in (None, net.card.label)]
        return loaded

    @property
    def classes_(self) -> tuple[str, ...]:
        """The names of the classes, in the order of probabilities.

        Raises:
            NotFitted: nothing was learnt.
        """
        if not self.nets_:
            raise NotFitted
        return self.nets_[0].card.classes

    def fit(
        self,
        sounds: Sequence[Sound],
        labels: Sequence[str],
        *,
        speakers: Sequence[str] | None = None,
        folder: Path | str | None = None,
    ) -> Self:
        """Learn labels of sounds; a share of the speakers (of the clips, where speakers are few) stops learning.

        Args:
            sounds: files or arrays.
            labels: the class of each.
            speakers: who speaks in each; without it everybody is one speaker, on one scale.
            folder: keeps the nets, and goes on where it was stopped; nothing is kept without it.

        Raises:
            OneSound, LengthsDiffer, SoundWrong, SoundUnreadable: what was given does not fit or can't be heard.
            NoClips, OneClass, TooFewClips: there is too little to learn.
            LossNotFinite: learning broke down.
        """
        refuse_one((sounds,))
        who = ["speaker"] * len(sounds) if speakers is None else speakers
        for what, found in (("labels", labels), ("speakers", who)):
            if len(found) != len(sounds):
                raise LengthsDiffer(what, len(found), len(sounds))
        with tempfile.TemporaryDirectory() as kept:
            clips = [
                Clip(f"{number:06d}", self._file(sound, number, Path(kept)), str(speaker), category=str(label))
                for number, (sound, speaker, label) in enumerate(zip(sounds, who, labels, strict=True))
            ]
            self.nets_ = self._learnt(clips, Path(folder or Path(kept, "run")))
        return self

    def predict(self, sounds: Sequence[Sound], *, enrolment: Sequence[Sound] = ()) -> NDArray[np.str_]:
        """The likeliest class of each sound, shape (sounds,); arguments and errors as `judge`."""
        return np.array([one.label for one in self.judge(sounds, enrolment=enrolment)], dtype=np.str_)

    def predict_proba(self, sounds: Sequence[Sound], *, enrolment: Sequence[Sound] = ()) -> NDArray[np.float64]:
        """The probability of each class, shape (sounds, classes); arguments and errors as `judge`."""
        judged = self.judge(sounds, enrolment=enrolment)
        return np.array([list(one.probabilities.values()) for one in judged]).reshape(-1, len(self.classes_))

    def judge(
        self,
        sounds: Sequence[Sound],
        *,
        enrolment: Sequence[Sound] = (),
        by_itself: bool = False,
        reverberant_above_s: float = THRESHOLD_S,
    ) -> list[Prediction]:
        """All that can be said of each sound.

        Args:
            sounds: files or arrays; of one speaker, if there is enrolment.
            enrolment: clean clips of that speaker, by whose frames features are normalised. Without them those of all
                speakers that a net was trained on are used, which costs accuracy, the more the less the recordings
                are alike (docs/predicting.md has figures).
            by_itself: without enrolment, normalise each sound by its own frames: for recordings that are like nothing
                that was trained on. Costs most of what nets know.
            reverberant_above_s: a sound that seems to have a longer reverberation time is of low confidence.

        Raises:
            NotFitted: nothing was learnt.
            OneSound: a single file was given instead of several.
            SoundWrong, SoundUnreadable: a sound can't be heard.
        """
        found = list(
            self.each(sounds, enrolment=enrolment, by_itself=by_itself, reverberant_above_s=reverberant_above_s)
        )
        for one in found:
            if isinstance(one, Unheard):
                raise one.reason
        return [one for one in found if isinstance(one, Prediction)]

    def each(
        self,
        sounds: Sequence[Sound],
        *,
        enrolment: Sequence[Sound] = (),
        by_itself: bool = False,
        reverberant_above_s: float = THRESHOLD_S,
    ) -> Iterator[Prediction | Unheard]:
        """As `judge`, one sound after another; a sound that can't be heard says so instead of stopping the others.

        Raises:
            NotFitted: nothing was learnt.
            OneSound: a single file was given instead of several.
            SoundWrong, SoundUnreadable: an enrolment clip can't be heard.
        """
        if not self.nets_:
            raise NotFitted
        refuse_one((sounds, enrolment))
        reads = list(dict.fromkeys(name for one in self.nets_ for name in one.card.frame_shapes))
        listener = Listener(self.nets_[0].card.experiment, reads, self.sample_rate_hz, self.machine.devices[0])
        with repeatable(self.machine.threads):
            enrolled = [listener.heard(sound, name_of(sound, number)) for number, sound in enumerate(enrolment)]
            scales = [_scales(one, enrolled) for one in self.nets_] if enrolled else None
        by: NormalisedBy = "enrolment" if enrolled else "training"
        if not enrolled and not by_itself:
            scales = [_common_scales(one) for one in self.nets_]
        for number, sound in enumerate(sounds):
            name = name_of(sound, number)
            found: Prediction | Unheard
            try:
                with repeatable(self.machine.threads):  # not around the yield: whoever takes it works as before
                    found = self._judged(listener, sound, name, scales, by, reverberant_above_s)
            except (SoundWrong, SoundUnreadable) as reason:
                found = Unheard(name, reason)
            yield found

    def _judged(
        self,
        listener: Listener,
        sound: Sound,
        name: str,
        scales: Sequence[Mapping[str, Scale]] | None,
        by: NormalisedBy,
        reverberant_above_s: float,
    ) -> Prediction:
        heard = listener.heard(sound, name)
        own = scales or [_scales(one, [heard]) for one in self.nets_]
        said = np.mean(
            [_said(one, heard, scale, listener.device) for one, scale in zip(self.nets_, own, strict=True)], axis=0
        )
        best = int(said.argmax())
        rate_hz = listener.sample_rate_hz
        reverberation_s = how_reverberant(listener.samples(sound, rate_hz, name), rate_hz)
        return Prediction(
            name,
            self.classes_[best],
            {one: float(share) for one, share in zip(self.classes_, said, strict=True)},
            by if scales else "itself",
            reverberation_s,
            doubts_of(float(said[best]), reverberation_s, reverberant_above_s),
        )

    def _file(self, sound: Sound, number: int, folder: Path) -> Path:
        """Where a sound lies; an array is written in float32, so that nothing is rounded.

        As AU, since libsndfile puts the time of day into WAV files of floats: the same arrays would be other clips.
        """
        if isinstance(sound, (str, Path)):
            return Path(sound)
        path = folder / f"{number:06d}.au"
        samples = checked(sound, name_of(sound, number))
        soundfile.write(path, samples, self.sample_rate_hz, format="AU", subtype="FLOAT")
        return path

    def _learnt(self, clips: Sequence[Clip], place: Path) -> list[Checkpoint]:
        """A net for each seed, which learns from all clips but those that stop it."""
        changes = {"labels": ("emotion",), "augment": Augment(), "folds": FoldDesign()}
        experiment = self.experiment.model_copy(update=changes)
        run = plan_run(
            clips,
            experiment,
            place,
            seed=self.seed,
            command="Recogniser.fit",
            conditions={},
            sounds=None,
            folds=[everyone(clips, experiment.folds, self.seed)] if clips else [],
        )
        for _ in train_run(run, self.machine):
            pass
        return [load_checkpoint(one) for one in run_folders(place)]


def _scales(one: Checkpoint, heard: Sequence[Heard]) -> dict[str, Scale]:
    """The scale of each feature that a net reads, over all these sounds."""
    return {
        name: scale_by_speaker(("one", _cleaned(one, name, frames[name])) for frames in heard)["one"]
        for name in one.card.frame_shapes
    }


def _common_scales(one: Checkpoint) -> dict[str, Scale]:
    """The scale of each feature over all speakers that a net was trained on."""
    return {
        name: Scale(np.array(mean, dtype=np.float32), np.array(sd, dtype=np.float32))
        for name, (mean, sd) in one.card.common_scale.items()
    }


def _said(one: Checkpoint, heard: Heard, scales: Mapping[str, Scale], device: str) -> NDArray[np.float64]:
    """A net's probabilities; shape (classes,)."""
    inputs = {}
    for name in one.card.frame_shapes:
        scaled = scales[name].apply(_cleaned(one, name, heard[name]))
        values = torch.from_numpy(np.ascontiguousarray(scaled))[None].to(device)  # (1, time, *frame_shape)
        inputs[name] = Padded(values, torch.tensor([len(scaled)], device=device))
    with torch.inference_mode():
        logits = one.net.to(device).eval()(inputs)  # (1, classes)
        said: NDArray[np.float64] = torch.softmax(logits.double(), dim=1)[0].cpu().numpy()
    return said


def _cleaned(one: Checkpoint, name: str, frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames as this net hears them."""
    return one.cleaner.denoise(frames) if one.cleaner is not None and name == "filterbanks" else frames
