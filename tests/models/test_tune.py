"""Tuning: the published grid, ranked by validation speakers alone, and taken up where it was left."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.checkpoint import Card, load_card
from models.comparison import Bench
from models.experiment import Experiment
from models.nets.crnn import Crnn
from models.training import train
from models.tune import TABLE, NoGrid, Tuned, TuneEvent, grid_of, ranked, table_of, tune, tuned_experiment
from pipelines.clip import Clip
from pipelines.sounds.base import SoundBank


@pytest.fixture
def bench(
    clips: list[Clip],
    sounds: SoundBank,
    tiny: Experiment,
    change: Callable[..., Experiment],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    """Two speakers, a grid of four, one epoch."""
    monkeypatch.setattr(Crnn, "grid", {"channels": (2, 4), "pool": (2, 3)})
    base = change(tiny, labels=("activation",), training__epochs_max=1, seeds=(3, 4))
    return Bench(clips[:12], base, {}, sounds, tmp_path, "tones", 1, "earwitness tune")


def tuned(events: list[TuneEvent]) -> Tuned:
    assert events[-1].tuned is not None
    return events[-1].tuned


def cards(folder: Path) -> list[Card]:
    return [load_card(path.parent) for path in folder.rglob("card.json")]


def test_the_grid_of_the_crnn_is_the_published_one() -> None:
    grid = grid_of("crnn")
    assert len(grid) == 96
    assert len({tuple(one.items()) for one in grid}) == 96
    wanted = {"conv_layers": 3, "width": 2, "channels": 128, "gru_layers": 3, "gru_width": 32}
    assert {**wanted, "dense_layers": 2, "dense_width": 64} in grid
    assert all(Crnn.Settings.model_validate(one) for one in grid)


def test_a_net_without_a_grid_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Crnn, "grid", {})
    with pytest.raises(NoGrid, match="no.* grid for the net 'crnn'"):
        grid_of("crnn")


def test_every_candidate_is_trained_with_the_first_seed_and_ranked_by_validation(bench: Bench) -> None:
    found = tuned(list(tune(bench)))
    losses = [one.validation_loss for one in found.candidates]
    assert len(losses) == 4
    assert losses == sorted(losses)
    assert found.best("activation") is found.candidates[0]
    trained = cards(bench.runs)
    assert len(trained) == 4 * 2
    assert {card.seed for card in trained} == {3}
    best = [card for card in trained if card.experiment.net_settings.items() >= found.candidates[0].settings.items()]
    assert sum(card.measures["validation_loss"] for card in best) / 2 == pytest.approx(losses[0])
    with (bench.runs / "tuning" / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["channels"], row["pool"]) for row in rows] == [
        (str(one.settings["channels"]), str(one.settings["pool"])) for one in found.candidates
    ]
    assert set(found.test_uar) == {"activation"}


def test_more_trials_add_to_fewer_and_what_is_trained_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tuned(list(tune(bench, trials=2)))
    before = {path: path.stat().st_mtime_ns for path in bench.runs.rglob("card.json")}
    assert (len(first.candidates), len(before)) == (2, 4)
    second = tuned(list(tune(bench, trials=3)))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {tuple(one.settings.items()) for one in first.candidates} < {
        tuple(one.settings.items()) for one in second.candidates
    }
    monkeypatch.delattr(train, "Course")  # so that nothing can be trained
    assert tuned(list(tune(bench, trials=3))) == second


def test_progress_ends_where_it_said_it_would(bench: Bench) -> None:
    events = list(tune(bench, trials=2))
    done = [event.done for event in events]
    assert done == sorted(done)
    assert {event.total for event in events} == {done[-1]} == {4}


def test_settings_of_the_base_stay_unless_the_grid_has_them(tiny: Experiment) -> None:
    settings_of_net = tuned_experiment(tiny, {"channels": 32}).net_settings
    assert settings_of_net == {**tiny.net_settings, "channels": 32}


figures = st.tuples(st.floats(0, 3, allow_nan=False), st.floats(0, 1), st.floats(0, 1))


@settings(max_examples=30, deadline=None)
@given(figures=st.lists(figures, min_size=6, max_size=6), other=st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_test_speakers_have_no_say_in_the_choice(
    figures: list[tuple[float, float, float]], other: list[float], trained: Path
) -> None:
    card = load_card(trained / "activation/seed-1/fold-0")

    def told(test_uars: list[float]) -> Tuned:
        return ranked(
            [
                ({"channels": 2 + number // 2}, _said(card, number % 2, *figures[number][:2], test_uar))
                for number, test_uar in enumerate(test_uars)
            ]
        )

    one, another = told([test_uar for _, _, test_uar in figures]), told(other)
    assert one.candidates == another.candidates
    best = [min((figures[n][0], n) for n in range(6) if n % 2 == fold)[1] for fold in (0, 1)]
    assert another.test_uar["activation"] == pytest.approx(sum(other[n] for n in best) / 2)


def _said(card: Card, fold: int, loss: float, uar: float, test_uar: float) -> Card:
    measures = {"best_epoch": 1.0, "validation_loss": loss, "validation_uar": uar, "test_uar": test_uar}
    return card.model_copy(update={"fold": fold, "measures": measures})


def test_labels_are_ranked_apart(trained: Path) -> None:
    one = load_card(trained / "activation/seed-1/fold-0")
    other = load_card(trained / "valence/seed-1/fold-0")
    found = ranked(
        [
            ({"pool": 2}, _said(one, 0, 0.5, 0.5, 0.5)),
            ({"pool": 3}, _said(one, 0, 0.4, 0.5, 0.5)),
            ({"pool": 2}, _said(other, 0, 0.1, 0.5, 0.5)),
            ({"pool": 3}, _said(other, 0, 0.2, 0.5, 0.5)),
        ]
    )
    assert (found.best("activation").settings, found.best("valence").settings) == ({"pool": 3}, {"pool": 2})
    assert table_of(found).splitlines()[1].startswith("activation,3,0.4")


def test_another_seed_of_the_study_draws_other_candidates(bench: Bench) -> None:
    def drawn(seed: int) -> set[str]:
        runs = bench.runs / str(seed)
        found = tuned(list(tune(replace(bench, seed=seed, runs=runs), trials=1)))
        return {str(one.settings) for one in found.candidates}

    assert len(set.union(*(drawn(seed) for seed in (1, 2, 3, 4)))) > 1
