"""A web address as a target: a real server, with manners good and bad."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.attacking.asking import AnswerWrong, AskAgain, attack_clip, unbudgeted
from models.attacking.targets.endpoint import (
    ANSWER_BYTES_MAX,
    Endpoint,
    EndpointSettings,
    EndpointSilent,
    KeyUnusable,
)
from models.attacking.targets.pace import Pace, asked_to_wait_s
from models.attacks.base import Probe, Scene, Search, Steps
from pipelines.audio import Samples, Speech
from pipelines.sound_file import flac_bytes
from tests.models.conftest import Hums, tone

RATE_HZ = 16000
SOUND = tone(300, 0.2, 0.2, 1)
CLASSES = ("low", "mid", "high")


@dataclass
class Turn:
    """What the server does once."""

    status: int = 200
    body: bytes = b'{"label": "high"}'
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    promised: int | None = None  # bytes that its header speaks of


class Server(ThreadingHTTPServer):
    """Answers turn by turn, the last one for ever, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.turns: list[Turn] = [Turn()]
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/emotion"

    def handle_error(self, *_: Any) -> None:
        """Whoever hangs up on it is none of its business."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent.append((dict(self.headers), body))
        turns = self.server.turns
        turn = turns.pop(0) if len(turns) > 1 else turns[0]
        if turn.hangs_up:
            self.close_connection = True
            return
        self.send_response(turn.status)
        for name, value in turn.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(turn.body) if turn.promised is None else turn.promised))
        self.end_headers()
        self.wfile.write(turn.body)
        if turn.promised is not None and turn.promised > len(turn.body):
            self.wfile.flush()
            self.server.go_on.wait(10)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.go_on.set()
    made.shutdown()
    made.server_close()


@dataclass
class Clock:
    """A clock that moves when somebody sleeps."""

    at_s: float = 0.0
    slept_s: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.at_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(server: Server, clock: Clock) -> Callable[..., Endpoint]:
    def made(environment: dict[str, str] | None = None, **told: Any) -> Endpoint:
        told = {"url": server.url, "sample_rate_hz": RATE_HZ, "classes": CLASSES, "queries_per_s": 1e6} | told
        settings = EndpointSettings(**told)
        return Endpoint(settings, environment=environment or {}, now=clock.now, sleep=clock.sleep)

    return made


Make = Callable[..., Endpoint]


def label(endpoint: Endpoint, samples: Samples = SOUND) -> int:
    (found,) = endpoint.labels([samples], ["clip"])
    return found


class TestAnswers:
    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ({"label": "mid"}, 1),
            ({"label": 2}, 2),
            ({"probabilities": {"low": 0.2, "high": 0.7, "mid": 0.1}}, 2),
            ({"probabilities": {"low": 0.2, "mid": 0.1}}, 0),
            ({"probabilities": [0.1, 0.6, 0.3]}, 1),
            ({"probabilities": {"high": 0.5, "mid": 0.5}}, 1),
            ({"label": "low", "probabilities": {"low": 0, "mid": 1}}, 0),
        ],
    )
    def test_a_label_or_the_likeliest_class(self, server: Server, make: Make, told: object, expected: int) -> None:
        server.turns = [Turn(body=json.dumps(told).encode())]
        assert label(make()) == expected

    def test_fields_may_have_other_names_and_lie_deeper(self, server: Server, make: Make) -> None:
        server.turns = [Turn(body=b'[{"label": "mid", "score": 0.8}, {"label": "low", "score": 0.2}]')]
        assert label(make(label_field="0.label")) == 1
        server.turns = [Turn(body=b'{"result": {"emotion": {"low": 0.8, "mid": 0.2}}}')]
        assert label(make(probabilities_field="result.emotion")) == 0

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (b"<!doctype html><h1>Welcome", r"answered '<!doctype html><h1>Welcome'; expected JSON as"),
            (b"", "answered ''; expected JSON"),
            (b'{"label": "angry"}', r'the label "\'angry\'"; expected one of low, mid, high'),
            (b'{"label": true}', "the label 'True'"),
            (b'{"label": 3}', "the label '3'"),
            (b'{"label": NaN}', "the label 'nan'"),
            (b'{"label": ["low"]}', "expected one of low, mid, high"),
            (b'{"labels": "low"}', "expected JSON with 'label' or 'probabilities'"),
            (b"[1, 2]", "expected JSON with 'label' or 'probabilities'"),
            (b'{"probabilities": {"low": NaN, "mid": 0.5}}', "expected a finite number for each class"),
            (b'{"probabilities": {"low": "0.5"}}', "expected a finite number for each class"),
            (b'{"probabilities": {"low": 1' + b"0" * 400 + b"}}", "expected a finite number for each class"),
            (b'{"probabilities": {}}', "expected a finite number for each class"),
            (b'{"probabilities": [0.5, 0.5]}', "expected a finite number for each class"),
            (b'{"probabilities": {"low": 0.1, "angry": 0.9}}', "the label .*angry"),
            (b"[" * 60000, "expected JSON as"),
            (b"\xff\xfe\x00", "expected JSON as"),
        ],
    )
    def test_what_is_no_label_is_named_in_a_sentence(
        self, server: Server, make: Make, body: bytes, sentence: str
    ) -> None:
        server.turns = [Turn(body=body)]
        with pytest.raises(AnswerWrong, match=sentence) as wrong:
            label(make())
        assert str(wrong.value).startswith(f"{server.url} answered ")
        assert len(str(wrong.value)) < 400

    def test_an_answer_beyond_all_measure_is_not_read_to_its_end(self, server: Server, make: Make) -> None:
        server.turns = [Turn(body=b" " * (ANSWER_BYTES_MAX + 1), promised=2**40)]
        with pytest.raises(AnswerWrong, match=f"with more than {ANSWER_BYTES_MAX} bytes"):
            label(make())

    @pytest.mark.parametrize("status", [400, 401, 404, 413, 204])
    def test_a_refusal_is_told_with_what_the_server_says(self, server: Server, make: Make, status: int) -> None:
        body = b"" if status == 204 else b"we hear\x1b[31m 8000 Hz alone"
        server.turns = [Turn(status, body)]
        with pytest.raises(AnswerWrong, match=rf"answered {status} '{'' if status == 204 else 'we hear .31m 8000 Hz'}"):
            label(make())

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_no_redirection_is_followed(self, server: Server, make: Make, status: int) -> None:
        server.turns = [Turn(status, b"", {"Location": "http://127.0.0.2:9/steal"})]
        with pytest.raises(AnswerWrong, match=f"answered {status} .* no redirection is followed"):
            label(make(environment={"KEY": "Bearer abcdef"}, key_variable="KEY"))
        assert len(server.sent) == 1


class TestFailures:
    def test_a_server_that_fails_is_asked_again_after_a_rest(self, server: Server, make: Make, clock: Clock) -> None:
        server.turns = [Turn(500), Turn(503), Turn(500), Turn()]
        assert unbudgeted(make(wait_s=0.5), [SOUND], ["clip"]) == [2]
        assert clock.slept_s == [0.5, 1.0, 2.0]
        assert len(server.sent) == 4

    @pytest.mark.parametrize(
        ("asks", "rest_s"), [("7", 7.0), ("100000", 20.0), ("soon", 1.0), ("Fri, 31 Dec 2999 23:59:59 GMT", 20.0)]
    )
    def test_the_rest_that_it_asks_for_is_kept_up_to_a_limit(
        self, server: Server, make: Make, clock: Clock, asks: str, rest_s: float
    ) -> None:
        server.turns = [Turn(429, b"busy", {"Retry-After": asks})]
        with pytest.raises(AskAgain, match="it answered 429"):
            label(make(wait_max_s=20))
        assert clock.slept_s == [rest_s]

    def test_one_that_hangs_up_is_asked_again(self, server: Server, make: Make) -> None:
        server.turns = [Turn(hangs_up=True), Turn()]
        endpoint = make()
        with pytest.raises(AskAgain, match=r"the connection failed \(ConnectionError\)"):
            label(endpoint)
        assert label(endpoint) == 2

    def test_one_that_is_slow_is_not_waited_for(self, server: Server, make: Make) -> None:
        server.turns = [Turn(body=b'{"label"', promised=17), Turn()]
        endpoint = make(timeout_s=0.05)
        with pytest.raises(AskAgain, match="the connection failed"):
            label(endpoint)
        server.go_on.set()
        assert label(endpoint) == 2

    def test_one_that_drips_is_not_waited_for_either(self, server: Server, make: Make, clock: Clock) -> None:
        """Each byte comes in time, and all of them do not."""
        ticking = iter(range(1000))
        clock.now = lambda: float(next(ticking))  # type: ignore[method-assign]
        with pytest.raises(AskAgain, match=r"the connection failed \(Timeout\)"):
            label(make(timeout_s=5))

    def test_nobody_there_is_an_end_with_a_sentence(self, make: Make, clock: Clock) -> None:
        endpoint = make(url="http://127.0.0.1:9/gone?key=secret", failures_max=3, wait_s=1, wait_max_s=1)
        sentence = "^http://127.0.0.1:9/gone gave no answer 3 times in a row, the last time because the connection fail"
        with pytest.raises(EndpointSilent, match=sentence) as silent:
            unbudgeted(endpoint, [SOUND], ["clip"])
        assert silent.value.__context__ is None
        assert clock.slept_s == [1, 1]

    def test_an_answer_ends_a_row_of_failures(self, server: Server, make: Make) -> None:
        server.turns = [Turn(500), Turn(500), Turn(), Turn(500), Turn(500), Turn()]
        endpoint = make(failures_max=3)
        assert unbudgeted(endpoint, [SOUND] * 2, ["a", "b"]) == [2, 2]


class Louder(Search):
    """A search that sends ever louder noise."""

    def steps(self, scene: Scene) -> Steps:
        noise = scene.rng().normal(0, 1, len(scene.speech.samples)).astype(np.float32)
        for number in range(100):
            yield Probe(scene.speech.samples + np.float32(0.001 * (1 + number)) * noise)


def attacked(endpoint: Endpoint, queries: int) -> tuple[list[int], Samples | None]:
    scene = Scene(Speech(SOUND, RATE_HZ, clip_id="clip"), 2, (), Hums(), seed=1)
    outcome = attack_clip(Louder(), scene, endpoint, queries)
    return [query.number for query in outcome.trace], outcome.samples


class TestUnderAttack:
    def test_each_try_is_a_query(self, server: Server, make: Make) -> None:
        server.turns = [Turn(), Turn(500), Turn(429), Turn(), Turn(hangs_up=True), Turn()]
        numbers, _ = attacked(make(), 6)
        assert numbers == [1, 4, 6]
        assert len(server.sent) == 6

    @pytest.mark.parametrize("encoding", ["pcm16", "float32"])
    def test_what_is_found_is_what_was_sent(self, server: Server, make: Make, encoding: str) -> None:
        server.turns = [Turn(), Turn(), Turn(body=b'{"label": "low"}'), Turn()]
        _, found = attacked(make(encoding=encoding), 5)
        assert found is not None
        sent, rate_hz = soundfile.read(io.BytesIO(server.sent[2][1]), dtype="float32")
        assert rate_hz == RATE_HZ
        assert server.sent[2][0]["Content-Type"] == "audio/wav"
        if encoding == "float32":
            assert np.array_equal(sent, found)
            return
        assert soundfile.info(io.BytesIO(server.sent[2][1])).subtype == "PCM_16"
        kept, _ = soundfile.read(io.BytesIO(flac_bytes(found, RATE_HZ)), dtype="float32")
        assert np.array_equal(sent, kept)


class TestKeys:
    KEY = "Bearer s3cret-value"

    def test_it_goes_along_in_its_header_and_into_no_sentence(
        self, server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        server.turns = [Turn(403, b'no "s3cret-value" here; Bearer s3cret-value')]
        with pytest.raises(AnswerWrong, match=r"\*\*\*") as wrong:
            label(make(environment={"KEY": self.KEY}, key_variable="KEY", key_header="X-Api-Key"))
        headers = server.sent[0][0]
        assert headers["X-Api-Key"] == self.KEY
        assert "Authorization" not in headers
        assert "s3cret" not in str(wrong.value)

    @pytest.mark.parametrize("key", ["", "a\nb", "geheim-ä", " padded "])
    def test_one_that_cannot_be_sent_is_refused_without_being_shown(self, make: Make, key: str) -> None:
        with pytest.raises(KeyUnusable, match="the environment variable KEY") as wrong:
            make(environment={"KEY": key}, key_variable="KEY")
        assert not key or key not in str(wrong.value)

    @pytest.mark.parametrize(
        "url", ["ftp://host/x", "file:///etc/passwd", "host/x", "http://", "http://host:99999/", "http://u:pw@host/x"]
    )
    def test_what_is_no_address_is_refused_without_being_shown(self, url: str) -> None:
        with pytest.raises(ValidationError, match="found (no address|a user or a password)") as wrong:
            EndpointSettings(url=url, sample_rate_hz=RATE_HZ, classes=CLASSES)
        assert "pw@" not in str(wrong.value)

    def test_the_query_of_an_address_is_not_told(self) -> None:
        settings = EndpointSettings(url="https://host:8/x?key=secret", sample_rate_hz=RATE_HZ, classes=CLASSES)
        assert settings.address == "https://host:8/x"


class TestPace:
    @given(st.floats(0.5, 50), st.integers(1, 5), st.lists(st.floats(0, 2), min_size=1, max_size=40))
    def test_no_stretch_of_time_has_more_questions_than_it_may(
        self, per_s: float, burst: int, pauses_s: list[float]
    ) -> None:
        clock = Clock()
        pace = Pace(per_s, burst, clock.now, clock.sleep)
        asked_at_s = []
        for pause_s in pauses_s:
            clock.at_s += pause_s
            pace.wait()
            asked_at_s.append(clock.at_s)
        for first, begun_s in enumerate(asked_at_s):
            for last, ended_s in enumerate(asked_at_s[first:], start=first):
                assert last - first + 1 <= burst + (ended_s - begun_s) * per_s + 1e-6

    def test_whoever_asks_slowly_never_waits(self) -> None:
        clock = Clock()
        pace = Pace(2.0, 1, clock.now, clock.sleep)
        for _ in range(5):
            pace.wait()
            clock.at_s += 0.5
        assert clock.slept_s == []

    def test_an_endpoint_keeps_its_pace(self, make: Make, clock: Clock) -> None:
        endpoint = make(queries_per_s=4)
        for _ in range(5):
            label(endpoint)
        assert clock.at_s == pytest.approx(1.0)

    @pytest.mark.parametrize("said", [None, "", "nan", "31 of May", "Fri, 99 Dec"])
    def test_a_rest_that_nobody_can_read_is_none(self, said: str | None) -> None:
        assert asked_to_wait_s(said) is None


def test_where_nobody_was_ever_met_that_is_told_soon(make: Make, clock: Clock) -> None:
    endpoint = make(url="http://127.0.0.1:9/emotion", wait_s=1.0)  # the port of nobody
    for _ in range(2):
        with pytest.raises(AskAgain):
            label(endpoint)
    with pytest.raises(EndpointSilent, match="no answer 3 times in a row, the last time because the connection failed"):
        label(endpoint)
    assert sum(clock.slept_s) <= 5
