"""The first part of a run: prepare every row, run the destination's check, plan the batches."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from ...mapping import FieldMap
from ...operation import Operation, rejected, submitted
from ...store import Store, StoredRow
from ..verdict.check import read_check
from ..verdict.submission import as_repeatable, read_error
from ..verdict.values import Rejected
from .batches import Batch, Invalid, Prepared, plan, prepare
from .context import RunContext

PREPARE_SLICE = 200  # Rows prepared before others get the loop: about 5 ms.
RECORD_SLICE = 2_000  # Rows, and operations, of a transaction: about 25 ms.


class Preparer:
    """From the rows of a run to its batches.

    *keeps_payloads* False = the store gets a digest in place of each payload.
    """

    def __init__(self, run: RunContext, fields: FieldMap, *, keeps_payloads: bool) -> None:
        self._run = run
        self._fields = fields
        self._keeps_payloads = keeps_payloads
        self._prepared = 0  # Rows so far.

    @property
    def notice(self) -> str:
        """How many rows are prepared so far."""
        return f"preparing: {self._prepared:,} of {len(self._run.source.rows):,} rows"

    async def batches(self) -> list[Batch]:
        """Return what is to be sent, once the run is planned and recorded."""
        run = self._run
        good, invalid = await self._prepare()
        faults = await self._check(good)
        if not isinstance(faults, Rejected):
            invalid |= faults
            good = [row for row in good if row.position not in faults]
        batches, operations = await self._plan(good)
        await self._record(good, invalid, operations)
        run.ledger.plan(operations, invalid=invalid)
        if not isinstance(faults, Rejected):
            return batches
        await self._reject(operations, faults)
        return []

    async def _prepare(self) -> tuple[list[Prepared], dict[int, str]]:
        good: list[Prepared] = []
        invalid: dict[int, str] = {}
        run = self._run
        for row in prepare(run.source, action=run.action, fields=self._fields):
            if isinstance(row, Invalid):
                invalid[row.position] = row.reason
            else:
                good.append(row)
            self._prepared = row.position + 1
            if self._prepared % PREPARE_SLICE == 0:
                await asyncio.sleep(0)
        return good, invalid

    async def _check(self, rows: Sequence[Prepared]) -> dict[int, str] | Rejected:
        """Return by position why the destination's own check rejects rows, or why it rejects all.

        Nothing has been sent, so a temporary error is only waited out.
        """
        run, check = self._run, self._run.action.check
        if check is None or not rows:
            return {}
        payloads = [row.payload for row in rows]

        def should_stop() -> bool:
            return run.control.is_canceling

        while True:
            result = await run.ask(check, payload=payloads, should_stop=should_stop)
            if result.error is None:
                positions = [row.position for row in rows]
                return read_check(result.answer, positions, mask=run.channel.mask)
            verdict = read_error(result.error, result.exchanges)
            verdict = as_repeatable(verdict, result.error, is_last=False)
            if isinstance(verdict, Rejected):
                return verdict
            if run.control.is_canceling:
                return {}
            run.back_off(result)

    async def _plan(self, rows: Sequence[Prepared]) -> tuple[list[Batch], list[Operation]]:
        batches: list[Batch] = []
        operations: list[Operation] = []
        action, size = self._run.action, self._run.record.batch_size
        planned = 0  # Rows since others had the loop.
        for batch, own in plan(rows, action=action, batch_size=size):
            batches.append(batch)
            operations.extend(own)
            planned += len(batch.rows)
            if planned >= PREPARE_SLICE:
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

    async def _record(
        self, good: Sequence[Prepared], invalid: dict[int, str], operations: Sequence[Operation]
    ) -> None:
        """Write the run to disk: its rows and operations in slices, and its own record last."""
        texts = {row.position: row.text for row in good}
        size = max(1, len(self._run.source.labels), len(operations))
        for start in range(0, size, RECORD_SLICE):
            if start:
                await asyncio.sleep(0)
            await self._run.writer.transact(
                partial(
                    self._write_slice,
                    slice(start, start + RECORD_SLICE),
                    texts=texts,
                    invalid=invalid,
                    operations=operations,
                    is_last=start + RECORD_SLICE >= size,
                )
            )

    def _write_slice(
        self,
        some: slice,
        store: Store,
        *,
        texts: Mapping[int, str],
        invalid: Mapping[int, str],
        operations: Sequence[Operation],
        is_last: bool,
    ) -> None:
        run = self._run
        labels = run.source.labels[some]
        payloads = [texts.get(at) for at in range(some.start, some.start + len(labels))]
        if self._keeps_payloads:
            store.add_slice(run.id, some.start, labels=labels, payloads=payloads, faults=invalid)
        else:
            rows = zip(count(some.start), labels, payloads, strict=False)
            store.add_rows(run.id, [_digested(*row, fault=invalid.get(row[0])) for row in rows])
        store.put_operations(run.id, operations[some])
        if is_last:
            store.add_run(replace(run.record, control=run.control.decision))


def _digested(position: int, label: str, text: str | None, *, fault: str | None) -> StoredRow:
    # A payload can be compared with its digest, but not read from it.
    digest = None if text is None else hashlib.sha256(text.encode()).hexdigest()
    return StoredRow(position, label, None, fault, digest)
