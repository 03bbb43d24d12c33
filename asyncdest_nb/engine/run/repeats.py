"""Which rows of a run equal rows that earlier runs have completed, and so are sent once more."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence

from ...operation import RowStatus, row_statuses
from ...store import StoredRow
from .context import RunContext
from .ledger import Ledger

_SLICE = 2_000  # Rows that are read from the store at once.


class Repeats:
    """Counts the rows of *run* that equal completed rows of *earlier* runs.

    Those are given by id, and all go where *run* goes. Rows are compared by the texts of their
    payloads; if no payloads are kept, by the digests that are kept in place of them.
    """

    def __init__(self, run: RunContext, earlier: Sequence[tuple[str, Ledger]]) -> None:
        self._run = run
        self._earlier = earlier
        self._completed: set[str] | None = None  # Digests; None = they are not read yet.

    async def count(self, texts: Sequence[str | None]) -> None:
        """Count those of the next rows that were completed before; None = an invalid row."""
        if not self._earlier:
            return
        if self._completed is None:
            self._completed = await self._read()
        known = self._completed
        self._run.repeated += sum(text is not None and _digest(text) in known for text in texts)

    async def _read(self) -> set[str]:
        found: set[str] = set()
        for run, ledger in self._earlier:
            positions = list(_completed(ledger))
            for start in range(0, len(positions), _SLICE):
                for row in await self._rows(run, positions[start : start + _SLICE]):
                    text = row.payload
                    found.add(_digest(text) if text is not None else row.digest or "")
                await asyncio.sleep(0)
        return found

    async def _rows(self, run: str, positions: Sequence[int]) -> list[StoredRow]:
        return await self._run.writer.read(lambda store: store.rows(run, at=positions))


def _completed(ledger: Ledger) -> Iterator[int]:
    """Yield the positions of the rows that are completed, in the run of *ledger*."""
    for operation in list(ledger.operations):
        for row, (status, _) in zip(operation.rows, row_statuses(operation), strict=True):
            if status is RowStatus.COMPLETED:
                yield row


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
