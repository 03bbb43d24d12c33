"""The parts of a template in their order: expressions are read, and blocks are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .expressions import Assignment, Constant, Counter, Stop, Value
from .outline import TemplatePart, lines_of, parts_of
from .reader import Mistake, Reader, shown

# Segment refuses these tags: they loop, or load other templates.
DISABLED = frozenset({"case", "for", "include", "layout", "render", "tablerow"})
_BLOCKS = frozenset({"if", "unless", "capture", "comment", "block"})
_IS_CONDITION = frozenset({"if", "unless"})
# How the outline names formulas, and what is captured.
CONDITION, CAPTURED, _TEXT = "if", "captured", "text"


@dataclass(slots=True)
class _Block:
    """A block that is open; *has_else*: its "else" was there."""

    part: TemplatePart
    has_else: bool = False


@dataclass(slots=True)
class Formulas:
    """The expressions of a template by their number, and its ``outline`` for the library.

    ``names`` are the keys of a row that it reads, ``paths`` all that it reads, by such a key.
    ``reads_all``: which keys it reads depends on the row.
    """

    source: str
    outline: str = ""
    values: list[Value] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    paths: dict[str | None, dict[str, None]] = field(default_factory=dict)
    reads_all: bool = False
    _assigned: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, source: str) -> Formulas:
        """Read a template; raises Mistake for the first that is wrong in it."""
        made = cls(source)
        made._read(list(parts_of(source)))
        return made

    def _read(self, parts: Iterable[TemplatePart]) -> None:
        opened: list[_Block] = []
        for part in parts:
            if opened and opened[-1].part.name == "comment" and part.name != "endcomment":
                continue
            if part.text is not None:
                self._print(Constant(part.text))
            elif not part.name:
                self._print(self._reader(part).filtered(part.begin))
            elif not self._is_of_block(part, opened):
                self._tag(part, opened)
        if opened:
            part = opened[-1].part
            text = self.source[part.begin : part.end]
            raise Mistake(f"tag {text} not closed", part.begin)

    def _is_of_block(self, part: TemplatePart, opened: list[_Block]) -> bool:
        """Whether *part* is a branch or the end of the block around it; it is read then."""
        if not opened:
            return False
        block = opened[-1]
        name = block.part.name
        if part.name == f"end{name}":
            if name == "if":
                self._check_empty(part, block)
            opened.pop()
            if name not in ("comment", "block"):
                self.outline += f"{{% {part.name} %}}"
            return True
        if name in _IS_CONDITION and part.name in ("elsif", "else"):
            self._branch(part, block)
            return True
        return False

    def _branch(self, part: TemplatePart, block: _Block) -> None:
        is_if = block.part.name == "if"
        if part.name == "elsif":
            if block.has_else and is_if:
                raise Mistake("unexpected elsif after else", block.part.begin)
            number = self._add(self._reader(part).filtered(block.part.begin))
            self.outline += f"{{% elsif {CONDITION}{number} %}}"
            return
        if is_if:
            self._check_empty(part, block)
        if is_if and block.has_else:
            raise Mistake("duplicated else", block.part.begin)
        block.has_else = True
        self.outline += "{% else %}"

    def _check_empty(self, part: TemplatePart, block: _Block) -> None:
        if rest := self._reader(part).rest:
            raise Mistake(f"unexpected {shown(rest)}", block.part.begin)

    def _tag(self, part: TemplatePart, opened: list[_Block]) -> None:
        if part.name in DISABLED:
            raise Mistake(f'tag "{part.name}" is disabled', part.begin)
        if part.name in _IS_CONDITION:
            number = self._add(self._reader(part).filtered(part.begin))
            self.outline += f"{{% {part.name} {CONDITION}{number} %}}"
        elif part.name == "capture":
            self._capture(part)
        elif part.name in _SIMPLE:
            _SIMPLE[part.name](self, part)
        elif part.name not in _BLOCKS:
            raise Mistake(f'tag "{part.name}" not found', part.begin)
        if part.name in _BLOCKS:
            opened.append(_Block(part))

    def _capture(self, part: TemplatePart) -> None:
        reader = self._reader(part)
        name = reader.name() or reader.quoted()
        if not name:
            raise reader.mistake("invalid capture name")
        self.captured.append(name)
        self._assigned.add(name)
        self.outline += f"{{% capture {CAPTURED}{len(self.captured) - 1} %}}"

    def _assign(self, part: TemplatePart) -> None:
        reader = self._reader(part)
        name = reader.name()
        if not name:
            raise reader.mistake("expected variable name")
        if not reader.symbol("="):
            raise reader.mistake('expected "="')
        self._print(Assignment(name, reader.filtered(part.begin)))
        self._assigned.add(name)

    def _increment(self, part: TemplatePart) -> None:
        self._count(part, 1)

    def _decrement(self, part: TemplatePart) -> None:
        self._count(part, -1)

    def _count(self, part: TemplatePart, step: int) -> None:
        name = self._reader(part).name()
        self._print(Counter(name, step))
        self._assigned.add(name)

    def _cycle(self, part: TemplatePart) -> None:
        reader = self._reader(part)
        found = reader.cycle()
        if found is None:
            text = self.source[part.begin : part.end]
            raise reader.mistake(f'empty candidates: "{text}"')
        self._print(found)

    def _echo(self, part: TemplatePart) -> None:
        if self._reader(part).rest:
            self._print(self._reader(part).filtered(part.begin))

    def _stop(self, part: TemplatePart) -> None:
        self._print(Stop())

    def _nothing(self, part: TemplatePart) -> None:
        pass

    def _lines(self, part: TemplatePart) -> None:
        self._read(lines_of(self.source, *part.content))

    def _reader(self, part: TemplatePart) -> Reader:
        return Reader(self.source, *part.content)

    def _print(self, value: Value) -> None:
        self.outline += f"{{{{ {_TEXT}{self._add(value)} }}}}"

    def _add(self, value: Value) -> int:
        for each in value.key_paths():
            self.paths.setdefault(each.root, {})[str(each)] = None
            if each.root is None:
                self.reads_all = True
            elif each.root not in self._assigned:
                self.names.add(each.root)
        self.values.append(value)
        return len(self.values) - 1


_SIMPLE: dict[str, Callable[[Formulas, TemplatePart], None]] = {
    "assign": Formulas._assign,
    "increment": Formulas._increment,
    "decrement": Formulas._decrement,
    "cycle": Formulas._cycle,
    "echo": Formulas._echo,
    "break": Formulas._stop,
    "continue": Formulas._stop,
    "liquid": Formulas._lines,
    "raw": Formulas._nothing,
    "#": Formulas._nothing,
}
