"""Counts in sentences: "1 row", never "1 rows"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from paths import PACKAGE
from source import FILES, name_of, tree_of

_NOUNS = (
    "rows|requests|batches|operations|runs|results|values|failures|mistakes|answers|payloads|"
    "errors|imports|reasons|more requests"
)
# A name of a constant, which is more than one, may have its noun in the plural.
_CONSTANT = re.compile(r"[A-Z_]+")
# The sentences of vendors, as they are.
_OTHERS = re.compile(r"simulators/[a-z_]+/")


def bare_counts(tree: ast.AST) -> Iterator[str]:
    """Yield the nouns that stand in the plural after any number."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                    found = re.match(rf" ({_NOUNS})\b", str(text.value))
                    if found and _is_number(value):
                        yield found[1]


def _is_number(value: ast.FormattedValue) -> bool:
    """Whether it is written as a number, or is the length of something."""
    if _CONSTANT.fullmatch(ast.unparse(value.value)):
        return False
    spec = ast.unparse(value.format_spec) if value.format_spec else ""
    return "," in spec or ast.unparse(value.value).startswith("len(")


def test_a_noun_after_a_count_agrees_with_it():
    own = [file for file in FILES if file.suffix == ".py" and file.is_relative_to(PACKAGE)]
    names = [(name_of(file), file) for file in own if not _OTHERS.search(name_of(file))]
    found = {name: list(bare_counts(tree_of(file))) for name, file in names}
    assert {name: nouns for name, nouns in found.items() if nouns} == {}


@pytest.mark.parametrize(
    ("code", "nouns"),
    [
        ("f'{count:,} rows'", ["rows"]),
        ("f'{len(found)} results of'", ["results"]),
        ("f'{name} rows'", []),
        ("f'{MAX_ROWS:,} rows'", []),
        ("counted(count, 'row')", []),
    ],
)
def test_a_bare_count_is_found(code: str, nouns: list[str]):
    assert list(bare_counts(ast.parse(code))) == nouns
