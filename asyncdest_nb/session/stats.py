"""What a run costs, and how late its ends are known: a value with a table for a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from ..numerals import counted

Number = int | float | None


@dataclass(frozen=True, repr=False, eq=False)
class RunStats(Mapping[str, Number]):
    """What a run has cost so far; ``stats.requests`` and ``stats["requests"]`` are the same.

    Of the ``rows`` so many are ``unchanged``, and were not sent.
    ``requests`` are HTTP requests of this kernel: for submits, for polls, and other ones, such
    as a check of the rows or a cancel. ``polls`` are answers about operations, those from before
    a restart too: one request may ask about several. The lag is the time between the end of an
    operation and the poll that found it, in seconds, its p95 up to a tenth too long; None = no
    end was found in this kernel. For the share ``lag_measured`` of the operations, in [0, 1],
    the destination states the end; for the others it is estimated as the middle between two
    polls. ``throttled_seconds``: for how long requests waited because the host asked for that
    or was down. ``seconds`` is the time since the submit, to the last end once all is at rest.
    """

    rows: int
    unchanged: int
    operations: int
    requests: int
    submit_requests: int
    poll_requests: int
    other_requests: int
    polls: int
    polls_without_answer: int
    polls_per_operation: float | None
    lag_mean: float | None
    lag_p95: float | None
    lag_measured: float | None
    throttled_seconds: float
    overdue: int
    seconds: float

    def __getitem__(self, name: str) -> Number:
        if name not in iter(self):
            raise KeyError(name)
        found: Number = getattr(self, name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in fields(self))

    def __len__(self) -> int:
        return len(fields(self))

    def __repr__(self) -> str:
        lines = [
            ("rows", f"{self.rows - self.unchanged:,} in {counted(self.operations, 'operation')}"),
            *(
                [("unchanged", f"{counted(self.unchanged, 'row')}, not sent")]
                if self.unchanged
                else []
            ),
            ("requests", f"{self.requests:,}{self._kinds()}"),
            ("polls", f"{self.polls:,}{self._per_operation()}"),
            ("detection lag", self.lag_text),
            ("throttled", f"{self.throttled_seconds:,.1f} s"),
            ("overdue", f"{self.overdue:,}"),
            ("time", f"{self.seconds:,.1f} s"),
        ]
        return "\n".join(f"{name:<15}{text}" for name, text in lines)

    @property
    def lag_text(self) -> str:
        """The detection lag in words, and whether it was measured."""
        if self.lag_mean is None or self.lag_p95 is None:
            return "not known yet"
        how = f"{self.lag_measured:.0%} measured" if self.lag_measured else "estimated"
        how = "measured" if self.lag_measured == 1 else how
        return f"mean {self.lag_mean:,.1f} s, 95 % within {self.lag_p95:,.1f} s ({how})"

    def _kinds(self) -> str:
        kinds = [
            (self.submit_requests, "submit"),
            (self.poll_requests, "poll"),
            (self.other_requests, "other"),
        ]
        found = ", ".join(counted(count, name) for count, name in kinds if count)
        return f": {found}" if found else ""

    def _per_operation(self) -> str:
        found = self.polls_per_operation
        return "" if found is None else f", {found:,.1f} per operation"
