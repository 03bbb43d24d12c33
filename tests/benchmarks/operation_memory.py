"""What an operation costs in memory while it waits for its end, run by hand.

    python -m tests.benchmarks.operation_memory [operations] [path of the JSON]

A run with a session file has so many operations, one for each row of four columns, and all are
accepted; none has ended. "Objects" is what Python has allocated for it (tracemalloc), "process"
by how much the process is larger (resident set size) after an equal run of 500 operations. Each
is measured in a process of its own. The frame is not counted, and no HTTP is made.
"""

from __future__ import annotations

import gc
import itertools
import json
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from asyncdest_nb.schedule import SquareRoot

OPERATIONS = 100_000
WARM = 500  # Operations of a run before: imports and pools are not counted.
BATCH = 500  # Rows to a call; each is an operation.
KINDS = ("objects", "process")
MOST_SECONDS = 600.0
NEVER = 1e6  # Seconds until the first poll.


class _Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    name: str = ad.field("Name")
    city: str = ad.field("City")
    age: int = ad.field("Age")


_numbers = itertools.count()


async def _accept(request: Any, data: Any) -> ad.AsyncActionResponse:
    return ad.AsyncActionResponse(
        async_contexts=[{"operation_id": f"operation-{next(_numbers)}"} for _ in data.payload]
    )


async def _poll(request: Any, data: Any) -> ad.AsyncPollResponse:
    results = [ad.AsyncOperationResult(status="pending") for _ in data.async_contexts]
    return ad.AsyncPollResponse.of(results)


ACCEPTED = ad.Destination(
    name="Accepted",
    slug="accepted",
    actions={
        "act": ad.Action(
            title="Act", payload=_Payload, perform_batch=_accept, poll=_poll, batch_size=BATCH
        )
    },
    requests_per_second=1e6,
)


def frame_of(count: int) -> pd.DataFrame:
    """Return a frame of *count* rows."""
    numbers = range(count)
    return pd.DataFrame(
        {
            "user_id": [f"user-{number}" for number in numbers],
            "name": [f"Name of {number}" for number in numbers],
            "city": "Berlin",
            "age": [number % 90 for number in numbers],
        }
    )


def accepted(session: ad.Session, frame: pd.DataFrame) -> ad.Run:
    """Return a run of *frame* once all of its operations are accepted."""
    never = SquareRoot(minimum=NEVER, maximum=2 * NEVER)
    run = session.connect(ACCEPTED).submit(frame, "act", schedule=never, again=True)
    for _ in range(int(MOST_SECONDS)):
        run.wait(timeout=1.0)
        if run.operations and {each.state for each in run.operations} == {State.ACCEPTED}:
            return run
    raise RuntimeError(f"not all of {run} was accepted")


def bytes_of(kind: str, count: int) -> float:
    """Return how many bytes each of *count* operations takes in this process."""
    frame, process = frame_of(count), psutil.Process()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        session = ad.Session(path=Path(folder, "run.session"))
        accepted(session, frame_of(WARM))
        gc.collect()
        before = process.memory_info().rss
        if kind == KINDS[0]:
            tracemalloc.start(1)
        run = accepted(session, frame)
        gc.collect()
        if kind == KINDS[0]:
            used, _ = tracemalloc.get_traced_memory()
        else:
            used = process.memory_info().rss - before
        run.cancel()
        session.close()
    return used / count


def main(count: int, out: Path) -> None:
    """Measure each kind in a process of its own, print the figures, and write them to *out*."""
    found = {}
    for kind in KINDS:
        words = [sys.executable, "-m", "tests.benchmarks.operation_memory", kind, str(count)]
        done = subprocess.run(
            words, check=True, capture_output=True, text=True, timeout=2 * MOST_SECONDS
        )
        found[kind] = float(done.stdout.split()[-1])
    print(f"{count:,} operations, bytes for each")
    for kind, figure in found.items():
        print(f"{kind:10}{figure:8,.0f}")
    out.write_text(json.dumps({"operations": count, "bytes": found}, indent=1))
    print(f"written to {out}")


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        print(bytes_of(sys.argv[1], int(sys.argv[2])))
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else OPERATIONS,
            Path(sys.argv[2])
            if len(sys.argv) > 2
            else Path(tempfile.gettempdir(), "operation_memory.json"),
        )
