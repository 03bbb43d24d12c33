"""Who has a session's file open: a lock beside it, and a signature in it."""

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


def locked(file: Path) -> FileLock | None:
    """Return the lock of the file, which the system takes back from a process that dies.

    None = somebody else has it.
    """
    # Opened on one thread, closed on another.
    lock = FileLock(f"{file}.lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


def signature(db: sqlite3.Connection) -> tuple[int, str, float]:
    """Return process, host and Unix seconds of who has the file open, or had last."""
    return columns.to_holder(db.execute("SELECT pid, host, since FROM holder").fetchone())


def named(pid: int, host: str, since: float) -> str:
    at = datetime.fromtimestamp(since).astimezone().isoformat(" ", "seconds")
    return f"process {pid} on {host} since {at}"


def sign(db: sqlite3.Connection) -> None:
    with transaction(db):
        db.execute("DELETE FROM holder")
        holder = (os.getpid(), socket.gethostname(), time.time())
        db.execute("INSERT INTO holder VALUES (?, ?, ?)", holder)
    # Into the file itself, so that it is there if that is moved or copied alone.
    db.execute("PRAGMA wal_checkpoint")


def signed_off(db: sqlite3.Connection) -> None:
    """Say in the file that nobody has it open any more."""
    with transaction(db):
        db.execute("DELETE FROM holder")


def require_closed(db: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError if a process that still runs has it open, whose lock is not beside it."""
    try:
        pid, host, since = signature(db)
    except ValueError:
        return  # Nobody has it.
    if host != socket.gethostname() or pid == os.getpid():
        return
    try:
        process = psutil.Process(pid)
        is_there = process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since
    except (psutil.Error, OverflowError):
        return
    if is_there:
        raise StoreError(
            f"{file} is a copy of the file that {named(pid, host, since)} has open, or was moved "
            "away from it: two at once would send everything twice; close the session there, or "
            "shut down that kernel"
        )
