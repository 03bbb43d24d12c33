"""An input for a field: of settings, or for a constant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from ...destination import InputField
from ...errors import UsageError
from . import markup, parts
from .choices import parsed


class Input:
    """An input with its label, and what the field's author says of it."""

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

    def close(self) -> None:
        """Take it off the page."""
        self.control.close()
        self.widget.close()


def label_of(field: InputField) -> str:
    """Return the label of *field*, with whether it must be filled."""
    return f"{field.label} ({'required' if field.required else 'optional'})"


class SecretInput(Input):
    """A box for a secret, which keeps nothing of it."""

    def __init__(self, field: InputField, changed: parts.Changed) -> None:
        control = parts.secret_text(label_of(field), changed, placeholder=field.placeholder or "")
        super().__init__(field, control, self._secret, field.description)

    def _secret(self) -> SecretStr | None:
        return self.control.secret  # type: ignore[no-any-return]  # ipywidgets has no types.


def value_input(field: InputField, changed: parts.Changed) -> Input:
    """Return an input for a setting, its default filled in."""
    control, read = _control(field, label_of(field), changed, value=field.default)
    return Input(field, control, read, field.description)


def constant_input(field: InputField, changed: parts.Changed) -> Input:
    """Return an input for a constant that fills *field*."""
    control, read = _control(field, f"Constant for {field.label}", changed)
    return Input(field, control, read)


def _control(
    field: InputField, label: str, changed: parts.Changed, value: Any = None
) -> tuple[parts.Widget, Callable[[], Any]]:
    options = _options(field)
    if options and not field.multiple:
        control = parts.dropdown(label, options, changed, value)
        return control, lambda: control.value
    is_json = field.multiple or field.type == "object"
    shown = "" if value is None else markup.as_json(value) if is_json else str(value)
    make = parts.long_text if is_json else parts.text
    control = make(label, changed, value=shown, placeholder=field.placeholder or _hint(field))
    return control, lambda: parsed(field, control.value) if control.value else None


def _options(field: InputField) -> list[tuple[str, Any]]:
    if field.choices:
        return [(str(each), each) for each in field.choices]
    return [("true", True), ("false", False)] if field.type == "boolean" else []


def _hint(field: InputField) -> str:
    if field.multiple:
        return '["a", "b"]'
    return '{"plan": "pro", "email": {"@path": "$.email"}}' if field.type == "object" else ""


def chosen(value: Any, field: InputField, what: str) -> Any:
    """Return *value*; raises UsageError if there is none yet."""
    if value in (None, "", ()):
        raise UsageError(f"{field.label}: {what}")
    return value
