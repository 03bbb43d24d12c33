"""asyncdest-nb runs, and asyncdest-nb show RUN: what the named sessions of this user hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ..errors import AsyncDestError, UnknownName
from ..operation import counts_text
from ..session import Run, Session, no_run, session_names
from . import codes
from .option_words import in_options
from .order import checked_output
from .output import show as print_out
from .output import tell
from .result_files import write_results
from .run_texts import submitted_at, summary, table

_SESSION = click.option("--session", metavar="NAME", help="Only of the session of that name.")
_TITLES = ("run", "session", "submitted", "what", "status", "rows")


@click.command()
@_SESSION
def runs(session: str | None) -> int:
    """List the runs of your named sessions, the oldest first."""
    lines = []
    for name in _names(session):
        with _opened(name) as found:
            lines += [(run.created_at, _line(name, run)) for run in found]
    if not lines:
        tell("No runs: asyncdest-nb send … --session NAME keeps its run")
        return codes.COMPLETED
    print_out(table(_TITLES, (line for _, line in sorted(lines))))
    return codes.COMPLETED


@click.command(short_help="Show what became of the rows of one run.")
@click.argument("run")
@_SESSION
@click.option("--output", metavar="FILE", help="Write its results: .csv, .parquet, .jsonl, or -.")
def show(run: str, session: str | None, output: str | None) -> int:
    """Show what became of the rows of RUN: its id, or the beginning of one."""
    path = checked_output(output) if output else None
    known = []
    for name in _names(session):
        with _opened(name) as found:
            known += [each.id for each in found]
            for each in found:
                if each.id.startswith(run):
                    _show(name, each, path)
                    return codes.COMPLETED
    raise no_run(run, known)


def _names(only: str | None) -> list[str]:
    names = session_names()
    if only is not None and only not in names:
        raise UnknownName.of("session", only, names)
    return names if only is None else [only]


@contextmanager
def _opened(name: str) -> Iterator[list[Run]]:
    """Give the runs of a session; one that cannot be read is told, and has none."""
    try:
        # Looking deletes nothing, whatever the session's own limit is.
        session = Session(name, keep_days=None)
    except AsyncDestError as error:
        tell(f"session {name}: {error}")
        yield []
        return
    with session:
        yield session.runs()


def _line(name: str, run: Run) -> tuple[str, ...]:
    return run.id, name, submitted_at(run), run.title, run.status, counts_text(run.counts)


def _show(name: str, run: Run, path: str | None) -> None:
    if path == "-":
        write_results(run, path)
        return
    print_out(f"Run {run.id} of session {name}: {run.title}, submitted {submitted_at(run)}")
    for line in summary(run):
        print_out(in_options(line, session=name))
    if path:
        write_results(run, path)
        tell(f"Results: {path}")
