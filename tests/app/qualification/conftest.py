"""A small study that asks for a qualification, and a worker who goes through it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.store.steps import Step, step_of
from app.tables import AssignmentRow
from app.web import Web, create_app
from hits.qualification import Round
from hits.screening import Qualification
from pipelines.ranking import DIMENSIONS, FILE_NAME, FORMAT, VERSION, RankedClip, RankingSet
from tests.app.annotating import hidden
from tests.app.conftest import CLIP_S, write_sound

CLIPS = 3
HEARD_S = "0.1"


def write_ranking(folder: Path, sets: int = 3, clips: int = CLIPS) -> list[RankingSet]:
    """Sets of tones with ratings one apart, as `pairs make` leaves them."""
    made = []
    for dimension in DIMENSIONS:
        for number in range(sets):
            ranked = []
            for step in range(clips):
                clip_id = f"rated-{dimension}-{number}-{step}"
                path = f"ranking/{clip_id}.flac"
                write_sound(folder / path, 220 + 50 * step)
                ranked.append(RankedClip(clip_id, path, CLIP_S, 1.0 + step, "", ""))
            made.append(RankingSet(f"set-{dimension}-{number}", dimension, tuple(ranked)))
    said = {"format": FORMAT, "version": VERSION, "sets": [asdict(one) for one in made]}
    (folder / FILE_NAME).write_text(json.dumps(said))
    return made


@pytest.fixture
def qualified_web(web: Web) -> Web:
    """The small study, which asks for a qualification."""
    write_ranking(web.folder / "pairs")
    wanted = Qualification(wanted=True, clips=CLIPS)
    return replace(web, study=web.study.model_copy(update={"qualification": wanted}))


@pytest.fixture
def client(qualified_web: Web) -> FlaskClient:
    return create_app(qualified_web).test_client()


def found(web: Web, number: int = 1) -> Step:
    """How far a worker got."""
    with web.database.reading() as session:
        row = session.query(AssignmentRow).filter_by(platform_assignment_id=f"3ASSIGNMENT{number}").one()
        step = step_of(session, row.worker, "qualification")
    assert step is not None
    return step


def asked(web: Web, number: int = 1) -> Round:
    return Round.of_json(found(web, number).asked)


def order(web: Web, page: TestResponse, number: int = 1, *, backwards: bool = False) -> dict[str, str]:
    """The form of a page, with its clips in the right order or in the reverse."""
    fields = hidden(page)
    right = sorted(asked(web, number).clips, key=lambda clip: clip.rating, reverse=backwards)
    fields |= {f"{clip.token}_place": str(place) for place, clip in enumerate(right, start=1)}
    return fields | {f"{clip.token}_s": HEARD_S for clip in right}


def send(client: FlaskClient, here: str, fields: dict[str, str]) -> TestResponse:
    return client.post(f"{here}step/qualification", data=fields)


def put_in_order(web: Web, client: FlaskClient, here: str, number: int = 1, *, backwards: bool = False) -> TestResponse:
    """Hear the clips of the page that is asked, and send an order; the page that comes then."""
    page = client.get(here)
    fields = order(web, page, number, backwards=backwards)
    time.sleep(CLIPS * CLIP_S)
    assert send(client, here, fields).location == here
    return client.get(here)
