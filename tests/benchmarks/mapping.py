"""Rows per CPU second that are mapped, validated, and both; beside the recorded original.

    python -m tests.benchmarks.mapping [RESULTS.json]

It maps 100,000 generated orders by a mapping of ten fields (paths, a template, an @if, a nested
object, an @arrayPath over one to four items), and checks the payloads by ten fields, as the
original does in a batch, all in one thread and row by row. Each figure is the best of three
rounds, in seconds of the CPU, so that other processes count little. The rows are the same as
those of the original, by their SHA-256; the mapped ones are compared with those that it recorded.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELPERS = Path(__file__).parents[1] / "helpers"
DATA = Path(__file__).parents[1] / "data" / "bench"
ROWS = 100_000
ROUNDS = 3
# Of Segment's framework on Node 20, rows per CPU second, as it was recorded.
ORIGINAL = {"transform": 42_000, "validate": 104_000, "both": 34_000}


def main() -> None:
    """Measure, print a table, and write a JSON file."""
    sys.path.insert(0, str(HELPERS))
    from asyncdest_nb.destination.field_schema import FieldValidator
    from asyncdest_nb.mapping import compile_mapping
    from bench_rows import SHA_256, orders, sha_256

    rows = list(orders(ROWS))
    assert sha_256(rows) == SHA_256
    resolver = compile_mapping(json.loads((DATA / "mapping.json").read_text()))
    validator = FieldValidator(fields())
    check(resolver.resolve, rows)
    held = peak_megabytes()
    payloads = [resolver.resolve(row) for row in rows]
    found = {
        "transform": rows_per_second(resolver.resolve, rows),
        "validate": rows_per_second(lambda payload: valid(validator, payload), payloads),
        "both": rows_per_second(lambda row: valid(validator, resolver.resolve(row)), rows),
    }
    report(found, held)


def fields() -> dict[str, Any]:
    """Return the fields in Segment's JSON form."""
    found: dict[str, Any] = json.loads((DATA / "fields.json").read_text())
    return found


def valid(validator: Any, payload: dict[str, Any]) -> Any:
    """Return the validated *payload*; all are valid."""
    found, faults = validator.validate(payload, in_batch=True)
    if faults:
        raise ValueError(faults)
    return found


def check(transform: Callable[[Any], Any], rows: list[dict[str, Any]]) -> None:
    """Raise an AssertionError unless the first rows are mapped as by the original."""
    expected = (DATA / "sample_expected.jsonl").read_text("utf-8").strip().split("\n")
    for row, line in zip(rows, expected, strict=False):
        assert transform(row) == json.loads(line)


def rows_per_second(work: Callable[[Any], Any], items: list[Any]) -> float:
    """Return how many *items* are worked on in a second of the CPU, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for item in items:
            work(item)
        best = min(best, time.process_time() - start)
    return len(items) / best


def peak_megabytes() -> float:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(found: dict[str, float], held: float) -> None:
    """Print a table, and write the figures to the file that was named."""
    print(f"{'':12}{'rows/CPU s':>12}{'original':>12}{'times':>8}")
    for name, rate in found.items():
        print(f"{name:12}{rate:12,.0f}{ORIGINAL[name]:12,}{rate / ORIGINAL[name]:8.1f}")
    print(f"peak memory {peak_megabytes():,.0f} MB, {held:,.0f} MB of them with the rows held")
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir() + "/mapping.json")
    place.write_text(json.dumps({"rows_per_cpu_second": found, "rows": ROWS}, indent=1))
    print(f"written to {place}")


if __name__ == "__main__":
    main()
