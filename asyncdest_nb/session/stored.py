"""Runs from a file: of an earlier kernel, of another process, or of a colleague."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..destination import BESIDE
from ..engine import Channel, InputRows, load_ledger
from ..errors import UsageError
from ..frame import from_rows
from ..store import (
    ExportedRuns,
    RunTables,
    StoredRow,
    StoredRun,
    check_retries,
    check_retry,
    check_width,
)
from .entry import RunEntry, connect_code
from .run import Run
from .session_file import absolute_path
from .stored_rows import by_name
from .submission import Submission

if TYPE_CHECKING:  # A registry reads its runs by this file.
    from .registry import RunRegistry

_LOADED = "it was loaded from a file, as it was when it was exported; its own session continues it"


@dataclass(frozen=True)
class Reopened:
    """A run of a file, and the rows by which it can continue."""

    run: Run
    entry: RunEntry
    rows: list[StoredRow]
    payloads: list[dict[str, Any]]

    def fits(self, channel: Channel) -> bool:
        """Whether *channel* leads to the same destination by the same settings."""
        record, destination = self.entry.record, channel.destination
        return (
            record.destination == destination.slug
            and record.action in destination.actions
            and record.settings == channel.public_settings()
        )

    def submission(self, channel: Channel) -> Submission:
        """Return what it sends by *channel*: its payloads, as they are in the file."""
        faults = {row.position: row.fault for row in self.rows if row.fault is not None}
        texts = [row.payload for row in self.rows]
        return Submission(
            channel=channel,
            action=channel.destination.action(self.entry.record.action),
            frame=self.entry.frame,
            source=InputRows(self.payloads, faults, self.entry.labels, texts),
            fields=by_name(self.payloads),
        )

    @property
    def is_blank(self) -> bool:
        """Whether its payloads were not kept, so that none of its rows can be sent again."""
        return any(row.digest is not None for row in self.rows)


def reopen(store: RunTables, registry: RunRegistry | None) -> list[Reopened]:
    """Return the runs of *store*, the oldest first; no connection continues them yet.

    *registry* None = they were exported, and belong to no session. Raises StoreError, with
    the path, if the file contradicts itself.
    """
    found: dict[str, Reopened] = {}
    runs = store.runs()
    with store.reading():
        check_retries(runs)
        for each in _parents_first(runs):
            found[each.id] = _reopened(store, each, found.get(each.retry_of or ""), registry)
    return [found[each.id] for each in runs]


def _parents_first(runs: Sequence[StoredRun]) -> Iterator[StoredRun]:
    """Yield *runs*, each after the one that it retries, whatever their order is."""
    left = {run.id: run for run in runs}
    for run in runs:
        line = []
        while run.id in left:
            line.append(left.pop(run.id))
            run = left.get(run.retry_of or "", run)
        yield from reversed(line)


def _reopened(
    store: RunTables, record: StoredRun, before: Reopened | None, registry: RunRegistry | None
) -> Reopened:
    ledger, rows = load_ledger(store, record)
    payloads = [row.fields() for row in rows]
    labels = [row.label for row in rows]
    if before:
        check_retry(record, rows=len(rows), of=len(before.entry.frame))
        frame = before.entry.frame
    else:
        # The payloads stand for the frame, which the file does not have.
        check_width(record, payloads)
        own = [{key: row[key] for key in row if key != BESIDE} for row in payloads]
        frame = from_rows(own, labels, are_integers=record.has_integer_labels)
        record = replace(record, positions=None)
    entry = RunEntry(
        record,
        frame=frame,
        labels=labels,
        ledger=ledger,
        retry_of=before.entry if before else None,
        disconnected=_disconnected(record, registry.engine.store.holder) if registry else _LOADED,
        rows=() if registry else rows,
    )
    run = Run(entry, retry_of=before.run if before else None, registry=registry)
    return Reopened(run, entry, rows, payloads)


def _disconnected(record: StoredRun, holder: str) -> str:
    if holder:
        return f"the session is open in {holder}, which continues the run"
    return (
        f"not connected to {record.destination!r} by the settings of the run: "
        f"session.{connect_code(record)} continues it"
    )


def load(path: str | Path) -> Run:
    """Return the run that ``Run.export`` wrote to *path*, with all its results.

    It stays as it was then; nothing is sent. Raises StoreError if the file is no such
    export.
    """
    store = ExportedRuns(absolute_path(path, "the file that Run.export wrote"))
    try:
        found = reopen(store, None)
    finally:
        store.close()
    if not found:
        raise UsageError(f"{path} holds no run")
    return _latest_retry(found[-1].run, [each.run for each in found])


def _latest_retry(run: Run, runs: Sequence[Run]) -> Run:
    retries = {each.retry_of: each for each in runs if each.retry_of is not None}
    while run in retries:
        run = retries[run]
    return run
