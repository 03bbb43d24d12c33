"""What a submit would send, without sending it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

from ..destination import Action, Payload, WrittenPayloads
from ..engine import (
    Channel,
    PreparedSlice,
    RowsToSend,
    SlicePreparer,
    batched,
    read_check,
)
from ..errors import DestinationError
from ..frame import DataFrame
from ..numerals import counted
from ..portal import call
from ..request import Exchange
from ..responses import JSONObject
from ..visible import one_line
from .estimate import CountTokens, Estimate, estimate
from .preview_table import preview_table
from .progress import ProgressCallback
from .submission import Submission

_SLICE = 2_000  # Rows that are read at once.
_SHOWN = 5  # Payloads, and labels of a reason, in a preview's text.
_REASONS = 20
_WIDTH = 120  # Characters of a payload, and of the source of a field.
_LONGEST = 500  # Characters of a reason with its labels.


@dataclass(frozen=True)
class Preview:
    """What a submit would send; nothing has been sent.

    ``payloads`` and ``invalid`` (the reasons) are by position in the frame, ``unchanged`` are
    positions of rows that equal what was completed last under their key, ``batches``
    has the number of rows of each, ``sources`` the source of each field, and of what goes beside
    them, such as a sync mode, and
    ``first_request`` is the first request as it would leave, None = no valid row, or an action
    without a function that sends. ``matched`` says how many rows match the subscription, "" =
    there is none. ``beside`` are, by position, the sync mode and the like that the functions are
    given with a payload.
    """

    payloads: dict[int, JSONObject]
    invalid: dict[int, str]
    unchanged: Sequence[int]
    batches: list[int]
    sources: dict[str, str]
    labels: Sequence[str]
    first_request: Exchange | None
    matched: str = ""
    beside: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    size: int = 0  # Bytes of the rows in requests.
    submission: Submission | None = field(default=None, repr=False, compare=False)
    count_tokens: CountTokens | None = field(default=None, repr=False, compare=False)

    def estimate(
        self, *, input_price: float | None = None, output_price: float | None = None
    ) -> Estimate:
        """Return what the rows would take: requests, bytes, tokens, and what these cost.

        Prices are for a million tokens, in any currency, and None = no cost is stated. Vendors
        charge less for a batch: give the price of that. The vendor may be asked to count the
        tokens of some rows, where that is free. Raises UsageError if the rows go to no model,
        and the destination's error.
        """
        return estimate(
            self.count_tokens,
            rows=len(self.payloads),
            requests=len(self.batches),
            size=self.size,
            input_price=input_price,
            output_price=output_price,
        )

    def table(self, rows: Sequence[int] | None = None) -> DataFrame:
        """Return the rows beside what would be sent of them, a line for each, on its label.

        After the columns of the frame comes ``→ field`` for each field that is filled: the value
        that would be sent, or of a row that is not sent what it was mapped to. ``not sent`` is the
        reason, missing = the row is sent. *rows* are positions; None = all.
        """
        assert self.submission is not None  # It was made by preview.
        return preview_table(
            self.submission.frame,
            self.submission.fields,
            range(len(self.labels)) if rows is None else rows,
            payloads=self.payloads,
            reasons={**dict.fromkeys(self.unchanged, "unchanged"), **self.invalid},
        )

    @property
    def unread(self) -> dict[str, str]:
        """The columns of the frame that no field reads, each with a field that may be meant.

        "" = no field without a source has a similar name.
        """
        if self.submission is None:
            return {}
        fields, columns = self.submission.fields, map(str, self.submission.frame.columns)
        free = [name for name in self.submission.action.inputs if name not in fields.sources]
        return {
            name: next(iter(get_close_matches(name.lower(), free, n=1, cutoff=0.75)), "")
            for name in columns
            if not fields.reads(name)
        }

    @property
    def summary(self) -> str:
        """How many rows would be sent, what fills the fields, and why rows would not be sent."""
        lines = [
            f"{counted(len(self.payloads), 'row')} in "
            f"{counted(len(self.batches), 'batch', 'batches')}, "
            f"{self._unchanged()}{len(self.invalid):,} invalid; nothing has been sent"
        ]
        lines += [_cut(f"  {self.matched}")] if self.matched else []
        lines += [_cut(f"  {field} <- {source}") for field, source in self.sources.items()]
        lines += [_cut(f"  not sent: {self._unread()}", _LONGEST)] if self.unread else []
        lines += [_cut(f"  invalid: {line}", _LONGEST) for line in self._faults()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        lines = [self.summary]
        for position, payload in list(self.payloads.items())[:_SHOWN]:
            lines.append(_cut(f"  row {self.labels[position]}: {payload}"))
        if self.first_request is not None:
            first = self.first_request
            lines.append(_cut(f"  first request: {first.method} {first.url}", _LONGEST))
        return "\n".join(lines)

    def _unread(self) -> str:
        """Return the columns that no field reads; those that may be misspelt come first."""
        near_first = sorted(self.unread.items(), key=lambda each: not each[1])
        parts = [
            f"{name!r} (did you mean {near}?)" if near else repr(name) for name, near in near_first
        ]
        return f"no field reads the column{'s' * (len(parts) > 1)} {', '.join(parts)}"

    def _unchanged(self) -> str:
        return f"{len(self.unchanged):,} unchanged, " if self.unchanged else ""

    def _faults(self) -> list[str]:
        """Return a line for each reason, with the labels of its rows."""
        by_reason: dict[str, list[str]] = {}
        for position, reason in self.invalid.items():
            by_reason.setdefault(reason, []).append(self.labels[position])
        often_first = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
        lines = [f"{_rows(labels)}: {reason}" for reason, labels in often_first[:_REASONS]]
        more = len(by_reason) - _REASONS
        return [*lines, f"and {counted(more, 'reason')} more, in .invalid"] if more > 0 else lines


def _cut(line: str, limit: int = _WIDTH) -> str:
    short = line if len(line) <= limit else f"{line[: limit - 1]}…"
    return one_line(short)


def _rows(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_SHOWN])
    more = len(labels) - _SHOWN
    return f"row{'s' * (len(labels) > 1)} {shown}" + (f" and {more:,} more" if more > 0 else "")


def preview(
    submission: Submission,
    *,
    batch_size: int | None,
    known: Callable[[Sequence[bytes]], Mapping[bytes, bytes]],
    matched: str = "",
    on_progress: ProgressCallback,
) -> Preview:
    """Return what a submit of *submission* would send; see Connection.preview.

    *known* returns the payloads that are known of some keys.
    """
    action, source, keys = submission.action, submission.source, submission.keys
    rows = _Rows(action)
    for done in keys.read() if keys else ():
        on_progress("reading keys", done, source.count or 0)
    preparer = SlicePreparer(action, submission.fields)
    for part in source.slices(_SLICE):
        report = partial(_report, on_progress, rows=source.count or 0)
        checked = keys.checked(part) if keys else part
        prepared = preparer.prepared(preparer.mapped(checked), on_row=report)
        if keys is not None and keys.compares:
            rows.unchanged += keys.take_unchanged(prepared, known(keys.of(prepared)))
        rows.add(prepared)
        report(part.start + len(part.labels) - 1)
    rows.refuse(_check(action, rows, submission.channel))
    batches = list(batched(rows.good, action=action, batch_size=batch_size))
    positions = rows.good.positions
    written = rows.payloads(positions)
    return Preview(
        payloads=dict(zip(positions, map(json.loads, written.texts), strict=True)),
        invalid=dict(sorted(rows.invalid.items())),
        unchanged=rows.unchanged,
        batches=[len(batch) for batch in batches],
        sources=submission.fields.sources,
        labels=list(source.labels),
        first_request=_first_request(rows, batches, batch_size, submission.channel),
        matched=matched,
        beside=dict(zip(positions, written.beside, strict=True)) if written.beside else {},
        size=sum(rows.good.sizes),
        submission=submission,
        count_tokens=None if action.tokens is None else partial(_tokens, rows, submission.channel),
    )


class _Rows:
    """The rows of a preview: those that may be sent, with their payloads, and the others."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.good = RowsToSend()
        self.texts: dict[int, str] = {}
        self.kept: dict[int, Payload] = {}
        self.invalid: dict[int, str] = {}
        self.unchanged: list[int] = []

    def add(self, prepared: PreparedSlice) -> None:
        self.good.add(prepared)
        texts = enumerate(prepared.texts, prepared.part.start)
        self.texts.update((at, text) for at, text in texts if text is not None)
        self.kept |= prepared.kept
        self.invalid |= prepared.invalid

    def refuse(self, faults: Mapping[int, str]) -> None:
        self.invalid |= faults
        self.good = self.good.without(faults)

    def payloads(self, positions: Sequence[int]) -> WrittenPayloads:
        kept = {place: self.kept[at] for place, at in enumerate(positions) if at in self.kept}
        return WrittenPayloads(self.action.payload, [self.texts[at] for at in positions], kept)


