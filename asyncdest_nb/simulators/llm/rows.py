"""A row that was sent to a model, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What becomes of a row once it is processed; PENDING until then."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"  # By the model: for the API, it has succeeded.
    INVALID = "invalid"
    FAILED = "failed"
    OVERLOADED = "overloaded"
    NO_STATUS = "no_status"
    UNKNOWN_RESULT = "unknown_result"
    UNKNOWN_ERROR = "unknown_error"
    EXPIRED = "expired"
    CANCELED = "canceled"


ANSWERED = (Fate.SUCCEEDED, Fate.REFUSED)


@dataclass(frozen=True, slots=True)
class SentRow:
    """A row: its key, its payload as canonical JSON, and its fate.

    ``error`` is why an INVALID one is refused, as the partner says it.
    """

    key: str
    payload: str
    fate: Fate = Fate.PENDING
    error: Any = None
