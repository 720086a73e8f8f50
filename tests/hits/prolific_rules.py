"""What Prolific's documents demand of requests, as its stand-in holds to them."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from werkzeug import Request, Response

TOKEN = "a token of the lab"
PAGE = 20
ID = "[0-9a-f]{24}"
IDS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
STUDY_FIELDS = {
    "name": str,
    "internal_name": str,
    "description": str,
    "external_study_url": str,
    "is_external_study_url_secure": bool,
    "prolific_id_option": str,
    "completion_codes": list,
    "total_available_places": int,
    "estimated_completion_time": int,
    "maximum_allowed_time": int,
    "reward": int,
    "device_compatibility": list,
    "peripheral_requirements": list,
}
CODE_ACTIONS = {"AUTOMATICALLY_APPROVE", "MANUALLY_REVIEW", "REQUEST_RETURN"}
MOVES = {
    ("UNPUBLISHED", "PUBLISH"): "ACTIVE",
    ("ACTIVE", "PAUSE"): "PAUSED",
    ("PAUSED", "START"): "ACTIVE",
    ("ACTIVE", "STOP"): "AWAITING REVIEW",
    ("PAUSED", "STOP"): "AWAITING REVIEW",
}
CATEGORIES = {
    *("TOO_QUICKLY", "TOO_SLOWLY", "FAILED_INSTRUCTIONS", "INCOMP_LONGITUDINAL", "FAILED_CHECK", "LOW_EFFORT"),
    *("MALINGERING", "NO_CODE", "BAD_CODE", "NO_DATA", "UNSUPP_DEVICE", "OTHER"),
}
TAKEN = ("RESERVED", "ACTIVE", "AWAITING REVIEW", "APPROVED", "PROCESSING")


class Wrong(Exception):
    """A request that Prolific would refuse."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def new_id() -> str:
    """An id as Prolific makes them: 24 hex digits."""
    return secrets.token_hex(12)


def utc_text() -> str:
    return datetime.now(UTC).isoformat()


def as_json(found: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(found), status, content_type="application/json")


def body_of(request: Request) -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise Wrong(400, "expected a JSON object")
    return found


def require_codes(codes: list[Any]) -> None:
    for one in codes:
        if set(one) != {"code", "code_type", "actor", "actions"} or one["actor"] != "participant":
            raise Wrong(400, f"completion code {one}")
        if not one["actions"] or any(action["action"] not in CODE_ACTIONS for action in one["actions"]):
            raise Wrong(400, f"actions {one['actions']}")
    if len({one["code"] for one in codes}) != len(codes) or "COMPLETED" not in {one["code_type"] for one in codes}:
        raise Wrong(400, "codes are not different, or none completes")
