"""asyncdest-nb send as a process that is killed, interrupted, watched, and no longer read."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import asyncdest_nb as ad
from command_line import COMMAND, arguments, example_csv, read_results, received, started

pytestmark = pytest.mark.slow

IDS = [f"{number:03}" for number in range(40)]
BY_TENS = ("--session", "crm", "--batch-size", "10")


@contextmanager
def sending(file: Path, simulator: ad.Simulator, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that sends *file*, once the first rows have arrived."""
    process = started(arguments(file, simulator, *options), file.parent)
    try:
        wait_until(lambda: len(simulator.operations) > 0, process)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finished(command: list[str], home: Path) -> tuple[int | None, str, str]:
    """Return exit code, output and messages of a command."""
    process = started(command, home)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def test_a_killed_command_is_continued_by_the_same_command_and_sends_nothing_twice(tmp_path: Path):
    file = example_csv(tmp_path, IDS)
    # Each answer takes a while, so that the first process ends with rows of every kind.
    with ad.simulate(
        "example-async", duration_seconds=0.3, failing=0.0, latency_seconds=0.2
    ) as simulator:
        with sending(file, simulator, *BY_TENS, "--requests-per-second", "4") as process:
            process.kill()
        before = len(simulator.operations)
        assert before < len(IDS)
        code, _, err = finished(arguments(file, simulator, *BY_TENS), tmp_path)
        assert set(simulator.attempts.values()) == {1}
    results = read_results(tmp_path / "customers.results.csv")
    # The reply to what was on its way at the kill is lost: only the user can decide about it.
    assert {each["status"] for each in results} <= {"completed", "unknown"}
    assert code == (3 if "unknown" in {each["status"] for each in results} else 0), err
    assert "These rows were sent before" in err


def test_an_interrupt_says_how_to_go_on_and_that_command_goes_on(tmp_path: Path):
    file = example_csv(tmp_path, IDS)
    with ad.simulate("example-async", duration_seconds=2.0, failing=0.0) as simulator:
        with sending(file, simulator, *BY_TENS) as process:
            wait_until(lambda: len(simulator.operations) == len(IDS), process)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=100)
        assert process.returncode == 130
        assert "Interrupted: " in err
        assert "The same command goes on, with --session crm; it sends nothing twice" in err
        assert "Traceback" not in err
        code, _, err = finished(arguments(file, simulator, *BY_TENS), tmp_path)
        assert (code, received(simulator)) == (0, IDS), err
        code, out, _ = finished(["runs"], tmp_path)
        assert code == 0
        assert "completed" in out


def test_a_second_interrupt_ends_the_command_at_once(tmp_path: Path):
    file = example_csv(tmp_path, IDS)
    with ad.simulate("example-async", duration_seconds=60.0) as simulator:
        with sending(file, simulator, *BY_TENS) as process:
            assert process.stderr is not None
            process.send_signal(signal.SIGINT)
            while "Interrupted" not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=100)
        assert process.returncode in (130, -signal.SIGINT), "a shell shows 130 for both"


def test_a_terminal_shows_a_bar_and_the_reasons_of_failures(tmp_path: Path):
    file = example_csv(tmp_path, ["1", "2", ""])
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown = b""
    with ad.simulate("example-async", duration_seconds=0.5, failing=0.0) as simulator:
        command = [*COMMAND, *arguments(file, simulator)]
        with subprocess.Popen(command, stderr=terminal) as process:
            os.close(terminal)
            with suppress(OSError):  # What the reader of a closed terminal gets on Linux.
                while part := os.read(master, 65536):
                    shown += part
    os.close(master)
    assert process.returncode == 1, shown
    assert b"100%" in shown
    assert b"1 invalid: " in shown


def test_a_reader_that_is_gone_changes_neither_the_run_nor_its_exit_code(tmp_path: Path):
    file = example_csv(tmp_path, IDS)
    with ad.simulate("example-async", duration_seconds=0.3, failing=0.0) as simulator:
        command = arguments(file, simulator, "--session", "crm", "--output", "-")
        with started(command, tmp_path) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()
        assert process.returncode == 0
        assert received(simulator) == IDS
    with started(["runs"], tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
