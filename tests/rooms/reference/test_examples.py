"""The examples of the reference, run against simulators on loopback."""

from __future__ import annotations

import doctest
import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pytest

import asyncdest_nb as ad
from asyncdest_nb.reference import api_descriptions, examples, mapping_language
from source import PACKAGE_FILES

# Ids and ports differ, and texts are cut where the page would be too wide.
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CLASSES = (ad.Connection, ad.Run, ad.Session)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Give the names of the examples; what these leave open is closed."""
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    yield names
    for kind in (ad.Session, ad.Simulator):
        for each in names.values():
            if isinstance(each, kind):
                each.close() if isinstance(each, ad.Session) else each.stop()


def faults(text: str, names: dict[str, Any], file: str) -> str:
    """Run the examples in *text*, which share *names*; return what went wrong."""
    found = io.StringIO()
    parsed = doctest.DocTestParser().get_doctest(text, {}, file, file, 0)
    parsed.globs = names
    doctest.DocTestRunner(optionflags=FLAGS).run(parsed, out=found.write, clear_globs=False)
    return found.getvalue()


@pytest.mark.parametrize("file", examples.FILES, ids=lambda file: file.stem)
def test_an_example_of_the_reference_gives_what_it_says(file: Path, names: dict[str, Any]):
    assert faults(examples.SETUP.read_text(), names, "setup") == ""
    assert faults(file.read_text(), names, file.name) == ""


PAGES = [ad, mapping_language, api_descriptions]


@pytest.mark.parametrize("module", PAGES, ids=lambda module: module.__name__)
def test_an_example_of_a_page_gives_what_it_says(module: ModuleType, names: dict[str, Any]):
    assert faults(module.__doc__ or "", names, module.__name__) == ""


def test_no_other_docstring_has_an_example_that_nothing_runs():
    having = {file for file in PACKAGE_FILES if ">>> " in file.read_text(encoding="utf-8")}
    assert having == {Path(str(page.__file__)) for page in PAGES}


def test_an_example_that_gives_something_else_is_found():
    assert "Expected:\n    3\nGot:\n    2" in faults(">>> 1 + 1\n3\n", {}, "wrong")


def public_names() -> set[str]:
    methods = {f"{kind.__name__}.{name}" for kind in CLASSES for name in dir(kind)}
    return {*ad.__all__, *(name for name in methods if "._" not in name)}


def test_every_public_name_has_an_example_and_every_example_a_name():
    found = examples.examples_by_name()
    assert public_names() - found.keys() == set()
    assert found.keys() - public_names() == set()
