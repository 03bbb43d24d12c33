"""What stops a run as a whole: the user's pause or cancel, or a disk that cannot be written."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import StoreError
from ...store import StoredRun


@dataclass
class RunControl:
    """Whether a run goes on; changed on the engine's thread alone."""

    is_paused: bool = False  # Nothing is sent or polled until the user resumes the run.
    is_canceling: bool = False  # Nothing more is sent, and what was sent is being canceled.
    trouble: StoreError | None = None  # It ends the run: the file could not be written.

    @classmethod
    def of(cls, record: StoredRun) -> RunControl:
        """Return what the user had decided when *record* was written."""
        return cls(is_paused=record.control == "paused", is_canceling=record.control == "canceled")

    @property
    def decision(self) -> str:
        """The user's decision as it is stored, see StoredRun."""
        return "canceled" if self.is_canceling else "paused" if self.is_paused else "going"
