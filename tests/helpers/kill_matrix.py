"""Kill a process that sends rows, wherever that may hurt, and count what the partner did.

    python tests/helpers/kill_matrix.py [--random 50] [--recovery key search]

A child sends 2,000 rows in 10 batches and is killed: right before and right after
each of its durable writes, and at random moments. Then its file is opened here, the
same rows are submitted again, as by a person who runs the cell once more, and the
partner says what it did with every row.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path

import asyncdest_nb as ad
from asyncdest_nb.engine.run import preparer
from asyncdest_nb.operation import Operation, State
from asyncdest_nb.store import Store
from counting_partner import Partner
from recovery import WAYS, connect, eager, people

ROWS, BATCHES = 2_000, 10
RANDOM = 50
DEATHS = 3  # In a row: of the child, and of those who go on with its file.
PATIENCE_SECONDS = 60

_AT_ONCE = 16  # Mostly they wait for a poll, and so do the children.
_children = threading.Semaphore(4)
_processes = threading.Lock()  # The module multiprocessing reaps whatever it sees.
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["__main__", "asyncdest_nb"])


@dataclass(frozen=True)
class Scene:
    """What a child sends: so many *rows*, of which those of the users in *bad* are refused."""

    rows: int = ROWS
    bad: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kill:
    """When a child dies: at a durable write, counted from 1, seconds after it submits, or never."""

    write: int | None = None
    is_committed: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Found:
    """What was there when a file was opened after a kill, and how it ended.

    ``doubtful`` and ``held`` are numbers of operations: those whose intent was on disk
    and no answer, and those that wait for the user. Rows are ``lost`` that the partner
    has not and nobody calls unknown, ``twice`` had more than one effect, and ``misnamed``
    are neither completed nor both held and unknown. ``changed`` counts submissions that
    came again with another body.
    """

    kills: tuple[Kill, ...]
    was_killed: bool
    was_recorded: bool
    status: str
    runs: int
    doubtful: frozenset[int]
    held: frozenset[int]
    lost: int
    twice: int
    misnamed: int
    changed: int
    jobs: int

    @property
    def at_write(self) -> bool:
        """Whether it died at a write, not at a random moment."""
        return self.kills[0].write is not None


def child(file: Path, url: str, recovery: str, rows: int, kill: Kill, begun: Connection) -> None:
    """Be a kernel whose cell is run: submit, and wait; it is killed at a *kill* by writes."""
    warnings.simplefilter("ignore", ad.AlreadySubmitted)
    preparer.RECORD_SLICE = 800  # So that it may die in the midst of them, too.
    if kill.write is not None:
        Store.writing = _deadly(Store.writing, kill)  # type: ignore[method-assign]
    with ad.Session(path=file) as session:
        crm = connect(session, url)
        begun.send(True)
        crm.submit(people(rows), recovery, schedule=eager()).wait(timeout=PATIENCE_SECONDS)


def _deadly(writing: Callable[[Store], object], kill: Kill) -> Callable[[Store], object]:
    count = 0

    @contextmanager
    def counted(store: Store) -> Iterator[None]:
        nonlocal count
        with writing(store):
            yield
            count += 1
            if count == kill.write and not kill.is_committed:
                os.kill(os.getpid(), signal.SIGKILL)
        if count == kill.write:
            os.kill(os.getpid(), signal.SIGKILL)

    return counted


def _life(file: Path, url: str, recovery: str, kill: Kill, rows: int = ROWS) -> tuple[bool, float]:
    """Run a child until it ends or is killed; say whether it was, and its seconds since submit."""
    has_begun, begun = _fork.Pipe(duplex=False)
    process = _fork.Process(target=child, args=(file, url, recovery, rows, kill, begun))
    with _processes:
        process.start()
    begun.close()
    with has_begun:
        has_begun.poll(PATIENCE_SECONDS)
    began = time.monotonic()
    wait([process.sentinel], timeout=PATIENCE_SECONDS if kill.seconds is None else kill.seconds)
    process.kill()
    wait([process.sentinel])
    seconds = time.monotonic() - began
    with _processes:
        process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the child failed: {process.exitcode} at {kill}")
    return process.exitcode != 0, seconds


def attempt(
    recovery: str, folder: Path, kills: Sequence[Kill], *, scene: Scene | None = None
) -> Found:
    """Let a child die, or one after the other, submit again what they sent, and count."""
    scene = scene or Scene()
    rows = range(scene.rows)
    file = Path(tempfile.mkdtemp(dir=folder)) / "session.sqlite"
    with Partner(seed=repr(kills), bad=scene.bad) as partner:
        with _children:
            was_killed = [_life(file, partner.url, recovery, kill, scene.rows)[0] for kill in kills]
        with ad.Session(path=file) as session:
            before = session.runs()
            doubtful = {each.number for run in before for each in run.operations if _is_open(each)}
            run = connect(session, partner).submit(people(scene.rows), recovery, schedule=eager())
            run.wait(timeout=PATIENCE_SECONDS)
            partner.settle()
            outcomes = list(run.results()["status"])
            held = [each for each in run.operations if each.state is State.HELD]
            runs = len(session.runs())
    in_held = {row for each in held for row in each.rows}
    bad = [f"u-{row}" in scene.bad for row in rows]
    ends = ["failed" if each else "completed" for each in bad]
    named = ["unknown" if row in in_held else ends[row] for row in rows]
    times = [partner.effects[f"u-{row}"] for row in rows]
    return Found(
        kills=tuple(kills),
        was_killed=any(was_killed),
        was_recorded=bool(before),
        status=run.status,
        runs=runs,
        doubtful=frozenset(doubtful),
        held=frozenset(each.number for each in held),
        lost=sum(not (times[row] or bad[row]) for row in rows if outcomes[row] != "unknown"),
        twice=sum(each > 1 for each in times),
        misnamed=sum(is_ != right for is_, right in zip(outcomes, named, strict=True)),
        changed=_changed(partner),
        jobs=len(partner.jobs),
    )


def _is_open(operation: Operation) -> bool:
    return operation.state in (State.SUBMITTING, State.UNKNOWN, State.HELD)


def _changed(partner: Partner) -> int:
    names = [name for name, _ in partner.sent if name]
    return len(names) - len(set(names))


def matrix(recovery: str, folder: Path, *, moments: int = RANDOM) -> list[Found]:
    """Kill at every boundary between two writes, at so many *moments*, and one after the other."""
    tried = partial(attempt, recovery, folder)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(_boundaries(lambda kills: list(pool.map(tried, kills))))
        seconds = _undisturbed_seconds(recovery, folder)
        dice = random.Random(recovery)
        times = [1] * moments + [DEATHS] * (moments // 5)
        kills = [[Kill(seconds=dice.uniform(0, seconds)) for _ in range(each)] for each in times]
        found += pool.map(tried, kills)
    return found


def boundaries(recovery: str, folder: Path, scene: Scene) -> list[Found]:
    """Kill at every boundary between two writes of a child that sends *scene*."""
    tried = partial(attempt, recovery, folder, scene=scene)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(_boundaries(lambda kills: list(pool.map(tried, kills))))


def _boundaries(attempts: Callable[[Sequence[Sequence[Kill]]], list[Found]]) -> Iterator[Found]:
    """Try the boundaries of a child, in their order, until it outlives one."""
    for first in range(1, 1_000, _AT_ONCE // 2):
        writes = range(first, first + _AT_ONCE // 2)
        found = attempts([[Kill(write, after)] for write in writes for after in (False, True)])
        yield from (each for each in found if each.was_killed)
        if not all(each.was_killed for each in found):
            return


def _undisturbed_seconds(recovery: str, folder: Path) -> float:
    file = Path(tempfile.mkdtemp(dir=folder)) / "session.sqlite"
    with Partner() as partner:
        was_killed, seconds = _life(file, partner.url, recovery, Kill())
    if was_killed:
        raise RuntimeError(f"nobody killed it, but it took longer than {PATIENCE_SECONDS} s")
    return seconds


HEADER = (
    "recovery boundaries random repeated unrecorded lost twice "
    "in_doubt held misnamed jobs needed seconds"
).split()


def line(recovery: str, found: Sequence[Found], seconds: float) -> list[str]:
    """Return a line of the table."""
    numbers = [
        sum(each.at_write for each in found),
        sum(len(each.kills) == 1 and not each.at_write for each in found),
        sum(len(each.kills) > 1 for each in found),
        sum(not each.was_recorded for each in found),
        sum(each.lost for each in found),
        sum(each.twice for each in found),
        sum(len(each.doubtful) for each in found),
        sum(len(each.held) for each in found),
        sum(each.misnamed for each in found),
        sum(each.jobs for each in found),
        BATCHES * len(found),
        round(seconds),
    ]
    return [recovery, *map(str, numbers)]


def show(line: Sequence[str]) -> None:
    """Print a line of the table."""
    cells = [f"{word:>{len(name)}}" for name, word in zip(HEADER, line, strict=True)]
    print(f"{line[0]:<14}", *cells[1:], sep="  ", flush=True)


def main() -> None:
    """Run the matrix and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--random", type=int, default=RANDOM, help="moments a recovery")
    parser.add_argument("--recovery", nargs="+", choices=WAYS, default=list(WAYS))
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", ad.AlreadySubmitted)
    show(HEADER)
    for recovery in chosen.recovery:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = matrix(recovery, Path(folder), moments=chosen.random)
        show(line(recovery, found, time.monotonic() - started))


if __name__ == "__main__":
    sys.exit(main())
