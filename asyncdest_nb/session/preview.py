"""What a submit would send, without sending it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..destination import Action
from ..engine import Channel, InputRows, Invalid, Prepared, batched, prepare, read_check
from ..errors import DestinationError
from ..mapping import FieldMap
from ..portal import call
from ..request import Exchange
from ..responses import JSONObject
from ..visible import one_line
from .progress import ProgressCallback, counted_rows

_SHOWN = 5  # Payloads, and labels of a reason, in a preview's text.
_REASONS = 20
_WIDTH = 120  # Characters of a payload, and of the source of a field.
_LONGEST = 500  # Characters of a reason with its labels.


@dataclass(frozen=True)
class Preview:
    """What a submit would send; nothing has been sent.

    ``payloads`` and ``invalid`` (the reasons) are by position in the frame, ``batches``
    has the number of rows of each, ``sources`` the source of each field, and
    ``first_request`` is the first request as it would leave, None = no valid row.
    """

    payloads: dict[int, JSONObject]
    invalid: dict[int, str]
    batches: list[int]
    sources: dict[str, str]
    labels: Sequence[str]
    first_request: Exchange | None

    def __repr__(self) -> str:
        lines = [
            f"{_counted(len(self.payloads), 'row', 's')} in "
            f"{_counted(len(self.batches), 'batch', 'es')}, "
            f"{len(self.invalid):,} invalid; nothing has been sent"
        ]
        lines += [_cut(f"  {field} <- {source}") for field, source in self.sources.items()]
        lines += [_cut(f"  invalid: {line}", _LONGEST) for line in self._faults()]
        for position, payload in list(self.payloads.items())[:_SHOWN]:
            lines.append(_cut(f"  row {self.labels[position]}: {payload}"))
        if self.first_request is not None:
            first = self.first_request
            lines.append(_cut(f"  first request: {first.method} {first.url}", _LONGEST))
        return "\n".join(lines)

    def _faults(self) -> list[str]:
        """Return a line for each reason, with the labels of its rows."""
        by_reason: dict[str, list[str]] = {}
        for position, reason in self.invalid.items():
            by_reason.setdefault(reason, []).append(self.labels[position])
        often_first = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
        lines = [f"{_rows(labels)}: {reason}" for reason, labels in often_first[:_REASONS]]
        more = len(by_reason) - _REASONS
        return [*lines, f"and {more:,} reasons more, in .invalid"] if more > 0 else lines


def _counted(count: int, noun: str, plural: str) -> str:
    return f"{count:,} {noun}{plural * (count != 1)}"


def _cut(line: str, limit: int = _WIDTH) -> str:
    short = line if len(line) <= limit else f"{line[: limit - 1]}…"
    return one_line(short)


def _rows(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_SHOWN])
    more = len(labels) - _SHOWN
    return f"row{'s' * (len(labels) > 1)} {shown}" + (f" and {more:,} more" if more > 0 else "")


def preview(
    source: InputRows,
    fields: FieldMap,
    *,
    action: Action,
    channel: Channel,
    batch_size: int | None,
    on_progress: ProgressCallback,
) -> Preview:
    """Return what a submit of *source* would send; see Connection.preview."""
    prepared = prepare(source, action=action, fields=fields)
    total = len(source.rows)
    read = list(counted_rows(prepared, on_progress, "mapping and checking", rows=total))
    invalid = {row.position: row.reason for row in read if isinstance(row, Invalid)}
    good = [row for row in read if isinstance(row, Prepared)]
    invalid |= _check(action, good, channel)
    good = [row for row in good if row.position not in invalid]
    batches = list(batched(good, action=action, batch_size=batch_size))
    return Preview(
        payloads={row.position: row.payload.as_json() for row in good},
        invalid=dict(sorted(invalid.items())),
        batches=[len(batch) for batch in batches],
        sources=fields.sources,
        labels=source.labels,
        first_request=_first_request(action, batches, batch_size, channel),
    )


def _check(action: Action, rows: Sequence[Prepared], channel: Channel) -> dict[int, str]:
    """Return the reasons why the destination's own check refuses rows, by position."""
    if action.check is None or not rows:
        return {}
    called = call(channel.call(action.check, payload=[row.payload for row in rows]))
    if called.error is not None:
        raise called.error
    faults = read_check(called.answer, [row.position for row in rows], mask=channel.mask)
    if not isinstance(faults, dict):
        raise DestinationError(faults.message)
    return faults


def _first_request(
    action: Action,
    batches: Sequence[Sequence[Prepared]],
    batch_size: int | None,
    channel: Channel,
) -> Exchange | None:
    if not batches:
        return None
    function, payload = action.call_for([row.payload for row in batches[0]], batch_size)
    exchanges = call(channel.rehearse(function, payload)).exchanges
    return exchanges[0] if exchanges else None
