"""Files of sessions and exported runs that are damaged, forged, or no files at all.

A good one is made through the public API; hostile_sql and hostile_bytes have the ways to
spoil it. Nothing here knows how the package reads a file.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

import asyncdest_nb as ad


def make_export(path: Path) -> None:
    """Export a run, and one that retries rows of it."""
    with ad.Session() as session:
        _fill(session).export(path)


def make_session(path: Path) -> None:
    """Leave a session with a run, and one that retries rows of it."""
    with ad.Session(path=path) as session:
        _fill(session)


def _fill(session: ad.Session) -> ad.Run:
    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")
        note: str = ad.field("Note")

    jobs: list[int] = []

    async def perform_batch(request: object, data: ad.ActionData) -> ad.AsyncActionResponse:
        jobs.append(len(data.payload))
        if len(jobs) == 1:
            raise ValueError("not today")
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": f"job-{len(jobs)}"}])

    async def poll(request: object, data: ad.ActionData) -> ad.AsyncPollResponse:
        (context,) = data.async_contexts
        size = jobs[int(context["operation_id"].removeprefix("job-")) - 1]
        rows = [ad.RowResult(status="completed", result={"id": at}) for at in range(size)]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed", rows=rows)])

    act = ad.Action(
        title="Act",
        payload=Payload,
        perform_batch=perform_batch,
        poll=poll,
        batch_size=4,
        operation_per="batch",
    )
    crm = session.connect(ad.Destination(name="Test", slug="test", actions={"act": act}))
    users = [f"u-{number}" for number in range(10)]
    run = crm.submit(pd.DataFrame({"user_id": [*users[:9], None], "note": "x" * 600}), "act")
    run.wait(timeout=30)
    again = run.retry()
    again.wait(timeout=30)
    return again


def apply(path: Path, script: str) -> bool:
    """Change the file at *path* by SQL; False = this SQLite cannot, or it changes nothing."""
    before = path.read_bytes()
    try:
        with closing(sqlite3.connect(path)) as database:
            database.executescript(script)
            database.commit()
    except (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.DatabaseError):
        # The constraints of the table do not let it in; what came before may have been done.
        pass
    return path.read_bytes() != before


def make_pipe(path: Path) -> None:
    """Put a named pipe at *path*, that nobody writes."""
    os.mkfifo(path)


def socket_at(path: Path) -> socket.socket:
    """Listen at *path*."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    return listening
