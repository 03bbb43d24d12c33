"""The command line in this process, and in one of its own."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncdest_nb as ad
from asyncdest_nb.command_line import main

COMMAND = [sys.executable, "-W", "error", "-m", "asyncdest_nb"]
HEADER, OPERATION = "user_id,operation_type\n", "sync_profile"
TO_EXAMPLE = ("example-async", "asyncOperation")


def example_csv(folder: Path, ids: Sequence[str], *, name: str = "customers.csv") -> Path:
    """Write a file with a row for each of *ids*."""
    file = folder / name
    file.write_text(HEADER + "".join(f"{each},{OPERATION}\n" for each in ids))
    return file


def arguments(file: Path | str, simulator: ad.Simulator, *options: str) -> list[str]:
    """Return the command that sends *file* to a simulated Example Async."""
    settings = ["--endpoint", simulator.endpoint, "--requests-per-second", "1000"]
    return ["send", str(file), *TO_EXAMPLE, *settings, *options]


def send(file: Path | str, simulator: ad.Simulator, *options: str) -> int:
    """Send *file* in this process, and return the exit code."""
    return main(arguments(file, simulator, *options))


def started(command: Sequence[str], home: Path) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, with its sessions in *home*."""
    return subprocess.Popen(
        [*COMMAND, *command],
        env={**os.environ, "XDG_DATA_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_results(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))


def received(simulator: ad.Simulator) -> list[str]:
    """Return the ids of the users that a simulated Example Async was sent, in order."""
    return sorted(str(each["payload"]["user_id"]) for each in simulator.operations)
