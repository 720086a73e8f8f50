"""From a HIT to a paid worker, by boto3 and a browser's requests over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_work_goes_from_a_hit_to_a_paid_worker(market: Any, post_hit: Callable[..., str]) -> None:
    client, hit_id, worker = market.client(), post_hit(), market.worker()
    assert worker.open_hits() == [hit_id]

    task = worker.accept(hit_id)
    assert (task["hitId"], task["pair"], task["side"]) == (hit_id, "1", "left")
    assert client.get_hit(HITId=hit_id)["HIT"]["NumberOfAssignmentsPending"] == 1
    assert "Thank you" in worker.submit(task, p1="same", p2="different <&> \x00").text

    listed = client.list_assignments_for_hit(HITId=hit_id)["Assignments"]
    assert [(one["AssignmentId"], one["WorkerId"], one["AssignmentStatus"]) for one in listed] == [
        (task["assignmentId"], task["workerId"], "Submitted")
    ]
    assert "<FreeText>different &lt;&amp;&gt; \ufffd</FreeText>" in listed[0]["Answer"]
    client.approve_assignment(AssignmentId=task["assignmentId"])
    client.send_bonus(
        WorkerId=task["workerId"], AssignmentId=task["assignmentId"], BonusAmount="0.30", Reason="bonus for care"
    )

    assert client.list_bonus_payments(HITId=hit_id)["BonusPayments"][0]["BonusAmount"] == "0.30"
    # 1,000.00 less 0.63 + 0.13 fee, less 0.30 + 0.06 fee; two more places of 0.76 are held
    balance = client.get_account_balance()
    assert (balance["AvailableBalance"], balance["OnHoldBalance"]) == ("997.36", "1.52")
    earnings = worker.get("/earnings").text
    assert "$0.93" in earnings
    assert "bonus for care" in earnings
