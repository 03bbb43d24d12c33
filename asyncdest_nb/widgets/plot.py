"""A figure of a run, for a report or a talk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import UsageError, install_command
from ..operation import Operation, RowStatus, row_outcomes
from .run_view import RunView, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour and dash, so that it can be read in black and white.
_LINES = {
    RowStatus.COMPLETED: ("#2e7d32", "-"),
    RowStatus.FAILED: ("#c62828", "--"),
    RowStatus.CANCELED: ("#757575", ":"),
    RowStatus.UNKNOWN: ("#ef6c00", "-."),
}
_BINS = 40
_EMPTY = "No operation has ended"


def plot(run: RunView) -> Figure:
    """Return a matplotlib figure: the rows that ended over time, and how long operations took.

    It shows the run as it is now. Raises UsageError where matplotlib is not installed.
    """
    try:
        # pyplot, since its import registers how a notebook shows a figure.
        from matplotlib import pyplot
    except ImportError:
        raise UsageError(f"run.plot() needs matplotlib: {install_command('plot')}") from None
    figure, (over_time, durations) = pyplot.subplots(
        ncols=2, figsize=(10, 3.2), layout="constrained"
    )
    ended = [each for each in run.operations if each.finished_at is not None]
    figure.suptitle(f"{cut(run.title, 100)}: {run.status}", parse_math=False)
    _draw_over_time(over_time, ended, run.created_at)
    _draw_durations(durations, ended)
    for axes in () if ended else (over_time, durations):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, _EMPTY, ha="center", va="center", transform=axes.transAxes)
    pyplot.close(figure)  # Otherwise a notebook shows it twice.
    return figure


def _draw_over_time(axes: Axes, ended: list[Operation], since: float) -> None:
    for status, (color, dash) in _LINES.items():
        if times := sorted(_ends(ended, status)):
            steps = [0.0, *(at - since for at in times)]
            rows = range(len(steps))
            axes.step(steps, rows, where="post", color=color, linestyle=dash, label=status.value)
    axes.set(title="Rows that ended", xlabel="seconds since the submit", ylabel="rows")
    if axes.get_lines():
        axes.legend()


def _ends(ended: list[Operation], status: RowStatus) -> Iterator[float]:
    """Yield when each row that ended so did, in Unix seconds."""
    for operation in ended:
        count = sum(outcome.status is status for outcome in row_outcomes(operation))
        yield from [operation.finished_at or 0.0] * count


def _draw_durations(axes: Axes, ended: list[Operation]) -> None:
    seconds = [
        each.finished_at - each.submitted_at
        for each in ended
        if each.finished_at is not None and each.submitted_at is not None
    ]
    axes.hist(seconds, bins=_BINS, color="#1565c0")
    axes.set(title="How long operations took", xlabel="seconds", ylabel="operations")
