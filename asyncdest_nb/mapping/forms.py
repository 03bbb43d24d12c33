"""The arguments of each directive, for a form in which somebody fills them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ArgumentKind = Literal["value", "object", "values", "text", "choice", "flag"]


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a directive: a value or an object that is mapped itself, or a plain value.

    ``values`` are several that are mapped. ``default`` is that of a flag.
    """

    name: str
    label: str
    kind: ArgumentKind = "value"
    required: bool = True
    choices: tuple[str, ...] = ()
    default: bool = False


@dataclass(frozen=True, slots=True)
class DirectiveForm:
    """What a directive does, in words, and its arguments.

    ``shape``: whether they are an object by name, a list, or a single one alone.
    """

    title: str
    arguments: Sequence[Argument]
    shape: Literal["object", "list", "alone"] = "object"

    def argument_of(self, values: Mapping[str, Any]) -> Any:
        """Return the argument of the directive with the *values* that are given, by name."""
        if self.shape == "alone":
            return values[self.arguments[0].name]
        if self.shape == "object":
            return dict(values)
        return [values[each.name] for each in self.arguments if each.name in values]


def _value(name: str, label: str, *, required: bool = True) -> Argument:
    return Argument(name, label, required=required)


def _text(name: str, label: str, *, required: bool = True) -> Argument:
    return Argument(name, label, "text", required)


def _choice(name: str, label: str, *choices: str) -> Argument:
    return Argument(name, label, "choice", choices=choices)


def _flag(name: str, label: str, *, default: bool = False) -> Argument:
    return Argument(name, label, "flag", required=False, default=default)


FORMS: Mapping[str, DirectiveForm] = {
    "@if": DirectiveForm(
        "one value or another",
        (
            _value("exists", "if this is there", required=False),
            _value("blank", "or if this is not blank", required=False),
            _value("then", "then", required=False),
            _value("else", "else", required=False),
        ),
    ),
    "@case": DirectiveForm(
        "in small or in capital letters",
        (_choice("operator", "letters", "lower", "upper"), _value("value", "text")),
    ),
    "@replace": DirectiveForm(
        "with a part replaced",
        (
            _value("value", "text"),
            _text("pattern", "what is replaced"),
            _text("replacement", "by what", required=False),
            _text("pattern2", "what else is replaced", required=False),
            _text("replacement2", "by what, then", required=False),
            _flag("ignorecase", "small and capital letters are the same"),
            _flag("global", "everywhere", default=True),
        ),
    ),
    "@json": DirectiveForm(
        "to JSON or from it",
        (_choice("mode", "direction", "encode", "decode"), _value("value", "value")),
    ),
    "@path": DirectiveForm("the value at a path", (_text("path", "path, as $.a.b"),), "alone"),
    "@arrayPath": DirectiveForm(
        "a list, and what each item becomes",
        (
            _value("source", "list"),
            Argument("shape", "what an item becomes", "object", required=False),
        ),
        "list",
    ),
    "@flatten": DirectiveForm(
        "an object without objects in it",
        (
            _value("value", "object"),
            _text("separator", "between the keys"),
            _flag("omitArrays", "lists stay whole"),
        ),
    ),
    "@merge": DirectiveForm(
        "several objects as one",
        (
            _choice("direction", "the last wins (right), or the first (left)", "right", "left"),
            Argument("objects", "objects", "values"),
        ),
    ),
    "@transform": DirectiveForm(
        "a mapping of what another one made",
        (
            Argument("apply", "what is made first", "object"),
            Argument("mapping", "what is made of it", "object"),
        ),
    ),
    "@excludeWhenNull": DirectiveForm(
        "nothing if it is null", (_value("value", "value"),), "alone"
    ),
    "@liquid": DirectiveForm("a Liquid template", (_text("template", "template"),), "alone"),
    "@literal": DirectiveForm("as it is written", (_value("value", "value"),), "alone"),
}
# A template is an input of its own there.
WITHOUT_FORM = frozenset({"@template"})
