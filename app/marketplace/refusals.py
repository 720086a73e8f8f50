"""Refused: how the marketplace says no to a requester or a worker, with MTurk's code and a sentence."""

from __future__ import annotations

from flask_babel import gettext as _


class Refused(ValueError):
    """A request can't be carried out; `code` is MTurk's, and the sentence says what was found and what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = f"AWS.MechanicalTurk.{code}"
        self.sentence = sentence


class NoSuchHit(Refused):
    """No HIT has that id, or it is another requester's."""

    def __init__(self, hit_id: str) -> None:
        super().__init__("HITDoesNotExist", _("Hit %(hit_id)s does not exist.", hit_id=hit_id))


class NoSuchAssignment(Refused):
    """No assignment has that id, or it is another requester's."""

    def __init__(self, assignment_id: str) -> None:
        super().__init__(
            "AssignmentDoesNotExist", _("Assignment %(assignment_id)s does not exist.", assignment_id=assignment_id)
        )


class WrongAssignmentState(Refused):
    """An assignment is not in a state in which that can be done to it."""

    def __init__(self, assignment_id: str, found: str, expected: str) -> None:
        super().__init__(
            "InvalidAssignmentState",
            f"This operation can be called with a status of: {expected}. Assignment {assignment_id} is {found}.",
        )


class InsufficientFunds(Refused):
    """The requester's balance does not cover a payment and its fee."""

    def __init__(self, available_minor: int, needed_minor: int) -> None:
        super().__init__(
            "InsufficientFunds",
            f"This needs {needed_minor} cents with fees, and {max(available_minor, 0)} cents are "
            "available. Add to the balance, or ask for less.",
        )


class NotTaken(Refused):
    """A parameter of MTurk's that this marketplace does not take."""

    def __init__(self, parameter: str, instead: str) -> None:
        super().__init__("ParameterNotSupported", f"This marketplace does not take {parameter}; {instead}.")


class NoSuchQualificationType(Refused):
    """No qualification type has that id, or it is another requester's and only its owner may do that."""

    def __init__(self, qualification_type_id: str) -> None:
        super().__init__("QualificationTypeDoesNotExist", f"QualificationType {qualification_type_id} does not exist.")


class NoSuchWorker(Refused):
    """No worker has that id."""

    def __init__(self, worker_id: str) -> None:
        super().__init__("WorkerDoesNotExist", f"Worker {worker_id} does not exist.")


class WrongParameter(Refused):
    """A parameter is out of bounds, or does not go with another one."""

    def __init__(self, sentence: str) -> None:
        super().__init__("ParameterValidationError", sentence)
