"""Names in the source of the package and the tests: what is private stays in its file, one name is
one class, and things are called by nouns."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from paths import ROOT
from source import (
    FILES,
    PACKAGE_FILES,
    PYTHON_FILES,
    class_names,
    foreign_private_names,
    foreign_private_names_in_javascript,
    name_of,
    tree_of,
)

# Private by their look, public by their documentation.
DOCUMENTED = {
    "_fields": "a named tuple's",
}
# Of a library that offers no public way, in the one file that needs it.
NO_PUBLIC_WAY = {
    ("tests/rooms/widgets/explorer/test_explorer_secrets.py", "_send"): (
        "the one place in ipywidgets that every message passes"
    ),
    ("tests/rooms/destination/test_translated_code.py", "_id"): "a key in JSON, as MongoDB's",
}
# The words in -ing that are the field's own terms.
FIELD_TERMS = {
    "polling": "asking again and again, as in the names of Azure's and Google's modules",
    "mapping": "how columns become the fields of an action, in Segment's words",
    "warning": "Python's ending for the class of a warning",
}


def foreign(file: Path) -> list[tuple[int, str]]:
    """Return (line, name) for each use in *file* of a name that is private to another."""
    if file.suffix == ".py":
        return list(foreign_private_names(tree_of(file)))
    return list(foreign_private_names_in_javascript(file.read_text(encoding="utf-8")))


@cache
def all_foreign() -> dict[str, list[tuple[int, str]]]:
    """Return what ``foreign`` finds, by file; reading all files takes seconds."""
    return {name_of(file): found for file in FILES if (found := foreign(file))}


def test_a_private_name_is_used_only_in_its_own_file():
    wrong = [
        f"{file}:{line} {name}"
        for file, found in all_foreign().items()
        for line, name in found
        if name not in DOCUMENTED and (file, name) not in NO_PUBLIC_WAY
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run._ledger.rows", ["_ledger"]),
        ("run._ledger = 1", ["_ledger"]),
        ("class Run(Base):\n    def rows(self):\n        return self._rows", ["_rows"]),
        ("from .run import _rows", ["_rows"]),
        ("from ._rows import rows", ["_rows"]),
        ("import package._rows", ["_rows"]),
        ("getattr(run, '_rows', None)", ["_rows"]),
        ("patch.setattr(run, '_rows', [])", ["_rows"]),
        ("patch.setattr('package.module._rows', [])", ["_rows"]),
        ("del run._rows", ["_rows"]),
        ("def _rows(): ...\n_rows()", []),
        ("class Run:\n    def __init__(self):\n        self._rows = []", []),
        ("class Run:\n    _rows: list\n    def same(self, other):\n        return other._rows", []),
        (
            "class Run:\n    def _rows(self): ...\n    def of(self):\n        return self._rows()",
            [],
        ),
        ("run.__class__", []),
        ("connection._repr_html_()", []),
        ("_, rest = pair", []),
    ],
)
def test_the_use_of_a_foreign_private_name_is_found(text: str, found: list[str]):
    assert [name for _, name in foreign_private_names(ast.parse(text))] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("view._rows.length", [(1, "_rows")]),
        ("const a = 1;\nview?._rows", [(2, "_rows")]),
        ("rows()._first", [(1, "_first")]),
        ("this._rows = []; other._rows", []),
        ("if (this._rows === null) {}", [(1, "_rows")]),
        ("const text = row.text_of_it;", []),
    ],
)
def test_the_use_of_a_foreign_private_name_of_javascript_is_found(
    text: str, found: list[tuple[int, str]]
):
    assert list(foreign_private_names_in_javascript(text)) == found


def test_no_class_of_the_package_is_defined_twice():
    files = defaultdict(list)
    for file in PACKAGE_FILES:
        for name in class_names(tree_of(file)):
            files[name].append(name_of(file))
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


def test_every_class_is_found_also_an_inner_one():
    text = "class A:\n    class B: ...\ndef make():\n    class C: ...\nif True:\n    class A: ..."
    assert sorted(class_names(ast.parse(text))) == ["A", "A", "B", "C"]


def last_word(name: str) -> str:
    """Return the last word of a name in lower case: "warning" of ``StoreWarning``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().rstrip("_").rpartition("_")[2]


def is_in_ing(name: str) -> bool:
    """Whether *name* ends in -ing, and not in one of the field's own terms."""
    return last_word(name).endswith("ing") and last_word(name) not in FIELD_TERMS


def test_no_class_ends_in_ing():
    found = [
        f"{name_of(file)} {name}"
        for file in PYTHON_FILES
        for name in class_names(tree_of(file))
        if is_in_ing(name)
    ]
    assert found == []


def test_no_module_and_no_folder_ends_in_ing():
    found = [
        name_of(file)
        for file in FILES
        for part in file.relative_to(ROOT).parts
        if is_in_ing(part.partition(".")[0])
    ]
    assert found == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Sending", True),
        ("_Sending", True),
        ("Sending_", True),
        ("RunSending", True),
        ("test_sending", True),
        ("Sender", False),
        ("IngestJob", False),
        ("StoreWarning", False),
        ("mapping", False),
        ("test_mapping", False),
        ("remapping", True),
    ],
)
def test_a_name_in_ing_is_found(name: str, found: bool):
    assert is_in_ing(name) == found


def test_every_exception_is_needed():
    used = {(file, name) for file, found in all_foreign().items() for _, name in found}
    assert set(NO_PUBLIC_WAY) <= used
    assert set(DOCUMENTED) <= {name for _, name in used}
