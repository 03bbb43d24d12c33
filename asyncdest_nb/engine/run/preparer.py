"""The first part of a run: look at every row, ask the destination's check, and plan the batches."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from ...mapping import FieldMap
from ...operation import Operation, rejected, submitted
from ...store import StoredRow
from ..verdict.check import read_check
from ..verdict.submission import read_error, without_harm
from ..verdict.values import Rejected
from .batches import Batch, Invalid, Prepared, plan, prepare
from .context import RunContext

PREPARE_SLICE = 200  # Rows prepared before others get the loop: about 5 ms.
RECORD_SLICE = 2_000  # Rows, and operations, of a transaction: about 25 ms.


class Preparer:
    """From the rows of a run to its batches."""

    def __init__(self, course: RunContext, fields: FieldMap) -> None:
        self._course = course
        self._fields = fields
        self._prepared = 0  # Rows looked at so far.

    @property
    def notice(self) -> str:
        """How far it has come."""
        return f"preparing: {self._prepared:,} of {len(self._course.source.rows):,} rows"

    async def batches(self) -> list[Batch]:
        """Return what is to be sent; the run is planned and recorded then."""
        course = self._course
        good, invalid = await self._read()
        found = await self._check(good)
        if not isinstance(found, Rejected):
            invalid |= found
            good = [row for row in good if row.position not in found]
        batches, operations = await self._plan(good)
        await self._record(good, invalid, operations)
        course.ledger.plan(operations, invalid=invalid)
        if not isinstance(found, Rejected):
            return batches
        await self._refuse(operations, found)
        return []

    async def _read(self) -> tuple[list[Prepared], dict[int, str]]:
        good: list[Prepared] = []
        invalid: dict[int, str] = {}
        course = self._course
        for row in prepare(course.source, action=course.action, fields=self._fields):
            if isinstance(row, Invalid):
                invalid[row.position] = row.reason
            else:
                good.append(row)
            self._prepared = row.position + 1
            if self._prepared % PREPARE_SLICE == 0:
                await asyncio.sleep(0)
        return good, invalid

    async def _check(self, rows: Sequence[Prepared]) -> dict[int, str] | Rejected:
        """Return by position why the destination's own check refuses rows, or why it refuses all.

        Nothing has been sent, so trouble on the way is only waited out.
        """
        check = self._course.action.check
        if check is None or not rows:
            return {}
        payloads = [row.payload for row in rows]
        course = self._course

        def stops() -> bool:
            return course.is_canceling

        while (asked := await course.ask(check, payload=payloads, stops=stops)).error is not None:
            verdict = read_error(asked.error, asked.exchanges)
            verdict = without_harm(verdict, asked.error, is_last=False)
            if isinstance(verdict, Rejected):
                return verdict
            if course.is_canceling:
                return {}
            course.hold_back(asked)
        return read_check(asked.answer, [row.position for row in rows], mask=course.channel.mask)

    async def _plan(self, rows: Sequence[Prepared]) -> tuple[list[Batch], list[Operation]]:
        batches: list[Batch] = []
        operations: list[Operation] = []
        action, size = self._course.action, self._course.record.batch_size
        planned = 0  # Rows since others had the loop.
        for batch, own in plan(rows, action=action, batch_size=size):
            batches.append(batch)
            operations.extend(own)
            planned += len(batch.rows)
            if planned >= PREPARE_SLICE:
                planned = 0
                await asyncio.sleep(0)
        return batches, operations

    async def _refuse(self, operations: Sequence[Operation], why: Rejected) -> None:
        now, message = self._course.wall, self._course.channel.mask(why.message)
        await self._course.keep(
            [
                rejected(submitted(each, now=now), message=message, code=why.code, now=now)
                for each in operations
            ]
        )

    async def _record(
        self, good: Sequence[Prepared], invalid: dict[int, str], operations: Sequence[Operation]
    ) -> None:
        """Make the run durable: its rows and operations in portions, and what names it last."""
        course, store = self._course, self._course.journal.store
        labels, texts = course.source.labels, {row.position: row.text for row in good}
        count = max(1, len(labels), len(operations))
        for start in range(0, count, RECORD_SLICE):
            if start:
                await asyncio.sleep(0)
            some = slice(start, start + RECORD_SLICE)
            rows = [
                self._stored(position, label, texts.get(position), invalid.get(position))
                for position, label in enumerate(labels[some], start)
            ]
            with store.writing():
                store.add_rows(course.run, rows)
                store.put_operations(course.run, operations[some])
                if some.stop >= count:
                    store.add_run(replace(course.record, control=course.control))

    def _stored(self, position: int, label: str, text: str | None, fault: str | None) -> StoredRow:
        if text is None or self._course.keeps_payloads:
            return StoredRow(position, label, text, fault)
        # What was sent can be compared with this, and not be read from it.
        digest = hashlib.sha256(text.encode()).hexdigest()
        return StoredRow(position, label, None, fault, digest)
