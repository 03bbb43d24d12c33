"""The payloads of a run that wait to be sent: in memory while they are few, else in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ...destination import Payload, WrittenPayloads
from ..journal import Journal
from .prepared import PreparedSlice

MEMORY_BYTES = 8_000_000  # Of texts that are kept in memory though the store has them.
AHEAD = 1_000  # Rows that are read from the store at once, or all of the record they are in.


class RunPayloads:
    """The payloads of one run.

    *is_in_order*: its batches are sent in the order of their rows, so that it is worth to
    read ahead.
    """

    def __init__(
        self, run_id: str, journal: Journal, model: type[Payload], *, is_in_order: bool
    ) -> None:
        self._run_id = run_id
        self._journal = journal
        self._reading = asyncio.Lock()  # What one reads ahead is often what the next needs.
        self._model = model
        self._is_in_order = is_in_order
        self._texts: dict[int, str] = {}  # By position.
        self._kept: dict[int, Payload] = {}
        self._bytes = 0
        self._is_whole = True  # Whether all texts are in memory.

    def add(self, prepared: PreparedSlice, *, is_stored: bool) -> None:
        """Add the payloads of a slice; *is_stored*: they can be read from the store too."""
        self._kept.update(prepared.kept)
        if not self._is_whole:
            return
        texts = enumerate(prepared.texts, prepared.part.start)
        self._texts.update((at, text) for at, text in texts if text is not None)
        self._bytes += sum(prepared.sizes)
        if is_stored:
            self.trim()

    def trim(self) -> None:
        """Let go of the texts if they are many, since the store has them now."""
        if self._bytes > MEMORY_BYTES:
            self._is_whole, self._texts = False, {}

    def let_go(self) -> None:
        """Let go of all of them, once nothing more is to be sent."""
        self._is_whole, self._texts, self._kept = False, {}, {}

    def text(self, position: int) -> str | None:
        """Return the text of a row while all are in memory, None if it has none."""
        return self._texts.get(position)

    async def of(self, positions: Sequence[int]) -> WrittenPayloads:
        """Return the payloads at *positions*, in that order; raises StoreError."""
        known = self._texts
        if not self._is_whole and not all(at in known for at in positions):
            async with self._reading:
                known = await self._read(positions)
        texts = [known[at] for at in positions]
        kept = {place: self._kept[at] for place, at in enumerate(positions) if at in self._kept}
        return WrittenPayloads(self._model, texts, kept)

    async def _read(self, positions: Sequence[int]) -> dict[int, str]:
        if all(at in self._texts for at in positions):
            return self._texts
        at = positions
        if self._is_in_order and len(positions) < AHEAD:
            at = range(positions[0], max(positions[-1] + 1, positions[0] + AHEAD))
        rows = await self._journal.use(lambda store: store.rows_around(self._run_id, at))
        self._texts = {row.position: row.payload for row in rows if row.payload is not None}
        return self._texts
