"""What the monitor and the record read of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from ..errors import UsageError
from ..operation import SETTLED, Operation
from ..visible import visible

# What a run may offer beyond being viewed; a run that cannot do it lacks the method.
ABILITIES = ("details", "pause", "cancel", "retry", "results")

ChangeCallback = Callable[[Sequence[int], bool], None]


class RunView(Protocol):
    """A run, as far as it can be viewed.

    ``labels`` has a label per row of the frame, by position. ``operations`` is in
    order of number, empty until the rows are batched; from then on its items are
    replaced and their count stays. ``counts`` has all seven statuses of a row.
    ``notices`` are sentences a person should see now. ``created_at`` is in Unix seconds.

    A run may have more, which any thread may use at any time: ``details(number)``, a
    dict that JSON can hold, which takes the ``rows=`` of a job to have in it; ``pause()``,
    ``resume()`` and ``is_paused``; ``cancel()``; ``retry()``, which returns a run, and
    ``retryable``, how many rows that would send;
    ``results(with_frame=True)``, a DataFrame; ``is_at_rest``, for a run that may end before its
    operations do; ``requests``, how many were sent; ``detection_lag``, how many seconds after
    an operation its end is known, None = not known; ``invalid``, why rows are invalid, by
    their position, known when the operations are; ``column(name)``, a column of the frame
    with a value per row; ``key_column``, the one that tells rows apart, None = none does;
    ``frame_rows(positions)``, some rows of the frame, a dict each;
    ``expected_operations``, how many there will be;
    ``now()``, the clock that its times are from, in Unix seconds; ``continued_by``, the code
    that continues it after a restart of the kernel, "" = nothing can.
    """

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def operations(self) -> Sequence[Operation]: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def notices(self) -> Sequence[str]: ...
    @property
    def created_at(self) -> float: ...

    def on_change(self, callback: ChangeCallback) -> Callable[[], None]:
        """Call back with the numbers of the changed operations and whether the run is done.

        On the engine's thread, at most five times a second, and every few seconds
        without numbers when nothing changed: a viewer takes a long silence for a dead
        kernel. Returns what ends the subscription.
        """
        ...


def monitor_anchor(run: RunView) -> str:
    """Return the id of the element that shows the monitor of *run*."""
    return f"adm-{run.id}"


def is_done(run: RunView) -> bool:
    """Whether nothing more happens to *run* by itself."""
    # A fault on our side may end a run early; such a run has is_at_rest.
    if run.status != "pending" or getattr(run, "is_at_rest", False):
        return True
    operations = run.operations
    return bool(operations) and all(each.state in SETTLED for each in operations)


def abilities(run: RunView) -> list[str]:
    """Return what *run* can do, of ABILITIES."""
    return [name for name in ABILITIES if callable(getattr(run, name, None))]


def is_paused(run: RunView) -> bool:
    """Whether *run* waits to be resumed; a run that cannot pause never does."""
    return bool(getattr(run, "is_paused", False))


def clock_of(run: RunView) -> Callable[[], float]:
    """Return the clock that the times of *run* are from, in Unix seconds."""
    # Only by that clock is the age of an open operation right.
    clock: Callable[[], float] = getattr(run, "now", time.time)
    return clock


def continued_by(run: RunView) -> str | None:
    """Return the code that continues *run* after a restart; "" = none, None = not known."""
    return getattr(run, "continued_by", None)


def after_restart(run: RunView) -> str:
    """Return what a restart of the kernel means for *run*; "" = that is not known."""
    code = continued_by(run)
    if code is None:
        return ""
    if code:
        return f"After a restart of the kernel it goes on with: {code}"
    return (
        "It is in the memory of its kernel: a restart ends it, and what the destination has "
        "accepted goes on there."
    )


def requests_sent(run: RunView) -> int | None:
    """Return how many requests *run* has sent, or None if it does not count them."""
    return getattr(run, "requests", None)


def detection_lag(run: RunView) -> float | None:
    """Return how late ends are known, in seconds, or None if *run* does not know that."""
    lag: float | None = getattr(run, "detection_lag", None)
    return None if lag is None else round(lag, 1)


def lines_expected(run: RunView) -> int:
    """Return how many operations *run* will have, as far as that is known before they are there."""
    return getattr(run, "expected_operations", None) or len(run.labels)


def rows_to_retry(run: RunView) -> int | None:
    """Return how many rows of *run* may be sent again, or None if that is not known."""
    return getattr(run, "retryable", None)


def frame_values(run: RunView, name: str) -> Sequence[Any]:
    """Return a column of the frame, a value per row of *run*.

    Raises UnknownName if the frame has no such column, UsageError if *run* has no frame.
    """
    column: Callable[[str], Sequence[Any]] | None = getattr(run, "column", None)
    if column is None:
        raise UsageError(f"no column {name!r} can be shown: this run has no frame at hand")
    return column(name)


def shown_columns(run: RunView, columns: Sequence[str] | None) -> list[str]:
    """Return which columns of the frame to show; *columns* None = the one that tells rows apart.

    Raises UsageError for one name in place of several, and what ``frame_values`` raises.
    """
    if isinstance(columns, str):
        raise UsageError(f"columns must be a list of names: columns=[{columns!r}]")
    if columns is None:
        key: str | None = getattr(run, "key_column", None)
        return [] if key is None else [key]
    for name in columns:
        frame_values(run, name)
    return list(columns)


def invalid_rows(run: RunView) -> Mapping[int, str]:
    """Return by position why rows of *run* are invalid, as far as that is known."""
    found: Mapping[int, str] = getattr(run, "invalid", {})
    return found


def row_label(rows: Sequence[int], labels: Sequence[str]) -> str:
    """Return the label of a row; of the rows of a job, those of the first and the last."""
    if len(rows) == 1 and rows[0] < len(labels):
        return labels[rows[0]]
    ends = dict.fromkeys([*rows[:1], *rows[-1:]])
    return " … ".join(labels[row] if row < len(labels) else str(row) for row in ends)


def cut(text: str, limit: int) -> str:
    """Return *text*, or its first *limit* characters and how many are left out; all visible."""
    shown = visible(text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


def first_lines(limit: int, texts: Sequence[str]) -> list[str]:
    """Return the first *limit* of *texts*, cut to a line each."""
    return [cut(text, 200) for text in islice(texts, limit)]
