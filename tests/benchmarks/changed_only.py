"""What it costs to send only what has changed, beside a submit of all rows.

A million rows (ROWS) are submitted by key to a function that applies them at once; then one in a
hundred has changed, and the frame is submitted again: whole, and only what has changed. So the
figures are of this side alone: reading keys, comparing, storing. CPU time, wall time and the
highest memory of each submit, in one process, on a session's file.

    python -m tests.benchmarks.changed_only [FILE]    # JSON, default in the temp folder
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

import asyncdest_nb as ad

ROWS = int(os.environ.get("ROWS", "1000000"))
BATCH = 10_000


class Payload(ad.Payload):
    id: str = ad.field("ID")
    email: str = ad.field("Email")
    points: int = ad.field("Points")


async def apply(request: Any, data: Any) -> Any:
    return None


ACTION = ad.Action(title="Put", payload=Payload, perform_batch=apply, batch_size=BATCH)
SINK = ad.Destination(name="Sink", slug="sink", actions={"put": ACTION})


def frame() -> pd.DataFrame:
    ids = [f"customer-{number:07}" for number in range(ROWS)]
    emails = [f"{each}@example.org" for each in ids]
    return pd.DataFrame({"id": ids, "email": emails, "points": 100})


def measured(crm: ad.Connection, rows: pd.DataFrame, **options: Any) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    run = crm.submit(rows, "put", **options)
    run.wait()
    counts = {status: count for status, count in run.counts.items() if count}
    return {
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "counts": counts,
    }


def main(file: Path) -> None:
    rows = frame()
    found: dict[str, Any] = {
        "rows": ROWS,
        "frame_mb": round(rows.memory_usage(deep=True).sum() / 2**20),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        ad.Session(path=Path(folder) / "s.sqlite") as session,
    ):
        crm = session.connect(SINK)
        keyed = {"key": "id", "changed_only": True}
        found["first, by key"] = measured(crm, rows, **keyed)
        rows.loc[::100, "points"] += 1
        found["what has changed"] = measured(crm, rows, **keyed)
        found["nothing has changed"] = measured(crm, rows, **keyed)
        rows.loc[::100, "points"] += 1
        found["all, without a key"] = measured(crm, rows)
        found["file_mb"] = round((Path(folder) / "s.sqlite").stat().st_size / 2**20)
    for name, each in found.items():
        print(f"{name:<22}{each}")
    file.write_text(json.dumps(found, indent=2))
    print(f"written to {file}")


if __name__ == "__main__":
    main(
        Path(
            sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "changed_only.json"
        )
    )
