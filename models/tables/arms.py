"""Arms: the nets that a table compares, as changes to one experiment, and what each is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from analysis.whitelist import Whitelist
from models.experiment import Experiment
from pipelines.conditions import CONTROLS
from pipelines.noises.base import Noise

#: What training clips are heard in beside clean: conditions by name, what is SAFE, or everything.
Heard: TypeAlias = tuple[str, ...] | Literal["whitelist", "everything"]
#: Of such a set one family is held out at a time, within a placement (section 5.5); the second set is ours.
ENVIRONMENT: Final = ("nat", "hum", "int")
BACKGROUNDS: Final = (ENVIRONMENT, ("babble", "music", "transportation"))
#: Fading in and fading out are one noise.
SYNTHETIC: Final = ("speed-segment", "fade", "reverb")
#: What the full cross tests whatever people said of it (section 5.4).
ALWAYS_CROSSED: Final = ("fade", "reverb")
CLEAN_TRAINED: Final = "trained on clean"
USUAL_DENOISERS: Final = MappingProxyType({"rnnoise": False, "vts": False, "mask": True})


@dataclass(frozen=True)
class Arm:
    """Nets trained in one way and asked in one way; clean is always asked too.

    Arms with equal `experiment(base)` train alike, so they share their nets.
    """

    name: str
    tested: tuple[str, ...]  # conditions by name
    augment: Heard = ()
    denoiser: str | None = None  # before the net, in training and after
    in_front: str | None = None  # put before nets that were trained without it

    def experiment(self, base: Experiment) -> Experiment:
        """The experiment that trains these nets: the base with another augmentation and denoiser."""
        heard = self.augment or "nothing"
        limits = {} if isinstance(heard, str) and heard != "nothing" else {"snr_min_db": None, "snr_max_db": None}
        settings = base.denoiser_settings if self.denoiser and self.denoiser == base.denoiser else {}
        return base.model_copy(
            update={
                "augment": base.augment.model_copy(update={"conditions": heard, "without": (), **limits}),
                "denoiser": self.denoiser,
                "denoiser_settings": settings,
            }
        )


@dataclass(frozen=True)
class Ground:
    """What a layout may choose from."""

    conditions: Mapping[str, Noise]  # all that can be heard, by name
    whitelist: Whitelist | None = None
    denoiser: str = "rnnoise"  # of tables that show a single one
    #: All denoisers by name, and whether each is a part of its net, so that it can't be put before another.
    denoisers: Mapping[str, bool] = field(default_factory=lambda: USUAL_DENOISERS)

    @property
    def noises(self) -> dict[str, Noise]:
        """The conditions that are noise, not controls of listening."""
        return {name: noise for name, noise in self.conditions.items() if name not in CONTROLS}

    @property
    def tested(self) -> dict[str, Noise]:
        """The conditions under which people hear the same emotion; all of them without a whitelist."""
        if self.whitelist is None:
            return self.noises
        return {name: noise for name, noise in self.noises.items() if self.whitelist.allows(name)}

    @property
    def crossed(self) -> dict[str, Noise]:
        """What the full cross tests: what is whitelisted, and fades and reverberation, whatever people said."""
        tested = self.tested
        return {name: noise for name, noise in self.noises.items() if name in tested or noise.family in ALWAYS_CROSSED}


def clean_trained(tested: Sequence[str]) -> Arm:
    """Nets that never heard noise."""
    return Arm(CLEAN_TRAINED, tuple(tested))


def denoised_in_front(ground: Ground, denoiser: str, tested: Sequence[str]) -> Arm:
    """Nets that never heard noise, behind a denoiser; one that is a part of the net is trained with it, on clean."""
    if ground.denoisers.get(denoiser, False):
        return Arm(f"{CLEAN_TRAINED} with {denoiser}", tuple(tested), denoiser=denoiser)
    return Arm(f"{CLEAN_TRAINED}, {denoiser} in front", tuple(tested), in_front=denoiser)


def partners(name: str, available: Mapping[str, Noise]) -> tuple[str, ...]:
    """What nets hear in training when they are tested under `name`, which is held out.

    A background is held out within its placement: `nat-st` after `hum-st` and `int-st`. Of speed-segment,
    fade and reverb one is held out and the others are heard; any other condition is in no set: all three are heard.

    >>> from pipelines.conditions import study_conditions
    >>> partners("nat-co-10db", study_conditions())
    ('hum-co-10db', 'int-co-10db')
    >>> partners("fade-in", study_conditions())
    ('reverb', 'speed-segment')
    """
    family = available[name].family
    for families in BACKGROUNDS:
        if family in families:
            placement = name.removeprefix(f"{family}-")
            others = [f"{other}-{placement}" for other in families if other != family]
            return tuple(other for other in others if other in available)
    return tuple(other for other, noise in available.items() if noise.family in SYNTHETIC and noise.family != family)


def held_out(
    available: Mapping[str, Noise], denoiser: str | None = None, tested: Mapping[str, Noise] | None = None
) -> dict[str, Arm]:
    """By condition, the nets that heard its partners and not it; conditions with the same partners share an arm.

    A condition whose partners are all missing, as not whitelisted, has none.

    Args:
        available: what nets may hear in training.
        denoiser: that they are trained with.
        tested: what they are asked about; all that is available, if None.
    """
    heard: dict[tuple[str, ...], list[str]] = {}
    for name, noise in (available if tested is None else tested).items():
        if found := partners(name, {**available, name: noise}):
            heard.setdefault(found, []).append(name)
    with_it = f" with {denoiser}" if denoiser else ""
    return {
        name: Arm(f"trained with {' + '.join(augment)}{with_it}", tuple(names), augment, denoiser)
        for augment, names in heard.items()
        for name in names
    }


def each_once(*arms: Arm | Mapping[str, Arm]) -> list[Arm]:
    """Arms in a row, each once."""
    rows = [[one] if isinstance(one, Arm) else one.values() for one in arms]
    return list(dict.fromkeys(arm for row in rows for arm in row))
