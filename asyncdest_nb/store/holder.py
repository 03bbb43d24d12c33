"""Which process has a session's file open: a lock beside it, and a row in it."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from datetime import datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from ..errors import StoreError
from . import columns
from .schema import transaction


def acquire_lock(file: Path) -> FileLock | None:
    """Return the lock of the file, None = another process has it.

    The system releases the lock of a process that dies.
    """
    # Opened on one thread, closed on another.
    lock = FileLock(f"{file}.lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


def read_holder(db: sqlite3.Connection) -> tuple[int, str, float]:
    """Return process, host and Unix seconds of who has the file open, or had last.

    Raises ValueError if nobody has.
    """
    return columns.to_holder(db.execute("SELECT pid, host, since FROM holder").fetchone())


def holder_name(pid: int, host: str, since: float) -> str:
    """Return how messages name a holder."""
    at = datetime.fromtimestamp(since).astimezone().isoformat(" ", "seconds")
    return f"process {pid} on {host} since {at}"


def write_holder(db: sqlite3.Connection) -> None:
    """Write into the file that this process has it open."""
    with transaction(db):
        db.execute("DELETE FROM holder")
        holder = (os.getpid(), socket.gethostname(), time.time())
        db.execute("INSERT INTO holder VALUES (?, ?, ?)", holder)
    # From the WAL into the file itself, which may be moved or copied without the WAL.
    db.execute("PRAGMA wal_checkpoint")


def delete_holder(db: sqlite3.Connection) -> None:
    """Write into the file that no process has it open."""
    with transaction(db):
        db.execute("DELETE FROM holder")


def require_closed(db: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError if a running process has the file open, without a lock beside it."""
    try:
        pid, host, since = read_holder(db)
    except ValueError:
        return  # No process has it open.
    if host != socket.gethostname() or pid == os.getpid():
        return
    try:
        process = psutil.Process(pid)
        is_there = process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since
    except (psutil.Error, OverflowError):
        return
    if is_there:
        raise StoreError(
            f"{file} is a copy of the file that {holder_name(pid, host, since)} has open, or was "
            "moved away from it: two processes at once would send everything twice; close the "
            "session there, or shut down that kernel"
        )
