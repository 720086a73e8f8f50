"""Attack a run's nets, each on the clips it was tested with, and write what came of it (paper section 5.6).

Who knows what makes four settings. Corr: does the attacker know which families hurt this recogniser most? Eval: may
it use only what people hear as the same emotion? A third reading of Eval is counted beside them: any sound may be
tried, and only a success with a perception-safe one counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

import models.attacks
from analysis.whitelist import Whitelist
from models.attacking.target import Target
from models.attacks.base import Attack, AttackDesign, Moves, Outcome, Query
from models.checkpoint import Card, Checkpoint
from models.evaluating.evaluate import TABLE
from models.evaluating.trained_run import load_run
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN
from models.hearing.material import Material
from models.labelling import LabelName
from models.measures.recall import mean_and_spread
from models.seeding import rng_for
from models.threads import one_thread
from pipelines.clip import Clip
from pipelines.sound_file import load_speech
from pipelines.sounds.base import FAMILIES, Family, SoundBank
from pipelines.variants import load

Eval: TypeAlias = Literal["no", "yes", "counted"]


class NothingToAttackWith(ValueError):
    """The sound bank has no sound of any family."""

    def __init__(self, sounds: SoundBank) -> None:
        super().__init__(
            f"the sound bank in {sounds.root} has no sounds of {', '.join(FAMILIES)}; the attack needs some to add"
        )


class EvaluationUnreadable(ValueError):
    """The table from which an attacker would know what hurts is broken."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} can't be read ({reason}); run `earwitness evaluate` again")


@dataclass(frozen=True)
class Setting:
    """What the attacker knows, and what it may use or what counts."""

    corr: bool
    eval: Eval


@dataclass(frozen=True)
class Attacked:
    """One clip, attacked in one setting with the largest budget; smaller budgets are its beginnings."""

    dimension: LabelName
    fold: int
    clip: Clip
    setting: Setting
    classes: tuple[str, ...]
    truth: int
    clean_label: int
    outcome: Outcome
    safe: Sequence[bool]  # of each query in the trace: whether the whitelist allows that move

    def best(self, k: int) -> Query | None:
        """The cleanest change of label in k queries; when safety is counted, among safe moves."""
        if self.setting.eval != "counted":
            return self.outcome.best(k)
        return self.outcome.best(k, lambda query: self.safe[query.number - 1])

    def success(self, k: int, above_snr_db: float) -> bool:
        """Whether that change counts: the speech stands far enough above the noise."""
        best = self.best(k)
        # A sound mixed in at exactly the threshold must not win by a rounding of its samples.
        return best is not None and round(best.snr_db, 3) > above_snr_db


@dataclass(frozen=True)
class SuccessRate:
    """How well an attacker does in one setting with one budget."""

    dimension: LabelName | Literal["both"]
    setting: Setting
    k: int
    p_if: float  # mean over a speaker's clips, then over speakers
    p_if_sd: float  # over speakers
    speakers: int
    clips: int


@dataclass(frozen=True)
class AttackResult:
    """Everything that was done and what it came to."""

    attacked: tuple[Attacked, ...]
    rates: tuple[SuccessRate, ...]
    design: AttackDesign
    notes: tuple[str, ...]  # what a reader must know: settings that could not be run, and why
    net: str
    seed: int
    command: str
    speech_simulated: bool
    whitelist_simulated: bool

    @property
    def simulated(self) -> bool:
        """Whether anything behind the figures is made up."""
        return self.speech_simulated or self.whitelist_simulated


@dataclass(frozen=True)
class AttackEvent:
    """What just happened; `done` of `total` counts attacks on clips, and the last event has the result."""

    done: int
    total: int
    sentence: str
    result: AttackResult | None = None


