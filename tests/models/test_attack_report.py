"""The attack on a run, and what is written of it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from analysis.whitelist import Whitelist
from models.attacking.attack import (
    Attacked,
    AttackResult,
    EvaluationUnreadable,
    NothingToAttackWith,
    Setting,
    allowed_moves,
    family_order,
    success_rates,
)
from models.attacking.report import PAPER, page_of, run_attack
from models.attacking.target import Target
from models.attacks.base import AttackDesign, Outcome, Query
from models.checkpoint import load_card, load_checkpoint
from models.evaluating.evaluate import evaluate
from models.features.base import Filterbanks
from models.features.filterbanks import LogMel
from models.hearing.normalise import scale_by_speaker
from pipelines.clip import Clip
from pipelines.conditions import study_conditions
from pipelines.sound_file import load_speech
from pipelines.sounds.base import SoundBank

DESIGN = AttackDesign(queries=(2, 6), snr_levels_db=(0, 5, 10, 15, 20, 30), sounds_per_family=2, clips=5)
SAFE = {
    "nat-co-20db": "SAFE",
    "nat-co-10db": "SAFE",
    "nat-co-0db": "UNSAFE",
    "int-co-20db": "SAFE",
    "hum-co-20db": "UNSAFE",
}


def attacked(
    clips: list[Clip], sounds: SoundBank, whitelist: Whitelist | None, folder: Path, design: AttackDesign = DESIGN
) -> AttackResult:
    *_, last = run_attack(clips, sounds, whitelist, design, folder, seed=1, command="earwitness attack --run first")
    assert last.result is not None
    assert last.done == last.total
    return last.result


@pytest.fixture(scope="module")
def evaluated_run(
    trained: Path, clips: list[Clip], sounds: SoundBank, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    run = Path(shutil.copytree(trained, tmp_path_factory.mktemp("evaluated") / "run"))
    conditions = {name: study_conditions()[name] for name in ("nat-co-0db", "hum-co-0db", "fade-in")}
    for _ in evaluate(clips, sounds, conditions, run, seed=1, command="earwitness evaluate"):
        pass
    return run


@pytest.fixture(scope="module")
def result(
    evaluated_run: Path, clips: list[Clip], sounds: SoundBank, make_whitelist: Callable[..., Whitelist]
) -> AttackResult:
    return attacked(clips, sounds, make_whitelist(SAFE), evaluated_run)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "attack.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class TestTheRows:
    @pytest.fixture
    def rows(self, result: AttackResult, evaluated_run: Path) -> list[dict[str, str]]:
        return rows_of(evaluated_run)

    def test_there_is_one_for_each_clip_net_setting_and_budget(self, rows: list[dict[str, str]]) -> None:
        keys = [(r["dimension"], r["clip_id"], r["corr"], r["eval"], r["k"]) for r in rows]
        assert len(set(keys)) == len(keys) == 2 * 5 * (2 * 3) * 2

    def test_success_means_a_changed_label_above_10_db_in_k_queries(self, rows: list[dict[str, str]]) -> None:
        for row in rows:
            trace = json.loads(row["trace"])
            assert len(trace) == int(row["queries"]) <= int(row["k"])
            if row["eval"] != "counted":
                won = [q for q in trace if q["label"] != row["clean_label"] and q["snr_db"] > 10]
                assert (row["success"] == "yes") == bool(won)
        assert {row["success"] for row in rows} == {"yes", "no"}

    def test_an_attacker_held_to_the_whitelist_keeps_to_it(self, rows: list[dict[str, str]]) -> None:
        tried = {(q["family"], q["level_db"]) for r in rows if r["eval"] == "yes" for q in json.loads(r["trace"])}
        assert tried
        assert tried <= {("nat", 10), ("nat", 15), ("nat", 20), ("nat", 30), ("int", 20), ("int", 30)}

    def test_counting_safe_successes_alone_never_finds_more(self, rows: list[dict[str, str]]) -> None:
        by_key = {(r["dimension"], r["clip_id"], r["corr"], r["k"], r["eval"]): r["success"] for r in rows}
        counted = [key for key in by_key if key[-1] == "counted"]
        assert counted
        assert all(by_key[(*key[:-1], "no")] == "yes" for key in counted if by_key[key] == "yes")

    def test_an_informed_attacker_begins_with_what_hurts_most(
        self, rows: list[dict[str, str]], evaluated_run: Path
    ) -> None:
        for dimension in ("activation", "valence"):
            order = family_order(evaluated_run, dimension)
            first = {
                json.loads(r["trace"])[0]["family"]
                for r in rows
                if r["dimension"] == dimension and r["corr"] == "yes" and r["eval"] == "no"
            }
            assert set(order) == {"nat", "hum"}
            assert first == {order[0]}

    def test_every_clip_is_attacked_through_the_net_that_never_heard_its_speaker(
        self, rows: list[dict[str, str]], evaluated_run: Path
    ) -> None:
        tested = {
            (dimension, str(fold)): load_card(evaluated_run / dimension / "seed-1" / f"fold-{fold}").test_clips
            for dimension in ("activation", "valence")
            for fold in (0, 1)
        }
        assert all(row["clip_id"] in tested[row["dimension"], row["fold"]] for row in rows)

    def test_clips_are_spread_over_speakers(self, rows: list[dict[str, str]]) -> None:
        assert {row["speaker"] for row in rows} == {f"speaker-{number}" for number in range(4)}


def test_the_same_seed_gives_the_same_bytes(run: Path, clips: list[Clip], sounds: SoundBank) -> None:
    attacked(clips, sounds, None, run)
    first = (run / "attack.csv").read_bytes()
    attacked(clips, sounds, None, run)
    assert (run / "attack.csv").read_bytes() == first


def test_what_cannot_be_run_is_said(
    run: Path, clips: list[Clip], sounds: SoundBank, make_whitelist: Callable[..., Whitelist]
) -> None:
    result = attacked(clips, sounds, None, run)
    assert {rate.setting for rate in result.rates} == {Setting(corr=False, eval="no")}
    assert "earwitness evaluate" in result.notes[0]
    assert "earwitness certify" in result.notes[1]
    result = attacked(clips, sounds, make_whitelist({"nat-co-20db": "UNSAFE"}), run)
    assert "allows no background sound" in result.notes[1]
    assert {rate.p_if for rate in result.rates if rate.setting.eval == "yes"} == {0.0}


def test_a_bank_without_sounds_is_refused(run: Path, clips: list[Clip], make_sounds: Callable[..., SoundBank]) -> None:
    with pytest.raises(NothingToAttackWith, match="nat, hum, int"):
        attacked(clips, make_sounds(()), None, run)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "label,family,snr_db,change\nactivation,nat,10,much\n"])
def test_a_broken_evaluation_is_refused(run: Path, clips: list[Clip], sounds: SoundBank, content: str) -> None:
    (run / "evaluation.csv").write_text(content)
    if not content:
        assert family_order(run, "activation") == ()
        return
    with pytest.raises(EvaluationUnreadable, match="run `earwitness evaluate` again"):
        attacked(clips, sounds, None, run)


def test_moves_follow_the_whitelist(make_whitelist: Callable[..., Whitelist]) -> None:
    moves = allowed_moves(DESIGN, ("hum", "nat", "int"), make_whitelist(SAFE))
    assert moves.families == ("nat", "int")
    assert moves.levels_db["nat"] == (10, 15, 20, 30)
    everything = allowed_moves(DESIGN, ("hum", "nat"), None)
    assert everything.families == ("hum", "nat")
    assert everything.levels_db["hum"] == DESIGN.snr_levels_db


def test_p_if_is_the_mean_over_speakers_of_the_mean_over_clips() -> None:
    def one(clip_id: str, speaker: str, snr_db: float | None) -> Attacked:
        query = Query(1, "nat", "nat-0", 0.0, 20.0, snr_db or 0.0, 1, changed=snr_db is not None)
        clip = Clip(clip_id, Path("x"), speaker)
        setting, classes = Setting(corr=False, eval="no"), ("low", "mid", "high")
        return Attacked("valence", 0, clip, setting, classes, 0, 0, Outcome((query,), None), [True])

    members = [
        one("a1", "a", 20.0),
        one("a2", "a", None),
        one("a3", "a", 9.0),
        one("a4", "a", 10.0),
        one("b", "b", 11.0),
    ]
    rate = next(success_rates(members, AttackDesign(queries=(1,))))
    assert rate.p_if == pytest.approx((1 / 4 + 1) / 2)
    assert (rate.speakers, rate.clips) == (2, 5)
    assert rate.p_if_sd == pytest.approx(np.std([0.25, 1], ddof=1))


def test_the_target_says_what_the_evaluation_says(run: Path, clips: list[Clip]) -> None:
    feature = LogMel(Filterbanks())
    samples = {clip.clip_id: load_speech(clip, 16000).samples for clip in clips}
    scales = scale_by_speaker((clip.speaker, feature.of([samples[clip.clip_id]])[0]) for clip in clips)
    checkpoint = load_checkpoint(run / "activation" / "seed-1" / "fold-0")
    tested = [clip for clip in clips if clip.clip_id in checkpoint.card.test_clips]
    right = [
        Target(checkpoint.net, {"filterbanks": feature}, {"filterbanks": scales[clip.speaker]})(samples[clip.clip_id])
        == {1.5: 0, 3.0: 1, 4.5: 2}[clip.activation or 0]
        for clip in tested
    ]
    assert np.mean(right) == pytest.approx(checkpoint.card.measures["test_uar"])  # classes are equally frequent


class TestThePage:
    def test_it_says_which_row_is_which_and_how_to_get_it_again(self, result: AttackResult) -> None:
        page = page_of(result)
        assert "SIMULATED listeners" in page
        assert "earwitness attack --run first" in page
        for words in ("Corr no · Eval no", "Corr yes · Eval yes", "Corr yes · Eval counted", "k = 2", "k = 6"):
            assert words in page

    def test_it_shows_the_papers_figures_at_the_papers_budgets_alone(
        self, run: Path, clips: list[Clip], sounds: SoundBank
    ) -> None:
        assert PAPER[False, "no"][5] == 0.22
        ours = attacked(clips, sounds, None, run, DESIGN.model_copy(update={"queries": (5, 6), "clips": 2}))
        assert page_of(ours).count('<span class="paper">.22</span>') == 3  # both, activation, valence
        assert page_of(ours).count('class="paper"') == 3

    def test_it_says_what_is_made_up_and_nothing_where_nothing_is(
        self, run: Path, clips: list[Clip], sounds: SoundBank
    ) -> None:
        design = DESIGN.model_copy(update={"clips": 1})
        assert "SIMULATED" not in page_of(attacked(clips, sounds, None, run, design))
        for path in run.rglob("card.json"):
            path.write_text(path.read_text().replace('"simulated": false', '"simulated": true'))
        assert "SIMULATED speech:" in page_of(attacked(clips, sounds, None, run, design))

    def test_it_stands_alone(self, result: AttackResult) -> None:
        class Links(HTMLParser):
            def __init__(self) -> None:
                super().__init__()
                self.found: list[str] = []

            def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
                self.found += [value or "" for name, value in attrs if name in ("src", "href")]

        links = Links()
        links.feed(page_of(result))
        assert set(links.found) == {"data:,", "attack.csv", "attack.json"}

    def test_names_from_a_corpus_are_never_markup(self, result: AttackResult) -> None:
        renamed = [replace(one, clip=replace(one.clip, clip_id="<script>x")) for one in result.attacked]
        assert "&lt;script&gt;x" in page_of(replace(result, attacked=tuple(renamed)))
        assert "<script" not in page_of(replace(result, attacked=tuple(renamed)))

    def test_the_json_holds_the_rates_and_how_they_came_to_be(self, result: AttackResult, evaluated_run: Path) -> None:
        whole = json.loads((evaluated_run / "attack.json").read_text())
        assert whole["simulated"] is True
        assert whole["design"]["queries"] == [2, 6]
        assert len(whole["rates"]) == len(result.rates) == 3 * 6 * 2
        assert {"corr", "eval", "k", "p_if"} <= set(whole["rates"][0])
