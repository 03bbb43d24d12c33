"""Runs as a file has them: from before this kernel, from another one, or from a colleague."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from ..engine import Channel, InputRows, load_ledger
from ..errors import UsageError
from ..frame import from_rows
from ..mapping import FieldMap, Resolver
from ..store import (
    ExportedRuns,
    RunTables,
    StoredRow,
    StoredRun,
    check_retries,
    check_retry,
    check_width,
)
from .run import Run
from .submission import Submission

LOADED = (
    "it was loaded from a file, as it was when it was exported; its own session goes on with it"
)


@dataclass(frozen=True)
class Reopened:
    """A run of a file, and what it takes to go on with it."""

    run: Run
    stored: StoredRun
    rows: list[StoredRow]
    payloads: list[dict[str, Any]]

    def fits(self, channel: Channel) -> bool:
        """Say whether *channel* leads to where it was sent: the same destination and settings."""
        destination = channel.destination
        return (
            self.stored.destination == destination.slug
            and self.stored.action in destination.actions
            and self.stored.settings == channel.public_settings()
        )

    def sending(self, channel: Channel) -> Submission:
        """Return what is sent of it: its payloads, as they are."""
        names = {name for payload in self.payloads for name in payload}
        faults = {row.position: row.fault for row in self.rows if row.fault is not None}
        return Submission(
            action=channel.destination.action(self.stored.action),
            frame=self.run._frame,
            source=InputRows(
                self.payloads,
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


def reopen(store: RunTables) -> list[Reopened]:
    """Return the runs of *store*, the oldest first, that nobody is connected to yet.

    Raises StoreError, and names the file, for what cannot be so.
    """
    found: dict[str, Reopened] = {}
    runs = store.runs()
    with store.reading():
        check_retries(runs)
        for each in _parents_first(runs):
            found[each.id] = _reopened(store, each, found.get(each.retry_of or ""))
    return [found[each.id] for each in runs]


def _parents_first(runs: Sequence[StoredRun]) -> Iterator[StoredRun]:
    """Yield *runs*, each after the one that it retries, wherever that stands among them."""
    left = {run.id: run for run in runs}
    for run in runs:
        line = []
        while run.id in left:
            line.append(left.pop(run.id))
            run = left.get(run.retry_of or "", run)
        yield from reversed(line)


def _reopened(store: RunTables, stored: StoredRun, before: Reopened | None) -> Reopened:
    ledger, rows = load_ledger(store, stored)
    payloads = [row.fields() for row in rows]
    labels = [row.label for row in rows]
    if before:
        check_retry(stored, rows=len(rows), of=len(before.run._frame))
        frame, retry_of = before.run._frame, before.run
    else:
        # What was sent stands for the frame, which the file does not have.
        check_width(stored, payloads)
        frame = from_rows(payloads, labels, are_integers=stored.has_integer_labels)
        retry_of, stored = None, replace(stored, positions=None)
    run = Run(stored, frame=frame, labels=labels, ledger=ledger, retry_of=retry_of)
    return Reopened(run, stored, rows, payloads)


def file_path(path: str | PathLike[str], of: str) -> Path:
    """Return *path* as it is meant where the working directory is now; raises UsageError."""
    if not isinstance(path, str | PathLike) or "\0" in str(path):
        raise UsageError(f"path is {path!r}; give that of {of}")
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"path is {path!r}: {error}") from None


def load(path: str | Path) -> Run:
    """Return the run that ``Run.export`` wrote to *path*, with all its results.

    It is as it was then, and does not go on; nothing is sent. Raises StoreError for a
    file that is no such export.
    """
    store = ExportedRuns(file_path(path, "the file that Run.export wrote"))
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


def _value(name: str, row: Mapping[str, Any]) -> Any:
    return row.get(name)
