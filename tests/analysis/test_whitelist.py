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

from analysis.judgments_file import JudgmentsRefused
from analysis.rule import DecisionRule
from analysis.verdicts import Verdict
from analysis.whitelist import (
    NotCertified,
    OtherJudgments,
    SimulatedWhitelist,
    Whitelist,
    WhitelistRefused,
    json_schema,
    seal_of,
)
from analysis.whitelist_building import Origin, build
from analysis.whitelist_parts import BankPlace
from hits.vote_rules import MAJORITY_OF_3
from tests.whitelists import NOW, verdict, whitelist

LATER = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = Path(__file__).parents[2] / "docs" / "whitelist.schema.json"
SAFE: Verdict = "SAFE"
OPEN: Verdict = "UNDECIDED"
UNSAFE: Verdict = "UNSAFE"


def built(path: Path, created_at: datetime = NOW, **rule: Any) -> Whitelist:
    return build(
        path, Origin("spring", 3), rule=DecisionRule(**{"tau": 0.2, **rule}), votes=MAJORITY_OF_3, created_at=created_at
    )


class TestDeriving:
    def test_the_same_judgments_give_the_same_content(self, written: Callable, study: Callable) -> None:
        path = written(study(pairs=30))
        first, second = built(path), built(path, LATER)
        assert first.model_copy(update={"created_at": LATER}) == second
        assert first.seal == second.seal

    def test_it_says_what_it_rests_on(self, written: Callable, study: Callable) -> None:
        rows = study(pairs=30, positive=30)
        found = built(written(rows))
        assert (found.judgments, found.pairs, found.simulated) == (len(rows), 30 * 11, False)
        assert found.aggregator == "majority-vote"
        assert [control.identical for control in found.controls] == [30, 30]
        assert (found.exclusions.late, found.exclusions.not_used) == (1, 1)
        assert found.stamp.fixed_at is None
        assert found.stamp.first_vote_at is not None
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
        said=st.lists(
            st.tuples(
                st.sampled_from([SAFE, OPEN, UNSAFE]),
                st.sampled_from([SAFE, OPEN, UNSAFE]),
                st.integers(1, 300),
                st.none() | st.floats(-20, 40),
            ),
            max_size=5,
        )
    )
    def test_it_comes_back_as_it_was(self, tmp_path_factory: pytest.TempPathFactory, said: list) -> None:
        path = tmp_path_factory.mktemp("list") / "whitelist.json"
        judged = [verdict(f"c{n}", a, v, snr_db=snr, pairs=pairs) for n, (a, v, pairs, snr) in enumerate(said)]
        found = whitelist(*judged)
        found.save(path)
        assert Whitelist.load(path) == found

    def test_its_schema_is_the_published_one(self) -> None:
        assert json.loads(SCHEMA.read_text()) == json_schema()

    def test_the_schema_takes_what_is_written(self, tmp_path: Path) -> None:
        jsonschema = pytest.importorskip("jsonschema")
        whitelist(verdict("cry", UNSAFE, OPEN)).save(tmp_path / "whitelist.json")
        jsonschema.validate(json.loads((tmp_path / "whitelist.json").read_text()), json_schema())

    def test_it_says_how_it_is_applied(self, tmp_path: Path) -> None:
        made: dict[str, Any] = {"nat-st": {"snr_db": 5.0, "rules": ["a", 1, None]}}
        place = BankPlace(name="esc50", path="/data/ESC-50")
        whitelist().model_copy(update={"noises": made, "sounds": (place,)}).save(tmp_path / "whitelist.json")

        found = Whitelist.load(str(tmp_path / "whitelist.json"))

        assert (found.noises, found.sounds) == (made, (place,))

    def test_where_sounds_lie_may_be_changed_by_hand(self, tmp_path: Path) -> None:
        path = tmp_path / "whitelist.json"
        whitelist(sounds=(BankPlace(name="esc50", path="/home/ada/ESC-50"),)).save(path)
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "sounds": []}))

        assert Whitelist.load(path) == whitelist()

    def test_a_file_from_before_a_setting_was_known_is_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "whitelist.json"
        whitelist(verdict("cry", UNSAFE, OPEN)).save(path)
        content = json.loads(path.read_text())
        del content["rule"]["controls_after"]
        path.write_text(json.dumps({**content, "seal": seal_of(content)}))
        assert Whitelist.load(path).conditions[0].decision == "UNSAFE"

    def test_a_file_without_its_seal_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "whitelist.json"
        whitelist().save(path)
        path.write_text(json.dumps({**json.loads(path.read_text()), "seal": ""}))
        with pytest.raises(WhitelistRefused, match="no seal"):
            Whitelist.load(path)

    def test_nothing_is_left_beside_it(self, tmp_path: Path) -> None:
        whitelist().save(tmp_path / "whitelist.json")
        assert [file.name for file in tmp_path.iterdir()] == ["whitelist.json"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "not JSON"),
            ("[]", "format"),
            ('{"format": "other"}', "format"),
            ('{"format": "earwitness-whitelist", "version": 1}', "version 1"),
            ('{"format": "earwitness-whitelist", "version": 2}', "rule: Field required"),
        ],
    )
    def test_another_file_is_refused(self, tmp_path: Path, content: str, said: str) -> None:
        path = tmp_path / "whitelist.json"
        path.write_text(content)
        with pytest.raises(WhitelistRefused, match=said):
            Whitelist.load(path)

    def test_a_missing_file_is_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Whitelist.load(tmp_path / "whitelist.json")

    @pytest.mark.parametrize(
        ("where", "value", "said"),
        [
            (("conditions", 0, "decision"), "SAFE", "not in both dimensions"),
            (("conditions", 0, "activation", "decision"), "SAFE", "changed after it was written"),
            (("conditions", 0, "activation", "share"), 0.01, "changed after it was written"),
            (("conditions", 0, "activation", "different"), 1, "give 0.01"),
            (("conditions", 0, "activation", "different"), 101, "101 different"),
            (("conditions", 0, "activation", "changed"), 101, "101 changed of 100 pairs"),
            (("conditions", 0, "activation", "ratio"), 0.01, "ratio is 0.01"),
            (("conditions", 0, "activation", "upper"), 0.05, "upper is 0.05"),
            (("conditions", 0, "activation", "ratio"), 7, "less than or equal to 1"),
            (("rule", "tau"), 0.3, "changed after it was written"),
            (("judgments_sha256",), None, "names no judgments"),
            (("pairs",), 7, "do not add up to 7"),
            (("judgments_sha256",), "abc", "judgments_sha256"),
            (("created_at",), "2026-02-01T00:00:00", "created_at"),
            (("extra",), 1, "extra"),
        ],
    )
    def test_a_changed_value_is_refused(self, tmp_path: Path, where: tuple, value: object, said: str) -> None:
        path = tmp_path / "whitelist.json"
        whitelist(verdict("cry", UNSAFE, OPEN)).save(path)
        content: Any = json.loads(path.read_text())
        place = content
        for key in where[:-1]:
            place = place[key]
        place[where[-1]] = value
        path.write_text(json.dumps(content))
        with pytest.raises(WhitelistRefused, match=said):
            Whitelist.load(path)


