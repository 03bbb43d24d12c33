"""Templates, parsed by python-liquid, and rendered with the values of the original."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import StringIO
from typing import Any, TextIO

from liquid import Environment, RenderContext
from liquid.builtin.expressions import primitive
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags import cycle_tag, echo_tag
from liquid.exceptions import LiquidError
from liquid.token import Token

from ...errors import MappingError
from . import array_filters, dates, number_filters, outline, text_filters
from .conditions import IfTag, UnlessTag
from .filters import DISABLED, FILTERS, Filter
from .values import check_size, property_of, text_of

# Their import registers the filters.
_REGISTERED = (array_filters, dates, number_filters, text_filters)


class Template:
    """A compiled template.

    ``names`` are the keys of a row that it reads, ``paths`` all that it reads, as it is written.
    """

    def __init__(self, source: str) -> None:
        """Parse *source*; raises MappingError for what the original refuses."""
        text, places = outline.checked(source)
        self._source, self._places = source, places
        try:
            self._parsed = _ENVIRONMENT.from_string(text)
            self.names = frozenset(self._parsed.global_variables(include_partials=False))
            self.paths = self._paths()
        except LiquidError as error:
            raise MappingError(self._in_words(error)) from None

    def render(self, row: Any) -> str:
        """Return the text for *row*; raises MappingError for what the original refuses."""
        buffer = StringIO()
        context = _Context(self._parsed, globals=_Row(row))
        try:
            self._parsed.render_with_context(context, buffer)
        except _FilterFailed as error:
            raise MappingError(f"{error}{self._place(error.token)}") from None
        except LiquidError as error:
            raise MappingError(self._in_words(error)) from None
        except OverflowError:  # A range of more items than Python can count.
            raise MappingError("memory alloc limit exceeded") from None
        return buffer.getvalue()

    def _paths(self) -> list[str]:
        """Return what the template reads, in the order in which it is written."""
        found = self._parsed.analyze(include_partials=False).variables.values()
        each = sorted((use.span.index, str(use)) for uses in found for use in uses)
        return list(dict.fromkeys(path for _, path in each))

    def _in_words(self, error: LiquidError) -> str:
        return f"{error.args[0]}{self._place(error.token) if error.token else ''}"

    def _place(self, token: Token) -> str:
        """Return where the output or tag begins that has *token* in it."""
        begins = [at for at in self._places if at <= token.start_index]
        return outline.place(self._source, self._places[max(begins)] if begins else 0)


class _FilterFailed(MappingError):
    def __init__(self, reason: str, token: Token) -> None:
        super().__init__(reason)
        self.token = token


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

    __slots__ = ("used",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.used = 0

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        """Return the value at *path*, UNDEFINED if there is none."""
        name, *rest = path
        for scope in (self.locals, self.counters):
            if name in scope:
                value: Any = scope[name]  # type: ignore[index]
                break
        else:
            value = self.globals[name]  # type: ignore[index]
        for each in rest:
            value = property_of(value, each)
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """Return the filter *name*; one that nobody knows changes nothing."""
        return partial(self._filtered, name, token)

    def increment(self, name: str) -> int:
        """Return a counter, and add one to it."""
        value = self._count(name)
        self.counters[name] = value + 1
        return value

    def decrement(self, name: str) -> int:
        """Return a counter after one is subtracted from it."""
        self.counters[name] = self._count(name) - 1
        return self.counters[name]

    def use(self, size: int) -> None:
        """Count *size* more characters or items; raises MappingError above the limit."""
        self.used += size
        check_size(self.used)

    def _count(self, name: str) -> int:
        value: Any = self.counters.get(name, self.globals[name])
        return value if type(value) in (int, float) else 0

    def _filtered(self, name: str, token: Any, value: Any, *rest: Any, **options: Any) -> Any:
        try:
            if name in DISABLED:
                raise MappingError(f'filter "{name}" is disabled')
            self.use(_size(value) + sum(map(_size, rest)))
            change: Filter = FILTERS.get(name, _unchanged)
            made = change(_plain(value), *map(_plain, rest), **options)
        except MappingError as error:
            raise _FilterFailed(str(error), token) from None
        self.use(_size(made))
        return made


def _unchanged(value: Any, *rest: Any, **options: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    return "" if isinstance(value, primitive.Empty | primitive.Blank) else value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | range) else 0


def _printed(context: RenderContext, value: Any, buffer: TextIO) -> int:
    if isinstance(context, _Context):
        context.use(_size(value))
    return buffer.write(text_of(_plain(value)))


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _printed(context, self.expression.evaluate(context), buffer)


class _EchoNode(echo_tag.EchoNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _printed(context, self.expression.evaluate(context), buffer)


class _CycleNode(cycle_tag.CycleNode):
    group_by_args = True

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        group = text_of(self.group.evaluate(context)) if self.group else ""
        key = (group, *map(str, self.args))
        return _printed(
            context, self.args[context.cycle(key, len(self.args))].evaluate(context), buffer
        )


class _Output(Output):
    node_class = _OutputNode


class _EchoTag(echo_tag.EchoTag):
    node_class = _EchoNode


class _CycleTag(cycle_tag.CycleTag):
    node_class = _CycleNode


class _Environment(Environment):
    suppress_blank_control_flow_blocks = False

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in (IfTag, UnlessTag, _Output, _EchoTag, _CycleTag):
            self.add_tag(tag)
        self.filters.clear()


_ENVIRONMENT = _Environment(strict_filters=False)
