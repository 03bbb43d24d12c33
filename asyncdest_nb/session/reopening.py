"""Runs as a file has them: from before this kernel, from another one, or from a colleague."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from ..engine import Channel, Ledger, Source, remembered
from ..errors import StoreError, UsageError
from ..frame import from_rows
from ..mapping import FieldMap, Resolver
from ..store import Store, StoredRow, StoredRun, read_export
from .run import Run
from .sending import Sending

LOADED = (
    "it was loaded from a file, as it was when it was exported; its own session goes on with it"
)


@dataclass(frozen=True)
class Reopened:
    """A run of a file, and what it takes to go on with it."""

    run: Run
    stored: StoredRun
    rows: list[StoredRow]

    def fits(self, channel: Channel) -> bool:
        """Say whether *channel* leads to where it was sent: the same destination and settings."""
        destination = channel.destination
        return (
            self.stored.destination == destination.slug
            and self.stored.action in destination.actions
            and self.stored.settings == channel.public_settings()
        )

    def sending(self, channel: Channel) -> Sending:
        """Return what is sent of it: its payloads, as they are."""
        names = {name for row in self.rows for name in _payload(row)}
        faults = {row.position: row.fault for row in self.rows if row.fault is not None}
        return Sending(
            action=channel.destination.action(self.stored.action),
            frame=self.run._frame,
            source=Source(
                [_payload(row) for row in self.rows],
                faults,
                self.run.labels,
                [row.payload for row in self.rows],
            ),
            fields=FieldMap({name: Resolver(partial(_value, name)) for name in names}, {}),
        )

    def at(self, run: str, positions: Sequence[int]) -> list[StoredRow]:
        """Return its rows at *positions*; *run* is its id."""
        return [self.rows[position] for position in positions]

    @property
    def is_blank(self) -> bool:
        """Whether its payloads were not kept, so that no row of it can be sent again."""
        return any(row.digest is not None for row in self.rows)


def reopen(store: Store) -> list[Reopened]:
    """Return the runs of *store*, the oldest first, that nobody is connected to yet."""
    stored = store.runs()
    found: dict[str, Reopened] = {}
    for each in _parents_first(stored):
        ledger, rows = remembered(store, each.id)
        before = found.get(each.retry_of or "")
        found[each.id] = Reopened(_run(each, rows, ledger, before), each, rows)
    return [found[each.id] for each in stored]


def _parents_first(runs: Sequence[StoredRun]) -> Iterator[StoredRun]:
    """Yield *runs*, each after the one that it retries, wherever that stands among them."""
    left = {run.id: run for run in runs}
    for run in runs:
        line = []
        while run.id in left:
            line.append(left.pop(run.id))
            run = left.get(run.retry_of or "", run)
        yield from reversed(line)


def _run(stored: StoredRun, rows: list[StoredRow], ledger: Ledger, before: Reopened | None) -> Run:
    labels = [row.label for row in rows]
    # What was sent stands for the frame, which the file does not have.
    if before:
        frame = before.run._frame
    else:
        sent = [_payload(row) for row in rows]
        try:
            frame = from_rows(sent, labels, are_integers=stored.has_integer_labels)
        except ValueError as error:
            raise StoreError(f"the labels of run {stored.id} are damaged: {error}") from None
    retry_of = before.run if before else None
    return Run(stored, frame=frame, labels=labels, ledger=ledger, retry_of=retry_of)


def load(path: str | Path) -> Run:
    """Return the run that ``Run.export`` wrote to *path*, with all its results.

    It is as it was then, and does not go on; nothing is sent. Raises StoreError for a
    file that is no such export.
    """
    if not isinstance(path, str | PathLike):
        raise UsageError(f"path is {path!r}; give that of the file that Run.export wrote")
    store = read_export(Path(path).expanduser())
    try:
        found = reopen(store)
    finally:
        store.close()
    if not found:
        raise UsageError(f"{path} holds no run")
    for each in found:
        each.run._detach(LOADED)
        each.run._look = each.at
    return found[-1].run._chain()[-1]


def _payload(row: StoredRow) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(row.payload) if row.payload else {}
    except ValueError as error:
        raise StoreError(f"row {row.label!r} of the file is damaged: {error}") from None
    return found


def _value(name: str, row: Mapping[str, Any]) -> Any:
    return row.get(name)