def _report(on_progress: ProgressCallback, position: int, *, rows: int) -> None:
    on_progress("mapping and checking", position + 1, rows)


def _check(action: Action, rows: _Rows, channel: Channel) -> dict[int, str]:
    """Return the reasons why the destination's own check refuses rows, by position."""
    positions = rows.good.positions
    if action.check is None or not positions:
        return {}
    called = call(channel.call(action.check, payload=rows.payloads(positions)))
    if called.error is not None:
        raise called.error
    faults = read_check(called.answer, positions, mask=channel.mask)
    if not isinstance(faults, dict):
        raise DestinationError(faults.message)
    return faults


def _tokens(rows: _Rows, channel: Channel) -> Mapping[str, Any]:
    """Return the tokens of the rows, as the destination counts them."""
    positions = rows.good.positions
    if not positions or rows.action.tokens is None:
        return {"input_tokens": 0, "output_tokens": 0, "how": "no rows"}
    called = call(channel.call(rows.action.tokens, payload=rows.payloads(positions)))
    if called.error is not None:
        raise called.error
    return called.answer  # type: ignore[no-any-return]  # estimate() reads it with care.


def _first_request(
    rows: _Rows,
    batches: Sequence[Sequence[int]],
    batch_size: int | None,
    channel: Channel,
) -> Exchange | None:
    if not batches or not rows.action.can_send:
        return None
    function, is_single = rows.action.function_for(batch_size)
    payloads = rows.payloads(batches[0])
    payload = payloads.alone() if is_single else payloads
    exchanges = call(channel.rehearse(function, payload)).exchanges
    for each in exchanges:
        each.texts()  # Masked now: what a user holds has no secrets in it.
    return exchanges[0] if exchanges else None
