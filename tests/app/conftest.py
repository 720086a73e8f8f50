"""A small study in a database, with real sound, and its pages in-process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Flask
from flask.testing import FlaskClient

from app.sealing import Sealing, new_seal_key
from app.settings import Settings
from app.store.database import Database, sqlite_url
from app.store.hits import plan_hits
from app.store.pairs import keep_pairs
from app.study import CorpusPlace, SoundsPlace, Study
from app.tables import Base, HitRow
from app.web import Web, create_app
from hits.batch import Hits
from hits.judgment import Hit, Slot
from hits.platforms.mturk.mturk import MTurk
from hits.screening import Screening
from pipelines.clip import Pair, Role

RATE_HZ = 16_000
CLIP_S = 0.1
CONDITION = "secretcondition-co-0db"
SUBMIT_HOST = "https://workersandbox.mturk.com"
SEALING = Sealing("a key for tests", [new_seal_key()])


def write_sound(path: Path, hz: float) -> None:
    """A quiet tone of that pitch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(int(CLIP_S * RATE_HZ)) / RATE_HZ
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * hz * time_s), RATE_HZ, subtype="PCM_16")


def make_pair(number: int, folder: Path, role: Role = "study") -> Pair:
    """A pair of tones, an octave apart."""
    pair = Pair(
        pair_id=f"pair{number}",
        clip_id=f"clip{number}",
        condition=CONDITION if role == "study" else "identical",
        role=role,
        original_path=Path("original") / f"clip{number}.flac",
        noisy_path=Path("noisy") / f"{CONDITION}{number}.flac",
        original_length_s=CLIP_S,
        noisy_length_s=CLIP_S,
        original_sha256="0" * 64,
        noisy_sha256="1" * 64,
        seed=number,
        params={},
    )
    write_sound(folder / pair.original_path, 220 + 20 * number)
    write_sound(folder / pair.noisy_path, 440 + 20 * number)
    return pair


def fill_study(web: Web, trials: int) -> None:
    """Pairs with sound, and one open HIT of fixed slots."""
    pairs = [make_pair(number, web.folder / "pairs") for number in range(trials)]
    slots = tuple(Slot(pair.pair_id, "study") for pair in pairs)
    with web.database.writing() as session:
        keep_pairs(session, pairs, {CONDITION: ("background", 0.0), "identical": ("identical", None)})
        plan_hits(session, [Hit("h1", "fixed", trials, 3, slots)], "study", web.study.hits, web.study.pay)
        row = session.get_one(HitRow, "h1")
        row.state, row.platform_hit_id, row.opened_at = "open", "3HIT", datetime.now(UTC)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A study of three pairs, and a HIT of all of them."""
    database = Database(sqlite_url(tmp_path / "study.db"), lambda: SEALING)
    Base.metadata.create_all(database.engine)
    study = Study(
        corpus=CorpusPlace(name="demo", path=tmp_path),
        sounds=SoundsPlace(name="demo", path=tmp_path),
        hits=Hits(policy="fixed", trials_per_hit=3, checks_per_hit=0),
        screening=Screening(sound_check=False, practice=False),
    )
    served = Web(
        database=database,
        study=study,
        folder=tmp_path,
        settings=Settings(),
        platform=MTurk,
        submit_hosts=frozenset({SUBMIT_HOST}),
        secret_key="a key for tests",
        public_url="http://localhost",
    )
    fill_study(served, 3)
    yield served
    database.dispose()


@pytest.fixture
def stop_clock(web: Web, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on no time passes for the study, however long a machine takes."""

    def stop() -> None:
        at = web.database.now()
        monkeypatch.setattr(web.database, "_clock", lambda: at)
        monkeypatch.setitem(web.database._info, "clock", lambda: at)

    return stop


@pytest.fixture
def flask_app(web: Web) -> Flask:
    """The study's pages."""
    return create_app(web)


@pytest.fixture
def client(flask_app: Flask) -> FlaskClient:
    """A browser without a memory of others."""
    return flask_app.test_client()
