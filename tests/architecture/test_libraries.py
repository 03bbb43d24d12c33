"""Other people's libraries, read from the package's source: who knows which, and who may print."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from paths import PACKAGE, ROOT
from source import PACKAGE_FILES, imports, package_of, tree_of

# What a successor would replace: one room each knows it.
KNOWN_BY_ONE = {
    "pandas": "frame",
    "numpy": "frame",
    "narwhals": "frame",
    "pyarrow": "frame",
    "httpx": "request",
    "aiohttp": "request",
    "sqlite3": "store",
    "filelock": "store",
    "psutil": "store",
    "anywidget": "widgets",
    "IPython": "widgets",
    "matplotlib": "widgets",
    "click": "command_line",
    "pdoc": "reference",
    "tqdm": "session",
    "dask": "session",
    "distributed": "session",
    "keyring": "session",
    "dotenv": "session",
    "uvicorn": "simulators",
    "nest_asyncio2": "session",
    "liquid": "mapping",
    "yaml": "api_description",
}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def libraries(file: Path) -> set[str]:
    """Return the top names of all that *file* imports."""
    return {name.split(".")[0] for name in imports(tree_of(file), package_of(file))}


@pytest.mark.parametrize(("module", "room"), KNOWN_BY_ONE.items())
def test_a_library_is_known_by_one_room(module: str, room: str):
    knowing = {room_of(file) for file in PACKAGE_FILES if module in libraries(file)}
    assert knowing == {room}


def declared() -> dict[str, set[str]]:
    """Return the names of what is declared in pyproject.toml, by extra; "" = what all need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {re.split(r"[^\w.-]", each)[0].lower() for each in lines if ">=" in each}
        for extra, lines in found.items()
    }


# What needs an extra says so when it is missing.
EXTRAS = {
    "matplotlib": "plot",
    "uvicorn": "demo",
    "httptools": "demo",
    "dotenv": "keys",
    "keyring": "keys",
    "jupyterlab": "demo",
    "pdoc": "docs",
    "pyarrow": "parquet",
    "dask": "dask",
    "distributed": "dask",
    "liquid": "liquid",
    "yaml": "yaml",
}


def test_whatever_is_imported_is_declared_with_its_lowest_version():
    named, known = declared(), packages_distributions()
    imported = {name for file in PACKAGE_FILES for name in libraries(file)}
    foreign = imported - {*sys.stdlib_module_names, "asyncdest_nb"}
    undeclared = {
        module
        for module in foreign
        if not {each.lower().replace("_", "-") for each in known[module]}
        & named[EXTRAS.get(module, "")]
    }
    assert foreign >= {"pandas", "httpx"}
    assert undeclared == set()


def test_only_the_demo_prints():
    printing = {
        room_of(file)
        for file in PACKAGE_FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert printing <= {"demo"}
