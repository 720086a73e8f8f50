"""Qualification tests: QuestionForm and AnswerKey, taken on the workers' pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from app.marketplace.answer_key import ANSWER_KEY, read_key
from app.marketplace.markup import SCHEMAS, BadXml
from app.marketplace.question_form import read_form

FORM = f"{SCHEMAS}/2017-11-06/QuestionForm.xsd"


def choice(name: str, most: int = 1, other: str = "", required: str = "true") -> str:
    selections = "".join(
        f"<Selection><SelectionIdentifier>{letter}</SelectionIdentifier><Text>Choice {letter}</Text></Selection>"
        for letter in "abc"
    )
    return (
        f"<Question><QuestionIdentifier>{name}</QuestionIdentifier><DisplayName>About {name}</DisplayName>"
        f"<IsRequired>{required}</IsRequired><QuestionContent><Text>Which &lt;one&gt;?</Text></QuestionContent>"
        f"<AnswerSpecification><SelectionAnswer><MinSelectionCount>1</MinSelectionCount><MaxSelectionCount>{most}"
        f"</MaxSelectionCount><Selections>{selections}{other}</Selections></SelectionAnswer></AnswerSpecification>"
        "</Question>"
    )


def text(name: str, constraints: str = "") -> str:
    return (
        f"<Question><QuestionIdentifier>{name}</QuestionIdentifier><IsRequired>true</IsRequired><QuestionContent>"
        "<Title>In your words</Title><List><ListItem>first</ListItem></List><Binary><MimeType><Type>audio</Type>"
        "</MimeType><DataURL>https://lab.example/a.wav</DataURL><AltText>the sound</AltText></Binary>"
        "<FormattedContent><![CDATA[<p>Be <b>exact</b><script>x()</script></p>]]></FormattedContent>"
        f"</QuestionContent><AnswerSpecification><FreeTextAnswer>{constraints}</FreeTextAnswer></AnswerSpecification>"
        "</Question>"
    )


def form(*questions: str) -> str:
    overview = "<Overview><Text>Listen well.</Text></Overview>"
    return f'<QuestionForm xmlns="{FORM}">{overview}{"".join(questions)}</QuestionForm>'


def key(mapping: str = "", default: int | None = None) -> str:
    options = "".join(
        f"<AnswerOption>{''.join(f'<SelectionIdentifier>{one}</SelectionIdentifier>' for one in chosen)}"
        f"<AnswerScore>{score}</AnswerScore></AnswerOption>"
        for chosen, score in (("a", 2), ("ab", 3))
    )
    usual = "" if default is None else f"<DefaultScore>{default}</DefaultScore>"
    asked = f"<Question><QuestionIdentifier>q1</QuestionIdentifier>{options}{usual}</Question>"
    mapped = f"<QualificationValueMapping>{mapping}</QualificationValueMapping>" if mapping else ""
    return f'<AnswerKey xmlns="{ANSWER_KEY}">{asked}{mapped}</AnswerKey>'


PERCENTAGE = "<PercentageMapping><MaximumSummedScore>3</MaximumSummedScore></PercentageMapping>"
SCALE = "<ScaleMapping><SummedScoreMultiplier>1.5</SummedScoreMultiplier></ScaleMapping>"
RANGE = (
    "<RangeMapping><SummedScoreRange><InclusiveLowerBound>2</InclusiveLowerBound><InclusiveUpperBound>2"
    "</InclusiveUpperBound><QualificationValue>7</QualificationValue></SummedScoreRange>"
    "<OutOfRangeQualificationValue>-1</OutOfRangeQualificationValue></RangeMapping>"
)


@pytest.mark.parametrize(
    ("mapping", "one", "both", "neither"),
    [("", 2, 3, 0), (PERCENTAGE, 67, 100, 0), (SCALE, 3, 5, 0), (RANGE, 7, -1, -1)],
)
def test_a_score_becomes_a_value_as_the_key_says(mapping: str, one: int, both: int, neither: int) -> None:
    found = read_key(key(mapping))
    values = [found.value({"q1": frozenset(chosen)}) for chosen in ("a", "ab", "c")]
    assert values == [one, both, neither]
    assert found.value({}) == neither


def test_another_answer_scores_the_default() -> None:
    assert read_key(key(default=1)).value({"q1": frozenset("c")}) == 1


@pytest.mark.parametrize(
    "document",
    [
        "<AnswerKey/>",
        f'<AnswerKey xmlns="{ANSWER_KEY}"/>',
        key("<NoMapping/>"),
        key(PERCENTAGE.replace(">3<", ">0<")),
        key(PERCENTAGE.replace(">3<", ">three<")),
        key(PERCENTAGE.replace(">3<", ">1e9999999<")),
        key().replace(">2<", ">2.5<"),
    ],
)
def test_a_key_that_cannot_score_is_refused(document: str) -> None:
    with pytest.raises(BadXml, match="AnswerKey"):
        read_key(document)


@pytest.mark.parametrize(
    "document",
    [
        form(),
        form(choice("q1"), choice("q1")),
        form(choice("")),
        form(choice("q1").replace("SelectionAnswer", "FileUploadAnswer")),
        form(choice("q1").replace("Choice a</Text>", "Choice a</Text><Application/>")),
        form(choice("q1", most=0)),
        form(text("q1").replace("https:", "javascript:")),
        form(text("q1", '<Constraints><Length maxLength="many"/></Constraints>')),
        form(choice("q1")).replace("2017-11-06", "1999-01-01"),
    ],
)
def test_a_form_that_cannot_be_shown_is_refused(document: str) -> None:
    with pytest.raises(BadXml, match="QuestionForm"):
        read_form(document)


@given(st.text(max_size=200))
def test_whatever_is_given_as_a_form_is_read_or_refused(document: str) -> None:
    for wrapped in (document, f'<QuestionForm xmlns="{FORM}">{document}</QuestionForm>'):
        with pytest.raises(BadXml):
            read_form(wrapped)


def make_type(market: Any, **changes: Any) -> str:
    wanted = {"Name": "Trained ears", "Description": "A short test.", "QualificationTypeStatus": "Active"}
    made = market.client().create_qualification_type(**{**wanted, **changes})
    return str(made["QualificationType"]["QualificationTypeId"])


def ask(worker: Any, type_id: str) -> Any:
    return worker.post_form("/qualifications", f"/{type_id}/ask")


def hand_in(worker: Any, test: Any, **answers: Any) -> Any:
    path = test.url.partition("/marketplace")[2]
    return worker.post_form(path, path, **answers)


def score(market: Any, worker: Any, type_id: str) -> dict[str, Any]:
    who = {"QualificationTypeId": type_id, "WorkerId": worker.worker_id}
    found: dict[str, Any] = market.client().get_qualification_score(**who)["Qualification"]
    return found


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_test_is_taken_and_scored_at_once(market: Any) -> None:
    wanted = {"Test": form(choice("q1", most=2), text("q2")), "AnswerKey": key(PERCENTAGE)}
    type_id, worker = make_type(market, TestDurationInSeconds=600, **wanted), market.worker()
    test = ask(worker, type_id)
    for words in ("Listen well.", "About q1", "Which &lt;one&gt;?", "Choice b", "<li>first</li>", "Be exact"):
        assert words in test.text
    assert 'href="https://lab.example/a.wav"' in test.text
    assert "x()" not in test.text
    unanswered = hand_in(worker, test, **{"question-0": ["a", "b"]})
    assert "Please answer this question." in unanswered.text
    assert len(re.findall(" checked", unanswered.text)) == 2
    done = hand_in(worker, test, **{"question-0": ["a", "b"], "question-1": "joy"})
    assert "with the value <strong>100</strong>" in done.text
    assert score(market, worker, type_id)["IntegerValue"] == 100
    late = worker.session.post(test.url, data={"csrf_token": token(worker), "question-0": "a"}, timeout=30)
    assert late.status_code == 410


def test_a_test_without_a_key_waits_for_its_requester(market: Any) -> None:
    type_id, worker = make_type(market, Test=form(text("q1")), TestDurationInSeconds=600), market.worker()
    done = hand_in(worker, ask(worker, type_id), **{"question-0": "tense & <low>"})
    assert "the requester will decide" in done.text
    client = market.client()
    (request,) = client.list_qualification_requests(QualificationTypeId=type_id)["QualificationRequests"]
    answer = ET.fromstring(request["Answer"])
    assert answer.findtext(".//{*}FreeText") == "tense & <low>"
    assert request["Test"] == form(text("q1"))
    client.accept_qualification_request(QualificationRequestId=request["QualificationRequestId"], IntegerValue=5)
    assert score(market, worker, type_id)["IntegerValue"] == 5
    assert client.list_qualification_requests()["NumResults"] == 0
    with pytest.raises(ClientError) as again:
        client.reject_qualification_request(QualificationRequestId=request["QualificationRequestId"])
    assert again.value.response["TurkErrorCode"] == "AWS.MechanicalTurk.QualificationRequestDoesNotExist"


def test_a_request_is_declined_with_a_reason_that_arrives(market: Any) -> None:
    type_id, worker = make_type(market), market.worker()
    ask(worker, type_id)
    client = market.client()
    (request,) = client.list_qualification_requests()["QualificationRequests"]
    client.reject_qualification_request(
        QualificationRequestId=request["QualificationRequestId"], Reason="the training comes first"
    )
    assert "1 new message" in worker.get("/work").text
    assert "the training comes first" in worker.get("/messages").text
    assert "new message" not in worker.get("/work").text
    assert "asked for only once" in worker.get("/qualifications").text


def test_what_is_granted_by_itself_is_granted_at_once(market: Any) -> None:
    type_id, worker = make_type(market, AutoGranted=True, AutoGrantedValue=3), market.worker()
    ask(worker, type_id)
    assert score(market, worker, type_id)["IntegerValue"] == 3


def test_another_attempt_waits_as_long_as_the_type_says(market: Any) -> None:
    asked = form(choice("q1"))
    type_id = make_type(market, Test=asked, TestDurationInSeconds=60, RetryDelayInSeconds=3600)
    worker = market.worker()
    test = ask(worker, type_id)
    assert "Go on with the test" in worker.get("/qualifications").text
    market.clock.ahead = timedelta(minutes=5)
    late = worker.session.post(test.url, data={"csrf_token": token(worker), "question-0": "a"}, timeout=30)
    assert late.status_code == 410
    assert "You may ask for it again from" in worker.get("/qualifications").text
    market.clock.ahead = timedelta(minutes=61)
    done = hand_in(worker, ask(worker, type_id), **{"question-0": "a"})
    assert "the requester will decide" in done.text


def test_only_one_attempt_where_the_type_names_no_delay(market: Any) -> None:
    type_id, worker = make_type(market, Test=form(choice("q1")), TestDurationInSeconds=60), market.worker()
    ask(worker, type_id)
    market.clock.ahead = timedelta(days=1)
    assert "asked for only once" in worker.get("/qualifications").text
    answer = worker.session.post(
        f"{market.url}/qualifications/{type_id}/ask", data={"csrf_token": token(worker)}, timeout=30
    )
    assert answer.status_code == 409


def test_a_worker_never_sees_another_worker_s_test(market: Any) -> None:
    type_id, worker = make_type(market, Test=form(choice("q1")), TestDurationInSeconds=60), market.worker()
    path = ask(worker, type_id).url.partition("/marketplace")[2]
    assert market.worker().get(path).status_code == 404


@pytest.mark.parametrize(
    ("constraints", "said", "fault"),
    [
        ('<Constraints><IsNumeric minValue="1" maxValue="5"/></Constraints>', "6", "at most 5"),
        ('<Constraints><IsNumeric minValue="1"/></Constraints>', "0", "at least 1"),
        ("<Constraints><IsNumeric/></Constraints>", "nan", "Please write a number"),
        ('<Constraints><Length minLength="3" maxLength="4"/></Constraints>', "ab", "3 to 4 characters"),
        ("", " ", "Please answer"),
    ],
)
def test_an_answer_out_of_bounds_is_asked_again(market: Any, constraints: str, said: str, fault: str) -> None:
    wanted = form(text("q1", constraints))
    type_id, worker = make_type(market, Test=wanted, TestDurationInSeconds=60), market.worker()
    assert fault in hand_in(worker, ask(worker, type_id), **{"question-0": said}).text
    assert market.client().list_qualification_requests()["NumResults"] == 0


def token(worker: Any) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', worker.get("/you").text)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"Test": form(choice("q1"))},
        {"Test": form(choice("q1")), "TestDurationInSeconds": 60, "AutoGranted": True},
        {"Test": form(choice("other")), "TestDurationInSeconds": 60, "AnswerKey": key()},
    ],
    ids=["no time", "test and automatic", "key for another question"],
)
def test_a_test_that_cannot_be_is_refused(market: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        make_type(market, **changes)


def test_a_new_test_without_a_key_is_read_by_its_requester(market: Any) -> None:
    client = market.client()
    type_id = make_type(market, Test=form(choice("q1")), TestDurationInSeconds=60, AnswerKey=key())
    client.update_qualification_type(QualificationTypeId=type_id, Test=form(choice("q2")))
    found = client.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
    assert "AnswerKey" not in found
    assert found["TestDurationInSeconds"] == 60
