"""Simulated listeners give the ratings that a page asks for, through the real marketplace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from app.rehearsal import Rehearsal, rehearse
from app.tables import JudgmentRow
from app.web import Web
from hits.listeners import crowd
from hits.platforms.mturk.mturk import MTurk


@pytest.fixture
def web(web: Web) -> Web:
    """The study, with both clips rated on sliders."""
    hits = web.study.hits.model_copy(update={"rate": "both", "rate_both_share": 1.0, "scale": "slider"})
    return replace(web, study=web.study.model_copy(update={"hits": hits}))


def test_a_simulated_listener_rates_both_clips_on_sliders(web: Web, house: tuple[str, MTurk]) -> None:
    invite, _platform = house

    def rated() -> list[JudgmentRow]:
        with web.database.reading() as session:
            return list(session.scalars(select(JudgmentRow).where(JudgmentRow.scale == "slider")))

    before = len(rated())
    listeners = crowd(1, np.random.default_rng(1), 0.0)
    answered = rehearse(listeners, Rehearsal(invite, web.database, {}, seed=1), lambda: before + 2 - len(rated()))

    kept = rated()[before:]
    assert answered == len(kept) == 2
    for row in kept:
        ratings = (row.activation_rating, row.valence_rating)
        assert all(
            1 <= rating <= 5 for rating in (*ratings, row.original_activation_rating, row.original_valence_rating)
        )
