"""The parts of a template: what is printed as it stands, outputs, and tags.

The library is given the outline alone: blocks, and in place of each expression its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .reader import BLANK, QUOTED, WORD, Mistake, Reader, shown

_BEGIN = re.compile(r"\{\{|\{%")
# Atomic: a quote that is never closed is no other character.
_OUTPUT_END = re.compile(rf"(?>{QUOTED}|(?!\}}\}})[\s\S])*?\}}\}}")
_RAW_END = re.compile(rf"\{{%{BLANK}*endraw(?!{WORD})(?:(?!\{{%)[\s\S])*?%\}}")
_BLANKS_AROUND = re.compile(rf"{BLANK}*(.*?){BLANK}*", re.S)
_FIRST_BLANKS, _LAST_BLANKS = re.compile(rf"\A{BLANK}+"), re.compile(rf"{BLANK}+\Z")


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A part of a template, from *begin* to *end*.

    ``content``: where the inner of an output or tag begins and ends. ``name`` is that of a
    tag, "" for an output. ``text`` is what is printed as it stands, None in outputs and tags.
    """

    begin: int
    end: int
    content: tuple[int, int] = (0, 0)
    name: str = ""
    text: str | None = None


def parts_of(source: str) -> Iterator[TemplatePart]:
    """Yield the parts of a template in order; raises Mistake for one that is not closed."""
    at, is_trimmed = 0, False
    for begin, end, made in _delimited(source):
        text = source[at:begin]
        if source[begin + 2 : begin + 3] == "-":
            text = _LAST_BLANKS.sub("", text)
        yield from _text(at, begin, _FIRST_BLANKS.sub("", text) if is_trimmed else text)
        yield made
        at, is_trimmed = end, source[end - 3 : end - 2] == "-"
    text = source[at:]
    yield from _text(at, len(source), _FIRST_BLANKS.sub("", text) if is_trimmed else text)


def lines_of(source: str, at: int, end: int) -> list[TemplatePart]:
    """Return the tags in the lines of the tag "liquid", which are in ``source[at:end]``."""
    found, reader = [], Reader(source, at, end)
    reader.skip()
    while not reader.is_over:
        begin = reader.at
        line = source.find("\n", begin, end) + 1 or end
        found.append(_tag(source, begin, line, (begin, line), "illegal liquid tag syntax"))
        reader.at = line
        reader.skip()
    return found


def _text(begin: int, end: int, text: str) -> Iterator[TemplatePart]:
    if text:
        yield TemplatePart(begin, end, text=text)


def _delimited(source: str) -> Iterator[tuple[int, int, TemplatePart]]:
    at = 0
    while (found := _BEGIN.search(source, at)) is not None:
        begin = found.start()
        part = (_output if found[0] == "{{" else _outer_tag)(source, begin)
        at = part.end
        yield begin, at, part
        if part.name == "raw":
            closed = _RAW_END.search(source, at)
            if closed is None:
                raise Mistake(f"raw {shown(source[begin:])} not closed", at)
            text, at = source[at : closed.start()], closed.end()
            yield part.end, at, TemplatePart(part.end, at, text=text)


def _output(source: str, begin: int) -> TemplatePart:
    found = _OUTPUT_END.match(source, begin + 2)
    if found is None:
        raise Mistake(f"output {shown(source[begin:])} not closed", begin)
    end = found.end()
    return TemplatePart(begin, end, _content(source, begin + 2, end - 2))


def _outer_tag(source: str, begin: int) -> TemplatePart:
    end = source.find("%}", begin + 1) + 2
    if end < 2:
        raise Mistake(f"tag {shown(source[begin:])} not closed", begin)
    return _tag(source, begin, end, (begin + 2, end - 2), "illegal tag syntax, tag name expected")


def _tag(source: str, begin: int, end: int, inner: tuple[int, int], nameless: str) -> TemplatePart:
    first, last = _content(source, *inner)
    reader = Reader(source, first, last)
    name = "#" if reader.symbol("#") else reader.name()
    if not name:
        raise reader.mistake(nameless)
    reader.skip()
    return TemplatePart(begin, end, (reader.at, last), name)


def _content(source: str, first: int, last: int) -> tuple[int, int]:
    """Return where the content of a part is, without hyphens and blanks around it."""
    begin = first + (source[first : first + 1] == "-")
    end = last - (source[last - 1 : last] == "-")
    if begin >= end:
        return begin, end
    found = _BLANKS_AROUND.fullmatch(source, begin, end)
    return found.span(1) if found else (begin, end)
