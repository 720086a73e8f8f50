"""Pairs to ask about, and a stand-in for Prolific."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hits.platforms.panel import Panel
from hits.platforms.prolific.prolific import Prolific
from pipelines.clip import Pair, Role
from tests.hits.peopled import Market, Peopled, come_to_panel, come_to_prolific
from tests.hits.prolific_stand_in import TOKEN, StandIn


@pytest.fixture
def make_pair() -> Callable[..., Pair]:
    def make(number: int, role: Role = "study", clip: int | None = None, condition: str = "fade-in") -> Pair:
        return Pair(
            pair_id=f"{role}{number}",
            clip_id=f"c{number if clip is None else clip}",
            condition=condition,
            role=role,
            original_path=Path("o.flac"),
            noisy_path=Path("n.flac"),
            original_length_s=1.0,
            noisy_length_s=1.0,
            original_sha256="",
            noisy_sha256="",
            seed=0,
            params={},
        )

    return make


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A stand-in for Prolific, up."""
    made = StandIn()
    yield made
    made.close()


@pytest.fixture
def prolific(stand_in: StandIn) -> Prolific:
    """A researcher there."""
    return Prolific(TOKEN, stand_in.url, timeout_s=5)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """Our marketplace, up."""
    market = Market(tmp_path)
    yield market
    market.close()


@pytest.fixture
def peopled(request: pytest.FixtureRequest) -> Peopled:
    """The platform that the test names, with people on it. A new platform adds its line here."""
    if request.param == "mturk":
        market: Market = request.getfixturevalue("market")
        return Peopled(market.platform(), market.come)
    if request.param == "prolific":
        stand_in: StandIn = request.getfixturevalue("stand_in")
        return Peopled(Prolific(TOKEN, stand_in.url), lambda study_id: come_to_prolific(stand_in, study_id))
    if request.param == "panel":
        return Peopled(Panel(), come_to_panel)
    raise NotImplementedError(f"say here how the tests bring people to the platform {request.param}")
