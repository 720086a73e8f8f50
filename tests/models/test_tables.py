"""Tables of nets: what every layout promises, and that figures stand where they should; predictions are made up."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import models.experiments
from analysis.report.parts import Plot, Section, Words
from analysis.tables import Table
from analysis.whitelist import Whitelist
from analysis.whitelist_paper import paper_whitelist
from models.experiment import Augment, Experiment
from models.experiments.base import Layout, NothingToCompare
from models.experiments.clean_trained import CleanTrained
from models.experiments.leave_one_noise_out import LeaveOneNoiseOut
from models.experiments.whitelist_worth import EVERYTHING, WHITELIST, WhitelistWorth
from models.measures.predictions import CLEAN
from models.tables.arms import CLEAN_TRAINED, Ground, denoised_in_front, held_out, partners
from models.tables.changed_labels import changed_labels
from models.tables.markdown import as_markdown
from models.tables.page import page_of, write_tables
from models.tables.paper import PAPER_ROWS, in_order
from models.tables.results import Asked, Results
from pipelines.conditions import CONTROLS, study_conditions
from pipelines.variants import load, variant_names
from tests.models.made_up_results import ground, made_up, rightness
from tests.whitelists import verdict, whitelist

#: Enough for every layout: two placements, both sets, and something that is not whitelisted.
NAMES = (
    "nat-st",
    "hum-st",
    "int-st",
    "nat-co-20db",
    "hum-co-20db",
    "fade-in",
    "fade-out",
    "reverb",
    "speed-segment",
    "laugh",
)
GROUND = ground(paper_whitelist("0.1.0"), NAMES)
LAYOUTS = {name: load(models.experiments, name, Layout)() for name in variant_names(models.experiments)}


def tables_of(section: Section) -> list[Table]:
    """Those that stand open."""
    return [block for block in section.blocks if isinstance(block, Table)]


@pytest.fixture(scope="module")
def tables() -> dict[str, tuple[Results, Section]]:
    """What every layout makes of made-up predictions."""
    found = {}
    for name, layout in LAYOUTS.items():
        results = made_up(layout.arms(GROUND), GROUND, seeds=(1, 2), mapped=True, simulated=True)
        found[name] = (results, layout.table(results))
    return found


@pytest.mark.parametrize("name", LAYOUTS)
class TestEveryLayout:
    def test_it_asks_one_question(self, name: str) -> None:
        assert re.fullmatch(r"[A-Z][^.?]+\?", LAYOUTS[name].question)

    def test_no_two_arms_have_one_name_and_none_is_asked_about_what_it_heard(self, name: str) -> None:
        arms = LAYOUTS[name].arms(GROUND)
        assert len({arm.name for arm in arms}) == len(arms)
        assert len(set(arms)) == len(arms)
        assert not [arm for arm in arms if isinstance(arm.augment, tuple) and set(arm.augment) & set(arm.tested)]
        assert not any(set(arm.tested) & set(CONTROLS) for arm in arms)

    def test_only_what_is_whitelisted_is_heard_in_training(self, name: str) -> None:
        heard = {one for arm in LAYOUTS[name].arms(GROUND) if isinstance(arm.augment, tuple) for one in arm.augment}
        assert heard <= set(GROUND.tested)

    def test_the_table_says_what_it_rests_on(self, name: str, tables: dict[str, tuple[Results, Section]]) -> None:
        said = as_markdown(tables[name][1])
        for part in (
            "over 2 seeds (1, 2)",
            "Chance: 0.333 for activation",
            "100 resamples of 10 speakers",
            "the categories' centres stand in",
            "Simulated: ",
            "data SHA-256 abab",
            "Command: earwitness experiment",
        ):
            assert part in said

    def test_missing_arms_are_dashes_and_a_note(self, name: str) -> None:
        arms = LAYOUTS[name].arms(GROUND)
        gone = next((arm for arm in reversed(arms) if arm.name != CLEAN_TRAINED), arms[0])
        results = made_up([arm for arm in arms if arm is not gone], GROUND, missing={gone.name: "it could not be had."})
        section = LAYOUTS[name].table(results)
        assert f"Missing: {gone.name}: it could not be had." in as_markdown(section)

    def test_without_conditions_it_says_what_it_lacks(self, name: str) -> None:
        with pytest.raises(NothingToCompare, match=rf"'{name}' has nothing to compare"):
            LAYOUTS[name].arms(Ground({}, paper_whitelist("0.1.0")))

    def test_its_files_are_csv_with_a_row_a_figure(self, name: str, tables: dict[str, tuple[Results, Section]]) -> None:
        for content in tables[name][1].files.values():
            rows = list(csv.reader(io.StringIO(content)))
            assert len(rows) > 1
            assert {len(row) for row in rows} == {len(rows[0])}


class TestArms:
    def test_a_background_is_held_out_within_its_placement(self) -> None:
        available = study_conditions()
        assert partners("nat-st", available) == ("hum-st", "int-st")
        assert partners("hum-co-0db", available) == ("nat-co-0db", "int-co-0db")
        assert partners("music-co-5db", available) == ("babble-co-5db", "transportation-co-5db")

    def test_of_speed_fade_and_reverberation_one_is_held_out_and_both_fades_are_one(self) -> None:
        available = GROUND.tested
        assert set(partners("reverb", available)) == {"fade-in", "fade-out", "speed-segment"}
        assert set(partners("fade-out", available)) == {"reverb", "speed-segment"}
        assert held_out(available)["fade-in"] == held_out(available)["fade-out"]

    def test_what_is_not_whitelisted_is_no_partner(self) -> None:
        verdicts = (verdict("nat-st"), verdict("hum-st", "UNSAFE"), verdict("int-st"))
        few = ground(whitelist(*verdicts), ("nat-st", "hum-st", "int-st"))
        assert held_out(few.tested)["nat-st"].augment == ("int-st",)
        assert "hum-st" not in held_out(few.tested)

    def test_arms_that_train_alike_make_equal_experiments(self) -> None:
        base = Experiment(denoiser="vts", augment=Augment(conditions="everything", snr_min_db=5))
        clean, front = LAYOUTS["denoising"].arms(GROUND)[0], denoised_in_front(GROUND, "rnnoise", ["nat-st"])
        assert clean.experiment(base) == front.experiment(base)
        assert front.in_front == "rnnoise"
        here, there = held_out(GROUND.tested)["nat-st"], held_out(GROUND.tested, "rnnoise")["nat-st"]
        assert here.experiment(base) != there.experiment(base)
        assert here.experiment(base).augment == Augment(conditions=("hum-st", "int-st"))
        assert clean.experiment(base).denoiser is None

    def test_a_denoiser_inside_its_net_is_trained_with_it(self) -> None:
        arm = denoised_in_front(GROUND, "mask", ["nat-st"])
        assert (arm.denoiser, arm.in_front) == ("mask", None)

    def test_settings_of_a_denoiser_go_only_with_it(self) -> None:
        base = Experiment(denoiser="vts", denoiser_settings={"mixtures": 8})
        assert held_out(GROUND.tested, "vts")["nat-st"].experiment(base).denoiser_settings == {"mixtures": 8}
        assert held_out(GROUND.tested, "mask")["nat-st"].experiment(base).denoiser_settings == {}


class TestCleanTrained:
    def test_rows_are_the_papers_and_then_the_others(self) -> None:
        assert in_order(["reverb", "telephone", "nat-st"]) == ["nat-st", "reverb", "telephone"]
        wide = ground(None, (*NAMES, "telephone"))
        results = made_up(CleanTrained().arms(wide), wide)
        names = [row[0] for row in tables_of(CleanTrained().table(results))[0].rows]
        assert names[0] == "Clean (UAR)"
        assert names[1 : len(PAPER_ROWS) + 1] == [row.name for row in PAPER_ROWS.values()]
        assert names[-2:] == ["laugh", "telephone"]

    def test_a_figure_is_the_change_on_the_same_clips(self, tables: dict[str, tuple[Results, Section]]) -> None:
        results, section = tables["clean-trained"]
        change = results.measured(CLEAN_TRAINED)["activation", "nat-st"].change
        assert change is not None
        row = next(row for row in tables_of(section)[0].rows if row[0] == "NatSt")
        assert row[1].startswith(f"{change.value:+.2f}".replace("-", "−"))
        assert row[-1] == "−0.25, −0.24"  # the paper's


class TestLeaveOneNoiseOut:
    def test_gain_and_drop_are_against_nets_trained_on_clean(self, tables: dict[str, tuple[Results, Section]]) -> None:
        results, section = tables["leave-one-noise-out"]
        arm = held_out(GROUND.tested)["nat-st"].name
        measured = {name: results.measured(name) for name in (arm, CLEAN_TRAINED)}
        uar = measured[arm]["activation", "nat-st"].uar
        row = next(row for row in tables_of(section)[0].rows if row[0] == "NatSt")
        gain, drop = (float(row[n].split(" ")[0].rstrip("*").replace("−", "-")) for n in (2, 4))
        assert gain == pytest.approx(uar - measured[CLEAN_TRAINED]["activation", "nat-st"].uar, abs=0.006)
        assert drop == pytest.approx(uar - measured[CLEAN_TRAINED]["activation", CLEAN].uar, abs=0.006)
        assert row[-1] == "HumSt, IntSt"


class TestCross:
    def test_fades_and_rooms_are_tested_whatever_people_said_and_never_heard_in_training(self) -> None:
        names = ("nat-st", "hum-st", "speed-segment", "fade-in", "reverb")
        judged = (*(verdict(name) for name in names[:3]), verdict("fade-in", "UNSAFE"), verdict("reverb", "UNDECIDED"))
        known = ground(whitelist(*judged), names)
        arms = LAYOUTS["cross"].arms(known)
        assert not {one for arm in arms for one in arm.augment} & {"fade-in", "reverb"}
        said = as_markdown(LAYOUTS["cross"].table(made_up(arms, known)))
        assert "| Reverb † |" in said
        assert "| Fade In † |" in said
        assert "† Not whitelisted" in said

    def test_bars_and_means_of_a_group_are_over_the_same_conditions(self) -> None:
        """Nothing gains where noise costs as much with every net, though some nets are not asked in all of it."""
        names = ("nat-st", "hum-st", "nat-co-0db", "reverb")
        known = ground(whitelist(*(verdict(name) for name in names)), names)
        layout = LAYOUTS["cross"]
        results = made_up(layout.arms(known), known, right=lambda _, name: {"nat-co-0db": 0.0}.get(name, 0.7), each=60)
        section = layout.table(results)
        told = [block.wide for block in section.blocks if isinstance(block, Plot) and "by group" in block.wide]
        found = re.search(r"environmental noise \(2 of 3\): nothing ([.\d]+), augment ([.\d]+)", told[0])
        assert found
        assert float(found[1]) == pytest.approx(float(found[2]), abs=0.1)
        assert "| environmental noise (2 of 3) |" in as_markdown(section)

    def test_a_headline_names_no_best_of_three(self, tables: dict[str, tuple[Results, Section]]) -> None:
        said = tables["cross"][1].blocks[0]
        assert isinstance(said, Words)
        assert re.search(r"that all ways have: augment .+, denoise .+ and both ", said.text)


class TestWhitelistWorth:
    def test_changed_labels_are_ratio_times_count(self) -> None:
        judged = whitelist(verdict("nat-st"), verdict("laugh", "UNSAFE"))  # ratios 0 and .6
        found = changed_labels(judged, "activation", {"nat-st": 100, "laugh": 50, "telephone": 10})
        assert (found.heard, found.known, found.voted, found.truly) == (160, 150, 30, 30)

    def test_without_a_ratio_nothing_is_said_of_changed_labels(self) -> None:
        found = changed_labels(paper_whitelist("0.1.0"), "activation", {"nat-st": 100})
        assert (found.known, found.voted, found.truly) == (0, None, None)

    def test_categories_change_as_often_as_the_dimension_that_changes_more(self) -> None:
        judged = whitelist(verdict("laugh", "UNSAFE", "SAFE"))
        assert changed_labels(judged, "emotion", {"laugh": 10}).voted == 6

    def test_counts_and_shares_stand_in_the_table(self) -> None:
        heard = {
            EVERYTHING: {("laugh", "activation"): 50.0, ("nat-st", "activation"): 50.0},
            WHITELIST: {("nat-st", "activation"): 50.0},
        }
        known = replace(
            GROUND, whitelist=whitelist(*(verdict(name) for name in NAMES[:-1]), verdict("laugh", "UNSAFE"))
        )
        results = made_up(WhitelistWorth().arms(known), known, heard=heard, training_clips=100.0)
        table = next(
            one for one in tables_of(WhitelistWorth().table(results)) if "people would have changed" in one.caption
        )
        assert table.rows[1][:5] == ("whitelist", "50", "50", "0.0", "0.0 %")
        assert table.rows[2][:5] == ("everything", "100", "100", "30.0", "15.0 %")


class TestPage:
    def test_it_stands_alone_and_its_tables_and_pictures_speak(
        self, tables: dict[str, tuple[Results, Section]]
    ) -> None:
        page = page_of([section for _, section in tables.values()], tables["cross"][0].facts)
        found = Parts()
        found.feed(page)
        assert not re.search(r"<script|<link[^>]+href=\"(?!data:)|url\(|\bsrc=|@import", page)
        assert found.count["table"] == found.count["caption"] > 5
        assert found.count["svg"] - page.count('aria-hidden="true"') == page.count('role="img"') == page.count("<desc ")
        assert len(found.ids) == len(set(found.ids))
        labels = re.findall(r'aria-label="([^"]+)"', page)
        assert len(labels) == len(set(labels))
        assert 'scope="col"' in page
        assert 'scope="row"' in page

    def test_files_lie_beside_it_and_come_out_the_same_twice(
        self, tables: dict[str, tuple[Results, Section]], tmp_path: Path
    ) -> None:
        results, section = tables["clean-trained"]
        written = write_tables([section], results.facts, tmp_path)
        assert [path.name for path in written] == ["index.html", "clean-trained.md", "clean-trained.csv"]
        before = [path.read_bytes() for path in written]
        write_tables([CleanTrained().table(results)], results.facts, tmp_path)
        assert [path.read_bytes() for path in written] == before
        with (tmp_path / "clean-trained.csv").open() as file:
            rows = {(row["label"], row["condition"]): row for row in csv.DictReader(file)}
        row = results.measured(CLEAN_TRAINED)["activation", "reverb"]
        assert float(rows["activation", "reverb"]["uar"]) == pytest.approx(row.uar)
        assert float(rows["activation", "reverb"]["recall_0"]) == pytest.approx(row.recalls[0])


class Parts(HTMLParser):
    """Counts elements and collects ids."""

    def __init__(self) -> None:
        super().__init__()
        self.count: dict[str, int] = {}
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.ids += [value for name, value in attrs if name == "id" and value]


def test_a_mean_difference_over_conditions_ignores_what_was_not_asked(
    tables: dict[str, tuple[Results, Section]],
) -> None:
    results, _ = tables["clean-trained"]
    pair = (Asked(CLEAN_TRAINED, "nat-st"), Asked(CLEAN_TRAINED, CLEAN))
    absent = (Asked("nobody", "nat-st"), Asked(CLEAN_TRAINED, CLEAN))
    assert results.mean_difference("valence", [absent]) is None
    assert results.mean_difference("valence", [pair, absent]) == results.mean_difference("valence", [pair])


def test_made_up_nets_do_worse_in_noise_and_better_for_having_heard_some() -> None:
    """The tables above rest on this."""
    arm = LeaveOneNoiseOut().arms(GROUND)[1]
    assert rightness(arm, CLEAN) > rightness(arm, arm.tested[0]) > rightness(CleanTrained().arms(GROUND)[0], "nat-st")


def test_a_whitelist_is_what_decides_what_is_tested() -> None:
    assert isinstance(GROUND.whitelist, Whitelist)
    assert "laugh" not in GROUND.tested
    assert "laugh" in Ground(study_conditions()).tested
    assert not set(Ground(study_conditions()).tested) & set(CONTROLS)
