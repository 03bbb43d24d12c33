"""What the table lists: the operations of a run, and after them the rows that are invalid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, overload

from ..errors import VALIDATION_FAILED
from ..operation import Operation, RowStatus, RunStatus
from .run_view import RunView, invalid_rows


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that was never sent; it has what the table's columns read of an operation."""

    number: int
    rows: tuple[int, ...]
    message: str

    state: ClassVar[RowStatus] = RowStatus.INVALID
    error_code: ClassVar[str] = VALIDATION_FAILED
    operation_id: ClassVar[None] = None
    progress: ClassVar[None] = None
    submitted_at: ClassVar[None] = None
    finished_at: ClassVar[None] = None
    polls: ClassVar[int] = 0
    poll_errors: ClassVar[int] = 0
    is_overdue: ClassVar[bool] = False
    origin: ClassVar[None] = None


Entry: TypeAlias = Operation | InvalidRow


class Entries(Sequence[Entry]):
    """The operations of *run* by number, and its invalid rows, whose numbers follow theirs.

    The invalid rows are listed once the operations are there. From then on no number changes,
    unless a job is divided: the invalid rows follow the operations that this adds.
    """

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._invalid: list[InvalidRow] | None = None  # None = not known yet.

    def now(self) -> Sequence[Entry]:
        """Return all that is there now; without invalid rows it is as fast as a list."""
        operations = self._run.operations
        if self._invalid is None and (operations or self._run.status != _UNPLANNED):
            self._list_invalid()
        elif self._invalid and self._invalid[0].number != len(operations):
            self._list_invalid()
        return self if self._invalid else operations

    @property
    def invalid(self) -> int:
        """How many of them are invalid rows."""
        return len(self._invalid or ())

    def _list_invalid(self) -> None:
        found = enumerate(invalid_rows(self._run).items(), len(self._run.operations))
        self._invalid = [InvalidRow(number, (row,), why) for number, (row, why) in found]

    def __len__(self) -> int:
        return len(self._run.operations) + len(self._invalid or ())

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...
    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        operations, invalid = self._run.operations, self._invalid or []
        count = len(operations)
        if isinstance(at, int):
            return operations[at] if at < count else invalid[at - count]
        first, last, _ = at.indices(count + len(invalid))
        return [*operations[first:last], *invalid[max(0, first - count) : max(0, last - count)]]

    def __iter__(self) -> Iterator[Entry]:
        yield from self._run.operations
        yield from self._invalid or ()


_UNPLANNED: RunStatus = "pending"


def invalid_details(run: RunView, entry: InvalidRow) -> dict[str, Any]:
    """Return why a row is invalid, and what the frame has in it, if that is at hand."""
    found: dict[str, Any] = {
        "status": str(entry.state),
        "message": entry.message,
        "error_code": entry.error_code,
    }
    if (read := getattr(run, "frame_rows", None)) is not None:
        [found["row"]] = read(entry.rows)
    return found
