"""Labelling: what a net is to recognise, its classes, and the class of every clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipelines.bins import USUAL_BINS, Bins
from pipelines.clip import Clip

#: The two dimensions of the study, in three bins each; or the corpus' own categories.
LabelName: TypeAlias = Literal["activation", "valence", "emotion"]
BINS = ("low", "mid", "high")


class NoClips(ValueError):
    """There is nothing to learn from."""

    def __init__(self) -> None:
        super().__init__("there are no clips; expected at least two, from two speakers")


class UnlabelledClips(ValueError):
    """Clips lack what a net is to learn."""

    def __init__(self, name: LabelName, unlabelled: Sequence[str], found: int) -> None:
        named = ", ".join(unlabelled[:3]) + (" ..." if len(unlabelled) > 3 else "")
        lack = "category" if name == "emotion" else f"rating of {name}"
        super().__init__(
            f"{len(unlabelled)} of {found} clips have no {lack} ({named}); leave these clips out, or take {name} out "
            "of the labels"
        )


class OneClass(ValueError):
    """All clips are of one class, so there is nothing to tell apart."""

    def __init__(self, name: LabelName, found: str) -> None:
        super().__init__(f"all clips have the {name} {found!r}; expected at least two classes to tell apart")


@dataclass(frozen=True)
class Labelling:
    """The classes of one label, and the class of every clip (its place among the classes) by clip id."""

    name: LabelName
    classes: tuple[str, ...]
    by_clip: Mapping[str, int]
    #: Whether ratings were mapped from categories for want of raters, so that tables say so.
    mapped: bool = False

    @property
    def chance(self) -> float:
        """The UAR of guessing."""
        return 1 / len(self.classes)


def labelling(clips: Sequence[Clip], name: LabelName, bins: Bins = USUAL_BINS) -> Labelling:
    """The classes and labels of clips.

    Raises:
        NoClips: there are none.
        UnlabelledClips: some have no such label.
        OneClass: they all have the same category.
    """
    if not clips:
        raise NoClips
    said = {clip.clip_id: _class_of(clip, name, bins) for clip in clips}
    unlabelled = [clip_id for clip_id, found in said.items() if found is None]
    if unlabelled:
        raise UnlabelledClips(name, unlabelled, len(clips))
    classes = tuple(sorted({str(found) for found in said.values()})) if name == "emotion" else BINS
    if len(classes) < 2:
        raise OneClass(name, classes[0])
    mapped = name != "emotion" and any(clip.ratings == "mapped" for clip in clips)
    return Labelling(name, classes, {clip_id: classes.index(str(found)) for clip_id, found in said.items()}, mapped)


def _class_of(clip: Clip, name: LabelName, bins: Bins) -> str | None:
    if name == "emotion":
        return clip.category
    rating = clip.activation if name == "activation" else clip.valence
    return None if rating is None else bins.bin_of(rating)
