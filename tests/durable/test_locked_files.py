"""A session's file that another program locks, such as a database browser: SQLite's own locks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import file
from described_api import ApiCall, DescribedApi

ROWS = pd.DataFrame({"id": [f"u-{at}" for at in range(6)]})


class Gate:
    """An API that answers the second request only once it is ``open``."""

    def __init__(self) -> None:
        self.has_second, self.open = threading.Event(), threading.Event()
        self._sent = 0

    def __call__(self, call: ApiCall) -> Any:
        self._sent += 1
        if self._sent == 2:
            self.has_second.set()
            self.open.wait(60)
        return {}


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def submitted(session: ad.Session, url: str) -> ad.Run:
    action = {
        "fields": {"id": {"label": "ID", "type": "string"}},
        "submit": [{"url": "/rows", "json": {"rows": "{{ rows }}"}}],
        "limits": {"rows": 1},
    }
    api = {"name": "Api", "base_url": url, "actions": {"send": action}}
    return session.connect(ad.http_destination(api)).submit(ROWS, "send")


@pytest.mark.slow
def test_a_run_goes_on_after_another_program_has_locked_the_file_for_a_while(path: Path):
    gate = Gate()
    with DescribedApi(gate) as api, ad.Session(path=path) as session:
        run = submitted(session, api.url)
        assert gate.has_second.wait(30)
        with locked(path):
            gate.open.set()
            assert run.wait(timeout=5.5) == "pending"  # SQLite itself gives up after 5 seconds.
        assert run.wait(timeout=30) == "completed"
        assert len(api.calls) == len(ROWS)
        assert run.notices == []


def test_a_lock_that_stays_ends_the_run_with_advice_that_helps(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(file, "LOCKED_MILLISECONDS", 50)
    gate = Gate()
    with DescribedApi(gate) as api, ad.Session(path=path) as session:
        run = submitted(session, api.url)
        assert gate.has_second.wait(30)
        with locked(path):
            gate.open.set()
            with pytest.raises(StoreError, match=r"is locked; another program, such as .* has"):
                run.wait(timeout=30)
        with pytest.warns(ad.AlreadySubmitted):
            again = submitted(session, api.url)
        assert again.wait(timeout=30) == "completed"
        assert sorted(each.json["rows"][0]["id"] for each in api.calls) == sorted(ROWS["id"])
