"""What fills a value of a mapping: a column, a constant, a template, an object, or a directive.

A value may have values inside it, which are filled in the same way, below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import UsageError
from ...mapping import FORMS, Argument
from . import parts
from .choices import in_reach
from .value_controls import Control, Entered, Filled, ValueList, constant


class ValueTree:
    """A choice of how a value is filled, and the inputs for it below.

    *label* names it on the page and in messages. Unless it is *required*, nothing may fill it.
    """

    def __init__(
        self,
        label: str,
        columns: Sequence[str],
        changed: parts.Changed,
        *,
        required: bool = True,
        begins: str | None = None,
    ) -> None:
        self._label, self._columns, self._changed = label, columns, changed
        self._inner: Filled | None = None
        kinds = _kinds(columns, required=required)
        first = begins or (None if required else "nothing")
        self._how = parts.dropdown(label, kinds, self._switched, first)
        self._box = parts.column(name="ade-nested")
        self.widget = parts.column(self._how, self._box)
        self._show(first)

    def _switched(self) -> None:
        self._show(self._how.value)
        self._changed()

    def _show(self, kind: str | None) -> None:
        if self._inner is not None:
            self._inner.close()
        self._inner = None if kind in (None, "nothing") else self._inputs(str(kind))
        self._box.children = [] if self._inner is None else [self._inner.widget]

    def _inputs(self, kind: str) -> Filled:
        label, columns, changed = self._label, self._columns, self._changed
        match kind:
            case "column":
                options = [(name, name) for name in in_reach(columns)]
                control = parts.dropdown(f"Column for {label}", options, changed)
                return Control(label, control, lambda name: {"@path": f"$.{name}"})
            case "constant":
                return Control(label, parts.text(f"Constant for {label}", changed), constant)
            case "template":
                control = parts.text(f"Template for {label}", changed)
                return Control(label, control, lambda text: {"@template": text})
            case "object":
                return ObjectTree(label, columns, changed)
        return DirectiveTree(label, kind, columns, changed)

    @property
    def is_filled(self) -> bool:
        """Whether anything fills it."""
        return self._inner is not None

    def read(self) -> Any:
        """Return it as a mapping; raises UsageError with what is missing."""
        if self._inner is None:
            raise UsageError(f"{self._label}: choose what fills it")
        return self._inner.read()

    @property
    def entered(self) -> Entered:
        """How it is filled, and what is entered for that."""
        return self._how.value, None if self._inner is None else self._inner.entered

    def enter(self, entered: Entered) -> None:
        """Enter what was *entered* before, as far as it can still be chosen."""
        kind, inner = entered
        if kind not in [value for _, value in self._how.options]:
            return
        parts.choose(self._how, kind)
        self._show(kind)
        if self._inner is not None:
            self._inner.enter(inner)

    def close(self) -> None:
        """Remove it from the page."""
        if self._inner is not None:
            self._inner.close()
        for each in (self._how, self._box, self.widget):
            each.close()


def _kinds(columns: Sequence[str], *, required: bool) -> list[tuple[str, str]]:
    kinds = [] if required else [("nothing", "nothing")]
    if in_reach(columns):
        kinds.append(("a column", "column"))
    kinds += [("a constant", "constant"), ("a template", "template"), ("an object", "object")]
    return kinds + [(f"{form.title} ({name})", name) for name, form in FORMS.items()]


class Entry:
    """A key of an object, and its value; an empty key is no entry."""

    def __init__(
        self, number: int, label: str, columns: Sequence[str], changed: parts.Changed
    ) -> None:
        name = f"{label}, entry {number}"
        self._key = parts.text(f"Key of {name}", changed)
        self._value = ValueTree(name, columns, changed)
        self.widget = parts.column(self._key, self._value.widget)

    def read(self) -> Any:
        """Return its key and its value, None = it has no key; raises UsageError."""
        key = self._key.value.strip()
        if key.startswith("@"):
            raise UsageError(f"{key!r} would be read as a directive: write another key")
        return (key, self._value.read()) if key else None

    @property
    def entered(self) -> Entered:
        """Its key, and what is entered for its value."""
        return self._key.value, self._value.entered

    def enter(self, entered: Entered) -> None:
        """Enter a key, and a value."""
        parts.enter(self._key, entered[0])
        self._value.enter(entered[1])

    def close(self) -> None:
        """Remove it from the page."""
        self._value.close()
        for widget in (self._key, self.widget):
            widget.close()


class ObjectTree(ValueList):
    """The entries of an object."""

    def __init__(self, label: str, columns: Sequence[str], changed: parts.Changed) -> None:
        super().__init__(
            f"Add a key to {label}", changed, lambda at: Entry(at, label, columns, changed)
        )
        self._label = label
        self.grow(1)

    def read(self) -> Any:
        """Return the object; raises UsageError if it has no entry, or a key twice."""
        found = [each for each in super().read() if each is not None]
        keys = [key for key, _ in found]
        if not found:
            raise UsageError(f"{self._label}: write a key")
        if len(set(keys)) < len(keys):
            raise UsageError(f"{self._label}: a key is there twice")
        return dict(found)


class DirectiveTree:
    """The arguments of a directive."""

    def __init__(
        self, label: str, name: str, columns: Sequence[str], changed: parts.Changed
    ) -> None:
        self._label, self._name, self._form = label, name, FORMS[name]
        self._inputs = {
            each.name: _argument(each, f"{label}, {each.label}", columns, changed)
            for each in self._form.arguments
        }
        self.widget = parts.column(*(each.widget for each in self._inputs.values()))

    def read(self) -> Any:
        """Return the directive; raises UsageError with what is missing."""
        given = {
            each.name: self._inputs[each.name].read()
            for each in self._form.arguments
            if each.required or self._is_given(each)
        }
        if not given:
            raise UsageError(f"{self._label}: fill in one of the values")
        return {self._name: self._form.argument_of(given)}

    def _is_given(self, argument: Argument) -> bool:
        found = self._inputs[argument.name]
        if isinstance(found, ValueTree):
            return found.is_filled
        if argument.kind == "flag":
            return bool(found.entered) != argument.default
        return bool(found.entered)

    @property
    def entered(self) -> Entered:
        """What is entered for each argument."""
        return {name: each.entered for name, each in self._inputs.items()}

    def enter(self, entered: Entered) -> None:
        """Enter what was entered for each argument."""
        for name, each in entered.items():
            self._inputs[name].enter(each)

    def close(self) -> None:
        """Remove it from the page."""
        for each in self._inputs.values():
            each.close()
        self.widget.close()


def _argument(
    argument: Argument, label: str, columns: Sequence[str], changed: parts.Changed
) -> Filled:
    """Return the inputs for an argument of a directive."""
    match argument.kind:
        case "text":
            return Control(label, parts.text(label, changed), str)
        case "choice":
            options = [(each, each) for each in argument.choices]
            return Control(label, parts.dropdown(label, options, changed), str)
        case "flag":
            box = parts.checkbox(label, changed)
            parts.choose(box, argument.default)
            return Control(label, box, bool)
        case "values":
            found = ValueList(
                f"Add one to {label}",
                changed,
                lambda at: ValueTree(f"{label} {at}", columns, changed),
            )
            found.grow(2)
            return found
    begins = "object" if argument.kind == "object" and argument.required else None
    return ValueTree(label, columns, changed, required=argument.required, begins=begins)
