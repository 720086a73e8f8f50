"""Every operation that the marketplace carries out, by MTurk's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.marketplace.operations import assignments, hits, payments
from app.marketplace.operations.call import Call, Fields

OPERATIONS: Mapping[str, Callable[[Call], Fields]] = MappingProxyType(
    {
        "ApproveAssignment": assignments.approve_assignment,
        "CreateHIT": hits.create_hit,
        "DeleteHIT": hits.delete_hit,
        "GetAccountBalance": payments.get_account_balance,
        "GetAssignment": assignments.get_assignment,
        "GetHIT": hits.get_hit,
        "ListAssignmentsForHIT": assignments.list_assignments_for_hit,
        "ListBonusPayments": payments.list_bonus_payments,
        "ListHITs": hits.list_hits,
        "RejectAssignment": assignments.reject_assignment,
        "SendBonus": payments.send_bonus,
        "UpdateExpirationForHIT": hits.update_expiration_for_hit,
    }
)
