"""The files and pages of an attack, from tables that are made up."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from models.attacking.design import AttackDesign
from models.attacking.listening import Found, spread, write_listening
from models.attacking.report.defence import NetsMissing, write_defence
from models.attacking.report.page import write_attack
from models.attacking.report.table import PAPER
from tests.models.made_up_attacks import QUERY, clips, facts, heard, made_up, queries

HOSTILE = "../<script>alert(1)</script>"


@pytest.fixture(scope="module")
def run() -> tuple[pd.DataFrame, pd.DataFrame]:
    return made_up(speakers=8, each=4)


@pytest.fixture(scope="module")
def folder(run: tuple[pd.DataFrame, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("attack")
    write_attack(*run, facts(), place)
    return place


def links(page: str) -> set[str]:
    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found |= {value or "" for name, value in attrs if name in ("src", "href")}

    reader = Links()
    reader.feed(page)
    return reader.found


class TestThePage:
    def test_it_stands_alone_and_every_link_leads_somewhere(self, folder: Path) -> None:
        found = links((folder / "attack.html").read_text()) - {"data:,"}
        page = (folder / "attack.html").read_text()
        assert all((folder / link).is_file() for link in found if not link.startswith("#"))
        assert all(f'id="{link[1:]}"' in page for link in found if link.startswith("#"))
        assert not any("//" in link for link in found)

    def test_both_readings_of_the_papers_eval_are_rows_of_their_own(self, folder: Path) -> None:
        page = (folder / "attack.html").read_text()
        names = re.findall(r'<tr><th scope="row">(Corr: [^<]+)</th>', page)
        assert names[:6] == [
            "Corr: No, Eval: No",
            "Corr: Yes, Eval: No",
            "Corr: No, Eval: Yes, before",
            "Corr: Yes, Eval: Yes, before",
            "Corr: No, Eval: Yes, after",
            "Corr: Yes, Eval: Yes, after",
        ]
        assert "never mixed up" in page

    def test_the_papers_figures_stand_at_the_papers_budgets_alone(
        self, run: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
    ) -> None:
        assert PAPER[False, False][5] == 0.22
        write_attack(*run, facts(design=AttackDesign(queries=(5, 6))), tmp_path)
        (row, *_) = re.findall(r'<tr><th scope="row">Corr: No, Eval: No</th>.*?</tr>', page_of(tmp_path), re.DOTALL)
        assert re.findall(r'<td class="paper">([^<]+)</td>', row) == ["0.22", "–"]

    def test_what_is_significant_is_bold_and_nothing_else(self, tmp_path: Path) -> None:
        who = clips(*({"speaker": str(n), "clip_id": f"{n}-{m}"} for n in range(8) for m in range(3)))
        rows = [
            {"speaker": one.speaker, "clip_id": one.clip_id, "corr": corr, "changed": corr and n % 8 != 0}
            for n, one in enumerate(who.itertuples())
            for corr in (False, True)
        ]
        write_attack(queries(*rows), who, facts(classes={"activation": ("low", "mid", "high")}), tmp_path)
        table = (tmp_path / "table.md").read_text()
        bold = [line for line in table.splitlines() if line.startswith("| Corr") and "**" in line]
        assert [line.split("|")[1].strip() for line in bold] == ["Corr: Yes, Eval: No", "Corr: Yes, Eval: Yes, after"]
        assert page_of(tmp_path).count("<td><strong>") == 2 * 3

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"speech_simulated": True}, "SIMULATED speech:"),
            ({"whitelist": heard(simulated=True)}, "SIMULATED listeners:"),
            ({"mapped": True}, "the categories' centres stand in"),
            ({"whitelist": None}, "No whitelist:"),
            ({"notes": ("Something was left out.",)}, "Something was left out."),
        ],
    )
    def test_it_says_what_it_rests_on(
        self, run: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path, more: dict[str, Any], said: str
    ) -> None:
        asked, who = run
        few = asked[(asked["attack"] == "noise-boundary") & (asked["number"] <= 5)]
        write_attack(few, who, facts(design=AttackDesign(queries=(5,)), **more), tmp_path)
        assert said in page_of(tmp_path)
        assert said.partition(":")[0].removeprefix("SIMULATED ") in (tmp_path / "table.md").read_text()

    def test_it_says_nothing_is_made_up_where_nothing_is(self, folder: Path) -> None:
        assert "SIMULATED" not in page_of(folder)

    def test_names_from_a_corpus_are_never_markup(self, tmp_path: Path) -> None:
        asked = queries({"changed": True, "speaker": HOSTILE, "clip_id": HOSTILE, "move": HOSTILE, "attack": HOSTILE})
        who = clips({"speaker": HOSTILE, "clip_id": HOSTILE})
        for path in write_attack(asked, who, facts(corpus=HOSTILE, command=HOSTILE), tmp_path):
            if path.suffix in (".html", ".md"):
                assert "<script" not in path.read_text().replace("```\n" + HOSTILE, "")

    def test_attacks_on_the_waveform_stand_with_what_they_need(
        self, run: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
    ) -> None:
        wave = {"attack": "boundary", "move": "waveform", "category": "waveform", "level_db": None}
        boundless = queries(*(wave | {"number": n, "changed": n >= 900, "snr_db": 25.0} for n in (1, 900, 1500)))
        asked, who = run
        needs = {"boundary": "boundary needs 1,051 questions before it begins."}
        write_attack(asked, who, facts(needs=needs), tmp_path, boundless)
        page = page_of(tmp_path)
        assert needs["boundary"] in page
        row = pd.read_csv(tmp_path / "unlimited.csv").iloc[0]
        assert (row["median_queries"], row["median_db"], row["most_used"]) == (900, 25.0, 1500)

    def test_an_attack_that_asked_nothing_still_has_a_page(self, tmp_path: Path) -> None:
        write_attack(queries(), clips({"use": "wrong"}), facts(), tmp_path)
        assert "No clip was attacked." in page_of(tmp_path)


def page_of(folder: Path) -> str:
    return (folder / "attack.html").read_text()


class TestTheFiles:
    def test_the_same_tables_make_the_same_bytes(
        self, run: tuple[pd.DataFrame, pd.DataFrame], folder: Path, tmp_path: Path
    ) -> None:
        for path in write_attack(*run, facts(), tmp_path):
            assert path.read_bytes() == (folder / path.name).read_bytes(), path.name

    def test_the_json_says_how_the_figures_came_to_be(self, folder: Path) -> None:
        whole = json.loads((folder / "attack.json").read_text())
        assert whole["design"]["queries"] == [5, 15, 25]
        assert whole["whitelist"]["seal"] == heard().seal
        assert {"nets", "label", "corr", "eval", "singles", "k", "p_if"} <= set(whole["rates"][0])
        assert {row["use"] for row in whole["counts"]} == {"attacked", "own", "wrong"}

    def test_the_csv_is_in_full_precision_and_the_table_as_printed(self, folder: Path) -> None:
        row = (
            pd.read_csv(folder / "table.csv")
            .query("label == 'both' and attack == 'noise-boundary' and eval == 'no' and not corr and not singles")
            .set_index("k")
        )
        printed = next(
            line for line in (folder / "table.md").read_text().splitlines() if line.startswith("| Corr: No, Eval: No |")
        )
        assert [cell.strip()[:4] for cell in printed.split("|")[2:5]] == [
            f"{value + 1e-9:.2f}" for value in row["p_if"]
        ]
        assert "Paper, IEMOCAP, k=5" in (folder / "table.md").read_text()

    def test_every_file_of_the_page_is_explained(self) -> None:
        told = (Path(__file__).parents[2] / "docs/attacks.md").read_text()
        for name in (
            "table.csv",
            "comparisons.csv",
            "success.csv",
            "gap.csv",
            "attacks.csv",
            "uses.csv",
            "attack.json",
        ):
            assert f"`{name}`" in told


@pytest.fixture(scope="module")
def defended() -> tuple[pd.DataFrame, pd.DataFrame]:
    nets = {"clean": 1.6, "whitelist": 0.5}
    return made_up(nets=nets, attacks={"noise-boundary": 1.0}, labels=("valence",), each=6)


class TestDefence:
    def test_nets_stand_beside_each_other(self, defended: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path) -> None:
        told = facts(classes={"valence": ("low", "mid", "high")})
        page, *files = write_defence(*defended, told, tmp_path, clean="clean")
        assert "what whitelist, the hardest to fool, says of" in page.read_text()
        assert {path.name for path in files} == {"defence.csv", "defence.md", "defence-comparisons.csv"}
        table = pd.read_csv(tmp_path / "defence.csv").query("k == 25 and eval == 'no' and not corr and not singles")
        fooled = table.set_index("nets")["p_if"]
        assert fooled["whitelist"] < fooled["clean"]
        right = table.set_index("nets")["right_when_clean"]
        who = defended[1].query("nets == 'clean'")
        assert right["clean"] == pytest.approx((who["use"] != "wrong").mean())

    def test_nets_that_were_not_attacked_are_named(
        self, defended: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
    ) -> None:
        with pytest.raises(NetsMissing, match="'other'.*clean, whitelist"):
            write_defence(*defended, facts(), tmp_path, clean="other")


def found(**more: Any) -> Found:
    hz = 100 + 10 * (sum(map(ord, str(more.get("clip_id", "")))) % 50)
    original = (0.2 * np.sin(np.arange(1600) * hz / 2500)).astype(np.float32)
    query = QUERY | {"changed": True} | more
    return Found(query, original * np.float32(0.9), original, 16000, truth=1, clean_label=2)


class TestListening:
    def test_a_found_clip_stands_beside_its_original_with_what_people_said(self, tmp_path: Path) -> None:
        one = found(level_db=12.5, snr_db=12.5, number=7, answer=0)
        page = write_listening([one], facts(), tmp_path).read_text()
        for said in ("12.5 dB", "the net says <strong>low", "the net says <strong>high", "mid (activation)", "7"):
            assert said in page
        assert "In nat-co-10db, people heard a change in 0 % (0 % to 4 %) of pairs; this is softer." in page
        sent, rate_hz = soundfile.read(tmp_path / "sound/found-001.flac", dtype="float32")
        assert rate_hz == 16000
        np.testing.assert_allclose(sent, one.samples, atol=2**-15)
        assert (tmp_path / "sound/original-001.flac").is_file()

    def test_sounds_are_named_by_numbers_alone_and_names_are_words(self, tmp_path: Path) -> None:
        hostile = found(clip_id=HOSTILE, speaker=HOSTILE, sound_id=HOSTILE, move=HOSTILE, attack=HOSTILE)
        page = write_listening([hostile], facts(corpus=HOSTILE), tmp_path / "attack")
        assert "<script" not in page.read_text()
        assert "Not judged." in page.read_text()
        written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
        assert written == ["attack/listening.html", "attack/sound/found-001.flac", "attack/sound/original-001.flac"]

    def test_within_a_setting_the_softest_noise_comes_first_and_settings_are_apart(self, tmp_path: Path) -> None:
        several = [found(clip_id=f"c{n}", snr_db=float(n), corr=n % 2 == 0) for n in (11, 12, 13, 14)]
        page = write_listening(several, facts(), tmp_path).read_text()
        assert re.findall(r"<h3>.*· (\d+) dB</h3>", page) == ["13", "11", "14", "12"]
        assert page.count("<h2") == 2

    def test_the_chosen_are_spread_over_settings_categories_and_speakers(self) -> None:
        many = [
            QUERY | {"attack": attack, "category": category, "speaker": f"s{speaker}", "snr_db": 11.0 + number}
            for number, (attack, category, speaker) in enumerate(
                (a, c, s) for a in "xy" for c in ("nat", "hum") for s in range(5)
            )
        ]
        chosen = [many[place] for place in spread(many, 4)]
        assert {(one["attack"], one["category"]) for one in chosen} == {(a, c) for a in "xy" for c in ("nat", "hum")}
        assert len({one["speaker"] for one in chosen}) == 4

    def test_only_so_many_are_written_and_those_of_an_older_page_go(self, tmp_path: Path) -> None:
        write_listening([found(clip_id=f"c{n}") for n in range(6)], facts(), tmp_path)
        write_listening([found(clip_id=f"c{n}") for n in range(6)], facts(), tmp_path, most=2)
        assert len(list((tmp_path / "sound").glob("found-*.flac"))) == 2

    def test_where_nothing_was_found_the_page_says_so(self, tmp_path: Path) -> None:
        assert "Nothing was found" in write_listening([], facts(), tmp_path).read_text()
