"""What the monitor and the record read of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Protocol

from ..operation import RESTING, Operation

Changed = Callable[[Sequence[int], bool], None]


class Watched(Protocol):
    """A run, as far as it can be watched.

    ``labels`` has a label per row of the frame, by position. ``operations`` is in
    order of number, empty until the rows are batched; from then on its items are
    replaced and their count stays. ``counts`` has all six words of a row's status.
    ``notices`` are sentences a person should see now. ``created_at`` is in Unix seconds.
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

    def on_change(self, callback: Changed) -> Callable[[], None]:
        """Call back with the numbers of the changed operations and whether the run is at rest.

        On the engine's thread, at most five times a second, and every few seconds
        with no numbers when nothing changed: a viewer takes long silence for a dead
        kernel. Returns what ends the subscription.
        """
        ...


def is_at_rest(run: Watched) -> bool:
    """Whether nothing more happens to *run* by itself."""
    if run.status != "pending":
        return True
    operations = run.operations
    return bool(operations) and all(each.state in RESTING for each in operations)


def row_label(operation: Operation, labels: Sequence[str]) -> str:
    """Return the label of its row; of a job the first and the last."""
    ends = dict.fromkeys([*operation.rows[:1], *operation.rows[-1:]])
    return " … ".join(labels[row] if row < len(labels) else str(row) for row in ends)


def cut(text: str, limit: int) -> str:
    """Return *text*, or its first *limit* characters and how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def counted(counts: Mapping[str, int]) -> str:
    """Say the counts that are not zero: "2 completed, 1 pending"; "no rows" when all are."""
    words = [f"{number:,} {word}" for word, number in counts.items() if number]
    return ", ".join(words) or "no rows"


def take(limit: int, texts: Sequence[str]) -> list[str]:
    """Return the first *limit* of *texts*, cut to a line each."""
    return [cut(text, 200) for text in islice(texts, limit)]
