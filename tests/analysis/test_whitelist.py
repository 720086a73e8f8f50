"""The whitelist: derived again it is the same, read back it is the same, changed by hand it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.aggregators.majority_vote import MajorityVote
from analysis.certify import decide_dimension, overall
from analysis.judgments_file import JudgmentsRefused
from analysis.rule import DecisionRule
from analysis.whitelist import (
    BankPlace,
    ConditionAgreement,
    ConditionVerdict,
    DimensionRatio,
    OtherJudgments,
    SimulatedWhitelist,
    Whitelist,
    WhitelistRefused,
    build,
    load,
)

NOW = datetime(2026, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)
RULE = DecisionRule()


def built(path: Path, created_at: datetime = NOW) -> Whitelist:
    return build(path, study="spring", seed=3, rule=RULE, aggregator=MajorityVote(), created_at=created_at)


def condition(
    name: str, family: str, snr_db: float | None, activation: int, valence: int, pairs: int = 100
) -> ConditionVerdict:
    parts = [decide_dimension("activation", pairs, 3 * pairs, count, RULE) for count in (activation, valence)]
    shown = [
        DimensionRatio(
            votes=part.votes,
            different=part.different,
            ratio=part.ratio,
            lower=part.lower,
            upper=part.upper,
            decision=part.decision,
        )
        for part in parts
    ]
    return ConditionVerdict(
        condition=name,
        family=family,
        snr_db=snr_db,
        decision=overall([part.decision for part in parts]),
        reason="",
        pairs=pairs,
        votes=3 * pairs,
        activation=shown[0],
        valence=shown[1],
        agreement=ConditionAgreement(unanimous=None, pairwise=None, alpha=None),
    )


def whitelist(*conditions: ConditionVerdict, simulated: bool = False) -> Whitelist:
    return Whitelist(
        created_at=NOW,
        study="spring",
        seed=3,
        rule=RULE,
        judgments_sha256="0" * 64,
        judgments=1,
        pairs=sum(verdict.pairs for verdict in conditions),
        workers=1,
        simulated=simulated,
        earwitness="0",
        notes=(),
        conditions=conditions,
    )


SAFE, OPEN, UNSAFE = 0, 10, 60  # different pairs of 100


class TestDeriving:
    def test_the_same_judgments_give_the_same_content(self, written: Callable, study: Callable) -> None:
        path = written(study(pairs=30))
        first, second = built(path), built(path, LATER)
        assert first.model_copy(update={"created_at": LATER}) == second

    def test_it_says_what_it_rests_on(self, written: Callable, study: Callable) -> None:
        rows = study(pairs=30)
        found = built(written(rows))
        assert (found.judgments, found.pairs, found.simulated) == (len(rows), 30 * 11, False)
        assert found.aggregator == "majority-vote"
        assert "hum-co-0db" not in found.safe_conditions
        assert found.allows("nat-co-20db")
        assert not found.allows("never-judged")

    def test_one_simulated_listener_makes_it_simulated(self, written: Callable, make: Callable) -> None:
        assert built(written([make(1), make(2, simulated=True)])).simulated

    def test_wrong_rows_are_kept_out_and_a_note_says_so(self, written: Callable, make: Callable) -> None:
        path = written([make(1), make(2), make(3)])
        path.write_text(path.read_text().replace("j000002,p00002,", "j000002,,"))
        found = built(path)
        assert (found.judgments, found.pairs) == (2, 2)
        assert any("1 row of the judgments is wrong and kept out" in note for note in found.notes)

    def test_a_file_without_a_good_row_gives_no_whitelist(self, written: Callable, make: Callable) -> None:
        with pytest.raises(JudgmentsRefused, match="line 2"):
            built(written([make(1, activation="maybe")]))

    def test_it_knows_its_judgments_by_their_bytes(self, written: Callable, make: Callable) -> None:
        path = written([make(1)])
        found = built(path)
        found.verify(path)
        path.write_bytes(path.read_bytes() + b"\n")
        with pytest.raises(OtherJudgments, match="certify again"):
            found.verify(path)


class TestFile:
    @given(
        levels=st.lists(
            st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(80, 300), st.none() | st.floats(-20, 40)),
            max_size=5,
        )
    )
    def test_it_comes_back_as_it_was(self, tmp_path_factory: pytest.TempPathFactory, levels: list) -> None:
        path = tmp_path_factory.mktemp("list") / "whitelist.json"
        conditions = [condition(f"c{n}", "f", snr, a, v, pairs) for n, (a, v, pairs, snr) in enumerate(levels)]
        found = whitelist(*conditions)
        found.save(path)
        assert load(path) == found

    def test_it_says_how_it_is_applied(self, tmp_path: Path) -> None:
        made: dict[str, Any] = {"nat-st": {"snr_db": 5.0, "rules": ["a", 1, None]}}
        place = BankPlace(name="esc50", path="/data/ESC-50")
        whitelist().model_copy(update={"noises": made, "sounds": (place,)}).save(tmp_path / "whitelist.json")

        found = load(str(tmp_path / "whitelist.json"))

        assert (found.noises, found.sounds) == (made, (place,))

    def test_a_file_from_before_it_said_so_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "whitelist.json"
        whitelist().save(path)
        content = json.loads(path.read_text())
        del content["noises"], content["sounds"]
        path.write_text(json.dumps(content))

        assert load(path) == whitelist()

    def test_nothing_is_left_beside_it(self, tmp_path: Path) -> None:
        whitelist().save(tmp_path / "whitelist.json")
        assert [file.name for file in tmp_path.iterdir()] == ["whitelist.json"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "not JSON"),
            ("[]", "format"),
            ('{"format": "other"}', "format"),
            ('{"format": "earwitness-whitelist", "version": 2}', "version 2"),
            ('{"format": "earwitness-whitelist", "version": 1}', "rule: Field required"),
        ],
    )
    def test_another_file_is_refused(self, tmp_path: Path, content: str, said: str) -> None:
        path = tmp_path / "whitelist.json"
        path.write_text(content)
        with pytest.raises(WhitelistRefused, match=said):
            load(path)

    def test_a_missing_file_is_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "whitelist.json")

    @pytest.mark.parametrize(
        ("where", "value", "said"),
        [
            (("conditions", 0, "decision"), "SAFE", "its dimensions give UNSAFE"),
            (("conditions", 0, "activation", "decision"), "SAFE", "its counts and rule give UNSAFE"),
            (("conditions", 0, "activation", "different"), 1, "give 0.01"),
            (("conditions", 0, "activation", "different"), 101, "101 different of 100 pairs"),
            (("conditions", 0, "activation", "ratio"), 0.01, "ratio is 0.01"),
            (("conditions", 0, "activation", "upper"), 0.05, "upper is 0.05"),
            (("conditions", 0, "activation", "ratio"), 7, "less than or equal to 1"),
            (("rule", "max_different"), 0.5, "its counts and rule give"),
            (("pairs",), 7, "do not add up to 7"),
            (("judgments_sha256",), "abc", "judgments_sha256"),
            (("created_at",), "2026-02-01T00:00:00", "created_at"),
            (("extra",), 1, "extra"),
        ],
    )
    def test_a_changed_value_is_refused(self, tmp_path: Path, where: tuple, value: object, said: str) -> None:
        path = tmp_path / "whitelist.json"
        whitelist(condition("cry", "cry", None, UNSAFE, OPEN)).save(path)
        content: Any = json.loads(path.read_text())
        place = content
        for key in where[:-1]:
            place = place[key]
        place[where[-1]] = value
        path.write_text(json.dumps(content))
        with pytest.raises(WhitelistRefused, match=said):
            load(path)


class TestAllowing:
    def test_a_level_is_allowed_at_or_above_a_safe_one(self) -> None:
        found = whitelist(condition("nat-co-10db", "nat", 10.0, SAFE, SAFE))
        assert [found.allowed_at("nat", snr_db) for snr_db in (5.0, 10.0, 15.0)] == [False, True, True]
        assert not found.allowed_at("hum", 10.0)

    def test_an_unsafe_level_is_not_overruled_by_a_noisier_safe_one(self) -> None:
        found = whitelist(
            condition("nat-co-10db", "nat", 10.0, UNSAFE, SAFE), condition("nat-co-0db", "nat", 0.0, SAFE, SAFE)
        )
        assert [found.allowed_at("nat", snr_db) for snr_db in (0.0, 5.0, 10.0, 15.0)] == [True, False, False, False]

    def test_an_undecided_level_is_allowed_by_a_noisier_safe_one(self) -> None:
        found = whitelist(
            condition("nat-co-10db", "nat", 10.0, OPEN, SAFE), condition("nat-co-0db", "nat", 0.0, SAFE, SAFE)
        )
        assert found.allowed_at("nat", 10.0)
        assert not found.allows("nat-co-10db")

    def test_conditions_of_a_family_at_one_level_all_have_to_be_safe(self) -> None:
        found = whitelist(
            condition("nat-st", "nat", 10.0, UNSAFE, SAFE), condition("nat-co-10db", "nat", 10.0, SAFE, SAFE)
        )
        assert not found.allowed_at("nat", 10.0)
        assert found.allowed_at("nat-co", 10.0)

    def test_one_dimension_can_be_asked_for_alone(self) -> None:
        found = whitelist(
            condition("fade-in", "fade", None, SAFE, OPEN), condition("fade-out", "fade", None, SAFE, SAFE)
        )
        assert found.safe_in("activation") == ("fade-in", "fade-out")
        assert found.safe_in("valence") == found.safe_in(None) == ("fade-out",)

    def test_conditions_without_a_level_allow_none(self) -> None:
        assert not whitelist(condition("fade-in", "fade", None, SAFE, SAFE)).allowed_at("fade", 20.0)

    def test_simulated_verdicts_are_refused_unless_forced(self) -> None:
        found = whitelist(simulated=True)
        found.require_real(force=True)
        with pytest.raises(SimulatedWhitelist, match="says nothing about people"):
            found.require_real()
        whitelist().require_real()
