"""Runs as a session's file has them: from before this kernel, or from another one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..engine import Channel, Engine, Source
from ..frame import from_rows
from ..mapping import FieldMap, Resolver
from ..store import StoredRow, StoredRun
from .run import Run


@dataclass(frozen=True)
class Reopened:
    """A run of a session's file, and what it takes to go on with it."""

    run: Run
    stored: StoredRun
    rows: list[StoredRow]

    @classmethod
    def of(cls, stored: StoredRun, engine: Engine) -> Reopened:
        """Return *stored* as a run that nobody is connected to yet."""
        ledger, rows = engine.remembered(stored.id)
        run = Run(
            stored.id,
            stored.title,
            # What was sent stands for the frame, which the file does not have.
            frame=from_rows([_payload(row) for row in rows], [row.label for row in rows]),
            labels=[row.label for row in rows],
            ledger=ledger,
            created_at=stored.created_at,
        )
        return cls(run, stored, rows)

    def fits(self, channel: Channel) -> bool:
        """Say whether *channel* leads to where it was sent: the same destination and settings."""
        destination = channel.destination
        return (
            self.stored.destination == destination.slug
            and self.stored.action in destination.actions
            and self.stored.settings == channel.public_settings()
        )

    @property
    def source(self) -> Source:
        """Its rows, with the payload as their values."""
        faults = {row.position: row.fault for row in self.rows if row.fault is not None}
        return Source([_payload(row) for row in self.rows], faults, self.run.labels)

    @property
    def fields(self) -> FieldMap:
        """What makes a payload of such a row: nothing is to be done."""
        names = {name for row in self.rows for name in _payload(row)}
        return FieldMap({name: Resolver(partial(_value, name)) for name in names}, {})


def _payload(row: StoredRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.payload) if row.payload else {}
    return found


def _value(name: str, row: dict[str, Any]) -> Any:
    return row.get(name)
