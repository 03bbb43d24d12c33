"""Large frames: rows a second, CPU, how long submit blocks, and memory, run by hand.

    python -m tests.benchmarks.frames [path of the JSON] [rows …]

- Frames of 10 columns in jobs of 10,000 rows, in memory and durable, each in a process of its own.
- A frame of 300 columns of which one is sent, beside a frame of that column alone.
- 100,000 single operations: what each holds in memory once it has ended.

The server, on bare asyncio, has its own process and answers every job at once. ``submit`` is
how long the call blocks. CPU is that of the process of the run, all its threads. Memory is the
peak of the process (ru_maxrss) above what it was once the frame was there, before and after
``run.results()``. ``of_plain`` is the CPU a row divided by that of ``to_dict`` and
``json.dumps`` of the same rows, measured in the same process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

ROWS = (100_000, 1_000_000)
WIDE_ROWS = 40_000
SINGLES = 100_000
WARM = 500  # Operations of a run before: what is imported and kept for all is not counted.
MOST_SECONDS = 900.0  # for one process
MB = 1_000_000


class Address(ad.Settings):
    """Where the server is."""

    endpoint: str = ad.field("Endpoint")


class Customer(ad.Payload):
    """Ten fields."""

    user_id: str = ad.field("User ID")
    email: str | None = ad.field("Email")
    first_name: str | None = ad.field("First name")
    last_name: str | None = ad.field("Last name")
    plan: str | None = ad.field("Plan", choices=["pro", "free"])
    age: int | None = ad.field("Age")
    score: float | None = ad.field("Score")
    is_active: bool | None = ad.field("Active")
    country: str | None = ad.field("Country")
    city: str | None = ad.field("City")


class Number(ad.Payload):
    """One field."""

    number: float = ad.field("Number")


async def _send(request: Any, data: Any) -> Any:
    body = "\n".join(data.payload_texts)
    answer = await request("/jobs", method="POST", content=body)
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": answer.data["id"]}])


async def _accept(request: Any, data: Any) -> Any:
    context = {"operation_id": data.payload.user_id, "user_id": data.payload.user_id}
    return ad.AsyncActionResponse(async_contexts=[context])


async def _poll(request: Any, data: Any) -> Any:
    done = ad.AsyncOperationResult(status="completed")
    return ad.AsyncPollResponse.of([done for _ in data.async_contexts])


def destination() -> ad.Destination:
    """Return a destination of jobs, whose poll needs no request."""
    jobs = {"operation_per": "batch", "batch_size": 10_000, "perform_batch": _send, "poll": _poll}
    return ad.Destination(
        name="Jobs",
        slug="jobs",
        settings=Address,
        extend_request=lambda data: {"base_url": data.settings.endpoint},
        actions={
            "customers": ad.Action(title="Customers", payload=Customer, **jobs),
            "numbers": ad.Action(title="Numbers", payload=Number, **jobs),
            "singles": ad.Action(title="Singles", payload=Customer, perform=_accept, poll=_poll),
        },
    )


def customers(rows: int) -> pd.DataFrame:
    """Return a frame of 10 columns."""
    random = np.random.default_rng(1)
    numbers = pd.Series(np.arange(rows)).astype("str")
    return pd.DataFrame(
        {
            "user_id": np.arange(10**9, 10**9 + rows),
            "email": "user" + numbers + "@example.com",
            "first_name": pd.Series(random.choice(["Ann", "Zoë", "Bo"], rows), dtype="str"),
            "last_name": "Name" + numbers,
            "plan": pd.Series(random.choice(["pro", "free"], rows), dtype="category"),
            "age": random.integers(18, 90, rows),
            "score": random.random(rows),
            "is_active": random.random(rows) > 0.5,
            "country": pd.Series(random.choice(["DE", "FR"], rows), dtype="str"),
            "city": pd.Series(random.choice(["Berlin", "Paris"], rows), dtype="str"),
        }
    )


def jobs(url: str, rows: int, *, is_durable: bool) -> dict[str, Any]:
    """Return the figures of *rows* customers in jobs."""
    frame = customers(rows)
    plain = _cpu(lambda: _as_plain_texts(frame.head(20_000))) / 20_000
    found = _run(url, frame, "customers", is_durable=is_durable)
    return found | {"of_plain": round(found["cpu_us_a_row"] / (plain * 1e6), 2)}


def wide(url: str, columns: int) -> dict[str, Any]:
    """Return the figures of one column of a frame of *columns*."""
    values = np.random.default_rng(1).random((WIDE_ROWS, columns))
    frame = pd.DataFrame(values, columns=["number", *map(str, range(1, columns))], copy=False)
    return _run(url, frame, "numbers", is_durable=False)


def singles(url: str) -> dict[str, Any]:
    """Return what single operations hold once they have ended."""
    frame = customers(SINGLES)
    quick = SquareRoot(minimum=0.1)
    with ad.Session() as session:
        connection = session.connect(destination(), endpoint=url, requests_per_second=1e6)
        connection.submit(frame.head(WARM), "singles", batch_size=1, schedule=quick).wait()
        gc.collect()
        before = _memory()
        run = connection.submit(frame, "singles", batch_size=1, schedule=quick, again=True)
        status = run.wait(timeout=MOST_SECONDS)
        gc.collect()
        held = _memory() - before
    return {"rows": SINGLES, "status": status, "bytes_an_operation": round(held / SINGLES)}


def _run(url: str, frame: pd.DataFrame, action: str, *, is_durable: bool) -> dict[str, Any]:
    gc.collect()
    before = _memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "session.sqlite") if is_durable else None
        with ad.Session(path=path) as session:
            connection = session.connect(destination(), endpoint=url, requests_per_second=1e6)
            start, cpu = time.perf_counter(), time.process_time()
            run = connection.submit(frame, action, schedule=SquareRoot(minimum=0.1))
            submitted = time.perf_counter() - start
            status = run.wait(timeout=MOST_SECONDS)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            peak = _peak() - before
            start = time.perf_counter()
            results = run.results()
            reading = time.perf_counter() - start
    assert len(results) == len(frame)
    return {
        "rows": len(frame),
        "status": status,
        "rows_a_second": round(len(frame) / seconds),
        "cpu_us_a_row": round(cpu / len(frame) * 1e6, 2),
        "submit_seconds": round(submitted, 3),
        "results_seconds": round(reading, 3),
        "frame_mb": round(frame.memory_usage(deep=True).sum() / MB),
        "peak_mb_above": round(peak / MB),
        "peak_with_results": round((_peak() - before) / MB),
    }


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _as_plain_texts(frame: pd.DataFrame) -> list[str]:
    return [json.dumps(row) for row in frame.to_dict("records")]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _memory() -> int:
    found: int = psutil.Process().memory_info().rss
    return found


class _JobServer(asyncio.Protocol):
    """Reads a request without keeping its body, and answers with an id."""

    _number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._left = 0

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            _, _, after = head.lower().partition(b"content-length:")
            self._left = int(after.partition(b"\r\n")[0] or 0)
        self._left -= len(data)
        if self._left <= 0:
            self._answer()

    def _answer(self) -> None:
        _JobServer._number += 1
        body = f'{{"id": "job-{self._number}"}}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._transport.write(f"{head}\r\n\r\n{body}".encode())


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_JobServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def server() -> Iterator[str]:
    """Run the server in another process; yield its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.frames", "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def _in_own_process(url: str, *case: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.frames", "case", url, *map(str, case)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=MOST_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"status": f"not done in {MOST_SECONDS:g} s"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _case(url: str, kind: str, *given: str) -> dict[str, Any]:
    if kind == "jobs":
        return jobs(url, int(given[0]), is_durable=given[1] == "durable")
    return wide(url, int(given[0])) if kind == "wide" else singles(url)


def main(path: Path, rows: list[int]) -> None:
    """Measure all, print a table, and write the figures to *path*."""
    figures: dict[str, dict[str, Any]] = {}
    with server() as url:
        for count in rows:
            for place in ("memory", "durable"):
                figures[f"{count:,} rows, {place}"] = _in_own_process(url, "jobs", count, place)
        for columns in (1, 300):
            figures[f"1 of {columns} columns"] = _in_own_process(url, "wide", columns)
        figures["single operations"] = _in_own_process(url, "singles")
    names = list(dict.fromkeys(name for each in figures.values() for name in each))
    print(f"{'':24}" + "".join(f"{name:>20}" for name in names))
    for title, each in figures.items():
        print(f"{title:24}" + "".join(f"{each.get(name, '')!s:>20}" for name in names))
    path.write_text(json.dumps(figures, indent=2))
    print(path)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(_serve())
        case ["case", url, *given]:
            print(json.dumps(_case(url, *given)))
        case [*given]:
            default = Path(tempfile.gettempdir(), "frames.json")
            main(Path(given[0]) if given else default, [int(each) for each in given[1:]] or [*ROWS])
