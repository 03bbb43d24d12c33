"""What it costs to know when operations end: our schedule beside other clients, in virtual time.

    python -m tests.benchmarks.polling [operations] [seeds] [path of the JSON] [all]

Operations are submitted 20 a second, take as long as a law says (duration_laws: six, and more
with "all"), and are polled until their ends are known; a round trip takes 0.1 s. Ours are
polled as the engine does it, by the default schedule, within a budget of 20 requests a second;
other clients poll each operation apart, by the delays of their own code (other_pollers).

A line has the requests per operation, the mean and the 95th percentile of the detection lag,
and how long after its end the whole run is known, in seconds; and the most requests in any
second. "x requests" is the geometric mean of our requests over theirs, "better" in how many
laws our mean, p95 and whole-run lag are lower. Last, what one call of due() takes with many
operations open, half of which are answered in between.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean, geometric_mean
from typing import Any

from asyncdest_nb.schedule import ExpectedLag
from tests.benchmarks.duration_laws import OTHERS, SIX, Law
from tests.benchmarks.other_pollers import other_pollers
from tests.benchmarks.polled_runs import Polled, polled_apart, polled_by

RATE = 20.0  # Requests a second: the default of a destination.
SUBMITTED = 20.0  # Operations a second.
LAGS = ("mean", "p95", "run")
OPEN = (200, 100_000)

Figures = dict[str, float]


def averaged(law: Law, *, operations: int, seeds: int) -> dict[str, Figures]:
    """Return the figures of each client, averaged over the seeds."""
    found: dict[str, list[Figures]] = {}
    starts = [number / SUBMITTED for number in range(operations)]
    for seed in range(seeds):
        ends = law(Random(seed), starts)
        for name, polled in _all_polled(starts, ends, seed).items():
            found.setdefault(name, []).append(polled.figures)
    return {
        name: {key: fmean(each[key] for each in runs) for key in runs[0]}
        for name, runs in found.items()
    }


def _all_polled(starts: Sequence[float], ends: Sequence[float], seed: int) -> dict[str, Polled]:
    others = {
        name: polled_apart(starts, ends, other.delays, Random(seed))
        for name, other in other_pollers().items()
    }
    return {"ours": polled_by(ExpectedLag(), starts, ends, rate=RATE), **others}


def compared(laws: dict[str, dict[str, Figures]]) -> dict[str, Any]:
    """Return by client: our requests over theirs, and in how many laws our lags are lower."""
    clients = [name for name in next(iter(laws.values())) if name != "ours"]
    return {
        client: {
            "requests": geometric_mean(
                each["ours"]["requests"] / each[client]["requests"] for each in laws.values()
            ),
            **{
                lag: sum(each["ours"][lag] < each[client][lag] for each in laws.values())
                for lag in LAGS
            },
        }
        for client in clients
    }


def due_milliseconds(count: int) -> Figures:
    """Return the CPU time of a call of due() with *count* open operations: median and longest."""
    schedule, random, spent = ExpectedLag(), Random(1), []
    for number in range(count):
        schedule.accepted(number, now=100.0 * number / count)
    now = 100.0
    for _ in range(400):
        begun = time.thread_time()
        due = schedule.due(now, limit=50)
        spent.append(1000 * (time.thread_time() - begun))
        for number in due:
            if random.random() < 0.1:
                schedule.ended(number, now=now)
                schedule.finished(number)
            else:
                schedule.answered(number, now=now, progress=None)
        now += 0.5
    return {"median": sorted(spent)[len(spent) // 2], "longest": max(spent)}


def main(operations: int = 200, seeds: int = 8, path: str = "", extent: str = "six") -> None:
    """Print the tables, and write the JSON."""
    chosen = {**SIX, **OTHERS} if extent == "all" else SIX
    laws = {}
    for name, law in chosen.items():
        laws[name] = averaged(law, operations=operations, seeds=seeds)
        print(f"{name}\n{'':18}{'requests':>9}{'mean':>8}{'p95':>8}{'whole':>8}{'peak':>6}")
        for client, each in laws[name].items():
            lags = "".join(f"{each[lag]:8.1f}" for lag in LAGS)
            print(f"  {client:16}{each['requests']:9.2f}{lags}{each['peak']:6.0f}", flush=True)
    result = {
        "operations": operations,
        "seeds": seeds,
        "budget": RATE,
        "sources": {name: each.source for name, each in other_pollers().items()},
        "laws": laws,
        "compared": compared(laws),
        "peak": max(each["ours"]["peak"] for each in laws.values()),
        "due_milliseconds": {str(count): due_milliseconds(count) for count in OPEN},
    }
    print(f"\nbeside            x requests   better of {len(laws)}: mean  p95  whole run")
    for client, each in result["compared"].items():
        print(
            f"{client:18}{each['requests']:10.2f}{each['mean']:19}{each['p95']:5}{each['run']:8}"
            f"   ({result['sources'][client]})"
        )
    print(f"most requests of ours in any second: {result['peak']:.0f} of {RATE:.0f}")
    for count, spent in result["due_milliseconds"].items():
        print(f"due() with {count} open: {spent['median']:.2f} ms, at most {spent['longest']:.2f}")
    target = Path(path or Path(tempfile.gettempdir(), "polling.json"))
    target.write_text(json.dumps(result, indent=2), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*map(int, given[:2]), *given[2:])
