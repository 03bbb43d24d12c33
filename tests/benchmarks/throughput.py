"""One request per row, and one poll: requests per second beside plain HTTP clients, run by hand.

    python -m tests.benchmarks.throughput [rows] [rounds] [path of the JSON]

Every client sends the same rows of 10 fields, each in a POST, and GETs what it was accepted as,
over at most 64 connections, to one server that answers fixed JSON (fixed_server). They take
turns after some rows that do not count, and each figure is the median of the rounds. The plain
loops read the JSON and keep nothing. Ours is a whole run: rows of a DataFrame, which is at hand
as the rows of the others are, mapped, validated, journaled and polled, with an API key to mask;
its first poll comes as soon as an operation is accepted. "Durable" has a session file, and "slow
disk" sleeps 20 ms at each commit. CPU is that of this process, all its threads, for one request;
the server has its own.

httpx2 and httpx-aiohttp take part where they are installed (pip install -e ".[bench]"). httpx is
sent a fifth of the rows: with 64 connections on its own pool it takes milliseconds for each. It
takes part a second time with its default limits, which keep fewer connections.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from tests.benchmarks.fixed_server import fixed_server
from tests.benchmarks.http_clients import CLIENTS, Row

ROWS = 4_000
ROUNDS = 3
WARM_UP = 100  # rows, so that no figure has what is done once in a process
COMMIT_SECONDS = 0.02
FIELDS = [f"field_{number}" for number in range(8)]
MOST_SECONDS = 300.0  # for one run
OURS = ("ours", "ours, durable", "ours, durable, slow disk")

Work = Callable[[str, Sequence[Row]], None]


def rows_of(count: int) -> list[Row]:
    """Return the bodies of *count* rows of 10 fields."""
    return [
        {
            "user_id": f"user-{number}",
            "operation_type": "sync_profile",
            "data": {name: f"{name} of row {number}" for name in FIELDS},
        }
        for number in range(count)
    ]


@cache
def frame_of(count: int) -> pd.DataFrame:
    """Return the same rows as a frame, made once."""
    rows = rows_of(count)
    columns: dict[str, list[Any]] = {"user_id": [row["user_id"] for row in rows]}
    return pd.DataFrame(columns | {name: [row["data"][name] for row in rows] for name in FIELDS})


def send_by_us(url: str, rows: Sequence[Row], *, path: Path | None) -> None:
    """Send *rows* in a run, a request for each, and wait until it has ended."""
    connection = ad.Session(path=path).connect(
        "example-async",
        endpoint=url,
        api_key="sk_live_9f8e7d6c5b4a39281706",
        requests_per_second=1_000_000.0,
    )
    run = connection.submit(
        frame_of(len(rows)),
        "asyncOperation",
        mapping={
            "operation_type": "sync_profile",
            "data": {name: {"@path": f"$.{name}"} for name in FIELDS},
        },
        batch_size=1,
        schedule=SquareRoot(minimum=0.001),
        again=True,
    )
    run.wait(timeout=MOST_SECONDS)
    assert run.counts["completed"] == len(rows), run.counts


class SlowCommits(sqlite3.Connection):
    """A connection to a file on a disk that takes 20 ms for a commit."""

    def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
        """Run *statement*; before a commit, wait for the disk without Python's lock."""
        if statement.lstrip().upper().startswith("COMMIT"):
            time.sleep(COMMIT_SECONDS)
        return super().execute(statement, *given)

    def commit(self) -> None:
        """Commit, after the wait for the disk."""
        time.sleep(COMMIT_SECONDS)
        super().commit()


@contextmanager
def slow_disk() -> Iterator[None]:
    """Let every connection to SQLite that is made inside have slow commits."""
    fast = sqlite3.connect
    sqlite3.connect = partial(fast, factory=SlowCommits)  # type: ignore[misc]
    try:
        yield
    finally:
        sqlite3.connect = fast  # type: ignore[misc]


def clients() -> dict[str, Work]:
    """Return all that can be measured here, by name."""
    found: dict[str, Work] = {}
    for name, (loop, needed) in CLIENTS.items():
        if all(find_spec(each) for each in needed):
            found[name] = lambda url, rows, loop=loop: asyncio.run(loop(url, rows))
        else:
            print(f"{name} is not installed: pip install -e '.[bench]'")
    return found | {name: partial(_ours, name) for name in OURS}


def _ours(name: str, url: str, rows: Sequence[Row]) -> None:
    if name == OURS[0]:
        send_by_us(url, rows, path=None)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "run.session")
        if name == OURS[1]:
            send_by_us(url, rows, path=path)
        else:
            with slow_disk():
                send_by_us(url, rows, path=path)


def measured(work: Work, url: str, rows: Sequence[Row]) -> tuple[float, float]:
    """Return requests per second, and microseconds of CPU for each."""
    requests, wall, cpu = 2 * len(rows), time.perf_counter(), time.process_time()
    work(url, rows)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return requests / wall, cpu / requests * 1e6


def main(count: int, rounds: int, out: Path) -> None:
    """Measure all, print the table, and write it to *out*."""
    rows, works = rows_of(count), clients()
    frame_of(count)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    with fixed_server() as (url, server):
        for work in works.values():
            work(url, rows[:WARM_UP])
        for _ in range(rounds):
            for name, work in works.items():
                some = rows[: max(1, count // 5)] if name.split(",")[0] == "httpx" else rows
                found[name].append(measured(work, url, some))
    table = {name: _line(name, found) for name in found}
    print(f"{count:,} rows, POST + GET each; 64 connections; server: {server}; {rounds} rounds")
    print(f"{'':27}{'requests/s':>11}{'CPU us':>8}{'x httpx':>9}{'of aiohttp':>12}{'of ours':>9}")
    for name, line in table.items():
        print(
            f"{name:27}{line['requests_per_second']:11,.0f}{line['cpu_us']:8.0f}"
            f"{line['of_httpx']:9.1f}{line['of_aiohttp']:12.2f}{line['of_ours']:9.2f}"
        )
    out.write_text(json.dumps({"server": server, "rows": count, "clients": table}, indent=1))
    print(f"written to {out}")


def _line(name: str, found: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    """Return the medians of *name*; ratios are taken within each round."""
    speeds = {each: [speed for speed, _ in taken] for each, taken in found.items()}

    def ratio(other: str) -> float:
        pairs = zip(speeds[name], speeds.get(other, speeds[name]), strict=True)
        return statistics.median(mine / its for mine, its in pairs)

    return {
        "requests_per_second": statistics.median(speeds[name]),
        "cpu_us": statistics.median(cpu for _, cpu in found[name]),
        "of_httpx": ratio("httpx"),
        "of_aiohttp": ratio("aiohttp"),
        "of_ours": ratio(OURS[0]),
    }


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        int(given[0]) if given else ROWS,
        int(given[1]) if len(given) > 1 else ROUNDS,
        Path(given[2] if len(given) > 2 else Path(tempfile.gettempdir(), "throughput.json")),
    )
