"""Peak memory of 50,000 rows of 1 kB that go to a language model and come back.

    python -m tests.benchmarks.llm_memory [--rows 50000] [--bytes 1000] [--answer 1000] [--no-file]

A process of its own makes the frame, notes what it has in memory then, and sends the rows to
the simulated vendor, which runs in another process. The session has a file, unless --no-file
says otherwise. The peak is that of the system (VmHWM in
/proc/self/status, Linux only): everything counts, also what the allocator does not give back.
It is bounded by ten minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd

import asyncdest_nb as ad

LIMIT_MB = 300
SECONDS = 600
VENDORS = {
    "openai-batch": ("chat", "gpt-4o-mini"),
    "anthropic-batches": ("messages", "claude-haiku-4-5"),
    "gemini-batches": ("generate", "gemini-2.5-flash"),
}


def simulator(slug: str, answer: int, ready: Connection) -> None:
    """Be the vendor, with answers of so many characters, until the other end is closed."""
    with ad.simulate(slug, duration_seconds=1, failing=0.03, answer="x" * answer) as partner:
        ready.send(partner.settings)
        try:
            ready.recv()
        except EOFError:
            return


def memory(name: str) -> float:
    """Return a figure of /proc/self/status in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def sender(
    slug: str, settings: dict[str, Any], given: argparse.Namespace, result: Connection
) -> None:
    """Make a frame, send it, and send back what that took."""
    rows, size = given.rows, given.bytes
    action, model = VENDORS[slug]
    base = memory("VmRSS")
    frame = pd.DataFrame({"text": [f"{at:06d} " + "word " * (size // 5) for at in range(rows)]})
    Path("/proc/self/clear_refs").write_text("5")  # The peak is counted from here on.
    before, started = memory("VmRSS"), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = None if given.no_file else Path(folder, "session.sqlite")
        with ad.Session(path=path) as session:
            connection = session.connect(slug, **settings)
            run = connection.submit(frame, action, prompt={"@template": "{{text}}"}, model=model)
            run.wait(timeout=SECONDS)
            counts = {name: count for name, count in run.counts.items() if count}
            held = memory("VmRSS") - before
    result.send(
        {
            "destination": slug,
            "rows": rows,
            "bytes_a_row": size,
            "counts": counts,
            "frame_mb": round(before - base, 1),
            "peak_over_frame_mb": round(memory("VmHWM") - before, 1),
            "held_at_the_end_mb": round(held, 1),
            "cpu_seconds": round(time.process_time() - started, 1),
        }
    )


def measured(slug: str, given: argparse.Namespace) -> dict[str, Any]:
    """Return what a sender took, with the vendor in another process."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    results, result = spawn.Pipe(duplex=False)
    partner = spawn.Process(target=simulator, args=(slug, given.answer, theirs), daemon=True)
    partner.start()
    theirs.close()
    process = spawn.Process(target=sender, args=(slug, ours.recv(), given, result), daemon=True)
    process.start()
    result.close()
    try:
        found: dict[str, Any] = results.recv()
    finally:
        ours.close()
        process.join(30)
        partner.join(30)
    return found


def main() -> None:
    """Measure each vendor, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--bytes", type=int, default=1_000)
    parser.add_argument("--answer", type=int, default=1_000, help="characters of an answer")
    parser.add_argument("--no-file", action="store_true", help="a session in memory")
    parser.add_argument("--json", type=Path, default=Path(tempfile.gettempdir(), "llm_memory.json"))
    given = parser.parse_args()
    place = "in memory" if given.no_file else "with a file"
    print(f"{given.rows:,} rows of {given.bytes:,} bytes, answers of {given.answer:,}, {place}")
    found = [measured(slug, given) for slug in VENDORS]
    for each in found:
        print(
            f"{each['destination']:<20} frame {each['frame_mb']:7.1f} MB   "
            f"peak above it {each['peak_over_frame_mb']:7.1f} MB (limit {LIMIT_MB})   "
            f"at the end {each['held_at_the_end_mb']:6.1f} MB   "
            f"{each['cpu_seconds']:5.1f} s of processor time   {each['counts']}"
        )
    given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
