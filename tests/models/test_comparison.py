"""Tables from end to end: arms that train alike share their nets, and what can't be had is a dash with a reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import models.comparison
import models.evaluating.asking
import models.training.train
from analysis.report.parts import Section
from analysis.whitelist import Whitelist
from models.checkpoint import CheckpointMissing, load_card
from models.comparison import Bench, CompareEvent, compare, layout_names, questions, write_comparison
from models.evaluating.voices import borrowed_voices
from models.experiment import Experiment
from models.experiments.base import NothingToCompare
from models.experiments.whitelist_worth import EVERYTHING, WHITELIST
from models.measures.predictions import PredictionsWrong
from models.tables.arms import CLEAN_TRAINED, Ground, clean_trained
from models.tables.cells import notes
from models.tables.markdown import as_markdown
from models.tables.results import Results
from pipelines.audio import Samples, Speech
from pipelines.clip import Clip, Params
from pipelines.conditions import study_conditions
from pipelines.noises.base import Noise, NoiseRefused
from pipelines.sounds.base import SoundBank
from pipelines.variants import UnknownVariant
from tests.models.made_up_results import made_up

NAMES = ("nat-st", "hum-st", "fade-in", "fade-out")


@dataclass(frozen=True)
class Nobody(Noise):
    """No clip can carry it."""

    def choose(self, speech: Speech, sounds: SoundBank, rng: np.random.Generator) -> Params:
        raise NoiseRefused("nobody can")

    def apply(self, speech: Speech, params: Params, sounds: SoundBank) -> Samples:
        raise AssertionError


def made(events: list[CompareEvent]) -> tuple[Section, Results]:
    section, results = events[-1].section, events[-1].results
    assert section is not None
    assert results is not None
    return section, results


@pytest.fixture(scope="module")
def bench(
    clips: list[Clip],
    sounds: SoundBank,
    tiny: Experiment,
    change: Callable[..., Experiment],
    make_whitelist: Callable[..., Whitelist],
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    """Two speakers, one label, an epoch; the whitelist forbids fade-in."""
    base = change(tiny, labels=("activation",), training__epochs_max=1, measures__resamples=100)
    folder = tmp_path_factory.mktemp("bench")
    return Bench(
        clips=[*clips[:4], *clips[6:10]],
        base=base,
        conditions={name: study_conditions()[name] for name in NAMES},
        sounds=sounds,
        runs=folder / "runs",
        corpus="tones",
        seed=1,
        command="earwitness experiment",
        whitelist=make_whitelist({"nat-st": "SAFE", "hum-st": "SAFE", "fade-out": "SAFE", "fade-in": "UNSAFE"}),
        cache=folder / "cache",
        denoiser="vts",
    )


@pytest.fixture(scope="module")
def told(bench: Bench) -> dict[str, list[CompareEvent]]:
    """What happened while every layout was made, one after another."""
    return {name: list(compare(name, bench)) for name in layout_names()}


@pytest.fixture(scope="module")
def tables(told: dict[str, list[CompareEvent]]) -> dict[str, tuple[Section, Results]]:
    """Every layout."""
    return {name: made(events) for name, events in told.items()}


@pytest.mark.parametrize("name", layout_names())
class TestEveryLayout:
    def test_every_arm_is_trained_and_asked(
        self, name: str, tables: dict[str, tuple[Section, Results]], bench: Bench
    ) -> None:
        _, results = tables[name]
        missing = {arm for arm, why in results.facts.missing.items() if "RNNoise" in why}
        assert results.facts.missing.keys() == missing  # where its library is not here
        for arm, table in results.predictions.items():
            assert set(table["condition"]) > {"clean"}, arm
            assert len(table) == 8 * table["condition"].nunique()
            crossed = dict.fromkeys(("cross", "recommendations"), bench.ground.crossed)
            may = {"whitelist-worth": bench.conditions, **crossed}.get(name, bench.ground.tested)
            assert set(table["condition"]) - {"clean"} <= set(may)

    def test_progress_ends_where_it_said_it_would(self, name: str, told: dict[str, list[CompareEvent]]) -> None:
        done = [event.done for event in told[name]]
        assert done == sorted(done)
        assert {event.total for event in told[name]} == {done[-1]}

    def test_its_figures_are_written_for_people_and_for_programs(
        self, name: str, tables: dict[str, tuple[Section, Results]], tmp_path: Path
    ) -> None:
        page = write_comparison({name: tables[name]}, tmp_path)
        assert page == tmp_path / "index.html"
        assert tables[name][0].title in page.read_text() or name in page.read_text()
        assert "Command: earwitness experiment" in (tmp_path / f"{name}.md").read_text()
        for file in tables[name][0].files:
            assert len((tmp_path / file).read_text().splitlines()) > 1, file


@pytest.mark.parametrize("name", ["denoising", "whitelist-worth"])
def test_made_again_nothing_is_trained_or_asked(
    name: str, tables: dict[str, tuple[Section, Results]], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(models.training.train, "Course")
    monkeypatch.delattr(models.evaluating.asking, "logits_of")
    section, _ = made(list(compare(name, bench)))
    assert as_markdown(section) == as_markdown(tables[name][0])
    assert section.files == tables[name][0].files


def test_arms_that_train_alike_share_their_nets_across_tables(
    tables: dict[str, tuple[Section, Results]], bench: Bench
) -> None:
    folders = [path for path in (bench.runs / "arms").iterdir() if path.is_dir()]
    heard = {}
    for folder in folders:
        cards = [load_card(path.parent) for path in folder.rglob("card.json")]
        assert len(cards) == 2, folder.name  # one for each fold
        heard[folder.name] = (cards[0].augmented, cards[0].experiment.denoiser)
    assert len(set(heard.values())) == len(heard)
    in_front = sorted(path.name for path in (bench.runs / "arms").glob("*-clean-*/predictions/*") if path.is_dir())
    assert "vts" in in_front  # asked behind a denoiser, and not trained again for that
    assert any(name.startswith("crnn-clean-") for name in heard)


def test_only_what_people_do_not_mind_is_tested_and_without_a_whitelist_everything(bench: Bench) -> None:
    _, limited = made(list(compare("clean-trained", bench)))
    assert set(limited.predictions[CLEAN_TRAINED]["condition"]) == {"clean", "nat-st", "hum-st", "fade-out"}
    _, free = made(list(compare("clean-trained", replace(bench, whitelist=None))))
    assert set(free.predictions[CLEAN_TRAINED]["condition"]) == {"clean", *NAMES}


def test_what_nets_heard_is_counted(tables: dict[str, tuple[Section, Results]]) -> None:
    _, results = tables["whitelist-worth"]
    heard = results.facts.heard
    trained = results.facts.training_clips
    assert heard[CLEAN_TRAINED] == {}
    assert heard[WHITELIST] == pytest.approx(
        {(name, "activation"): trained for name in ("nat-st", "hum-st", "fade-out")}
    )
    assert heard[EVERYTHING] == pytest.approx({(name, "activation"): trained for name in NAMES})


def test_each_seed_adds_nets_to_those_that_are_there(tables: dict[str, tuple[Section, Results]], bench: Bench) -> None:
    more = replace(bench, base=bench.base.model_copy(update={"seeds": (1, 2)}))
    _, results = made(list(compare("clean-trained", more)))
    said = results.predictions[CLEAN_TRAINED]
    assert set(said["seed"]) == {1, 2}
    assert results.facts.seeds == (1, 2)
    one = tables["clean-trained"][1].predictions[CLEAN_TRAINED]
    columns = ["condition", "clip_id", "p0", "p1", "p2"]
    pd.testing.assert_frame_equal(
        said[said["seed"] == 1][columns].sort_values(columns[:2]).reset_index(drop=True),
        one[columns].sort_values(columns[:2]).reset_index(drop=True),
    )


def test_an_arm_that_can_not_be_had_is_a_note(bench: Bench, no_rnnoise: None, tmp_path: Path) -> None:
    lonely = replace(bench, denoiser="rnnoise", runs=tmp_path / "runs", cache=tmp_path / "cache", whitelist=None)
    lonely = replace(lonely, conditions={name: study_conditions()[name] for name in ("nat-st", "hum-st")})
    section, results = made(list(compare("cross", lonely)))
    assert len(results.facts.missing) == 3  # in front; and trained with it, for each of the two held out
    said = as_markdown(section)
    assert "Missing: trained on clean, rnnoise in front:" in said
    assert "pip install --no-deps pyrnnoise" in said
    assert CLEAN_TRAINED in results.predictions


def test_a_table_says_whose_voices_its_babble_is_made_of(bench: Bench, make_sounds: Callable[..., SoundBank]) -> None:
    names = ("babble-co--10db", "nat-st")
    (said,) = borrowed_voices(names, study_conditions(), bench.sounds)
    assert "in babble-co--10db is a speaker" in said
    assert borrowed_voices(names, study_conditions(), make_sounds(("babble",))) == ()
    assert borrowed_voices(NAMES, study_conditions(), bench.sounds) == ()
    assert said in notes(made_up([clean_trained(names)], Ground(study_conditions()), notes=(said,)))


def test_a_denoiser_in_front_has_the_settings_that_nets_trained_with_it_have(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = bench.base.model_copy(update={"denoiser": "vts", "denoiser_settings": {"components": 8}})
    asked: list[tuple[object, object]] = []
    monkeypatch.setattr(models.comparison, "train_run", lambda *_: [])
    monkeypatch.setattr(models.comparison, "load_run", lambda *_, **__: None)

    def noted(*_: object, denoiser: object, denoiser_settings: object, **__: object) -> list[object]:
        asked.append((denoiser, denoiser_settings))
        return []

    monkeypatch.setattr(models.comparison, "ask_run", noted)
    monkeypatch.setattr(models.comparison, "CANT_BE_HAD", (PredictionsWrong,))  # nobody says anything
    with suppress(CheckpointMissing):  # and nothing was trained
        list(compare("denoising", replace(bench, base=base)))
    assert ("vts", {"components": 8}) in asked
    assert all(settings is None for name, settings in asked if name != "vts")


def test_a_condition_that_nobody_can_carry_is_a_dash(bench: Bench) -> None:
    with_nobody = replace(bench, whitelist=None, conditions={**bench.conditions, "nobody": Nobody()})
    section, results = made(list(compare("clean-trained", with_nobody)))
    assert "nobody" not in set(results.predictions[CLEAN_TRAINED]["condition"])
    assert set(NAMES) <= set(results.predictions[CLEAN_TRAINED]["condition"])
    assert "nan" not in as_markdown(section)


def test_what_there_is_nothing_to_compare_in_is_said_before_any_training(
    bench: Bench, make_whitelist: Callable[..., Whitelist], tmp_path: Path
) -> None:
    empty = replace(bench, runs=tmp_path, whitelist=make_whitelist({"nat-st": "UNSAFE"}))
    for name in layout_names():
        with pytest.raises(NothingToCompare):
            next(compare(name, empty))
    with pytest.raises(NothingToCompare, match="there is no whitelist"):
        next(compare("whitelist-worth", replace(bench, runs=tmp_path, whitelist=None)))
    with pytest.raises(UnknownVariant):
        next(compare("everything", bench))
    with pytest.raises(UnknownVariant):
        next(compare("cross", replace(bench, runs=tmp_path, denoiser="earplugs")))
    assert not list(tmp_path.iterdir())


def test_every_table_says_what_it_answers() -> None:
    assert all(question.endswith("?") for question in questions().values())
    assert list(questions()) == layout_names()
