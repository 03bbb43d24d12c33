"""Join JavaScript modules into the one ES module that a widget hands to the browser.

The modules import each other as usual, so that tests and type checkers read them one by
one. A browser could not load them so: the page belongs to the host, which serves none of
our files. Nothing is compiled: imports go, and ``export`` where it is not the entry's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A comment that fills whole lines. Others stay, as does what looks like one in a string.
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)
_IMPORT = re.compile(
    r'^import \{((?:\s*\w+,)*\s*\w+,?\s*)\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const |let |class )", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_DECLARED = re.compile(
    r"^(export )?(?:(?:async )?function\*? (\w+)|class (\w+)|(?:const|let) (\w+)(?: =|;))",
    re.MULTILINE,
)
# What contains these words after the forms above are removed is not known here.
_UNKNOWN = re.compile(
    r"^.*\b(?:import\b\s*[({*.\"'\w]|export\s).*$|^(?:const|let|var)\b.*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Module:
    path: Path
    code: str  # Without imports and comments.
    imported: dict[Path, set[str]]
    declared: set[str]
    exported: set[str]


def join_modules(entry: Path) -> str:
    """Return *entry* and all that it imports, each once, as one ES module.

    It exports the entry's default. Raises ImportError for a form of import, export or
    declaration that is not known here, a name that the other module does not export, a
    cycle, and two modules that declare the same name at the top.
    """
    modules = list(_in_order(entry.resolve(), {}, ()))
    owners: dict[str, Path] = {}
    for module in modules:
        for name in sorted(module.declared):
            if name in owners:
                raise ImportError(f"{module.path} declares {name}, and so does {owners[name]}")
            owners[name] = module.path
    return "".join(_EXPORT.sub("", module.code) for module in modules)


def _in_order(path: Path, known: dict[Path, _Module], above: tuple[Path, ...]) -> Iterator[_Module]:
    """Yield the module at *path* after those that it imports, but for *known* ones."""
    if path in above:
        names = [each.name for each in (*above[above.index(path) :], path)]
        raise ImportError(f"modules import each other in a cycle: {' → '.join(names)}")
    if path in known:
        return
    module = _read(path, is_entry=not above)
    for other, wanted in module.imported.items():
        yield from _in_order(other, known, (*above, path))
        if missing := wanted - known[other].exported:
            raise ImportError(f"{other} does not export {', '.join(sorted(missing))}: see {path}")
    known[path] = module
    yield module


def _read(path: Path, *, is_entry: bool) -> _Module:
    text = _COMMENT.sub("", path.read_text("utf-8"))
    imported: dict[Path, set[str]] = {}
    for names, other in _IMPORT.findall(text):
        imported.setdefault((path.parent / other).resolve(), set()).update(
            name.strip() for name in names.split(",") if name.strip()
        )
    code = _IMPORT.sub("", text).lstrip("\n")
    body = _DEFAULT.sub("", code) if is_entry else code
    found = _DECLARED.findall(body)
    if unknown := _UNKNOWN.search(_DECLARED.sub("", body)):
        raise ImportError(f"{path}: cannot join {unknown[0].strip()!r}")
    return _Module(
        path=path,
        code=code,
        imported=imported,
        declared={"".join(names) for _, *names in found},
        exported={"".join(names) for export, *names in found if export},
    )
