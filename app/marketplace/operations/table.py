"""Every operation that the marketplace carries out, by MTurk's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.marketplace.operations import (
    assignments,
    blocks,
    hit_lists,
    hit_types,
    hits,
    messages,
    notifications,
    payments,
    qualification_requests,
    qualifications,
)
from app.marketplace.operations.call import Call, Fields

OPERATIONS: Mapping[str, Callable[[Call], Fields]] = MappingProxyType(
    {
        "AcceptQualificationRequest": qualification_requests.accept_qualification_request,
        "ApproveAssignment": assignments.approve_assignment,
        "AssociateQualificationWithWorker": qualification_requests.associate_qualification_with_worker,
        "CreateAdditionalAssignmentsForHIT": hits.create_additional_assignments_for_hit,
        "CreateHIT": hits.create_hit,
        "CreateHITType": hit_types.create_hit_type,
        "CreateHITWithHITType": hits.create_hit_with_hit_type,
        "CreateQualificationType": qualifications.create_qualification_type,
        "CreateWorkerBlock": blocks.create_worker_block,
        "DeleteHIT": hits.delete_hit,
        "DeleteQualificationType": qualifications.delete_qualification_type,
        "DeleteWorkerBlock": blocks.delete_worker_block,
        "DisassociateQualificationFromWorker": qualification_requests.disassociate_qualification_from_worker,
        "GetAccountBalance": payments.get_account_balance,
        "GetAssignment": assignments.get_assignment,
        "GetHIT": hits.get_hit,
        "GetQualificationScore": qualification_requests.get_qualification_score,
        "GetQualificationType": qualifications.get_qualification_type,
        "ListAssignmentsForHIT": assignments.list_assignments_for_hit,
        "ListBonusPayments": payments.list_bonus_payments,
        "ListHITs": hit_lists.list_hits,
        "ListHITsForQualificationType": hit_lists.list_hits_for_qualification_type,
        "ListQualificationRequests": qualification_requests.list_qualification_requests,
        "ListQualificationTypes": qualifications.list_qualification_types,
        "ListReviewableHITs": hit_lists.list_reviewable_hits,
        "ListWorkerBlocks": blocks.list_worker_blocks,
        "ListWorkersWithQualificationType": qualification_requests.list_workers_with_qualification_type,
        "NotifyWorkers": messages.notify_workers,
        "RejectAssignment": assignments.reject_assignment,
        "RejectQualificationRequest": qualification_requests.reject_qualification_request,
        "SendBonus": payments.send_bonus,
        "SendTestEventNotification": notifications.send_test_event_notification,
        "UpdateExpirationForHIT": hits.update_expiration_for_hit,
        "UpdateHITReviewStatus": hit_lists.update_hit_review_status,
        "UpdateHITTypeOfHIT": hit_types.update_hit_type_of_hit,
        "UpdateNotificationSettings": notifications.update_notification_settings,
        "UpdateQualificationType": qualifications.update_qualification_type,
    }
)

#: MTurk's operations that are left out on purpose, and why; they are refused by name.
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "GetFileUploadURL": "tasks keep their files themselves; MTurk has no uploads for new tasks either",
        "ListReviewPolicyResultsForHIT": "review policies are not taken; review work by ApproveAssignment",
    }
)
