"""What fills each field of an action."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from ...destination import InputField
from ...errors import UsageError
from ..run_view import cut
from . import markup, parts
from .choices import FieldSource, Kind, default_source, in_reach
from .column_inputs import ColumnsInput, column_input
from .inputs import Input, constant_input, label_of
from .mapping_input import MappingInput

WORDS = 60  # Characters of what fills a field by default.


Entered: TypeAlias = tuple[Kind, Any]  # How a field is filled, and what its input holds.


_TO_DO: dict[Kind, str] = {
    "column": "choose the column that fills it",
    "columns": "choose the columns that fill it",
    "constant": "write its value, or choose one",
    "template": "write a template",
    "mapping": "choose how it is made",
}


class FieldRow:
    """A field: how it is filled, and by what.

    It begins with what was *entered* for it before, as far as that can still be chosen.
    """

    def __init__(
        self,
        field: InputField,
        columns: Sequence[str],
        changed: parts.Changed,
        entered: Entered = ("default", None),
        *,
        takes_text: bool = False,
    ) -> None:
        self._field = field
        self._columns = columns
        self._takes_text = takes_text
        self._default = default_source(field, columns)
        self._changed: parts.Changed = lambda: None  # Restoring what was entered is no change.
        self._inputs: dict[Kind, Input] = {}
        self._how = parts.dropdown(label_of(field), self._kinds(), self._switched, "default")
        self._about = parts.html(markup.note(field.description), name="ade-about")
        self.widget = parts.line(self._how, self._about, name="ade-field")
        self._enter(*entered)
        self._changed = changed

    def _enter(self, kind: Kind, value: Any) -> None:
        parts.enter(self._how, kind)
        if self._how.value == kind and kind in self._inputs:
            self._inputs[kind].enter(value)

    @property
    def entered(self) -> Entered:
        """What is entered, to begin with next time."""
        kind: Kind = self._how.value
        return kind, self._inputs[kind].entered if kind in self._inputs else None

    def _kinds(self) -> list[tuple[str, Kind]]:
        field, words = self._field, self._default
        default = cut(words.removeprefix("default "), WORDS) or "nothing"
        kinds: list[tuple[str, Kind]] = [(f"default: {default}", "default")]
        if self._columns:
            kinds.append(("a column", "column"))
        if field.type == "object" and not field.multiple and in_reach(self._columns):
            kinds.append(("an object of columns", "columns"))
        kinds.append(("a constant", "constant"))
        if self._columns:
            kinds.append(("a template", "template"))
        kinds.append(("a mapping: objects and directives", "mapping"))
        if words and not field.required:
            kinds.append(("nothing", "empty"))
        return kinds

    def _switched(self) -> None:
        kind: Kind = self._how.value
        if kind not in ("default", "empty") and kind not in self._inputs:
            self._inputs[kind] = self._input(kind)
        inputs = [self._inputs[kind].widget] if kind in self._inputs else []
        self.widget.children = [self._how, *inputs, self._about]
        self._edited()

    def _input(self, kind: Kind) -> Input:
        field, changed = self._field, self._edited
        if kind == "constant":
            return constant_input(field, changed, takes_text=self._takes_text)
        if kind == "column":
            return column_input(field, self._columns, changed)
        if kind == "columns":
            return ColumnsInput(field, self._columns, changed)
        if kind == "mapping":
            return MappingInput(field, self._columns, changed)
        hint = f"{_example(self._columns)}any text around it"
        control = parts.text(f"Template for {field.label}", changed, placeholder=hint)
        return Input(field, control, lambda: control.value)

    def _edited(self) -> None:
        self._changed()

    def source(self) -> FieldSource:
        """Return what is chosen; raises UsageError where something is missing."""
        if self.to_do:
            raise UsageError(self.to_do)
        kind: Kind = self._how.value
        if kind not in self._inputs:
            return FieldSource(kind)
        return FieldSource(kind, self._inputs[kind].read())

    @property
    def to_do(self) -> str:
        """What is still to be chosen or written; empty = nothing."""
        missing = self._missing()
        return f"{self._field.label}: {missing}" if missing else ""

    def _missing(self) -> str:
        kind: Kind = self._how.value
        if kind == "default" and self._field.required and not self._default:
            return "nothing fills it by default; choose a column, a constant or a template"
        return _TO_DO[kind] if kind in self._inputs and self._inputs[kind].is_blank else ""

    def close(self) -> None:
        """Remove it from the page."""
        for each in self._inputs.values():
            each.close()
        for widget in (self._how, self._about, self.widget):
            widget.close()


def _example(columns: Sequence[str]) -> str:
    """Return the beginning of a template: a placeholder for the first column that has one."""
    names = [name for name in in_reach(columns) if "}" not in name and name == name.strip()]
    return "".join(f"{{{{{name}}}}}, and " for name in names[:1])


class FieldsPanel:
    """The fields of an action, and how each is filled; what was entered before is kept."""

    def __init__(self, changed: parts.Changed) -> None:
        self._changed = changed
        self._rows: dict[str, FieldRow] = {}
        self._place: Sequence[str] = ()
        self._entered: dict[Sequence[str], Entered] = {}  # By place and key.
        self._box = parts.column()
        self.widget = parts.section("Fields", self._box)

    def set(
        self,
        fields: Mapping[str, InputField],
        columns: Sequence[str],
        *,
        place: Sequence[str] = (),
        texts: Collection[str] = (),
    ) -> None:
        """Replace *fields* and *columns*, and restore what was entered in *place* before.

        *place* are the destination and the action; *texts* as of ``texts_of``.
        """
        for key, row in self._rows.items():
            self._entered[*self._place, key] = row.entered
            row.close()
        self._place = place
        self._rows = {
            key: FieldRow(
                field,
                columns,
                self._changed,
                self._entered.get((*place, key), ("default", None)),
                takes_text=key in texts,
            )
            for key, field in fields.items()
        }
        self._box.children = [row.widget for row in self._rows.values()]
        parts.show(self.widget, bool(fields))

    @property
    def is_there(self) -> bool:
        """Whether there are any fields."""
        return bool(self._rows)

    @property
    def to_do(self) -> str:
        """What is still to be chosen or written, a line for each field; empty = nothing."""
        return "\n".join(row.to_do for row in self._rows.values() if row.to_do)

    def sources(self) -> dict[str, FieldSource]:
        """Return what fills each field; raises UsageError with all that is missing."""
        found, missing = {}, []
        for key, row in self._rows.items():
            try:
                found[key] = row.source()
            except UsageError as error:
                missing.append(str(error))
        if missing:
            raise UsageError("\n".join(missing))
        return found
