"""The main job with 10,000 single operations over real HTTP on loopback, run by hand.

    python tests/benchmarks/main_job.py [rows]

Prints how long submitting held up the caller, as a ratio to reading the frame
alone in the same run, and what the run cost. Simulator and engine share the process.
"""

from __future__ import annotations

import sys
import time

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.frame import to_rows


def main(rows: int) -> None:
    """Send *rows* rows one by one and print the figures."""
    frame = pd.DataFrame({"user_id": range(rows), "operation_type": "sync_profile"})
    start = time.perf_counter()
    to_rows(frame)
    reading = time.perf_counter() - start
    with ad.simulate("example-async", duration_seconds=(1, 3)) as simulator:
        crm = ad.connect(simulator)
        start = time.perf_counter()
        run = crm.submit(frame, "asyncOperation", batch_size=1)
        submitting = time.perf_counter() - start
        status = run.wait()
        held = len(simulator.operations)
    stats = run.stats
    print(
        f"read the frame {reading:.3f} s, submit {submitting:.3f} s: {submitting / reading:.1f} x"
    )
    print(f"{rows:,} rows: {run.counts}, {status}; the destination holds {held:,} operations")
    print(f"{stats['requests'] / stats['seconds']:,.0f} requests/s over {stats['seconds']:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
