"""What tables tell of themselves: what they rest on, what they lack, and nothing that is not so."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from analysis.report.parts import Folded, Listed, Plot, Section, Words
from analysis.tables import Table
from models.experiment import MeasureDesign
from models.experiments.clean_trained import CleanTrained
from models.experiments.leave_one_noise_out import LeaveOneNoiseOut
from models.experiments.whitelist_worth import EVERYTHING, WhitelistWorth
from models.measures.predictions import CLEAN, checked
from models.measures.resampling import smallest_p
from models.tables.arms import Ground, held_out
from models.tables.cells import notes
from models.tables.markdown import as_markdown
from models.tables.page import page_of
from models.tables.results import Facts, Results
from tests.models.made_up import predictions
from tests.models.made_up_results import CLASSES, ground, made_up
from tests.whitelists import verdict, whitelist

NAMES = ("nat-st", "hum-st", "int-st", "reverb", "fade-in", "speed-segment")
SAFE = whitelist(*(verdict(name) for name in NAMES))


def told(known: Ground, **how: object) -> tuple[Results, Section]:
    """Results and table of nets that were trained on clean."""
    results = made_up(CleanTrained().arms(known), known, **how)  # type: ignore[arg-type]
    return results, CleanTrained().table(results)


class TestUnits:
    def test_speakers_who_share_a_net_are_said_to(self) -> None:
        results, _ = told(ground(SAFE, NAMES[:1]))
        said = " ".join(notes(results))
        assert "100 resamples of 10 speakers, net by net: the 5 nets of a seed" in said
        assert "both by t over the 5 nets and by swapping predictions speaker by speaker (all ways" in said
        assert "a small gain is not seen" in said
        assert "shows only in how folds differ" in said

    def test_speakers_with_a_net_each_are_said_to(self) -> None:
        results, _ = told(ground(SAFE, NAMES[:1]), speakers=5)
        said = " ".join(notes(results))
        assert "each with a net of their own" in said
        assert f"p is at least {smallest_p(5):.2g}" in said
        assert "by t over" not in said

    def test_luck_of_a_single_net_is_said_to_be_in_no_figure(self) -> None:
        results, _ = told(ground(SAFE, NAMES[:1]))
        one = {name: table.assign(fold=0) for name, table in results.predictions.items()}
        said = " ".join(notes(Results(one, results.ground, results.facts)))
        assert "its luck is in no limits or p" in said


class TestWhitelist:
    def test_a_table_says_which_whitelist_chose_its_rows(self) -> None:
        _, section = told(ground(SAFE, NAMES[:1]))
        assert "Whitelist: of the study 'spring', certified." in as_markdown(section)
        assert section.title == CleanTrained.question

    def test_without_a_whitelist_nobody_is_said_not_to_mind(self) -> None:
        _, section = told(ground(None, ("nat-st", "laugh")))
        said = as_markdown(section)
        assert "No whitelist chose the conditions" in said
        assert "do not mind" not in said

    def test_simulated_listeners_make_a_table_its_files_and_the_page_simulated(self) -> None:
        real, plain = told(ground(SAFE, NAMES[:1]))
        _, section = told(ground(whitelist(verdict("nat-st"), simulated=True), NAMES[:1]))
        assert "Simulated: " in as_markdown(section)
        assert "its listeners are simulated" in as_markdown(section)
        rows = list(csv.DictReader(io.StringIO(section.files["clean-trained.csv"])))
        assert {(row["simulated"], row["mapped"], row["whitelist"]) for row in rows} == {("True", "False", "certified")}
        banner = 'aria-label="Simulated"'
        assert banner not in page_of([plain], real.facts)
        assert banner in page_of([plain, replace(section, name="other")], real.facts)

    def test_rows_that_are_missing_are_missing_for_their_reason(self) -> None:
        names = ("nat-st", "hum-st", "int-st")
        known = ground(whitelist(verdict("nat-st"), verdict("hum-st", "UNSAFE"), verdict("int-st")), names)
        results = made_up(CleanTrained().arms(known), known)
        heard = {name: table[table["condition"] != "int-st"] for name, table in results.predictions.items()}
        said = as_markdown(CleanTrained().table(Results(heard, known, results.facts, results.design)))
        assert "Not whitelisted: HumSt." in said
        assert "Not measured, since no clip could carry it or its nets are missing: IntSt." in said
        assert re.search(r"Not among this study's conditions: .*Reverb", said)


class TestWorth:
    def test_noise_is_grouped_as_each_net_hears_it(self) -> None:
        judged = (verdict("nat-st"), verdict("hum-st", "UNSAFE", "SAFE"), verdict("int-st", "UNSAFE", "UNSAFE"))
        known = ground(whitelist(*judged), NAMES[:3])
        section = WhitelistWorth().table(made_up(WhitelistWorth().arms(known), known))
        drawn = [block.wide for block in section.blocks if isinstance(block, Plot)]
        found = [results_of(one) for one in drawn]
        uars = {label: _mean(known, label) for label in CLASSES}
        assert [one["whitelisted noise"] for one in found] == [f"{uars[label]:.2f}" for label in CLASSES]

    def test_labels_in_noise_without_a_figure_make_a_share_a_lower_bound(self) -> None:
        known = ground(whitelist(verdict("nat-st"), verdict("laugh", "UNSAFE")), ("nat-st", "laugh", "telephone"))
        heard = {EVERYTHING: {(name, "activation"): 100.0 for name in known.noises}}
        results = made_up(WhitelistWorth().arms(known), known, heard=heard, training_clips=100.0)
        tables = [block for block in WhitelistWorth().table(results).blocks if isinstance(block, Table)]
        row = next(one for one in tables if "would have changed" in one.caption).rows[2]
        assert row == ("everything", "300", "200", *("at least 60.0", "at least 15.0 %") * 2)


def results_of(drawn: str) -> dict[str, str]:
    """What nets that heard nothing come to, by group, as a plot tells it."""
    said = re.search(r"<desc[^>]*>(.*?)</desc>", drawn, re.DOTALL)
    assert said
    return dict(re.findall(r"([^;:]+?): nothing ([.\d]+)", said[1].replace("; ", ";")))


def _mean(known: Ground, label: str) -> float:
    results = made_up(WhitelistWorth().arms(known), known)
    rows = results.measured("trained on clean")
    safe = {"activation": ["nat-st"], "valence": ["nat-st", "hum-st"]}[label]
    return sum(rows[label, name].uar for name in safe) / len(safe)


class TestThreeLabels:
    @pytest.fixture(scope="class")
    @staticmethod
    def three() -> tuple[Results, Section]:
        """Leave one noise out in three labels, the third of four classes of which one never occurs."""
        known, layout = ground(SAFE, NAMES), LeaveOneNoiseOut()
        classes = {**CLASSES, "emotion": ("anger", "joy", "fear", "calm")}
        tables = {}
        for arm in layout.arms(known):
            right = dict.fromkeys((CLEAN, *arm.tested), 0.6)
            table = predictions(right, labels={"activation": 3, "valence": 3, "emotion": 4}, each=8, seed=len(arm.name))
            tables[arm.name] = checked(table[table["truth"] < 3])
        facts = Facts("corpus", "command", "ab" * 32, classes)
        results = Results(tables, known, facts, MeasureDesign(resamples=100))
        return results, layout.table(results)

    def test_each_has_a_plot_of_its_own(self, three: tuple[Results, Section]) -> None:
        plots = [block.wide for block in three[1].blocks if isinstance(block, Plot)]
        assert [re.findall("Gain in ([a-z]+) by", one)[0] for one in plots] == ["activation", "valence", "emotion"]
        folded = next(one for one in three[1].blocks if isinstance(one, Folded) and "as sure" in one.summary)
        assert sum(isinstance(block, Plot) for block in folded.blocks) == 3

    def test_chance_is_that_of_the_classes_that_occur(self, three: tuple[Results, Section]) -> None:
        assert three[0].chance("emotion") == pytest.approx(1 / 3)
        assert "0.333 for emotion, among the classes that occur" in as_markdown(three[1])

    def test_p_is_adjusted_over_all_rows_that_are_shown(self, three: tuple[Results, Section]) -> None:
        results, section = three
        rows = list(csv.DictReader(io.StringIO(section.files["leave-one-noise-out-uar.csv"])))
        mine = [row for row in rows if row["label"] == "valence"]
        least = min(mine, key=lambda row: float(row["change_p"]))
        assert len(mine) == len(held_out(results.ground.tested)) == 6
        assert float(least["change_p_adjusted"]) == pytest.approx(min(1, 6 * float(least["change_p"])))


def test_names_stay_names_in_markdown() -> None:
    table = Table("of <b>", ("a|b`c\n# d", "<script>"), (("x\ny", "<img src=x>"),))
    said = as_markdown(Section("s", "Why <i>?", (Words("corpus `\n# head"), table, Listed(("<u>\n- one",)))))
    assert not re.search(r"<(b|script|img|i|u)\b", said)
    assert "\n# head" not in said
    assert next(line for line in said.splitlines() if line.startswith("|")) == "| a\\|b\\`c # d | &lt;script> |"
    assert "- &lt;u> - one" in said
