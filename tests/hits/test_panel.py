"""Panels: ids in a URL, a way back, and no more trust than that deserves."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hits.platforms.panel import Panel, PanelCodes, PanelDesign
from hits.recruiting import Arrival, ArrivalRefused, Machine, Offer, PlatformRefused

NOBODY: frozenset[str] = frozenset()
SONA = PanelDesign(
    preset="sona",
    redirect_url="https://lab.sona-systems.com/webstudy_credit.aspx?experiment_id=7&credit_token=ab&survey_code={worker}",
)
CONNECT = PanelDesign(preset="connect", codes=PanelCodes(completed="DONE77"))


def test_sona_s_worker_comes_by_a_survey_code_and_goes_back_with_it() -> None:
    sona = Panel.of(SONA)
    link = sona().invitation("https://lab.example/annotate/", "study-hit-00000")
    assert link == "https://lab.example/annotate/?hit=study-hit-00000&survey_code=%SURVEY_CODE%"
    query = dict(parse_qsl(urlsplit(link.replace("%SURVEY_CODE%", "81027")).query))

    arrival = sona.arrive(query, NOBODY)
    back = sona.complete(arrival)

    assert (arrival.hit_id, arrival.worker_id, arrival.preview) == ("study-hit-00000", "81027", False)
    assert (back.method, back.code) == ("get", None)
    assert parse_qs(urlsplit(back.address).query) == {
        "experiment_id": ["7"],
        "credit_token": ["ab"],
        "survey_code": ["81027"],
    }


def test_who_did_not_finish_gets_no_credit_from_sona() -> None:
    sona = Panel.of(SONA)
    arrival = sona.arrive({"hit": "h", "survey_code": "1"}, NOBODY)
    assert sona.complete(arrival, "withdrawn").address == sona.complete(arrival, "screened-out").address == ""


def test_sona_without_its_completion_url_is_not_published() -> None:
    offer = Offer("t", "a", "b", (), "https://lab.example/", 0, 1, 60, 60, 0)
    with pytest.raises(PlatformRefused, match="completion URL"):
        Panel.of(PanelDesign(preset="sona"))().publish(offer)
    assert Panel.of(SONA)().publish(offer) == "t"


def test_connect_sends_three_ids_and_takes_one_code_for_all() -> None:
    connect = Panel.of(CONNECT)
    query = {"hit": "h", "participantId": "P1", "assignmentId": "A1", "projectId": "J1"}
    assert connect.arrive(query, NOBODY) == Arrival("h", "A1", "P1", None)
    back = connect.complete(connect.arrive(query, NOBODY), "completed", "NOTTHIS")
    assert (back.action, back.code) == ("", "DONE77")
    for name in ("participantId", "assignmentId", "projectId", "hit"):
        with pytest.raises(ArrivalRefused, match=f"has no {name}"):
            connect.arrive({key: value for key, value in query.items() if key != name}, NOBODY)


def test_without_a_code_of_its_own_a_panel_takes_the_hit_s() -> None:
    panel = Panel.of(PanelDesign(worker_parameter="id"))
    back = panel.complete(panel.arrive({"hit": "h", "id": "P1"}, NOBODY), "completed", "HIT1CODE")
    assert (back.action, back.code) == ("", "HIT1CODE")


def test_each_outcome_has_its_own_way_back_where_the_panel_has_codes() -> None:
    design = PanelDesign(
        redirect_url="https://panel.example/end?cc={code}&who={worker}",
        codes=PanelCodes(completed="C1", screened_out="C2"),
    )
    panel = Panel.of(design)
    arrival = panel.arrive({"hit": "h", "worker": "a@b"}, NOBODY)
    assert panel.complete(arrival).address == "https://panel.example/end?cc=C1&who=a%40b"
    assert panel.complete(arrival, "screened-out").address == "https://panel.example/end?cc=C2&who=a%40b"
    assert panel.complete(arrival, "withdrawn").address == ""
    assert panel.ways_back(Machine()) == {"https://panel.example"}


def test_somebody_who_only_looks_is_nobody() -> None:
    arrival = Panel.arrive({"hit": "h", "preview": "1", "worker": "P1"}, NOBODY)
    assert arrival.preview
    with pytest.raises(ArrivalRefused, match="preview"):
        Panel.complete(arrival)


def test_where_the_panel_names_no_participation_one_worker_has_one_go_at_each_hit() -> None:
    first, again, other = (
        Panel.arrive({"hit": hit, "worker": "P1"}, NOBODY).assignment_id for hit in ("h1", "h1", "h2")
    )
    assert first == again != other
    assert "P1" not in str(first)


@pytest.mark.parametrize("worker", ["", " ", "=1+1", "-1", "a b", "a\n", "<b>", "a" * 65, "ä", "@x"])
def test_ids_that_no_panel_gives_are_refused(worker: str) -> None:
    with pytest.raises(ArrivalRefused, match="panel's own list"):
        Panel.arrive({"hit": "h", "worker": worker}, NOBODY)


@given(st.text())
def test_whatever_stands_in_a_link_the_way_back_leads_to_the_panel_alone(worker: str) -> None:
    panel = Panel.of(PanelDesign(redirect_url="https://panel.example/end?who={worker}&as={assignment}"))
    try:
        arrival = panel.arrive({"hit": "h", "worker": worker}, NOBODY)
    except ArrivalRefused:
        return
    parts = urlsplit(panel.complete(arrival).address)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "panel.example", "/end")


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ({"redirect_url": "http://panel.example/"}, "begins with https"),
        ({"redirect_url": "javascript:alert(1)"}, "begins with https"),
        ({"redirect_url": "https://{worker}.example/"}, "begins with https"),
        ({"redirect_url": "https://panel.example/{who}"}, "has {who}"),
        ({"assignment_parameter": "worker"}, "each name once"),
        ({"codes": {"completed": "<b>"}}, "pattern"),
    ],
)
def test_a_design_that_leads_nowhere_is_refused(design: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PanelDesign.model_validate(design)


def test_a_preset_takes_the_place_of_defaults_that_a_file_spells_out() -> None:
    written = PanelDesign().model_dump() | {"preset": "connect"}
    assert PanelDesign.model_validate(written).worker_parameter == "participantId"
    assert PanelDesign.model_validate(written | {"worker_parameter": "who"}).worker_parameter == "who"
    assert PanelDesign.model_validate(PanelDesign(preset="sona").model_dump()) == PanelDesign(preset="sona")
