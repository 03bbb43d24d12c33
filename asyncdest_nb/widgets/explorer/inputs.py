"""Inputs: for a setting, or for a constant that fills a field."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from pydantic import SecretStr

from ...destination import InputField
from ...errors import UsageError
from . import markup, parts
from .choices import MAPPED, parsed

Read: TypeAlias = Callable[[str], Any]

_SETTING = '{"key": "value"}'


class Input:
    """An input with its label, and the field's description."""

    def __init__(
        self, field: InputField, control: parts.Widget, read: Callable[[], Any], about: str = ""
    ) -> None:
        self.field = field
        self.control = control
        self.widget = parts.column(control, parts.html(markup.note(about))) if about else control
        self._read = read

    def read(self) -> Any:
        """Return the value that is entered, None or empty = nothing; raises UsageError."""
        return self._read()

    @property
    def entered(self) -> Any:
        """What is entered, for ``enter``."""
        return self.control.value

    def enter(self, entered: Any) -> None:
        """Enter what was entered before, if it can be chosen still."""
        parts.enter(self.control, entered)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is entered or chosen."""
        return parts.is_blank(self.control)

    def close(self) -> None:
        """Remove it from the page."""
        self.control.close()
        self.widget.close()


def label_of(field: InputField) -> str:
    """Return the label of *field*, and whether it is required."""
    return f"{field.label} ({'required' if field.required else 'optional'})"


class SecretInput(Input):
    """A box for a secret, or for JSON with secrets in it, that is emptied when it was read."""

    def __init__(self, field: InputField, changed: parts.Changed, read: Read, hint: str) -> None:
        self._changed, self._parsed = changed, read
        control = parts.secret_text(label_of(field), self._entered, placeholder=hint)
        super().__init__(field, control, self._secret, field.description)
        self._remove = parts.button(f"Remove {field.label}", self._removed)
        self.widget = parts.column(self.widget, self._remove)
        parts.show(self._remove, False)

    def _secret(self) -> Any:
        secret: SecretStr | None = self.control.secret
        value = None if secret is None else self._parsed(secret.get_secret_value())
        return SecretStr(value) if isinstance(value, str) else value

    def _entered(self) -> None:
        parts.show(self._remove, not self.field.required)
        self._changed()

    def _removed(self) -> None:
        self.control.forget()
        parts.show(self._remove, False)
        self._changed()


def value_input(field: InputField, changed: parts.Changed, *, takes_text: bool = False) -> Input:
    """Return an input for a setting, filled with its default; *takes_text* as in ``parsed``."""
    read = partial(parsed, field, takes_text=takes_text, example=_SETTING)
    hint = _hint(field, "" if takes_text else _SETTING)
    if field.holds_secret:
        return SecretInput(field, changed, read, hint)
    control, value = _control(field, label_of(field), changed, read, hint=hint)
    return Input(field, control, value, field.description)


def constant_input(field: InputField, changed: parts.Changed, *, takes_text: bool = False) -> Input:
    """Return an input for a constant that fills *field*; *takes_text* as in ``parsed``."""
    read = partial(parsed, field, takes_text=takes_text)
    hint = _hint(field, "" if takes_text else MAPPED)
    control, value = _control(
        replace(field, default=None), f"Constant for {field.label}", changed, read, hint=hint
    )
    return Input(field, control, value)


def _control(
    field: InputField, label: str, changed: parts.Changed, read: Read, *, hint: str
) -> tuple[parts.Widget, Callable[[], Any]]:
    """Return a widget filled with the default, and a function that reads it."""
    options = _options(field)
    if options and not field.multiple:
        known = field.default in [value for _, value in options]
        control = parts.dropdown(label, options, changed, field.default if known else None)
        return control, lambda: control.value
    make = parts.long_text if _is_json(field) else parts.text
    control = make(label, changed, value=_typed(field, read), placeholder=hint)
    return control, lambda: read(control.value) if control.value else None


def _is_json(field: InputField) -> bool:
    return field.multiple or field.type == "object"


def _typed(field: InputField, read: Read) -> str:
    """Return the default as one would type it; empty = there is none, or it cannot be typed."""
    if field.default is None:
        return ""
    if not _is_json(field):
        return str(field.default)
    for text in (str(field.default), markup.as_json(field.default)):
        with suppress(UsageError):
            if read(text) == field.default:
                return text
    return ""


def _options(field: InputField) -> list[tuple[str, Any]]:
    if field.choices:
        return [(str(each), each) for each in field.choices]
    return [("true", True), ("false", False)] if field.type == "boolean" else []


def _hint(field: InputField, example: str) -> str:
    if field.placeholder or not _is_json(field):
        return field.placeholder or ""
    return '["a", "b"]' if field.multiple else example
