"""Which rows of a run are unchanged, and the keys that its other rows claim."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable

from ...frame import RowSlice
from ...operation import Operation
from ...store import Store
from .context import RunContext
from .prepared import PreparedSlice
from .row_keys import DIGEST_BYTES, RowKeys, digest


class Claims:
    """The claims of *run* to *keys*, see the room ``store``.

    ``turn`` is to be held while rows are prepared: of two submits with the same keys the
    later one compares only once the earlier one has claimed its own.
    """

    def __init__(self, run: RunContext, keys: RowKeys, turn: asyncio.Lock) -> None:
        self.turn = turn
        self.unchanged = array("q")  # Positions, in order.
        self._run = run
        self._keys = keys
        self._payloads = bytearray()  # The digest of each row.

    async def read(self) -> None:
        """Read the keys of all rows, and write to the store what it is to know of them."""
        for _ in self._keys.read():
            await asyncio.sleep(0)
        await self._run.writer.flush()

    def checked(self, part: RowSlice) -> RowSlice:
        """Return *part* with the faults of the keys of its rows."""
        return self._keys.checked(part)

    async def compare(self, prepared: PreparedSlice) -> None:
        """Take what is unchanged out of *prepared*, the rows that follow those before."""
        if self._keys.compares:
            keys = self._keys.of(prepared)
            known = await self._run.writer.read(lambda store: store.known_payloads(keys))
            self.unchanged.extend(self._keys.take_unchanged(prepared, known))
        for text in prepared.texts:
            self._payloads += bytes(DIGEST_BYTES) if text is None else digest(text)

    def stage(self, store: Store, operations: Iterable[Operation]) -> None:
        """Write the claims of the rows of *operations*."""
        rows = [row for each in operations for row in each.rows]
        claims = [(row, self._keys.at(row), self._payload(row)) for row in rows]
        store.stage_claims(self._run.id, claims)

    def _payload(self, row: int) -> bytes:
        start = row * DIGEST_BYTES
        return bytes(self._payloads[start : start + DIGEST_BYTES])
