"""What is wrong with a template before it is parsed, in the words of the original.

The library that parses a template has words of its own for these errors, and allows some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import MappingError
from .. import json_text
from ..values import code_units

# Segment refuses these tags: they loop, or load other templates.
DISABLED = frozenset({"case", "for", "include", "layout", "render", "tablerow"})
BLOCKS = {"if": "endif", "unless": "endunless", "capture": "endcapture", "comment": "endcomment"}
SIMPLE = frozenset(
    {"assign", "block", "break", "continue", "cycle", "decrement", "echo", "increment", "liquid"}
    | {"#"}
)
# What may stand between the tags of a block.
_BRANCHES = {"elsif", "else"}
_CONDITIONAL = {"if", "unless", "elsif"}
_NO_VALUE = "invalid value expression:"

_QUOTED = r"\"(?:\\.|[^\"\\])*(?:\"|\Z)|'(?:\\.|[^'\\])*(?:'|\Z)"
# Atomic: a quote that is never closed is no other character.
_OUTPUT_END = re.compile(rf"(?>{_QUOTED}|(?!\}}\}})[\s\S])*?\}}\}}")
_RAW_END = re.compile(r"\{%-?\s*endraw\b[\s\S]*?%\}")
# The words that the library takes for something else than a key, also after a dot.
_KEYWORDS = (
    "true false nil null empty blank and or contains not in offset limit reversed cols continue "
    "with for as if else required"
).split()
_REWRITTEN = re.compile(rf"{_QUOTED}|\.\s*({'|'.join(_KEYWORDS)})(?![\w-])")
# A filter without a name at the end is none.
_LAST_BAR = re.compile(r"\|\s*(?=-?\}\}\Z)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))")
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NAME = re.compile(r"-?\s*(#|[\w-]*)")
_VALUE = re.compile(r"-?\s*(?=[\w\"'(\[+-]|[^\x00-\x7f])")


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """An output or a tag of a template: where it begins, and its text with the delimiters.

    ``name`` is the name of a tag, "" for an output.
    """

    begin: int
    text: str
    name: str = ""


def place(source: str, index: int) -> str:
    """Return where *index* is, as messages end: ``, line:1, col:1``."""
    line, before = source.count("\n", 0, index) + 1, source[:index].rpartition("\n")[2]
    return f", line:{line}, col:{len(code_units(before)) + 1}"


def checked(source: str) -> tuple[str, dict[int, int]]:
    """Return a template as the library understands it, and where its parts were before.

    The latter is from where an output or a tag begins in the result to where it began in
    *source*. Raises MappingError for the first error that the outline shows.
    """
    made, places, at, opened = "", dict[int, int](), 0, list[TemplatePart]()
    for part in list(_parts(source)):
        _check(source, part, opened)
        made += source[at : part.begin]
        places[len(made)] = part.begin
        text = part.text if part.name else _LAST_BAR.sub("", part.text)
        made += _REWRITTEN.sub(_rewritten, text)
        at = part.begin + len(part.text)
    if opened:
        part = opened[-1]
        raise MappingError(f"tag {part.text} not closed{place(source, part.begin)}")
    return made + source[at:], places


def _check(source: str, part: TemplatePart, opened: list[TemplatePart]) -> None:
    """Raise a MappingError if *part* is wrong; *opened* are the blocks around it."""
    if opened and opened[-1].name == "comment" and part.name != "endcomment":
        return
    if not part.name:
        _check_output(source, part)
    elif part.name in _CONDITIONAL and not _rest(part):
        end = part.begin + part.text.index(part.name) + len(part.name)
        raise MappingError(f'{_NO_VALUE} ""{place(source, end)}')
    elif opened and part.name == BLOCKS[opened[-1].name]:
        opened.pop()
    elif part.name in BLOCKS:
        opened.append(part)
    elif part.name in DISABLED:
        raise MappingError(f'tag "{part.name}" is disabled{place(source, part.begin)}')
    elif part.name not in SIMPLE and not (opened and part.name in _BRANCHES):
        raise MappingError(f'tag "{part.name}" not found{place(source, part.begin)}')


def _rest(part: TemplatePart) -> str:
    """Return what follows the name of a tag."""
    return part.text.partition(part.name)[2].removesuffix("%}").removesuffix("-").strip()


def _rewritten(found: re.Match[str]) -> str:
    """Write a key that is a keyword of the library in brackets, and a text without escapes."""
    if found[1]:
        return f'["{found[1]}"]'
    content = _ESCAPE.sub(_unescaped, found[0][1:-1])
    quote = "'" if '"' in content else '"'
    return found[0] if quote in content else f"{quote}{content}{quote}"


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if found[2]:
        return chr(int(found[2], 8))
    return _CONTROLS.get(found[3], found[3])


def _parts(source: str) -> Iterator[TemplatePart]:
    """Yield the outputs and tags in order, without what is between raw and endraw."""
    at = 0
    while (found := re.compile(r"\{\{|\{%").search(source, at)) is not None:
        begin = found.start()
        if found[0] == "{{":
            end = _OUTPUT_END.match(source, begin + 2)
            if end is None:
                raise MappingError(
                    f"output {_cut(source[begin:])} not closed{place(source, begin)}"
                )
            at = end.end()
            yield TemplatePart(begin, source[begin:at])
            continue
        at = source.find("%}", begin + 2) + 2
        if at < 2:
            raise MappingError(f"tag {_cut(source[begin:])} not closed{place(source, begin)}")
        name = _name(source, begin)
        if name == "raw":
            at = _end_of_raw(source, begin, at)
        else:
            yield TemplatePart(begin, source[begin:at], name)


def _name(source: str, begin: int) -> str:
    found = _NAME.match(source, begin + 2)
    if found is None or not found[1]:
        where = place(source, found.end() if found else begin)
        raise MappingError(f"illegal tag syntax, tag name expected{where}")
    return found[1]


def _end_of_raw(source: str, begin: int, after: int) -> int:
    end = _RAW_END.search(source, after)
    if end is None:
        raise MappingError(f"raw {_cut(source[begin:])} not closed{place(source, after)}")
    return end.end()


def _check_output(source: str, part: TemplatePart) -> None:
    inner = part.text[2:-2].removesuffix("-")
    if _VALUE.match(inner):
        return
    begin = len(inner) - len(inner.removeprefix("-").lstrip())
    shown = _cut(inner[begin:].rstrip())
    raise MappingError(f"invalid value expression: {shown}{place(source, part.begin + 2 + begin)}")


def _cut(text: str) -> str:
    return str(json_text.encoded(text if len(text) <= 32 else f"{text[:29]}..."))
