"""Problems of single operations that the user should see while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...operation import Operation


@dataclass
class OperationProblems:
    """The problems that are open now, by the number of the operation."""

    not_canceled: dict[int, str] = field(default_factory=dict)  # Refusals to cancel.
    unanswered: dict[int, str] = field(default_factory=dict)  # Why the last polls got no answer.
    odd: dict[int, str] = field(default_factory=dict)  # Statuses outside the contract.
    is_key_refused: bool = False  # The answer to a submission was a 401.
    # From when on (steady clock) "not found" is conclusive about a submission in doubt.
    conclusive_at: dict[int, float] = field(default_factory=dict)

    def update(self, operation: Operation) -> None:
        """Drop what no longer holds for *operation*, which a poll has just answered."""
        number = operation.number
        if self.unanswered:
            self.unanswered.pop(number, None)
        if operation.odd_status is not None:
            self.odd[number] = operation.odd_status
        elif self.odd:
            self.odd.pop(number, None)
        if self.not_canceled and operation.is_final:
            self.not_canceled.pop(number, None)
