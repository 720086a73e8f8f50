"""A stand-in for Prolific over real HTTP: as strict as its documents, and with the manners of a bad day."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response
from werkzeug.serving import make_server

from hits.platforms.prolific.hook import sign
from tests.hits.prolific_rules import (
    CATEGORIES,
    ID,
    IDS,
    MOVES,
    PAGE,
    STUDY_FIELDS,
    TAKEN,
    TOKEN,
    Wrong,
    as_json,
    body_of,
    new_id,
    require_codes,
    utc_text,
)

#: `before`: an error, nothing done; `after`: an error, though it was done; `hang-up`: no answer, though it was done.
Manner: TypeAlias = Literal["busy", "before", "after", "hang-up", "slow", "page", "missing"]


@dataclass
class StandIn:
    """Prolific on a port of its own. Its state is open to tests."""

    studies: dict[str, dict[str, Any]] = field(default_factory=dict)
    submissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    bulks: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # submission and minor units, by bulk
    pays: list[str] = field(default_factory=list)  # bulks in the order in which they were asked to be paid
    messages: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    manners: list[tuple[str, Manner]] = field(default_factory=list)  # for the next request that the pattern fits
    balance: int = 1_000_000
    shows_bonuses: bool = True
    pays_late: bool = False  # bonuses stand on the books only once `settle` was called
    slow_s: float = 0.5
    retry_after: str = "0.1"
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._key = _made_key()
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # What people and Prolific itself do.

    def take_place(self, study_id: str, worker_id: str | None = None, status: str = "ACTIVE") -> dict[str, str]:
        """A participant takes a place of a study: the query with which the task's URL is opened."""
        study = self.studies[study_id]
        assert study["status"] == "ACTIVE", f"the study is {study['status']}"
        taken = sum(one["study_id"] == study_id and one["status"] in TAKEN for one in self.submissions.values())
        assert taken < study["total_available_places"], "no place is left"
        worker_id, submission_id = worker_id or new_id(), new_id()
        self.submissions[submission_id] = {
            "id": submission_id,
            "participant_id": worker_id,
            "study_id": study_id,
            "status": status,
            "started_at": utc_text(),
            "completed_at": None,
            "entered_code": None,
            "bonus_payments": [],
        }
        return {"PROLIFIC_PID": worker_id, "STUDY_ID": study_id, "SESSION_ID": submission_id}

    def bring(self, submission_id: str, code: str) -> None:
        """A participant comes back with a code."""
        one = self.submissions[submission_id]
        assert one["status"] in ("ACTIVE", "RESERVED"), f"the submission is {one['status']}"
        one.update(status="AWAITING REVIEW", entered_code=code, completed_at=utc_text())

    def settle(self) -> None:
        """What was asked to be paid stands on the books, minutes later."""
        for bulk in self.pays:
            for submission_id, minor in self.bulks[bulk]:
                self.submissions[submission_id]["bonus_payments"].append(minor)
        self.pays_late = False

    def paid_minor(self, submission_id: str) -> int:
        """What truly left as bonuses for a submission."""
        return sum(minor for bulk in self.pays for one, minor in self.bulks[bulk] if one == submission_id)

    def signed(self, query: dict[str, str], audience: str, **changes: Any) -> dict[str, str]:
        """A query as a signed link has it; `changes` to its claims, and `kid` or `key` for a forger."""
        kid, key = changes.pop("kid", "k1"), changes.pop("key", self._key)
        claims = {
            "iss": "https://www.prolific.com",
            "sub": query["SESSION_ID"],
            "aud": audience,
            "exp": int(time.time()) + 600,
            "prolific": {**query, "workspace_id": new_id()},
        }
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return {
            **query,
            "prolific_token": jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid} if kid else {}),
        }

    def message_of(
        self, secret: str, said: dict[str, Any], event_id: str, sent_at: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a message that Prolific sends by itself."""
        body, timestamp = json.dumps(said).encode(), str(int(sent_at or time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Prolific-Request-Timestamp": timestamp,
            "X-Prolific-Request-Signature": sign(secret, timestamp, body),
            "X-Event-ID": event_id,
        }
        return headers, body

    # The API.

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._with_manners(request)(environ, start)
        finally:
            self.at_once -= 1

    def _with_manners(self, request: Request) -> Callable[..., Any]:
        asked = f"{request.method} {request.path}"
        self.asked.append((request.method, request.path))
        manner = self._next_manner(asked)
        if manner == "busy":
            return Response("{}", 429, {"Retry-After": self.retry_after}, content_type="application/json")
        if manner == "before":
            return Response("<h1>502</h1>", 502, content_type="text/html")
        if manner == "page":
            return Response("<h1>Just a moment</h1>", 200, content_type="text/html")
        if manner == "slow":
            time.sleep(self.slow_s)
        answer = self._route(request)
        if manner == "after":
            return Response("<h1>504</h1>", 504, content_type="text/html")
        if manner == "missing":
            return Response("{}", 200, content_type="application/json")
        return _hang_up if manner == "hang-up" else answer

    def _next_manner(self, asked: str) -> Manner | None:
        for number, (pattern, manner) in enumerate(self.manners):
            if re.search(pattern, asked):
                del self.manners[number]
                return manner
        return None

    def _route(self, request: Request) -> Response:
        if request.path == "/submissions/complete":
            return self._complete_page(request)
        if request.path == "/favicon.ico":
            return Response(status=204)
        if request.path == "/.well-known/study/jwks.json":
            return as_json({"keys": [self._public_key()]})
        try:
            with self._lock:
                return as_json(self._serve(request))
        except Wrong as wrong:
            error = {"status": wrong.status, "title": "Bad request", "detail": str(wrong), "error_code": 140100}
            return as_json({"error": error}, wrong.status)

    def _serve(self, request: Request) -> dict[str, Any]:
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            raise Wrong(401, "Invalid token")
        for method, pattern, serve in ROUTES:
            met = re.fullmatch(f"/api/v1{pattern}", request.path)
            if met and request.method == method:
                return serve(self, request, *met.groups())
        raise Wrong(404, f"{request.method} {request.path} does not exist")

    def _list_studies(self, request: Request) -> dict[str, Any]:
        return self._page(request, list(self.studies.values()))

    def _make_study(self, request: Request) -> dict[str, Any]:
        wanted = body_of(request)
        if set(wanted) != set(STUDY_FIELDS):
            raise Wrong(400, f"fields: {sorted(set(wanted) ^ set(STUDY_FIELDS))}")
        for name, kind in STUDY_FIELDS.items():
            if not isinstance(wanted[name], kind):
                raise Wrong(400, f"{name} is no {kind.__name__}")
        if any(f"{name}={{{{%{name}%}}}}" not in wanted["external_study_url"] for name in IDS):
            raise Wrong(400, "external_study_url lacks a placeholder")
        if wanted["prolific_id_option"] != "url_parameters" or not 1 <= len(wanted["name"]) <= 120:
            raise Wrong(400, "prolific_id_option or name")
        if min(wanted[name] for name in ("total_available_places", "estimated_completion_time", "reward")) < 1:
            raise Wrong(400, "places, time and reward are 1 or more")
        if wanted["maximum_allowed_time"] <= wanted["estimated_completion_time"]:
            raise Wrong(400, "maximum_allowed_time is too short")
        require_codes(wanted["completion_codes"])
        study = {"id": new_id(), "status": "UNPUBLISHED", "date_created": utc_text(), **wanted}
        self.studies[study["id"]] = study
        return study

    def _study(self, _request: Request, study_id: str) -> dict[str, Any]:
        if study_id not in self.studies:
            raise Wrong(404, f"study {study_id} does not exist")
        return self.studies[study_id]

    def _change_study(self, request: Request, study_id: str) -> dict[str, Any]:
        study, wanted = self._study(request, study_id), body_of(request)
        if study["status"] != "UNPUBLISHED" and set(wanted) - {"total_available_places", "internal_name"}:
            raise Wrong(400, f"can't be changed once it is published: {sorted(wanted)}")
        if wanted.get("total_available_places", study["total_available_places"]) < study["total_available_places"]:
            raise Wrong(400, "places can only grow")
        study.update(wanted)
        return study

    def _move_study(self, request: Request, study_id: str) -> dict[str, Any]:
        study, action = self._study(request, study_id), body_of(request).get("action")
        if (study["status"], action) not in MOVES:
            raise Wrong(400, f"a study that is {study['status']} can't {action}")
        cost = study["reward"] * study["total_available_places"]
        if action == "PUBLISH" and cost > self.balance:
            raise Wrong(400, f"insufficient funds: {cost} of {self.balance}")
        study["status"] = MOVES[study["status"], str(action)]
        return study

    def _list_submissions(self, request: Request, study_id: str) -> dict[str, Any]:
        self._study(request, study_id)
        rows = [one for one in self.submissions.values() if one.get("study_id") == study_id]
        return self._page(request, [{k: v for k, v in one.items() if k != "bonus_payments"} for one in rows])

    def _submission(self, _request: Request, submission_id: str) -> dict[str, Any]:
        if submission_id not in self.submissions:
            raise Wrong(404, f"submission {submission_id} does not exist")
        one = self.submissions[submission_id]
        return one if self.shows_bonuses else {key: value for key, value in one.items() if key != "bonus_payments"}

    def _move_submission(self, request: Request, submission_id: str) -> dict[str, Any]:
        self._submission(request, submission_id)
        one, wanted = self.submissions[submission_id], body_of(request)
        goal = {"APPROVE": "APPROVED", "REJECT": "REJECTED"}.get(str(wanted.get("action")))
        if goal is None:
            raise Wrong(400, "no such action")
        if goal == "REJECTED" and (
            len(wanted.get("message", "")) < 100 or wanted.get("rejection_category") not in CATEGORIES
        ):
            raise Wrong(400, "a rejection needs 100 characters and a category")
        if one["status"] == goal:
            return one
        if one["status"] != "AWAITING REVIEW":
            raise Wrong(400, f"a submission that is {one['status']} can't become {goal}")
        if goal == "APPROVED":
            self.balance -= self.studies[one["study_id"]]["reward"]
        one["status"] = goal
        return one

    def _request_return(self, request: Request, submission_id: str) -> dict[str, Any]:
        self._submission(request, submission_id)
        if not body_of(request).get("request_return_reasons"):
            raise Wrong(400, "request_return_reasons is missing")
        self.submissions[submission_id]["return_requested"] = utc_text()
        return self.submissions[submission_id]

    def _set_up_bonuses(self, request: Request) -> dict[str, Any]:
        wanted = body_of(request)
        lines = [line for line in wanted["csv_bonuses"].split("\n") if line]
        if not 1 <= len(lines) <= 200:
            raise Wrong(400, f"{len(lines)} bonuses; expected 1 to 200")
        bulk = []
        for line in lines:
            met = re.fullmatch(rf"({ID}),(\d+\.\d\d)", line)
            mine = [
                one["id"]
                for one in self.submissions.values()
                if met and met[1] in (one["id"], one["participant_id"]) and one["study_id"] == wanted["study_id"]
            ]
            if met is None or not mine:
                raise Wrong(400, f"{line!r} names no participant of the study, or no amount")
            bulk.append((mine[0], round(float(met[2]) * 100)))
        name = new_id()
        self.bulks[name] = bulk
        return {"id": name, "study": wanted["study_id"], "amount": sum(minor for _, minor in bulk)}

    def _pay_bonuses(self, _request: Request, name: str) -> dict[str, Any]:
        """Pays, and pays again if asked again."""
        if name not in self.bulks:
            raise Wrong(404, f"bulk {name} does not exist")
        total = sum(minor for _, minor in self.bulks[name])
        if total > self.balance:
            raise Wrong(400, "insufficient funds")
        self.balance -= total
        self.pays.append(name)
        if not self.pays_late:
            for submission_id, minor in self.bulks[name]:
                self.submissions[submission_id]["bonus_payments"].append(minor)
        return {"message": "Successfully received"}

    def _send_message(self, request: Request) -> dict[str, Any]:
        wanted = body_of(request)
        if set(wanted) != {"recipient_id", "study_id", "body"}:
            raise Wrong(400, "recipient_id, study_id and body")
        self.messages.append(wanted)
        return {"id": new_id()}

    def _workspaces(self, request: Request) -> dict[str, Any]:
        return self._page(request, [{"id": "0" * 24}])

    def _balance(self, _request: Request, _workspace_id: str) -> dict[str, Any]:
        return {"currency_code": "USD", "available_balance": self.balance}

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
        number = int(request.args.get("page", 1))
        more = len(rows) > number * PAGE
        following = f"{self.url}{request.path}?page={number + 1}" if more else None
        return {"results": rows[(number - 1) * PAGE : number * PAGE], "next": following, "meta": {"count": len(rows)}}

    def _complete_page(self, request: Request) -> Response:
        """Where participants bring their code: it is taken for the submission that is at work."""
        code = request.args.get("cc", "")
        for one in self.submissions.values():
            known = [known["code"] for known in self.studies[one["study_id"]]["completion_codes"]]
            if one["status"] == "ACTIVE" and code in known:
                self.bring(one["id"], code)
                return Response(f"<h1>Back on Prolific</h1><p>{code}</p>", content_type="text/html")
        return Response("<h1>Unknown code</h1>", 400, content_type="text/html")

    def _public_key(self) -> dict[str, Any]:
        known: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**known, "kid": "k1", "alg": "RS256", "use": "sig"}


ROUTES: tuple[tuple[str, str, Callable[..., dict[str, Any]]], ...] = (
    ("GET", "/studies/", StandIn._list_studies),
    ("POST", "/studies/", StandIn._make_study),
    ("GET", "/studies/([^/]+)/", StandIn._study),
    ("PATCH", "/studies/([^/]+)/", StandIn._change_study),
    ("POST", "/studies/([^/]+)/transition/", StandIn._move_study),
    ("GET", "/studies/([^/]+)/submissions/", StandIn._list_submissions),
    ("POST", "/submissions/bonus-payments/", StandIn._set_up_bonuses),
    ("GET", "/submissions/([^/]+)/", StandIn._submission),
    ("POST", "/submissions/([^/]+)/transition/", StandIn._move_submission),
    ("POST", "/submissions/([^/]+)/request-return/", StandIn._request_return),
    ("POST", "/bulk-bonus-payments/([^/]+)/pay/", StandIn._pay_bonuses),
    ("POST", "/messages/", StandIn._send_message),
    ("GET", "/workspaces/", StandIn._workspaces),
    ("GET", "/workspaces/([^/]+)/balance/", StandIn._balance),
)


@cache
def _made_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _hang_up(environ: dict[str, Any], _start: Any) -> Any:
    """The line is cut before the first byte."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
