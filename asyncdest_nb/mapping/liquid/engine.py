"""Templates, parsed by python-liquid, and rendered with the values of the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from io import StringIO
from string import ascii_letters
from typing import Any

from liquid import Environment, RenderContext
from liquid.exceptions import LiquidError

from ...errors import MappingError
from ..values import as_text, code_units
from . import array_filters, dates, number_filters, text_filters
from .expressions import Stopped
from .filters import DISABLED, FILTERS, OF_JSON, Filter
from .formulas import CAPTURED, CONDITION, Formulas
from .operators import Word, plain, truth
from .reader import Mistake
from .values import check_size, property_of, text_of

# Their import registers the filters.
_REGISTERED = (array_filters, dates, number_filters, text_filters)
_TOO_DEEP = "the template is nested too deeply"


class Template:
    """A compiled template.

    ``names`` are the keys of a row that it reads. ``paths`` are all paths that it reads, as they
    are written, those of one key one after the other. ``reads_all``: it may read any key.
    """

    def __init__(self, source: str) -> None:
        """Parse *source*; raises MappingError for what the original refuses."""
        self._source = source
        try:
            self._formulas = Formulas.of(source)
            self._parsed = _ENVIRONMENT.from_string(self._formulas.outline)
        except Mistake as error:
            raise MappingError(f"{error}{self._place(error.at)}") from None
        except LiquidError as error:
            raise MappingError(str(error.args[0])) from None
        except RecursionError:
            raise MappingError(_TOO_DEEP) from None
        self.names = frozenset(self._formulas.names)
        self.paths = [path for paths in self._formulas.paths.values() for path in paths]
        self.reads_all = self._formulas.reads_all

    def render(self, row: Any) -> str:
        """Return the text for *row*; raises MappingError for what the original refuses."""
        buffer = StringIO()
        context = _Context(self._parsed, globals=_Row(row))
        context.formulas = self._formulas
        try:
            self._parsed.render_with_context(context, buffer)
        except Stopped:
            pass
        except Mistake as error:
            raise MappingError(f"{error}{self._place(error.at)}") from None
        except OverflowError:  # A range of more items than Python can count.
            raise MappingError("memory alloc limit exceeded") from None
        except RecursionError:
            raise MappingError(_TOO_DEEP) from None
        return buffer.getvalue()

    def _place(self, index: int) -> str:
        """Return where *index* is, as messages end: ``, line:1, col:1``."""
        before = self._source[:index]
        line, column = before.count("\n") + 1, len(code_units(before.rpartition("\n")[2])) + 1
        # A mistake may be found one character behind the end.
        return f", line:{line}, col:{column + max(0, index - len(self._source))}"


class _Row(Mapping[str, Any]):
    """A row of any type as the library wants it: a mapping."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getitem__(self, name: str) -> Any:
        return property_of(self.row, name)

    def __iter__(self) -> Any:
        return iter(self.row if isinstance(self.row, dict) else ())

    def __len__(self) -> int:
        return len(self.row) if isinstance(self.row, dict) else 0

    def __bool__(self) -> bool:
        return True  # For a false one the library takes a mapping of its own.


class _Context(RenderContext):
    """Finds values as in the original, and counts what filters make."""

    __slots__ = ("formulas", "used")

    formulas: Formulas

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used = 0

    def get(self, path: list[Any], **_: Any) -> Any:
        """Return the value of a formula, which the outline names: a text, or whether it is true."""
        name = str(path[0])
        number = int(name.lstrip(ascii_letters))
        value = self.formulas.values[number].evaluate(self)
        return truth(value) if name.startswith(CONDITION) else self._printed(plain(value))

    def assign(self, key: str, val: Any) -> None:
        """Set a variable that the outline has captured."""
        self.set(self.formulas.captured[int(key.removeprefix(CAPTURED))], val)

    def set(self, name: str, value: Any) -> None:
        """Set a variable."""
        super().assign(name, value)

    def value_at(self, path: Sequence[Any]) -> Any:
        """Return the value at *path*, UNDEFINED if there is none."""
        first, *rest = path
        name = as_text(first)
        for scope in (self.locals, self.counters):
            if name in scope:
                value: Any = scope[name]
                break
        else:
            value = self.globals[name]
        return reduce(property_of, rest, value)

    def count(self, name: str, step: int) -> int:
        """Return a counter and add 1 to it, or return it after 1 is subtracted."""
        value: Any = self.counters.get(name, self.globals[name])
        before = value if type(value) in (int, float) else 0
        self.counters[name] = before + step
        return before if step > 0 else before + step

    def use(self, size: int) -> None:
        """Count *size* more characters or items; raises MappingError above the limit."""
        self.used += size
        check_size(self.used)

    def filtered(self, name: str, begin: int, value: Any, arguments: Sequence[Any]) -> Any:
        """Return what the filter *name* makes; one that nobody knows changes nothing."""
        try:
            return self._filtered(name, value, [plain(each) for each in arguments])
        except MappingError as error:
            raise Mistake(str(error), begin) from None

    def _filtered(self, name: str, value: Any, arguments: Sequence[Any]) -> Any:
        if name in DISABLED:
            raise MappingError(f'filter "{name}" is disabled')
        # JSON of a word is that of an object without keys.
        given = {} if isinstance(value, Word) and name in OF_JSON else plain(value)
        self.use(_size(given) + sum(map(_size, arguments)))
        change: Filter = FILTERS.get(name, _unchanged)
        made = change(given, *arguments)
        self.use(_size(made))
        return made

    def _printed(self, value: Any) -> str:
        self.use(_size(value))
        return text_of(value)


def _unchanged(value: Any, *rest: Any) -> Any:
    return value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | range) else 0


class _Environment(Environment):
    suppress_blank_control_flow_blocks = False


_ENVIRONMENT = _Environment()
