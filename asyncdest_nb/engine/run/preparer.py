"""The first part of a run: prepare every row, run the destination's check, plan the batches."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Protocol

from ...errors import StoreError
from ...mapping import FieldMap
from ...numerals import counted
from ...operation import Operation, rejected, submitted
from ...store import Store, StoredRow, StoredRun
from ..verdict.check import read_check
from ..verdict.submission import as_repeatable, read_error
from ..verdict.values import Rejected
from .batches import Batch, RowsToSend, plan
from .claims import Claims
from .context import RunContext
from .prepared import MappedSlice, PreparedSlice, SlicePreparer
from .repeats import Repeats

PREPARE_SLICE = 200  # Rows read alone before others get the loop: about 5 ms.
RECORD_SLICE = 2_000  # Rows, and operations, of a transaction: about 25 ms.


class EarlierRuns(Protocol):
    """What finds out, while rows are prepared, whether the same were submitted before."""

    def add(self, mapped: MappedSlice) -> None:
        """Add the rows of a slice."""

    def decide(self) -> StoredRun | None:
        """Return the record of the run, None = they were, and nothing is sent."""


class Preparer:
    """From the rows of a run to its batches.

    *keeps_payloads* False = the store gets a digest in place of each payload. *earlier* None
    = the run is new. *claims* None = its rows have no keys. *repeats* None = nobody asks whether
    rows were completed before.
    """

    def __init__(
        self,
        run: RunContext,
        fields: FieldMap,
        *,
        keeps_payloads: bool,
        earlier: EarlierRuns | None = None,
        claims: Claims | None = None,
        repeats: Repeats | None = None,
    ) -> None:
        self._run = run
        self._repeats = repeats
        self._claims = claims
        self._earlier = earlier
        self._fields = fields
        self._keeps_payloads = keeps_payloads
        self._prepared = 0  # Rows so far.
        self._good = RowsToSend()
        self._invalid: dict[int, str] = {}

    @property
    def notice(self) -> str:
        """How many rows are prepared so far."""
        rows = self._run.source.count
        if rows is None:
            return f"preparing: {counted(self._prepared, 'row')}"
        return f"preparing: {self._prepared:,} of {counted(rows, 'row')}"

    async def batches(self) -> list[Batch] | None:
        """Return what is to be sent, once the run is planned and recorded.

        None = the same rows were submitted before; then nothing of this run is left.
        """
        if self._claims is None:
            return await self._batches()
        async with self._claims.turn:
            await self._claims.read()
            return await self._batches()

    async def _batches(self) -> list[Batch] | None:
        run, claims = self._run, self._claims
        good = await self._prepare()
        if self._earlier is not None:
            record = self._earlier.decide()
            if record is None:
                await self._discard()
                return None
            run.record = record
        faults = await self._check(good.positions)
        if not isinstance(faults, Rejected):
            self._invalid |= faults
            good = good.without(faults) if faults else good
        if run.action.check is not None:
            await self._store_all()
        batches, operations = await self._plan(good)
        self._good = RowsToSend()  # The batches have what it knows.
        await self._record(operations)
        unchanged = claims.unchanged if claims else ()
        run.ledger.plan(operations, invalid=self._invalid, unchanged=unchanged, rows=self._prepared)
        if not isinstance(faults, Rejected):
            return batches
        await self._reject(operations, faults)
        return []

    async def _prepare(self) -> RowsToSend:
        """Prepare all rows, slice by slice; each slice is stored, unless a check is to come."""
        preparer = SlicePreparer(self._run.action, self._fields)
        rows = RECORD_SLICE if preparer.is_able else min(PREPARE_SLICE, RECORD_SLICE)
        for part in self._run.source.slices(rows):
            mapped = preparer.mapped(self._claims.checked(part) if self._claims else part)
            if self._earlier is not None:
                self._earlier.add(mapped)
            await self.add(preparer.prepared(mapped))
            await asyncio.sleep(0)  # A store in memory writes without waiting.
        return self._good

    async def add(self, prepared: PreparedSlice) -> None:
        """Add the rows that follow those added so far, before or while the run begins."""
        run, part = self._run, prepared.part
        if self._claims is not None:
            await self._claims.compare(prepared)
        if self._repeats is not None:
            await self._repeats.count(prepared.texts)
        self._good.add(prepared)
        self._invalid |= prepared.invalid
        if run.action.check is None:
            await self._store_slice(prepared)
        is_stored = run.action.check is None and self._keeps_payloads
        run.payloads.add(prepared, is_stored=is_stored)
        self._prepared = part.start + len(part.labels)

    async def _discard(self) -> None:
        """Delete the rows that were stored; a failure leaves what nobody reads."""
        run = self._run.id
        with suppress(StoreError):
            await self._run.writer.transact(lambda store: store.drop_rows(run))

    async def _check(self, positions: Sequence[int]) -> dict[int, str] | Rejected:
        """Return by position why the destination's own check rejects rows, or why it rejects all.

        Nothing has been sent, so a temporary error is only waited out.
        """
        run, check = self._run, self._run.action.check
        if check is None or not positions:
            return {}
        payloads = await run.payloads.of(positions)

        def should_stop() -> bool:
            return run.control.is_canceling

        while True:
            result = await run.ask(check, payload=payloads, should_stop=should_stop)
            if result.error is None:
                return read_check(result.answer, positions, mask=run.channel.mask)
            verdict = read_error(result.error, result.exchanges)
            verdict = as_repeatable(verdict, result.error, is_last=False)
            if isinstance(verdict, Rejected):
                return verdict
            if run.control.is_canceling:
                return {}
            run.back_off(result)

    async def _plan(self, rows: RowsToSend) -> tuple[list[Batch], list[Operation]]:
        batches: list[Batch] = []
        operations: list[Operation] = []
        action, size = self._run.action, self._run.record.batch_size
        planned = 0  # Rows since others had the loop.
        for batch, own in plan(rows, action=action, batch_size=size):
            batches.append(batch)
            operations.extend(own)
            planned += len(batch.positions)
            if planned >= RECORD_SLICE:
                planned = 0
                await asyncio.sleep(0)
        return batches, operations

    async def _reject(self, operations: Sequence[Operation], why: Rejected) -> None:
        now, message = self._run.clock.now(), self._run.channel.mask(why.message)
        await self._run.writer.write_durably(
            [
                rejected(submitted(each, now=now), message=message, code=why.code, now=now)
                for each in operations
            ]
        )

    async def _store_slice(self, prepared: PreparedSlice) -> None:
        """Write rows to disk; nobody reads them before the record of the run is there too."""
        part = prepared.part
        await self._write_rows(part.start, part.labels, prepared.texts)

    async def _store_all(self) -> None:
        """Write all rows to disk, once they are checked."""
        run = self._run
        for start in range(0, self._prepared, RECORD_SLICE):
            labels = run.source.labels[start : start + RECORD_SLICE]
            positions = range(start, start + len(labels))
            await self._write_rows(start, labels, [self._text(at) for at in positions])
            await asyncio.sleep(0)
        if self._keeps_payloads:
            run.payloads.trim()

    def _text(self, position: int) -> str | None:
        return None if position in self._invalid else self._run.payloads.text(position)

    async def _write_rows(
        self, start: int, labels: Sequence[str], texts: Sequence[str | None]
    ) -> None:
        await self._run.writer.transact(
            partial(self._add_rows, start=start, labels=labels, texts=texts)
        )

    def _add_rows(
        self, store: Store, *, start: int, labels: Sequence[str], texts: Sequence[str | None]
    ) -> None:
        run, invalid = self._run.id, self._invalid
        if self._keeps_payloads:
            store.add_slice(run, start, labels=labels, payloads=texts, faults=invalid)
        else:
            rows = zip(count(start), labels, texts, strict=False)
            store.add_rows(run, [_digested(*row, fault=invalid.get(row[0])) for row in rows])

    async def _record(self, operations: Sequence[Operation]) -> None:
        """Write the operations to disk in slices, and the record of the run last."""
        size = max(1, len(operations))
        for start in range(0, size, RECORD_SLICE):
            if start:
                await asyncio.sleep(0)
            some = operations[start : start + RECORD_SLICE]
            is_last = start + RECORD_SLICE >= size
            await self._run.writer.transact(
                partial(self._claim_rows, operations=some, is_last=is_last), operations=some
            )

    def _claim_rows(self, store: Store, *, operations: Sequence[Operation], is_last: bool) -> None:
        run = self._run
        if self._claims is not None:
            self._claims.stage(store, operations)
        if is_last:
            store.add_run(replace(run.record, control=run.control.decision))
            if self._claims is not None:
                store.claim_keys(run.id)


def _digested(position: int, label: str, text: str | None, *, fault: str | None) -> StoredRow:
    # A payload can be compared with its digest, but not read from it.
    digest = None if text is None else hashlib.sha256(text.encode()).hexdigest()
    return StoredRow(position, label, None, fault, digest)
