"""The attack on the nets of a run: who is attacked, in which settings, and that every question is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.whitelist import Whitelist
from models.attacking.asked import CLIPS, QUERIES, Setting
from models.attacking.asking import AnswerWrong, OneByOne
from models.attacking.attack import (
    CLIPS_FILE,
    FOLDER,
    PARTS,
    QUERIES_FILE,
    AttackResult,
    Known,
    NothingToAttack,
    _knowledge_told,
    attack_run,
    attack_victims,
)
from models.attacking.design import AttackDesign
from models.attacking.ground import AttackGround
from models.attacking.knowledge import Learnt, learn, own_clips
from models.attacking.moves import MovesUnknown, NothingToAttackWith, allowed, moves_of
from models.attacking.pages import write_pages
from models.attacking.targets.net import NetTarget
from models.attacking.victims import OneRecogniser
from models.attacks.base import Knowledge, Scene
from models.checkpoint import load_card
from models.labelling import labelling
from pipelines.audio import Samples
from pipelines.bins import USUAL_BINS
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.sound_file import load_speech, write_flac
from pipelines.sounds.base import SoundBank
from pipelines.variants import UnknownVariant

NAMES = ("nat-co-20db", "nat-co-10db", "nat-co-0db", "hum-co-20db", "int-co-20db", "nat-st", "fade-in", "fade-out")
CONDITIONS = {name: study_conditions()[name] for name in NAMES}
DESIGN = AttackDesign(
    queries=(2, 6), snr_levels_db=(0, 5, 10, 15, 20, 30), sounds_per_category=2, beside=("random-search",)
)
SAFE = {
    "nat-co-20db": "SAFE",
    "nat-co-10db": "SAFE",
    "nat-co-0db": "UNSAFE",
    "int-co-20db": "SAFE",
    "hum-co-20db": "UNSAFE",
    "fade-in": "SAFE",
    "fade-out": "UNSAFE",
}


def ground_of(
    known: list[Clip], sounds: SoundBank, whitelist: Whitelist | None = None, /, **changes: Any
) -> AttackGround:
    design = DESIGN.model_copy(update=changes)
    return AttackGround(known, CONDITIONS, sounds, whitelist, design, seed=1, command="earwitness attack")


def attacked(ground: AttackGround, run: Path) -> AttackResult:
    *_, last = attack_run(ground, run)
    assert last.result is not None
    assert last.done == last.total == 4
    return last.result


@pytest.fixture(scope="module")
def place(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(trained, tmp_path_factory.mktemp("attacked") / "run"))


@pytest.fixture(scope="module")
def ground(clips: list[Clip], sounds: SoundBank, make_whitelist: Callable[..., Whitelist]) -> AttackGround:
    return ground_of(clips, sounds, make_whitelist(SAFE))


@pytest.fixture(scope="module")
def result(ground: AttackGround, place: Path) -> AttackResult:
    return attacked(ground, place)


@pytest.fixture
def queries(result: AttackResult) -> pd.DataFrame:
    return result.tables.queries


class TestWhoIsAttacked:
    def test_each_clip_through_the_nets_that_never_heard_its_speaker(self, result: AttackResult, place: Path) -> None:
        for (label, seed, fold), rows in result.tables.clips.groupby(["label", "seed", "fold"]):
            card = load_card(place / str(label) / f"seed-{seed}" / f"fold-{fold}")
            assert set(rows["clip_id"]) == set(card.test_clips)

    def test_clips_that_a_net_gets_wrong_are_left_out_and_counted(self, result: AttackResult) -> None:
        clips = result.tables.clips
        wrong = clips["truth"] != clips["clean_label"]
        assert (clips.loc[wrong, "use"] == "wrong").all()
        assert not (clips.loc[~wrong, "use"] == "wrong").any()

    def test_an_attackers_own_clips_are_of_every_speaker_and_never_attacked(
        self, result: AttackResult, clips: list[Clip]
    ) -> None:
        own = own_clips(clips, DESIGN.own_share, 1)
        speakers = {clip.speaker for clip in clips}
        for speaker in speakers:
            mine = {clip.clip_id for clip in clips if clip.speaker == speaker}
            assert len(mine & own) == 2  # a third of six
        assert not own & set(result.tables.queries["clip_id"])
        assert set(result.tables.clips.loc[result.tables.clips["use"] == "own", "clip_id"]) <= own

    def test_no_speaker_gives_all_clips_away(self) -> None:
        one = [Clip("a", Path("a"), "x"), Clip("b", Path("b"), "y"), Clip("c", Path("c"), "y")]
        assert own_clips(one, 0.9, 1) in ({"b"}, {"c"})

    def test_a_limit_spreads_clips_over_speakers(self, clips: list[Clip], sounds: SoundBank, run: Path) -> None:
        found = attacked(ground_of(clips, sounds, clips=4), run).tables.clips
        chosen = found[found["use"].isin(["attacked", "wrong"])]
        left = found[found["use"] == "left"]
        assert len(set(found.loc[found["use"] == "attacked", "clip_id"])) <= 4
        assert len(left)
        assert chosen["speaker"].nunique() == 4


class TestTheSettings:
    def test_all_are_run_and_random_search_knows_nothing_anyway(self, result: AttackResult) -> None:
        ours = [one for one in result.facts.settings if one.attack == "noise-boundary"]
        assert len(ours) == len({(one.corr, one.eval, one.singles) for one in ours}) == 8
        assert not any(one.corr for one in result.facts.settings if one.attack == "random-search")
        asked = set(result.tables.queries[["attack", "corr", "eval", "singles"]].itertuples(index=False, name=None))
        assert asked == {(one.attack, one.corr, one.eval, one.singles) for one in result.facts.settings}

    def test_before_asks_only_what_the_whitelist_allows(self, queries: pd.DataFrame) -> None:
        before = queries[queries["eval"] == "before"]
        assert before["safe"].all()
        tried = set(before[["move", "level_db"]].fillna(-1).itertuples(index=False, name=None))
        levels = {("nat-co", level) for level in (10, 15, 20, 30)} | {("int-co", level) for level in (20, 30)}
        assert tried <= levels | {("fade-in", -1)}

    def test_safe_means_whitelisted_at_that_level_or_a_lower_one(self, queries: pd.DataFrame) -> None:
        said = queries.groupby(["move", "level_db"])["safe"].unique().to_dict()
        assert all(len(one) == 1 for one in said.values())
        assert not any(one[0] for (move, level), one in said.items() if move == "nat-co" and level < 10)
        assert not any(one[0] for (move, _), one in said.items() if move == "hum-co")

    def test_single_moves_are_asked_only_where_they_may_be(self, queries: pd.DataFrame) -> None:
        single = queries["level_db"].isna()
        assert queries.loc[single, "singles"].all()
        assert set(queries.loc[single, "move"]) == {"fade-in", "fade-out"}
        assert queries.loc[single, "snr_db"].isna().all()

    def test_nobody_asks_more_than_k_and_numbers_go_up_by_one(self, queries: pd.DataFrame) -> None:
        attempt = ["label", "seed", "fold", "clip_id", "draw", "attack", "corr", "eval", "singles"]
        for _, numbers in queries.groupby(attempt)["number"]:
            assert list(numbers) == list(range(1, len(numbers) + 1))
            assert len(numbers) <= 6

    def test_a_design_may_draw_several_times(self, clips: list[Clip], sounds: SoundBank, run: Path) -> None:
        found = attacked(ground_of(clips, sounds, repeats=2, beside=(), queries=(2,)), run).tables.queries
        first, second = (found[found["draw"] == draw] for draw in (0, 1))
        assert len(first) == len(second)
        assert list(first["params"]) != list(second["params"])


class TestWhatIsKnown:
    def test_it_is_told_how_much_was_asked_beforehand(
        self, result: AttackResult, place: Path, clips: list[Clip]
    ) -> None:
        own = [pd.read_parquet(path) for path in (place / FOLDER / PARTS).glob("*-own.parquet")]
        asked = sum(int(one["questions"].sum()) for one in own)
        assert len(own) == 4
        assert any(f"informed attackers put {asked:,} questions" in note for note in result.facts.notes)
        assert set(pd.concat(own)["clip_id"]) <= own_clips(clips, DESIGN.own_share, 1)

    def test_speakers_take_turns(self, clips: list[Clip], sounds: SoundBank) -> None:
        speech = [load_speech(clip, 16000) for clip in clips]
        moves = moves_of({"fade-in": CONDITIONS["fade-in"]}, DESIGN, clips, sounds)
        scenes = [Scene(one, 0, moves, sounds, 1) for one in speech]
        asked = [str(row["clip_id"]) for row in learn(scenes, OneByOne(lambda _: 0, 16000))]
        assert [name.split("-")[0] for name in asked[:4]] == ["s0", "s1", "s2", "s3"]

    def test_an_attacker_without_clips_of_its_own_is_told_to_know_nothing(
        self, clips: list[Clip], sounds: SoundBank, run: Path
    ) -> None:
        one_each = [clip for clip in clips if clip.clip_id.endswith("-0")]
        assert own_clips(one_each, 0.5, 1) == frozenset()
        told = _knowledge_told([Learnt(Knowledge(), 0, 0), Learnt(Knowledge(), 2, 30), None])
        assert "for 1 of 2 nets the attacker has no clip of its own" in told[1]


def test_only_single_moves_are_asked_where_a_study_has_no_others(
    clips: list[Clip], sounds: SoundBank, run: Path
) -> None:
    result = attacked(ground_of(clips, sounds, conditions=("fade-in",), beside=()), run)
    assert {one.singles for one in result.facts.settings} == {True}
    assert set(result.tables.queries["move"]) == {"fade-in"}


class TestAgain:
    def test_the_same_command_makes_the_same_bytes(self, ground: AttackGround, result: AttackResult, run: Path) -> None:
        again = attacked(ground, run)
        pd.testing.assert_frame_equal(
            again.tables.queries.assign(nets=""), result.tables.queries.assign(nets=""), check_exact=True
        )

    def test_what_was_asked_of_a_net_is_not_asked_again(
        self, ground: AttackGround, run: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attacked(ground, run)
        before = (run / FOLDER / QUERIES_FILE).read_bytes()
        (torn,) = (run / FOLDER / PARTS).glob("valence-seed-1-fold-1-noise-boundary.parquet")
        torn.write_bytes(torn.read_bytes()[:100])  # as if it had been killed there
        asked: list[int] = []
        really = NetTarget.labels

        def counted(self: NetTarget, sounds: list[Samples], clip_ids: list[str]) -> list[int]:
            asked.append(len(sounds))
            return really(self, sounds, clip_ids)

        monkeypatch.setattr(NetTarget, "labels", counted)
        attacked(ground, run)
        once = sum(asked)
        assert once > 0
        assert (run / FOLDER / QUERIES_FILE).read_bytes() == before
        asked.clear()
        attacked(ground, run)
        assert asked == []

    def test_another_design_is_asked_anew(self, clips: list[Clip], sounds: SoundBank, run: Path) -> None:
        few = attacked(ground_of(clips, sounds, queries=(1,), beside=()), run)
        more = attacked(ground_of(clips, sounds, queries=(3,), beside=()), run)
        assert few.tables.queries["number"].max() == 1
        assert more.tables.queries["number"].max() == 3

    def test_the_tables_have_just_their_columns(self, result: AttackResult, place: Path) -> None:
        for name, columns in ((QUERIES_FILE, QUERIES), (CLIPS_FILE, CLIPS)):
            assert list(pd.read_parquet(place / FOLDER / name)) == list(columns)
        assert all(isinstance(json.loads(params), dict) for params in result.tables.queries["params"])


def test_what_is_heard_is_what_was_sent(result: AttackResult) -> None:
    assert result.found
    for one in result.found:
        assert len(one.samples) == len(one.original) or one.query["level_db"] is None
        assert one.query["changed"]


def test_its_pages_are_written_beside_its_tables(result: AttackResult, tmp_path: Path) -> None:
    page = write_pages(result, tmp_path)
    assert page.name == "attack.html"
    assert "listening.html" in page.read_text()
    assert len(list((tmp_path / "sound").glob("*.flac"))) >= len(result.found)


class TestBadInput:
    def test_without_a_whitelist_eval_is_not_run_and_said(
        self, clips: list[Clip], sounds: SoundBank, run: Path
    ) -> None:
        result = attacked(ground_of(clips, sounds, beside=()), run)
        assert {one.eval for one in result.facts.settings} == {"no"}
        assert any("earwitness certify" in note for note in result.facts.notes)

    def test_a_whitelist_without_safe_leaves_no_move_and_is_said(
        self, clips: list[Clip], sounds: SoundBank, run: Path, make_whitelist: Callable[..., Whitelist]
    ) -> None:
        result = attacked(ground_of(clips, sounds, make_whitelist({"nat-co-20db": "UNSAFE"}), beside=()), run)
        assert any("no SAFE condition" in note for note in result.facts.notes)
        assert Setting("noise-boundary", corr=False, eval="before", singles=False) in result.facts.settings
        assert not (result.tables.queries["eval"] == "before").any()

    def test_noises_that_nobody_knows_are_named(self, clips: list[Clip], sounds: SoundBank, run: Path) -> None:
        with pytest.raises(MovesUnknown, match=r"'nat-co-10db'; expected some of nat-co, .*a level is no part"):
            attacked(ground_of(clips, sounds, conditions=("nat-co-10db",)), run)

    def test_an_attack_that_nobody_knows_is_named(self, clips: list[Clip], sounds: SoundBank, run: Path) -> None:
        with pytest.raises(UnknownVariant, match="no 'brute-force' among the attacks; known are: "):
            attacked(ground_of(clips, sounds, attack="brute-force"), run)

    def test_a_bank_without_sounds_leaves_nothing_to_attack_with(
        self, clips: list[Clip], make_sounds: Callable[..., SoundBank], run: Path
    ) -> None:
        ground = ground_of(clips, make_sounds(()))
        environmental = {name: noise for name, noise in CONDITIONS.items() if noise.kind == "environmental"}
        with pytest.raises(NothingToAttackWith, match="no clip can carry any of the study's noises"):
            attacked(replace(ground, conditions=environmental), run)

    @pytest.mark.parametrize("budget", [(0,), (), (5, 5), (-1, 3)])
    def test_a_budget_of_nothing_is_refused(self, budget: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="queries"):
            AttackDesign(queries=budget)


class TestAnyRecogniser:
    """One that is no net of ours."""

    def attack(
        self, clips: list[Clip], sounds: SoundBank, label_of: Callable[[Samples], int], place: Path
    ) -> AttackResult:
        ground = ground_of(clips, sounds, beside=())
        victims = OneRecogniser(OneByOne(label_of, 16000), labelling(clips, "activation", USUAL_BINS), clips, "it")
        known = Known({"activation": ("low", "mid", "high")}, "somebody's")
        *_, last = attack_victims(ground, victims, known, place, "it")
        assert last.result is not None
        return last.result

    def test_one_that_always_says_the_same_is_never_fooled(
        self, clips: list[Clip], sounds: SoundBank, tmp_path: Path
    ) -> None:
        result = self.attack(clips, sounds, lambda _: 1, tmp_path)
        assert not result.tables.queries["changed"].any()
        assert (result.tables.clips["use"] == "wrong").sum() == 16  # the low and the high
        assert result.found == ()
        write_pages(result, tmp_path)

    def test_one_that_is_never_right_leaves_nothing_to_attack(
        self, clips: list[Clip], sounds: SoundBank, tmp_path: Path
    ) -> None:
        with pytest.raises(NothingToAttack, match="24 are recognised wrongly"):
            self.attack(clips, sounds, lambda _: 7, tmp_path)

    def test_other_labels_of_the_corpus_are_asked_anew(
        self, clips: list[Clip], sounds: SoundBank, tmp_path: Path
    ) -> None:
        before = self.attack(clips, sounds, lambda _: 0, tmp_path).tables.clips
        turned = [replace(clip, activation=6 - (clip.activation or 0)) for clip in clips]
        after = self.attack(turned, sounds, lambda _: 0, tmp_path).tables.clips
        right = [set(table.loc[table["use"] != "wrong", "clip_id"]) for table in (before, after)]
        assert right[0]
        assert not right[0] & right[1]

    def test_what_a_fickle_recogniser_said_is_one_story(
        self, clips: list[Clip], sounds: SoundBank, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(1)
        first = self.attack(clips, sounds, lambda _: int(rng.integers(2)), tmp_path).tables
        for path in (tmp_path / PARTS).glob("*noise-boundary*"):
            path.unlink()
        again = self.attack(clips, sounds, lambda _: int(rng.integers(2)), tmp_path).tables
        pd.testing.assert_frame_equal(first.clips, again.clips)
        attacked = set(again.clips.loc[again.clips["use"] == "attacked", "clip_id"])
        assert set(again.queries["clip_id"]) <= attacked

    def test_an_answer_that_is_no_label_is_named(self, clips: list[Clip], sounds: SoundBank, tmp_path: Path) -> None:
        with pytest.raises(AnswerWrong, match="nan"):
            self.attack(clips, sounds, lambda _: float("nan"), tmp_path)  # type: ignore[arg-type,return-value]

    def test_silence_is_left_out_and_counted(self, clips: list[Clip], sounds: SoundBank, tmp_path: Path) -> None:
        write_flac(tmp_path / "silent.flac", np.zeros(8000, dtype=np.float32), 16000)
        silent = replace(clips[0], clip_id="silent", path=tmp_path / "silent.flac")
        result = self.attack([*clips, silent], sounds, lambda _: 0, tmp_path)
        uses = result.tables.clips.set_index("clip_id")["use"]
        assert uses["silent"] == "silent"


def test_moves_are_conditions_without_their_level(ground: AttackGround) -> None:
    moves = {move.name: move for move in moves_of(CONDITIONS, DESIGN, ground.clips, ground.sounds)}
    assert set(moves) == {"nat-co", "hum-co", "int-co", "nat-st", "fade-in", "fade-out"}
    assert moves["nat-co"].levels_db == DESIGN.snr_levels_db
    assert not moves["fade-in"].additive
    assert ground.whitelist is not None
    kept = {move.name: move.levels_db for move in allowed(list(moves.values()), ground.whitelist)}
    assert kept == {"nat-co": (10, 15, 20, 30), "int-co": (20, 30), "fade-in": ()}
