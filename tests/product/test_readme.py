"""The README: its Python runs as written, one block after the other, in a fresh notebook."""

from __future__ import annotations

import functools
import re
import shlex
import tomllib
from typing import Any

import pytest

from paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
CODE = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [text for language, text in BLOCKS if language != "python"]


@functools.cache
def ran() -> list[list[Any]]:
    """Return the outputs of each block of Python."""
    import nbformat  # With nbclient it takes two seconds, and most tests need none of it.
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in CODE])
    NotebookClient(notebook, timeout=100, allow_errors=True).execute()
    return [cell.outputs for cell in notebook.cells]


def shown(block: int) -> str:
    return "\n".join(output.data["text/plain"] for output in ran()[block])


def test_it_is_short():
    assert len(README.split()) <= 800


@pytest.mark.slow
def test_every_block_of_python_runs_as_written_and_shows_something():
    kinds = [{output.output_type for output in outputs} for outputs in ran()]
    assert all(each and each <= {"display_data", "execute_result"} for each in kinds), ran()


@pytest.mark.slow
def test_the_block_that_submits_shows_the_monitor():
    [record] = ran()[0]
    assert record.output_type == "display_data"
    assert "Async Operation to Example Async" in record.data["text/html"]


@pytest.mark.slow
def test_the_other_blocks_show_the_rows_that_they_name():
    results, failed = shown(1), shown(2)
    assert all(re.search(rf"^{label} ", results, re.MULTILINE) for label in (0, 1, 2))
    assert "invalid" in failed
    assert "customer" in failed


def test_every_command_installs_an_extra_that_there_is_and_runs_what_it_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    scripts = {f".venv/bin/{each}" for each in (*project["scripts"], "python", "pip")}
    assert COMMANDS
    for line in COMMANDS:
        make, install, run = (shlex.split(each) for each in line.split(" && "))
        assert make == ["python3", "-m", "venv", ".venv"]
        assert install[-1].strip(".[]") in project["optional-dependencies"]
        assert {install[0], run[0]} <= scripts


def installed_by(extra: str) -> set[str]:
    """Return the extras that *extra* brings, itself too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = "\n".join(project["optional-dependencies"][extra])
    inner = ",".join(re.findall(r"^asyncdest-nb\[(.*)\]$", lines, re.MULTILINE))
    return {extra}.union(*(installed_by(each) for each in inner.split(",") if each))


def test_the_first_command_installs_what_the_reference_is_built_with():
    first = shlex.split(COMMANDS[0].split(" && ")[1])[-1].strip(".[]")
    assert "docs" in installed_by(first)
