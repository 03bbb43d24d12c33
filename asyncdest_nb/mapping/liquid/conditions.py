"""The conditions of ``if``, ``elsif`` and ``unless``, compared as in the original."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from liquid import RenderContext
from liquid.ast import BlockNode, ConditionalBlockNode
from liquid.builtin.expressions import logical, primitive
from liquid.builtin.tags import if_tag, unless_tag
from liquid.expression import Expression
from liquid.token import Token

from ..values import trimmed
from .values import are_equal, compare, contains, is_nil, is_true

_COMPARED: dict[type[Expression], Callable[[Any, Any], bool]] = {
    logical.LtExpression: lambda left, right: _ordered("<", left, right),
    logical.GtExpression: lambda left, right: _ordered(">", left, right),
    logical.LeExpression: lambda left, right: _ordered("<=", left, right),
    logical.GeExpression: lambda left, right: _ordered(">=", left, right),
    logical.EqExpression: lambda left, right: _equal(left, right),
    logical.NeExpression: lambda left, right: not _equal(left, right),
    logical.ContainsExpression: lambda left, right: contains(_plain(left), _plain(right)),
    logical.LogicalAndExpression: lambda left, right: _is_true(left) and _is_true(right),
    logical.LogicalOrExpression: lambda left, right: _is_true(left) or _is_true(right),
}


_LITERALS = (primitive.Nil, primitive.Empty, primitive.Blank)


class Condition(Expression):
    """A condition as the library parsed it, and its value as in the original."""

    __slots__ = ("parsed",)

    def __init__(self, parsed: Expression) -> None:
        super().__init__(parsed.token)
        self.parsed = parsed

    def evaluate(self, context: RenderContext) -> bool:
        """Return whether the condition is true."""
        return _is_true(_value(self.parsed, context))

    def children(self) -> list[Expression]:
        """Return the parts, for the analysis of the variables."""
        return [self.parsed]


def _value(parsed: Any, context: RenderContext) -> Any:
    if isinstance(parsed, logical.BooleanExpression):
        return _value(parsed.expression, context)
    if isinstance(parsed, logical.LogicalNotExpression):
        return not _is_true(_value(parsed.right, context))
    if type(parsed) not in _COMPARED:
        return parsed.evaluate(context)
    left, right = (
        each if isinstance(each, primitive.Nil) else _value(each, context)
        for each in (parsed.left, parsed.right)
    )
    return _COMPARED[type(parsed)](left, right)


def _plain(value: Any) -> Any:
    if isinstance(value, primitive.Nil):
        return None
    return "" if isinstance(value, _LITERALS) else value


def _is_true(value: Any) -> bool:
    return is_true(_plain(value))


def _equal(left: Any, right: Any) -> bool:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, primitive.Nil):
            return is_nil(other) or isinstance(other, primitive.Nil)
        if isinstance(one, primitive.Blank):
            return not is_true(other) or (
                not trimmed(other) if isinstance(other, str) else _is_empty(other)
            )
        if isinstance(one, primitive.Empty):
            return _is_empty(other)
    return are_equal(left, right)


def _is_empty(value: Any) -> bool:
    return isinstance(value, str | list | tuple | dict) and not value


def _ordered(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, _LITERALS) or isinstance(right, _LITERALS):
        return False
    return compare(operator, left, right)


class _If(if_tag.IfNode):
    def __init__(
        self,
        token: Token,
        condition: Expression,
        consequence: BlockNode,
        alternatives: list[ConditionalBlockNode],
        default: BlockNode | None,
    ) -> None:
        _compare_as_ours(alternatives)
        super().__init__(token, Condition(condition), consequence, alternatives, default)


class _Unless(unless_tag.UnlessNode):
    def __init__(
        self,
        token: Token,
        condition: Expression,
        consequence: BlockNode,
        alternatives: list[ConditionalBlockNode],
        default: BlockNode | None,
    ) -> None:
        _compare_as_ours(alternatives)
        super().__init__(token, Condition(condition), consequence, alternatives, default)


def _compare_as_ours(alternatives: Iterable[ConditionalBlockNode]) -> None:
    for each in alternatives:
        each.expression = Condition(each.expression)


class IfTag(if_tag.IfTag):
    """``if``, with our conditions."""

    node_class = _If


class UnlessTag(unless_tag.UnlessTag):
    """``unless``, with our conditions."""

    node_class = _Unless  # type: ignore[assignment]  # Declared as this one class.
