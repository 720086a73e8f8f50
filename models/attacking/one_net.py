"""Attack one net: what it gets right, what an informed attacker learns, and every clip in every setting."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd
from cachetools import LRUCache

from models.attacking.asked import (
    CLIPS,
    LEARNT,
    QUERIES,
    AskedTables,
    Setting,
    Use,
    asked_before,
    query_row,
    table_of,
    write_asked,
)
from models.attacking.asking import attack_clips, unbudgeted
from models.attacking.ground import AttackGround, attack_named
from models.attacking.knowledge import Learnt, learn
from models.attacking.moves import allowed, is_safe
from models.attacking.victims import Victim, Victims
from models.attacks.base import Knowledge, Move, Scene, Take
from models.hearing.sound_recipes import EVERYTHING, BankContent, noise_recipe
from models.seeding import rng_for
from models.threads import one_thread
from pipelines.audio import Speech
from pipelines.parallel import Shared
from pipelines.sound_file import SoundUnreadable, file_sha256, load_speech

#: Of what the same design asks; what was asked by another is asked anew.
VERSION = 1
SEED_MAX = 2**31
TAKES_BYTES = 256 * 2**20
#: Of a design: what decides which settings there are and how long they go on, but not what is asked in one.
OF_SETTINGS = frozenset({"attack", "beside", "queries", "repeats", "unlimited_queries", "unlimited_clips"})


@dataclass(frozen=True)
class NetAttack:
    """What the attacks on all nets of a run share.

    Args:
        ground: what is attacked on.
        victims: the recognisers.
        moves: everything that may be tried.
        settings: what attackers know and may do.
        own: the attacker's own clips, by id.
        wanted: those that may be attacked.
        unlimited: those on which attacks on the waveform are tried without a budget.
        nets: what the nets are called.
    """

    ground: AttackGround
    victims: Victims
    moves: tuple[Move, ...]
    settings: tuple[Setting, ...]
    own: frozenset[str]
    wanted: frozenset[str]
    unlimited: frozenset[str]
    nets: str

    @cached_property
    def safe(self) -> tuple[Move, ...]:
        """The moves that the whitelist allows."""
        return allowed(self.moves, self.ground.whitelist) if self.ground.whitelist else ()

    @cached_property
    def takes(self) -> MutableMapping[tuple[str, int, str], Take | None]:
        """Single moves as they were drawn, which every net and setting shares; as many as memory is spared for."""
        return LRUCache(TAKES_BYTES, getsizeof=lambda take: take.nbytes if take else 1)

    @cached_property
    def key(self) -> str:
        """A hash of all that decides what is asked, but for the net and the setting."""
        ground = self.ground
        noises = [(move.levels_db, noise_recipe(move.name, move.noise, ground.seed)) for move in self.moves]
        content = BankContent(ground.sounds, file_sha256).of(frozenset({EVERYTHING}))
        seal = ground.whitelist.seal if ground.whitelist else None
        design = ground.design.model_dump_json(exclude=set(OF_SETTINGS))
        told = (VERSION, design, ground.seed, noises, content, seal, self.nets, sorted(self.own), sorted(self.wanted))
        return _digest(told)


@dataclass(frozen=True)
class NetAsked:
    """What came of the attacks on one net."""

    tables: AskedTables
    unlimited: pd.DataFrame  # questions where nobody counted; columns of `queries`
    learnt: Learnt | None  # by an informed attacker, where there is one
    sentence: str


def attack_net(shared: Shared[NetAttack], number: int, place: Path) -> NetAsked:
    """Attack one net in every setting; what was asked by the very same attack is read again.

    Args:
        shared: what all nets share.
        number: of the net among the victims.
        place: a folder for what was asked.
    """
    net = _OneNet(shared.get(), shared.get().victims.victim(number), place)
    with one_thread():
        clips, queries, unlimited = net.clips, net.queries(), net.unlimited()
    attacked = int((clips["use"] == "attacked").sum())
    sentence = f"{net.name.replace('-', ' ')}: {attacked} clips attacked with {len(queries)} questions"
    return NetAsked(AskedTables(queries, clips), unlimited, net.learnt, sentence)


class _OneNet:
    """The attacks on one net."""

    def __init__(self, job: NetAttack, victim: Victim, place: Path) -> None:
        self.job, self.ground, self.victim, self.place = job, job.ground, victim, place
        self.name = f"{victim.label}-seed-{victim.seed}-fold-{victim.fold}"
        self.target, self.truth = victim.target, victim.truth
        self.tested = {clip.clip_id: clip for clip in victim.clips}
        self._speech: dict[str, Speech] = {}

    def _kept(
        self, what: str, columns: Mapping[str, str], of: object, ask: Callable[[], Iterable[Mapping[str, object]]]
    ) -> pd.DataFrame:
        """A part of the tables: as it was asked before by the very same attack, or asked now and kept."""
        key = _digest((self.job.key, self.victim.key, self.victim.label, self._clips_key, what, of))
        path = self.place / f"{self.name}-{what}.parquet"
        found = asked_before(path, key, columns)
        if found is None:
            found = table_of(ask(), columns)
            write_asked(found, path, key)
        return found

    @cached_property
    def _clips_key(self) -> str:
        """A hash of what is said of its clips: words and phones, since noises may go by them."""
        return _digest(
            [(name, self.truth[name], clip.words, clip.phones) for name, clip in sorted(self.tested.items())]
        )

    def speech(self, clip_id: str) -> Speech:
        """A clip at the net's rate."""
        if clip_id not in self._speech:
            self._speech[clip_id] = load_speech(self.tested[clip_id], self.target.sample_rate_hz)
        return self._speech[clip_id]

    def _sounds(self, clip_id: str) -> bool:
        """Whether there is anything to hear in a clip; against silence there is no SNR."""
        try:
            return self.speech(clip_id).level > 0
        except SoundUnreadable:
            return False

    @cached_property
    def clips(self) -> pd.DataFrame:
        """Its rows of `clips`; whatever is asked goes by these, also where the net would answer otherwise today."""
        return self._kept("clips", CLIPS, None, self._clip_rows)

    def _clip_rows(self) -> Iterator[dict[str, object]]:
        heard = [name for name in self.tested if self._sounds(name)]
        labels = unbudgeted(self.target, [self.speech(name).samples for name in heard], heard)
        clean = dict(zip(heard, labels, strict=True))
        for name in self.tested:
            label = clean.get(name, -1)
            yield {**self._of(name), "truth": self.truth[name], "clean_label": label, "use": self._use(name, label)}

    def _use(self, name: str, clean_label: int) -> Use:
        if clean_label < 0:
            return "silent"
        if clean_label != self.truth[name]:
            return "wrong"
        if name in self.job.own:
            return "own"
        return "attacked" if name in self.job.wanted else "left"

    @cached_property
    def _clean_label(self) -> Mapping[str, int]:
        return dict(zip(self.clips["clip_id"], self.clips["clean_label"].tolist(), strict=True))

    def _used_as(self, use: Use) -> list[str]:
        """Clips in the order of their length, so that a batch holds clips of like length."""
        mine = self.clips.loc[self.clips["use"] == use, "clip_id"]
        return sorted(mine, key=lambda name: (self.tested[name].length_s, name))

    def _of(self, name: str) -> dict[str, object]:
        return {
            "nets": self.job.nets,
            "label": self.victim.label,
            "seed": self.victim.seed,
            "fold": self.victim.fold,
            "clip_id": name,
            "speaker": self.tested[name].speaker,
        }

    @cached_property
    def _own(self) -> pd.DataFrame:
        """What an informed attacker asked about clips of its own."""
        return self._kept("own", LEARNT, self._version, self._own_rows)

    def _own_rows(self) -> Iterator[dict[str, object]]:
        scenes = [self._scene(name, "own", self.job.moves) for name in sorted(self._used_as("own"))]
        return learn(scenes, self.target)

    @cached_property
    def learnt(self) -> Learnt | None:
        """What an informed attacker knows of this net; None where no setting has one."""
        return Learnt.of(self._own) if any(setting.corr for setting in self.job.settings) else None

    @cached_property
    def _version(self) -> str:
        """A hash of what the net said of clean clips."""
        return _digest(self.clips.to_csv(index=False))

    def _scene(
        self, name: str, purpose: str, moves: Sequence[Move], knowledge: Knowledge | None = None, draw: int = 0
    ) -> Scene:
        # The same chance in every setting and for every net, so that they differ in what they are compared for alone.
        rng = rng_for(self.ground.seed, "attack", purpose, name, str(draw))
        design = self.ground.design
        return Scene(
            self.speech(name),
            self._clean_label[name],
            tuple(moves),
            self.ground.sounds,
            int(rng.integers(SEED_MAX)),
            goal_db=design.success_above_snr_db,
            knowledge=knowledge,
            sounds_per_category=design.sounds_per_category,
            kept=self.job.takes,
        )

    def queries(self) -> pd.DataFrame:
        """Its rows of `queries`: every setting, every draw, every clip; a setting is kept as soon as it is done."""
        most = max(self.ground.design.queries)
        draws = range(self.ground.design.repeats)
        return pd.concat([self._asked(setting, draws, most) for setting in self.job.settings], ignore_index=True)

    def _asked(self, setting: Setting, draws: range, most: int) -> pd.DataFrame:
        names = self._used_as("attacked")

        def rows() -> Iterator[dict[str, object]]:
            for draw in draws:
                yield from self._rows(setting, draw, names, most)

        knows = _digest(self._own.to_csv(index=False)) if setting.corr else ""
        of = (attack_named(setting.attack).version, self._version, knows, draws, most)
        return self._kept(setting.slug, QUERIES, of, rows)

    def unlimited(self) -> pd.DataFrame:
        """Questions of the attacks on the waveform where nobody counts, on a few clips."""
        most = self.ground.design.unlimited_queries
        clips = [name for name in self._used_as("attacked") if name in self.job.unlimited]
        found = [table_of((), QUERIES)]
        for setting in self.job.settings:
            attack = attack_named(setting.attack)
            if not attack.uses_moves:
                rows = partial(self._rows, setting, 0, clips, most)
                of = (attack.version, self._version, clips, most)
                found.append(self._kept(f"{setting.slug}-unlimited", QUERIES, of, rows))
        return pd.concat(found, ignore_index=True)

    def _rows(self, setting: Setting, draw: int, names: Sequence[str], most: int) -> Iterator[dict[str, object]]:
        moves = self.job.safe if setting.eval == "before" else self.job.moves
        moves = tuple(move for move in moves if setting.singles or move.additive)
        knowledge = self.learnt.knowledge if setting.corr and self.learnt else None
        scenes = [self._scene(name, "clip", moves, knowledge, draw) for name in names]
        attack = attack_named(setting.attack)
        for scene, outcome in attack_clips(attack, scenes, self.target, most):
            for query in outcome.trace:
                safe = is_safe(self.ground.whitelist, query.move, query.level_db)
                yield query_row(query, self._of(scene.speech.clip_id), setting, draw, safe=safe)


def _digest(told: object) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()
