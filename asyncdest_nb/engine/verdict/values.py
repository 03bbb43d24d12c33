"""What the answer to a submission can mean for one of its operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...responses import AsyncOperationResult, JSONObject, RowResult


@dataclass(frozen=True, slots=True)
class Accepted:
    """The destination took the operation; polls ask about *context* from now on.

    *decided* has an entry per row: the outcome of a row that was decided at once, None for
    a row that belongs to the job. Empty = no row was decided at once.
    """

    context: JSONObject
    message: str
    decided: Sequence[RowResult | None] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The operation is done already: the action answers at once."""

    result: AsyncOperationResult


@dataclass(frozen=True, slots=True)
class Rejected:
    """The operation was refused and never applied.

    *is_proven*: the requests prove that nothing was applied; otherwise only the action's
    code claims it. *is_conflict* (409): the destination has a conflicting operation, which
    may come from an earlier request of the same submission. *named* has an entry per row: how
    the refusal names a row, None for one that it does not name. Empty = it names no rows.
    """

    message: str
    code: str | None
    is_proven: bool = True
    is_conflict: bool = False
    named: Sequence[RowResult | None] = ()


@dataclass(frozen=True, slots=True)
class Resend:
    """The same attempt may be sent again.

    It was not applied, or it may have been (*in_doubt*) and repeating it is harmless.
    """

    message: str
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """The operation may or may not have been applied."""

    message: str


Verdict = Accepted | Finished | Rejected | Resend | Unsure