class TestAllowing:
    def test_a_level_is_allowed_at_or_above_a_safe_one(self) -> None:
        found = whitelist(verdict("nat-co-10db", SAFE, SAFE, family="nat", snr_db=10.0))
        assert [found.allowed_at("nat", snr_db) for snr_db in (5.0, 10.0, 15.0)] == [False, True, True]
        assert not found.allowed_at("hum", 10.0)

    def test_an_unsafe_level_is_not_overruled_by_a_noisier_safe_one(self) -> None:
        found = whitelist(
            verdict("nat-co-10db", UNSAFE, SAFE, family="nat", snr_db=10.0),
            verdict("nat-co-0db", SAFE, SAFE, family="nat", snr_db=0.0),
        )
        assert [found.allowed_at("nat", snr_db) for snr_db in (0.0, 5.0, 10.0, 15.0)] == [True, False, False, False]

    def test_an_undecided_level_allows_nothing_though_a_noisier_one_is_safe(self) -> None:
        found = whitelist(
            verdict("nat-co-10db", OPEN, SAFE, family="nat", snr_db=10.0),
            verdict("nat-co-0db", SAFE, SAFE, family="nat", snr_db=0.0),
        )
        assert not found.allowed_at("nat", 10.0)
        assert found.allowed_at("nat", 5.0)
        assert not found.allows("nat-co-10db")

    def test_conditions_of_a_family_at_one_level_all_have_to_be_safe(self) -> None:
        found = whitelist(
            verdict("nat-st", UNSAFE, SAFE, family="nat", snr_db=10.0),
            verdict("nat-co-10db", SAFE, SAFE, family="nat", snr_db=10.0),
        )
        assert not found.allowed_at("nat", 10.0)
        assert found.allowed_at("nat-co", 10.0)

    def test_one_dimension_can_be_asked_for_alone(self) -> None:
        found = whitelist(
            verdict("fade-in", SAFE, OPEN, family="fade", snr_db=None),
            verdict("fade-out", SAFE, SAFE, family="fade", snr_db=None),
        )
        assert found.safe_in("activation") == ("fade-in", "fade-out")
        assert found.safe_in("valence") == found.safe_in(None) == ("fade-out",)

    def test_conditions_without_a_level_allow_none(self) -> None:
        assert not whitelist(verdict("fade-in", SAFE, SAFE, family="fade", snr_db=None)).allowed_at("fade", 20.0)

    def test_simulated_verdicts_are_refused_unless_forced(self) -> None:
        found = whitelist(simulated=True)
        found.require_real(force=True)
        with pytest.raises(SimulatedWhitelist, match="says nothing about people"):
            found.require_real()
        whitelist().require_real()

    def test_reported_verdicts_are_refused_unless_forced(self, tmp_path: Path) -> None:
        found = whitelist(kind="reported", judgments_sha256=None)
        found.require_real(force=True)
        with pytest.raises(NotCertified, match="not certified"):
            found.require_real()
        with pytest.raises(NotCertified, match="not certified"):
            found.verify(tmp_path)
