"""Read source code: the files of the project, what they import, and the names they use."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from paths import PACKAGE, ROOT, TESTS

PACKAGE_FILES = sorted(PACKAGE.rglob("*.py"))
PYTHON_FILES = sorted([*PACKAGE_FILES, *TESTS.rglob("*.py")])
JAVASCRIPT_FILES = sorted(
    file
    for top in (PACKAGE, TESTS)
    for kind in ("*.js", "*.mjs", "*.cjs")
    for file in top.rglob(kind)
)
FILES = [*PYTHON_FILES, *JAVASCRIPT_FILES]


def name_of(file: Path) -> str:
    """Return the path of *file* in the repository."""
    return file.relative_to(ROOT).as_posix()


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """Return what *file* parses to."""
    return ast.parse(file.read_text(encoding="utf-8"))


def package_of(file: Path) -> tuple[str, ...]:
    """Return the names that lead to the package that *file* of the package is in."""
    return file.relative_to(PACKAGE.parent).parts[:-1]


def imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Yield the full dotted name of everything that a module of *package* imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = [*base, *([node.module] if node.module else [])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


def class_names(tree: ast.AST) -> Iterator[str]:
    """Yield the name of every class that is defined, the inner ones too."""
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def is_private(name: str) -> bool:
    """Whether *name* starts with one underscore, and is no protocol's such as ``_repr_html_``."""
    return bool(re.fullmatch(r"_(?!_)\w*(?<!_)", name))


def foreign_private_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) for each use of a private name that is not defined in the same file.

    Uses are attributes, inherited ones too, imports, and strings that ``getattr``, ``setattr``
    and the like are given.
    """
    own = set(_defined(tree))
    for node in ast.walk(tree):
        for name in _names_used(node):
            if is_private(name) and name not in own:
                yield node.lineno, name  # type: ignore[attr-defined]


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                yield node.attr


def _names_used(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)
        yield from (node.module or "").split(".")
    elif isinstance(node, ast.Import):
        yield from (part for alias in node.names for part in alias.name.split("."))
    elif isinstance(node, ast.Call) and _called(node) in _BY_TEXT:
        texts = (each.value for each in node.args if isinstance(each, ast.Constant))
        yield from (part for text in texts if isinstance(text, str) for part in text.split("."))


_BY_TEXT = {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller"}


def _called(node: ast.Call) -> str:
    """Return the last name of what is called: ``patch.setattr(…)`` is "setattr"."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def foreign_private_names_in_javascript(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) for each ``x._name`` without a ``this._name = …`` in the same file."""
    own = set(re.findall(r"\bthis\.(_\w+)\s*=(?!=)", text))
    for number, line in enumerate(text.splitlines(), 1):
        names = re.findall(r"[\w)\]]\??\.(_[A-Za-z]\w*)", line)
        yield from ((number, name) for name in names if name not in own)
