"""Read the source of the package: its floors, and what only one room may know."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from paths import PACKAGE

FLOORS = [
    {"operation", "responses", "errors", "numerals", "visible"},
    {"frame", "mapping", "destination", "request", "schedule", "store"},
    {"engine", "portal", "destinations", "simulators"},
    {"session"},
    {"widgets"},
    {"__init__", "__main__"},
]
# Within the engine: a verdict and a channel know no run.
ENGINE_FLOORS = [
    {"clock", "journal", "verdict"},
    {"channel"},
    {"run"},
    {"engine"},
    {"__init__"},
]
ENGINE_FLOOR_OF = {room: number for number, rooms in enumerate(ENGINE_FLOORS) for room in rooms}
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# What a successor would replace: one room each knows it.
KNOWN_BY_ONE = {
    "pandas": "frame",
    "numpy": "frame",
    "httpx": "request",
    "aiohttp": "request",
    "sqlite3": "store",
    "filelock": "store",
    "psutil": "store",
    "anywidget": "widgets",
    "IPython": "widgets",
    "matplotlib": "widgets",
    "tqdm": "session",
    "uvicorn": "simulators",
    "nest_asyncio2": "session",
}

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    first = file.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    """Yield every module that *file* imports, those of the package as "asyncdest_nb.room…"."""
    package = ("asyncdest_nb", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms_imported(file: Path) -> set[str]:
    own = [name.split(".") for name in imports(file) if name.startswith("asyncdest_nb.")]
    return {parts[1] for parts in own if parts[1] in FLOOR_OF} - {room_of(file)}


def test_every_file_is_in_a_room():
    assert {room_of(file) for file in FILES} == set(FLOOR_OF)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_only_from_floors_below(file: Path):
    floor = FLOOR_OF[room_of(file)]
    too_high = {room for room in rooms_imported(file) if FLOOR_OF[room] >= floor}
    assert not too_high, f"{file.name} is on floor {floor} and imports {sorted(too_high)}"


ENGINE = PACKAGE / "engine"
ENGINE_FILES = sorted(ENGINE.rglob("*.py"))


def engine_room_of(file: Path) -> str:
    return file.relative_to(ENGINE).parts[0].removesuffix(".py")


def test_every_file_of_the_engine_is_in_an_inner_room():
    assert {engine_room_of(file) for file in ENGINE_FILES} <= set(ENGINE_FLOOR_OF)


@pytest.mark.parametrize("file", ENGINE_FILES, ids=lambda file: str(file.relative_to(ENGINE)))
def test_an_inner_room_of_the_engine_imports_only_from_floors_below(file: Path):
    room = engine_room_of(file)
    own = [name.split(".") for name in imports(file) if name.startswith("asyncdest_nb.engine.")]
    too_high = {
        other
        for _, _, other, *_ in own
        if other != room and ENGINE_FLOOR_OF[other] >= ENGINE_FLOOR_OF[room]
    }
    assert not too_high, f"{file.name} is in {room} and imports {sorted(too_high)}"


@pytest.mark.parametrize(("module", "room"), KNOWN_BY_ONE.items())
def test_a_library_is_known_by_one_room(module: str, room: str):
    knowing = {
        room_of(file) for file in FILES if module in {name.split(".")[0] for name in imports(file)}
    }
    assert knowing == {room}


def declared() -> dict[str, set[str]]:
    """Return the names of what is declared in pyproject.toml, by extra; "" = what all need."""
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    found = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {re.split(r"[^\w.-]", each)[0].lower() for each in lines if ">=" in each}
        for extra, lines in found.items()
    }


# What needs an extra says so when it is missing.
EXTRAS = {"matplotlib": "plot", "uvicorn": "demo", "httptools": "demo"}


@pytest.mark.parametrize(
    "module",
    sorted(
        {name.split(".")[0] for file in FILES for name in imports(file)}
        - {*sys.stdlib_module_names, "asyncdest_nb"}
    ),
)
def test_whatever_is_imported_is_declared_with_its_lowest_version(module: str):
    distributions = {each.lower() for each in packages_distributions()[module]}
    assert distributions & declared()[EXTRAS.get(module, "")]


def test_only_the_command_line_prints():
    printing = {
        room_of(file)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert printing <= {"__main__"}