def attack_run(
    clips: Sequence[Clip],
    sounds: SoundBank,
    whitelist: Whitelist | None,
    design: AttackDesign,
    folder: Path,
    *,
    seed: int,
    command: str,
    cache: Path | None = None,
) -> Iterator[AttackEvent]:
    """Attack clips with every setting that can be run; the last event has the result. Writes nothing.

    Each clip is attacked with the net that never heard its speaker.

    Args:
        clips: those that the run was trained on.
        sounds: what the attacker may add.
        whitelist: what people hear as the same emotion; without one, Eval is "no" throughout.
        design: budgets and levels.
        folder: of the run; its evaluation.csv tells an informed attacker what hurts.
        seed: the study's.
        command: what the user typed.
        cache: a folder for what was heard.

    Raises:
        CheckpointMissing, CheckpointCorrupt, MixedRun, OtherClips, RunUnfinished: the run can't be used.
        NothingToAttackWith: the bank is empty.
        EvaluationUnreadable: evaluation.csv is broken.
    """
    run = load_run(folder, clips, hashes=FeatureCache(cache).hashes if cache else None)
    first = run.experiment.seeds[0]
    checkpoints = [one for one in run.checkpoints if one.card.seed == first]  # one net for each clip
    present = tuple(family for family in FAMILIES if sounds.sounds(family))
    if not present:
        raise NothingToAttackWith(sounds)
    orders = {card.label: family_order(folder, card.label) for card in (c.card for c in checkpoints)}
    settings, notes = _settings(folder, whitelist, all(orders.values()), design, present)
    plan = [(c, clip) for c in checkpoints for clip in _chosen(c.card, clips, design.clips, seed)]
    total = len(plan) * len(settings)

    yield AttackEvent(0, total, f"hearing {len(clips)} clips, clean")
    material = run.source({}, None, seed, cache).material()
    truth = {label: found.by_clip for label, found in run.labellings().items()}
    attacker = _Attacker(load(models.attacks, design.attack, Attack)(), design, sounds, whitelist, orders, truth, seed)
    attacked: list[Attacked] = []
    for checkpoint, clip in plan:
        target = _target(checkpoint, material, clip)
        for setting in settings:
            with one_thread():
                attacked.append(attacker.go(target, checkpoint.card, clip, setting))
            yield AttackEvent(len(attacked), total, f"attacked {clip.clip_id} ({checkpoint.card.label})")
    if whitelist:
        attacked += [_counted(one) for one in attacked if one.setting.eval == "no"]
    result = AttackResult(
        tuple(attacked),
        tuple(success_rates(attacked, design)),
        design,
        tuple(notes),
        run.experiment.net,
        seed,
        command,
        speech_simulated=any(c.card.simulated for c in checkpoints),
        whitelist_simulated=bool(whitelist and whitelist.simulated),
    )
    yield AttackEvent(total, total, f"attacked {len(plan)} clips and nets in {len(settings)} settings", result)


@dataclass(frozen=True)
class _Attacker:
    """Everything about an attack but whom it meets."""

    attack: Attack
    design: AttackDesign
    sounds: SoundBank
    whitelist: Whitelist | None
    orders: Mapping[LabelName, Sequence[Family]]
    truth: Mapping[str, Mapping[str, int]]  # by label and clip id
    seed: int

    def go(self, target: Target, card: Card, clip: Clip, setting: Setting) -> Attacked:
        """Attack one clip in one setting."""
        # The same chance in every setting, so that settings differ in what the attacker knows and may do alone.
        rng = rng_for(self.seed, "attack", card.label, clip.clip_id)
        present = [family for family in FAMILIES if self.sounds.sounds(family)]
        shuffled: list[Family] = [present[number] for number in rng.permutation(len(present))]
        known = self.orders[card.label] if setting.corr else ()
        order = [family for family in known if family in present]
        order += [family for family in shuffled if family not in order]
        moves = allowed_moves(self.design, order, self.whitelist if setting.eval == "yes" else None)
        samples = load_speech(clip, target.sample_rate_hz).samples
        clean_label = target(samples)  # known to the attacker; not one of the k queries
        outcome = self.attack.attack(
            target,
            samples,
            clean_label,
            moves,
            self.sounds,
            sample_rate_hz=target.sample_rate_hz,
            queries=max(self.design.queries),
            rng=rng,
        )
        safe = [
            self.whitelist is not None and self.whitelist.allowed_at(_throughout(query.family), query.level_db)
            for query in outcome.trace
        ]
        truth = self.truth[card.label][clip.clip_id]
        return Attacked(card.label, card.fold, clip, setting, card.classes, truth, clean_label, outcome, safe)


def _counted(one: Attacked) -> Attacked:
    """The same attack, read the other way: any sound was tried, only perception-safe successes count."""
    return replace(one, setting=Setting(one.setting.corr, "counted"))


