"""Every operation that the marketplace carries out, by MTurk's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.marketplace.operations import assignments, hits, payments, qualification_requests, qualifications
from app.marketplace.operations.call import Call, Fields

OPERATIONS: Mapping[str, Callable[[Call], Fields]] = MappingProxyType(
    {
        "AcceptQualificationRequest": qualification_requests.accept_qualification_request,
        "ApproveAssignment": assignments.approve_assignment,
        "AssociateQualificationWithWorker": qualification_requests.associate_qualification_with_worker,
        "CreateHIT": hits.create_hit,
        "CreateQualificationType": qualifications.create_qualification_type,
        "DeleteHIT": hits.delete_hit,
        "DeleteQualificationType": qualifications.delete_qualification_type,
        "DisassociateQualificationFromWorker": qualification_requests.disassociate_qualification_from_worker,
        "GetAccountBalance": payments.get_account_balance,
        "GetAssignment": assignments.get_assignment,
        "GetHIT": hits.get_hit,
        "GetQualificationScore": qualification_requests.get_qualification_score,
        "GetQualificationType": qualifications.get_qualification_type,
        "ListAssignmentsForHIT": assignments.list_assignments_for_hit,
        "ListBonusPayments": payments.list_bonus_payments,
        "ListHITs": hits.list_hits,
        "ListQualificationRequests": qualification_requests.list_qualification_requests,
        "ListQualificationTypes": qualifications.list_qualification_types,
        "ListWorkersWithQualificationType": qualification_requests.list_workers_with_qualification_type,
        "RejectAssignment": assignments.reject_assignment,
        "RejectQualificationRequest": qualification_requests.reject_qualification_request,
        "SendBonus": payments.send_bonus,
        "UpdateExpirationForHIT": hits.update_expiration_for_hit,
        "UpdateQualificationType": qualifications.update_qualification_type,
    }
)
