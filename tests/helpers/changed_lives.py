"""Processes that submit what has changed of a frame, one after the other; some are killed."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
import brisk_time
from asyncdest_nb.store import Store
from row_shelf import eager, shelf

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Submit:
    """What a process submits, the values by id; it dies at its write *dies_at*, 0 = it does not.

    Each write counts twice: before it is committed, and after.
    """

    path: Path
    url: str
    recovery: str
    rows: Mapping[str, str]
    dies_at: int


@dataclass(frozen=True)
class Row:
    """A row of a run, and what the run says of it."""

    id: str
    value: str
    status: str


@dataclass(frozen=True)
class Found:
    """What a process found: the rows of each run before its own, and of its own run.

    *unfinished* are the ids of rows that were not at rest when it opened the file. *attached* is
    whether its own run is one of those before.
    """

    before: Sequence[Sequence[Row]]
    own: Sequence[Row]
    unfinished: frozenset[str]
    attached: bool


def live(submit: Submit) -> Found:
    """Let what was submitted before come to rest, submit, and return what became of it all."""
    warnings.simplefilter("ignore", ad.AlreadySubmitted)
    labels = [f"{name}={value}" for name, value in submit.rows.items()]
    columns = {"id": [*submit.rows], "value": [*submit.rows.values()]}
    with pytest.MonkeyPatch.context() as patch:
        brisk_time.install(patch)
        patch.setattr(Store, "writing", _deadly(Store.writing, submit.dies_at))
        with ad.Session(path=submit.path, keep_days=None) as session:
            old = session.runs()
            unfinished = {row.id for run in old if not run.is_at_rest for row in _rows(run)}
            crm = session.connect(shelf(submit.recovery), endpoint=submit.url, life="one")
            for each in old:
                _rest(each)
            before = [_rows(each) for each in old]
            run = crm.submit(
                pd.DataFrame(columns, index=labels),
                "put",
                key="id",
                changed_only=True,
                schedule=eager(),
            )
            _rest(run)
            is_old = run.id in {each.id for each in old}
            return Found(before, _rows(run), frozenset(unfinished), attached=is_old)


def _rest(run: ad.Run) -> None:
    wait([run.rested], timeout=PATIENCE_SECONDS)
    if not run.is_at_rest:
        raise TimeoutError(f"{run} is not at rest after {PATIENCE_SECONDS} s")


def _rows(run: ad.Run) -> list[Row]:
    statuses: Any = run.results()["status"].items()
    return [Row(*str(label).split("="), status) for label, status in statuses]


def _deadly(writing: Callable[[Store], Any], dies_at: int) -> Callable[[Store], Any]:
    left = dies_at

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def counted(store: Store) -> Iterator[None]:
        with writing(store):
            yield
            passed()
        passed()

    return counted