def family_order(folder: Path, dimension: LabelName) -> tuple[Family, ...]:
    """Families of additive noise, the one that hurts a dimension most first; empty where evaluation.csv is missing.

    Raises:
        EvaluationUnreadable: it is there, and broken.
    """
    path = folder / TABLE
    if not path.is_file():
        return ()
    changes: dict[Family, list[float]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for family in FAMILIES:
                    if row["label"] == dimension and row["family"] == family and row["snr_db"] and row["change"]:
                        changes.setdefault(family, []).append(float(row["change"]))
    except (KeyError, ValueError, TypeError) as wrong:
        raise EvaluationUnreadable(path, str(wrong)) from None
    return tuple(sorted(changes, key=lambda family: float(np.mean(changes[family]))))


def allowed_moves(
    design: AttackDesign,
    families: Sequence[Family],
    whitelist: Whitelist | None,
) -> Moves:
    """What may be tried: everything, or with a whitelist only levels at which a family is perception-safe."""
    levels = {
        family: tuple(
            level
            for level in design.snr_levels_db
            if whitelist is None or whitelist.allowed_at(_throughout(family), level)
        )
        for family in families
    }
    return Moves(tuple(family for family in families if levels[family]), levels, design.sounds_per_family)


def _throughout(family: Family) -> str:
    """The conditions that speak for a sound that runs through the whole clip, as the attack's sounds do."""
    return f"{family}-co"


def success_rates(attacked: Sequence[Attacked], design: AttackDesign) -> Iterator[SuccessRate]:
    """P_IF for every setting and budget: by dimension, and over both where both were attacked."""
    dimensions: list[LabelName] = sorted({one.dimension for one in attacked})
    groups: list[tuple[LabelName | Literal["both"], list[Attacked]]] = [
        (dimension, [one for one in attacked if one.dimension == dimension]) for dimension in dimensions
    ]
    if len(dimensions) > 1:
        groups.append(("both", list(attacked)))
    for dimension, members in groups:
        settings = sorted(
            {one.setting for one in members}, key=lambda s: (["no", "yes", "counted"].index(s.eval), s.corr)
        )
        for setting in settings:
            mine = [one for one in members if one.setting == setting]
            for k in design.queries:
                by_speaker: dict[str, list[bool]] = {}
                for one in mine:
                    found = one.success(k, design.success_above_snr_db)
                    by_speaker.setdefault(one.clip.speaker, []).append(found)
                p_if, spread = mean_and_spread([float(np.mean(found)) for found in by_speaker.values()])
                yield SuccessRate(
                    dimension, setting, k, p_if, spread, len(by_speaker), len({one.clip.clip_id for one in mine})
                )


def _settings(
    folder: Path, whitelist: Whitelist | None, ordered: bool, design: AttackDesign, present: Sequence[Family]
) -> tuple[list[Setting], list[str]]:
    """The settings that can be run, and a sentence for each thing that can't."""
    notes = []
    if not ordered:
        notes.append(
            f"Corr is not run: {folder / TABLE} has no additive noise to learn from; `earwitness evaluate` writes it."
        )
    if whitelist is None:
        notes.append("Eval is not run: there is no whitelist; `earwitness certify` writes one.")
    elif not allowed_moves(design, present, whitelist).families:
        notes.append(
            "The whitelist allows no background sound at any of these levels, so an attacker that keeps to it has no "
            "move and never succeeds."
        )
    knows = [False, True] if ordered else [False]
    evals: list[Eval] = ["no"] if whitelist is None else ["no", "yes"]
    return [Setting(corr, which) for which in evals for corr in knows], notes


def _chosen(card: Card, clips: Sequence[Clip], most: int, seed: int) -> list[Clip]:
    """A net's test clips; with a limit over all folds, the same number of each speaker as far as they go."""
    if most:
        rng = rng_for(seed, "clips to attack")
        turn: dict[str, int] = {}
        order: dict[str, tuple[int, float]] = {}
        for number in rng.permutation(len(clips)):
            clip = clips[number]
            turn[clip.speaker] = turn.get(clip.speaker, 0) + 1
            order[clip.clip_id] = (turn[clip.speaker], float(rng.random()))
        wanted = set(sorted(order, key=lambda clip_id: order[clip_id])[:most])
    else:
        wanted = {clip.clip_id for clip in clips}
    tested = set(card.test_clips) & wanted
    return [clip for clip in clips if clip.clip_id in tested]


def _target(checkpoint: Checkpoint, material: Material, clip: Clip) -> Target:
    """A net as the speaker of a clip meets it."""
    cleaner = checkpoint.cleaner
    heard = material.cleaned_by(cleaner) if cleaner else material
    scales = {feature: heard.scale(feature, CLEAN, clip.clip_id) for feature in material.features}
    return Target(checkpoint.net, material.features, scales, cleaner)
