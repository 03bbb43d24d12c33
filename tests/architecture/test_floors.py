"""The floors of the package, read from its source: a room imports only from floors below."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from paths import PACKAGE
from source import PACKAGE_FILES, imports, package_of, tree_of

FLOORS = [
    {"operation", "responses", "errors", "numerals", "stored", "visible"},
    {"frame", "mapping", "fql", "destination", "request", "schedule", "store"},
    {"api_description"},
    {"engine", "portal", "destinations", "simulators"},
    {"session"},
    {"widgets"},
    {"__init__"},
    {"demo", "demo_server", "reference"},
    {"command_line"},
    {"__main__"},
]
ENGINE_FLOORS = [
    {"clock", "journal", "verdict"},
    {"channel"},
    {"run"},
    {"engine"},
    {"__init__"},
]
ENGINE_FILES = [file for file in PACKAGE_FILES if file.is_relative_to(PACKAGE / "engine")]


def room_of(file: Path, house: Path = PACKAGE) -> str:
    """Return the room of *house* that *file* is in; a file right below it is a room by itself."""
    return file.relative_to(house).parts[0].removesuffix(".py")


def rooms_imported(
    tree: ast.AST, package: tuple[str, ...], rooms: set[str], house: str
) -> Iterator[str]:
    """Yield the room of *house* that each import of a module of *package* is from.

    *house* is a dotted name. What is no room's name is what the house itself gives: "__init__".
    """
    for name in imports(tree, package):
        if name == house or name.startswith(f"{house}."):
            room = name.removeprefix(house).strip(".").split(".")[0]
            yield room if room in rooms else "__init__"


def too_high(
    tree: ast.AST, package: tuple[str, ...], room: str, floors: list[set[str]], house: str
) -> set[str]:
    """Return the other rooms, on the floor of *room* or above, that its module *tree* imports."""
    floor_of = {room: number for number, rooms in enumerate(floors) for room in rooms}
    found = set(rooms_imported(tree, package, set(floor_of), house)) - {room}
    return {each for each in found if floor_of[each] >= floor_of[room]}


def test_every_file_is_in_a_room():
    assert {room_of(file) for file in PACKAGE_FILES} == set.union(*FLOORS)
    assert {room_of(file, PACKAGE / "engine") for file in ENGINE_FILES} == set.union(*ENGINE_FLOORS)


@pytest.mark.parametrize("file", PACKAGE_FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_only_from_floors_below(file: Path):
    found = too_high(tree_of(file), package_of(file), room_of(file), FLOORS, "asyncdest_nb")
    assert found == set()


@pytest.mark.parametrize("file", ENGINE_FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_of_the_engine_imports_only_from_floors_below(file: Path):
    room = room_of(file, PACKAGE / "engine")
    found = too_high(tree_of(file), package_of(file), room, ENGINE_FLOORS, "asyncdest_nb.engine")
    assert found == set()


@pytest.mark.parametrize(
    ("module", "text", "found"),
    [
        ("store.file", "from ..engine import Execution", {"engine"}),
        ("store.file", "from .. import engine", {"engine"}),
        ("store.file", "import asyncdest_nb.engine.run", {"engine"}),
        ("store.file", "from asyncdest_nb import engine", {"engine"}),
        ("store.file", "from asyncdest_nb.request import Call", {"request"}),
        ("store.file", "if True:\n    from ..session.run import Run", {"session"}),
        ("store.file", "def later():\n    from ..session import run", {"session"}),
        ("store.file", "from ..operation import State\nfrom .shape import Shape", set()),
        ("session.run", "from ..engine.run import execution\nfrom .. import store", set()),
        ("session.run", "from .. import Monitor", {"__init__"}),
        ("session.run", "from ..widgets import Monitor", {"widgets"}),
    ],
)
def test_an_import_from_a_floor_that_is_not_below_is_found(module: str, text: str, found: set[str]):
    package = ("asyncdest_nb", *module.split(".")[:-1])
    room = module.split(".")[0]
    assert too_high(ast.parse(text), package, room, FLOORS, "asyncdest_nb") == found


@pytest.mark.parametrize(
    ("room", "text", "found"),
    [
        ("verdict", "from ..run.batches import Prepared", {"run"}),
        ("verdict", "from ..channel import call", {"channel"}),
        ("verdict", "from ... import engine", {"__init__"}),
        ("channel", "from .. import Execution", {"__init__"}),
        ("channel", "from ..run import context", {"run"}),
        ("channel", "from asyncdest_nb.engine.run.ledger import Ledger", {"run"}),
        ("channel", "from ..verdict.poll import read_poll\nfrom ..clock import Clock", set()),
        ("run", "from ..channel.call import CallResult\nfrom ...store import Store", set()),
    ],
)
def test_an_import_from_a_higher_floor_of_the_engine_is_found(
    room: str, text: str, found: set[str]
):
    package = ("asyncdest_nb", "engine", room)
    found_here = too_high(ast.parse(text), package, room, ENGINE_FLOORS, "asyncdest_nb.engine")
    assert found_here == found
