"""Clients that we did not write: Amazon's own command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hits.platforms.mturk.wire import external_question

AWS = Path(sys.executable).parent / "aws"


@pytest.fixture
def aws(market: Any, tmp_path: Path) -> Any:
    """`aws mturk ...` at the marketplace, with a requester's keys and nobody's configuration."""
    if not AWS.exists():
        pytest.skip("awscli is not installed (earwitness[dev])")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": market.keys[0],
        "AWS_SECRET_ACCESS_KEY": market.keys[1],
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(AWS), "mturk", *words, "--endpoint-url", f"{market.url}/requester", "--output", "json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_the_aws_command_line_works_from_a_hit_to_a_bonus(market: Any, aws: Any, tmp_path: Path) -> None:
    question = tmp_path / "question.xml"
    question.write_text(external_question("http://127.0.0.1:9/task"), encoding="utf-8")
    wanted = "QualificationTypeId=00000000000000000071,Comparator=In,LocaleValues=[{Country=US},{Country=DE}]"
    made = aws(
        *("create-hit", "--title", "Listen", "--description", "Two clips", "--reward", "0.10"),
        *("--max-assignments", "2", "--assignment-duration-in-seconds", "600", "--lifetime-in-seconds", "3600"),
        *("--question", f"file://{question}", "--qualification-requirements", wanted),
    )
    assert made.returncode == 0, made.stderr
    hit = json.loads(made.stdout)["HIT"]
    worker = market.worker()
    worker.post_form("/you", "/you", country="DE")
    task = worker.accept(hit["HITId"])
    worker.submit(task)
    found = json.loads(aws("list-assignments-for-hit", "--hit-id", hit["HITId"]).stdout)
    assert [one["AssignmentId"] for one in found["Assignments"]] == [task["assignmentId"]]
    ids = ("--worker-id", task["workerId"], "--assignment-id", task["assignmentId"])
    paid = aws("send-bonus", *ids, "--bonus-amount", "0.05", "--reason", "care", "--unique-request-token", "t1")
    assert paid.returncode == 0, paid.stderr
    balance = json.loads(aws("get-account-balance").stdout)
    assert balance == {"AvailableBalance": "999.70", "OnHoldBalance": "0.24"}


def test_the_aws_command_line_pages_and_shows_a_refusal(market: Any, aws: Any) -> None:
    client = market.client()
    for number in range(3):
        client.create_qualification_type(Name=f"Ears {number}", Description="d", QualificationTypeStatus="Active")
    listed = aws("list-qualification-types", "--must-be-requestable", "--page-size", "2")
    assert len(json.loads(listed.stdout)["QualificationTypes"]) == 3
    refused = aws("get-hit", "--hit-id", "3NOBODY")
    assert refused.returncode != 0
    assert "(RequestError) when calling the GetHIT operation: Hit 3NOBODY does not exist." in refused.stderr
