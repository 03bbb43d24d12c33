"""A progress bar for whoever waits in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Never

from tqdm import tqdm

from ..portal import wait

STEP_SECONDS = 0.2  # Between two looks.


def wait_visibly(
    rested: Future[None],
    timeout: float | None,
    *,
    title: str,
    counts: Callable[[], Mapping[str, int]],
    notices: Callable[[], list[str]],
) -> None:
    """Wait for *rested*, or *timeout* seconds; a terminal shows how many rows have an outcome.

    A notebook, a file and a pipe show nothing: there the monitor does, or nobody looks.
    """
    end = None if timeout is None else time.monotonic() + timeout
    rows = sum(counts().values())
    bar: tqdm[Never] = tqdm(total=rows, unit=" rows", desc=title, dynamic_ncols=True, disable=None)
    with bar:
        while not wait(rested, _step(end)) and (end is None or time.monotonic() < end):
            _show(bar, rows - counts()["pending"], notices())
        _show(bar, rows - counts()["pending"], notices())


def _step(end: float | None) -> float:
    return STEP_SECONDS if end is None else max(0.0, min(STEP_SECONDS, end - time.monotonic()))


def _show(bar: tqdm[Never], done: int, notices: list[str]) -> None:
    if bar.disable:
        return
    bar.set_postfix_str("; ".join(notices), refresh=False)
    bar.update(done - bar.n)
