"""Results made up for the tests of tables: how right the nets of each arm are follows a simple rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from analysis.whitelist import Whitelist
from models.experiment import MeasureDesign
from models.measures.predictions import CLEAN, checked
from models.tables.arms import Arm, Ground
from models.tables.results import Facts, Results
from pipelines.conditions import study_conditions
from tests.models.made_up import predictions

CLASSES = {"activation": ("low", "mid", "high"), "valence": ("low", "mid", "high")}


def rightness(arm: Arm, condition: str) -> float:
    """How often a made-up net is right: noise costs, hearing noise and denoising give some of it back."""
    noise = study_conditions().get(condition)
    cost = 0.0 if noise is None else 0.18 if noise.nominal_snr_db is None else 0.42 - 0.008 * noise.nominal_snr_db
    cost = 0.4 if condition == "reverb" else 0.25 if condition.endswith("-st") else cost
    heard = 0.55 if arm.augment else 1.0
    denoised = 0.8 if arm.denoiser or arm.in_front else 1.0
    if condition in ("fade-in", "fade-out", "speed-segment") and denoised < 1:
        denoised = 1.5
    return 0.62 - cost * (1 if condition == "reverb" else heard) * denoised


def made_up(
    arms: Iterable[Arm],
    ground: Ground,
    *,
    seeds: tuple[int, ...] = (1,),
    speakers: int = 10,
    each: int = 12,
    resamples: int = 100,
    right: Callable[[Arm, str], float] = rightness,
    **facts: Any,
) -> Results:
    """What these arms might have said."""
    told = {
        arm.name: checked(
            predictions(
                {name: right(arm, name) for name in (CLEAN, *arm.tested)},
                labels=dict.fromkeys(CLASSES, 3),
                seeds=seeds,
                speakers=speakers,
                each=each,
                seed=sum(map(ord, arm.name)),
            )
        )
        for arm in arms
    }
    known = Facts(
        corpus="made-up corpus",
        command="earwitness experiment",
        data_sha256="ab" * 32,
        classes=CLASSES,
        seeds=seeds,
        earwitness="0.1.0",
        **facts,
    )
    return Results(told, ground, known, MeasureDesign(resamples=resamples))


def ground(whitelist: Whitelist | None = None, names: Iterable[str] | None = None) -> Ground:
    """The study's conditions, or some of them."""
    conditions = study_conditions()
    return Ground({name: conditions[name] for name in names or conditions}, whitelist)
