"""What one send is asked to do, read from the command line; a mistake is a usage error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..destination import Destination
from ..errors import FrameError, UsageError
from ..frame import DataFrame, read_table
from .option_words import in_options
from .options import given, setting_options

STANDARD = "-"  # Standard input, or standard output.
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

# Results have these columns, also where the input has some of the same names.
_OUTCOME = {"status", "message", "error_code", "retryable", "operation_id"}


@dataclass(frozen=True)
class Order:
    """The rows, where they go, and how.

    ``output`` is where the results are written; ``session`` None = one in memory. ``given``
    are the arguments by which ``submit`` knows the same rows again.
    ``is_applied`` is the user's decision about rows in doubt, None = there is none.
    ``setting_options`` are the options of the command that are settings.
    """

    file: str
    format: str
    encoding: str
    delimiter: str
    destination: Destination
    action: str
    settings: dict[str, Any]
    env_file: str | None
    output: str
    session: str | None
    given: dict[str, Any]
    batch_size: int | None
    requests_per_second: float | None
    is_dry: bool
    is_again: bool
    is_retry: bool
    is_simulated: bool
    knobs: dict[str, Any]
    is_applied: bool | None
    setting_options: tuple[str, ...]

    @classmethod
    def of(
        cls, file: str, destination: Destination, action: str, values: Mapping[str, Any]
    ) -> Order:
        """Return what the *values* of the options of the command ask for."""
        settings = given(values, "setting_")
        _require_session(values)
        _check_simulated(values, settings, destination)
        format = values["format"] or _format_of(file)
        return cls(
            file=file,
            format=format,
            encoding=values["encoding"],
            delimiter=_delimiter(values["delimiter"], file),
            destination=destination,
            action=action,
            settings=settings,
            env_file=values["env_file"],
            output=_output(file, values["output"], format),
            session=values["session"],
            given={
                "columns": dict(map(_pair, values["column"])),
                "mapping": _mapping(values["mapping"], given(values, "field_")),
                "subscribe": values["subscribe"],
                "key": list(values["key"]) or None,
                "changed_only": values["changed_only"],
            },
            batch_size=values["batch_size"],
            requests_per_second=values["requests_per_second"],
            is_dry=values["dry_run"],
            is_again=values["again"],
            is_retry=values["retry"],
            is_simulated=values["simulate"],
            knobs=dict(map(_knob, values["knob"])),
            is_applied=None if values["resolve"] is None else values["resolve"] == "applied",
            setting_options=setting_options(click.get_current_context().command.params),
        )

    def read(self) -> DataFrame:
        """Return the rows of the file; raises UsageError, which names it."""
        name = "standard input" if self.file == STANDARD else self.file
        try:
            content = _content(self.file)
            return read_table(
                content, self.format, encoding=self.encoding, delimiter=self.delimiter
            )
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror or error}") from None
        except FrameError as error:
            raise UsageError(f"{name}: {in_options(str(error))}") from None


def _require_session(values: Mapping[str, Any]) -> None:
    """Raise a usage error if what was sent before is asked for, and no session remembers it."""
    if values["changed_only"] and not (values["key"] and values["session"]):
        raise click.UsageError(
            "--changed-only needs --key COLUMN, which tells rows apart, and --session NAME, "
            "which remembers what was completed"
        )
    for option in ("retry", "resolve", "again"):
        if values[option] and not values["session"]:
            raise click.UsageError(
                f"--{option} is about rows that were sent before, and needs the --session NAME "
                "that they were sent with; without one nothing is remembered, and all rows are sent"
            )


def _check_simulated(
    values: Mapping[str, Any], settings: Mapping[str, Any], destination: Destination
) -> None:
    """Raise a usage error for options that do not go with a simulated destination, or need one."""
    if values["knob"] and not values["simulate"]:
        raise click.UsageError("--knob is for a simulated destination: give --simulate too")
    if values["simulate"] and (settings or values["session"]):
        raise click.UsageError(
            "--simulate: the simulated destination has its own settings, and ends with the "
            "command: leave out the settings and --session. To try a session, keep a "
            f"simulator open in Python, demo = asyncdest_nb.simulate({destination.slug!r}), "
            "and give the settings in demo.settings to the command in place of --simulate"
        )


def _content(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()


def _format_of(file: str) -> str:
    suffix = Path(file).suffix.lower()
    if file != STANDARD and suffix not in FORMATS:
        raise click.UsageError(
            f"{file}: the name ends with none of {', '.join(FORMATS)}; give --format"
        )
    return FORMATS.get(suffix, "csv")


def _delimiter(text: str | None, file: str) -> str:
    if text is None:
        return "\t" if file.lower().endswith(".tsv") else ","
    found = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(found) != 1:
        raise click.UsageError(f"--delimiter is {text!r}; give one character, or tab")
    return found


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = text.partition("=")
    if not (field and sign and column):
        raise click.UsageError(f"--column is {text!r}; write FIELD=COLUMN")
    return field.strip(), column.strip()


def _knob(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise click.UsageError(f"--knob is {text!r}; write NAME=VALUE, such as failing=0")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _mapping(file: str | None, constants: Mapping[str, Any]) -> dict[str, Any]:
    if file is None:
        return dict(constants)
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise click.UsageError(f"--mapping: {file} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.UsageError(
            f"--mapping: {file} has a {type(found).__name__}; write an object of fields"
        )
    if both := found.keys() & constants.keys():
        raise click.UsageError(
            f"{', '.join(sorted(both))}: in {file} and an option; keep one of them"
        )
    return {**found, **constants}


def _output(file: str, given: str | None, format: str) -> str:
    path = checked_output(given or _beside(file, format))
    if given is None and path != STANDARD and os.path.exists(path) and not _has_results(path):
        raise click.UsageError(
            f"{path} is there, and has no results of a send: rename it, or give --output FILE"
        )
    if file != STANDARD and os.path.realpath(path) == os.path.realpath(file):
        raise click.UsageError(f"--output: {path} is the input; give another name")
    return path


def _has_results(path: str) -> bool:
    """Whether the columns of *path* are those that results have: then it is replaced."""
    try:
        found = read_table(Path(path).read_bytes(), _format_of(path))
    except (OSError, FrameError):
        return False
    return _OUTCOME <= set(map(str, found.columns))


def checked_output(path: str) -> str:
    """Return *path*; raises a usage error if results cannot be written there."""
    if path == STANDARD:
        return path
    if Path(path).suffix.lower() not in FORMATS:
        raise click.UsageError(f"--output: {path} ends with none of {', '.join(FORMATS)}")
    if not os.access(Path(path).absolute().parent, os.W_OK):
        raise click.UsageError(
            f"results cannot be written to {path}: no such folder, or no right to write in it; "
            "give --output"
        )
    return path


def _beside(file: str, format: str) -> str:
    if file == STANDARD:
        return STANDARD
    path = Path(file)
    suffix = path.suffix if path.suffix.lower() in FORMATS else f".{format}"
    return str(path.with_name(f"{path.stem}.results{suffix}"))
