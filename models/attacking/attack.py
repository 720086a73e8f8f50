"""Attack a run's nets, each on the clips it was tested with, and keep every question (paper section 5.6).

Who knows what makes settings. Corr: does the attacker know what hurts this net most? Eval: may it use only what people
hear as the same emotion (*before*), or anything, of which only what people hear as the same may be counted afterwards
(*after*, which is a way of counting and asks nothing of its own)?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from models.attacking.asked import AskedTables, together, write_asked
from models.attacking.found import found_sounds
from models.attacking.ground import AttackGround, settings_of
from models.attacking.knowledge import CLIPS_MAX, Learnt, own_clips
from models.attacking.listening import Found
from models.attacking.one_net import NetAttack, attack_net
from models.attacking.report.facts import Facts
from models.attacking.victims import NetsOfRun, Victims
from models.checkpoint import Card, versions
from models.evaluating.asking import behind
from models.evaluating.trained_run import load_run
from models.experiment import Experiment
from models.hearing.feature_cache import FeatureCache
from models.hearing.heard import CLEAN
from models.seeding import rng_for
from models.training.augmentation import attackers_sounds
from pipelines.clip import Clip
from pipelines.sounds.base import SoundBank

FOLDER, PARTS = "attack", "parts"
QUERIES_FILE, CLIPS_FILE, UNLIMITED_FILE = "queries.parquet", "clips.parquet", "unlimited.parquet"


class NothingToAttack(ValueError):
    """No clip is left that a net gets right."""

    def __init__(self, nets: str, wrong: int, silent: int) -> None:
        super().__init__(
            f"no clip is left on which {nets} could be attacked: {wrong} are recognised wrongly as they are, {silent} "
            "are silent, and the others are the attacker's own; take nets that are right on some clips, or lower "
            "attack.own_share"
        )


@dataclass(frozen=True)
class AttackResult:
    """Everything that was asked."""

    tables: AskedTables
    unlimited: pd.DataFrame  # questions of attacks on the waveform where nobody counts; columns of `queries`
    facts: Facts
    found: tuple[Found, ...] = ()  # some of the clips that fooled a net, to be heard


@dataclass(frozen=True)
class AttackEvent:
    """What just happened; `done` of `total` counts nets, and the last event has the result."""

    done: int
    total: int
    sentence: str
    result: AttackResult | None = None


@dataclass(frozen=True)
class Known:
    """What is known of recognisers beforehand."""

    classes: Mapping[str, tuple[str, ...]]  # by label
    net: str  # what kind they are
    simulated: bool = False  # speech that was made up
    mapped: bool = False  # ratings stand in for the corpus' categories
    data_sha256: str = ""  # of the clips
    notes: tuple[str, ...] = ()  # what else figures rest on
    queries_per_s: float | None = None  # most questions in a second, where there is a limit


def attack_run(
    ground: AttackGround,
    folder: Path,
    *,
    nets: str | None = None,
    in_front: str | None = None,
    sounds: SoundBank | None = None,
) -> Iterator[AttackEvent]:
    """Attack every clip that a net was tested with and gets right, in every setting; what was asked before is kept.

    Args:
        ground: what is attacked on.
        folder: of the run.
        nets: what its nets are called in tables; the folder's name by default.
        in_front: a denoiser that is put before nets that were trained without one.
        sounds: what the attacker has at hand; by default those of the ground that training left to it.

    Raises:
        CheckpointMissing, CheckpointCorrupt, MixedRun, OtherClips, RunUnfinished: the run can't be used.
        MovesUnknown, NothingToAttackWith, NothingToAttack: there is nothing to do.
        UnknownVariant: there is no such attack.
        NotInFront: the denoiser is a part of its net.
        DiskFull: there is no room for what was asked.
    """
    hashes = FeatureCache(ground.cache).hashes if ground.cache else None
    run = load_run(folder, ground.clips, hashes=hashes)
    if in_front:
        run = behind(run, in_front)
    cards = [checkpoint.card for checkpoint in run.checkpoints]
    known = Known(
        {card.label: card.classes for card in cards},
        run.experiment.net,
        simulated=any(card.simulated for card in cards),
        mapped=any(card.mapped for card in cards),
        data_sha256=cards[0].data_sha256,
        notes=_heard_before(run.experiment, cards),
    )
    sounds = sounds or attackers_sounds(run.experiment, ground.sounds, cards[0].study_seed)
    ground = replace(ground, sounds=sounds)
    victims = NetsOfRun(run, ground.seed, ground.cache)
    place = folder / FOLDER / (in_front or "")
    yield from attack_victims(ground, victims, known, place, nets or folder.name)


def attack_victims(
    ground: AttackGround, victims: Victims, known: Known, place: Path, nets: str
) -> Iterator[AttackEvent]:
    """Attack recognisers of any kind in every setting, and keep every question.

    Args:
        ground: what is attacked on.
        victims: the recognisers.
        known: what is known of them.
        place: a folder for what was asked.
        nets: what they are called in tables.

    Raises:
        MovesUnknown, NothingToAttackWith, NothingToAttack: there is nothing to do.
        UnknownVariant: there is no such attack.
        AnswerWrong: a recogniser said something that is no label.
        DiskFull: there is no room for what was asked.
    """
    moves = ground.moves
    settings, notes = settings_of(ground, moves)
    design, seed = ground.design, ground.seed
    own = own_clips(ground.clips, design.own_share, seed)
    others = [clip for clip in ground.clips if clip.clip_id not in own]
    wanted, few = (_spread(others, most, seed) for most in (design.clips or len(others), design.unlimited_clips))
    job = NetAttack(ground, victims, moves, settings, own, wanted, few, nets)
    total = len(victims)
    yield AttackEvent(0, total, _foretold(job, total, known.queries_per_s))
    parts, unlimited, learnt = [], [], []
    with ground.workers.sharing(job, place) as shared:
        calls = ((attack_net, (shared, number, place / PARTS)) for number in range(total))
        for done, told in enumerate(ground.workers.each(calls), 1):
            parts.append(told.tables)
            unlimited.append(told.unlimited)
            learnt.append(told.learnt)
            yield AttackEvent(done, total, told.sentence)
    tables, boundless = together(parts), pd.concat(unlimited, ignore_index=True)
    _refuse_empty(tables.clips, nets)
    for table, name in (
        (tables.queries, QUERIES_FILE),
        (tables.clips, CLIPS_FILE),
        (boundless, UNLIMITED_FILE),
    ):
        write_asked(table, place / name)
    attacked = int((tables.clips["use"] == "attacked").sum())
    found = found_sounds(
        tables,
        moves,
        ground.clips,
        ground.sounds,
        sample_rate_hz=victims.sample_rate_hz,
        goal_db=design.success_above_snr_db,
        k=max(design.queries),
    )
    sentence = f"{attacked} clips and nets were attacked in {len(settings)} settings"
    notes = (*notes, *_knowledge_told(learnt))
    result = AttackResult(tables, boundless, _facts(job, known, notes), tuple(found))
    yield AttackEvent(total, total, sentence, result)


def _heard_before(experiment: Experiment, cards: Sequence[Card]) -> tuple[str, ...]:
    """A sentence, if the attacker may use recordings that the nets have heard in training."""
    if experiment.augment.sounds_share < 1 or all(set(card.heard) <= {CLEAN} for card in cards):
        return ()
    return (
        "Training heard noise of the very recordings that the attacker has at hand, which makes its work harder; with "
        "augment.sounds_share below 1, training leaves some to the attacker.",
    )


def _knowledge_told(learnt: Sequence[Learnt | None]) -> tuple[str, ...]:
    """What informed attackers asked beforehand, and where that told them nothing."""
    asked = [one for one in learnt if one is not None]
    if not asked:
        return ()
    questions, clips = sum(one.questions for one in asked), sum(one.clips for one in asked)
    told = [
        f"Corr: informed attackers put {questions:,} questions about clips of their own beforehand, {clips} clips and "
        f"nets, at most {CLIPS_MAX} clips a net; they are no part of k."
    ]
    ignorant = sum(one.questions == 0 for one in asked)
    if ignorant:
        told.append(
            f"Corr: for {ignorant} of {len(asked)} nets the attacker has no clip of its own that the net gets right; "
            "there it knows nothing, and Corr: Yes is like Corr: No."
        )
    return tuple(told)


def _spread(clips: Sequence[Clip], most: int, seed: int) -> frozenset[str]:
    """So many clips, the same number of each speaker as far as they go; by id."""
    rng = rng_for(seed, "clips to attack")
    turn: dict[str, int] = {}
    order: dict[str, tuple[int, float]] = {}
    for number in rng.permutation(len(clips)):
        clip = clips[number]
        turn[clip.speaker] = turn.get(clip.speaker, 0) + 1
        order[clip.clip_id] = (turn[clip.speaker], float(rng.random()))
    return frozenset(sorted(order, key=lambda clip_id: order[clip_id])[:most])


def _foretold(job: NetAttack, total: int, queries_per_s: float | None) -> str:
    """What is going to be asked, and for how long where there is a limit to its pace."""
    who = "1 recogniser is" if total == 1 else f"{total} nets are"
    said = f"{who} attacked in {len(job.settings)} settings"
    if queries_per_s is None:
        return said
    design = job.ground.design
    questions = len(job.wanted) * len(job.settings) * design.repeats * max(design.queries)
    hours = questions / queries_per_s / 3600
    return (
        f"{said}: at most {questions:,} questions, {hours:.1f} h at {queries_per_s:g} a second, and those by which an "
        f"informed attacker learns; attack.clips, attack.beside and attack.queries make it less"
    )


def _refuse_empty(clips: pd.DataFrame, nets: str) -> None:
    uses = clips["use"].value_counts()
    if not uses.get("attacked", 0):
        raise NothingToAttack(nets, int(uses.get("wrong", 0)), int(uses.get("silent", 0)))


def _facts(job: NetAttack, known: Known, notes: Sequence[str]) -> Facts:
    ground = job.ground
    return Facts(
        corpus=ground.corpus,
        net=known.net,
        command=ground.command,
        design=ground.design,
        seed=ground.seed,
        classes=known.classes,
        whitelist=ground.whitelist,
        settings=job.settings,
        data_sha256=known.data_sha256,
        versions=versions(),
        speech_simulated=known.simulated,
        mapped=known.mapped,
        notes=(*known.notes, *notes),
    )
