"""Inputs that choose columns of the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ...destination import InputField
from ..run_view import cut
from . import parts
from .choices import in_reach, keyed
from .column_list import ColumnList
from .inputs import Input

FEW = 12  # Columns that fit in a dropdown.

Chosen: TypeAlias = tuple[Sequence[str], Mapping[str, str]]  # Columns, and keys by column.


def column_input(field: InputField, columns: Sequence[str], changed: parts.Changed) -> Input:
    """Return a choice of one column: a dropdown, or of many columns a list with a filter."""
    label = f"Column for {field.label}"
    if len(columns) <= FEW:
        control = parts.dropdown(label, [(name, name) for name in columns], changed)
        return Input(field, control, lambda: control.value)
    return ColumnInput(field, ColumnList(label, columns, changed))


class ColumnInput(Input):
    """A choice of one column of many."""

    def __init__(self, field: InputField, control: ColumnList) -> None:
        super().__init__(field, control, lambda: control.value[0])

    @property
    def entered(self) -> str | None:
        """The column that is chosen, None = none is."""
        return next(iter(self.control.value), None)

    def enter(self, entered: Any) -> None:
        """Choose the column that was *entered*, if there is one of this name."""
        self.control.value = [] if entered is None else [entered]


class ColumnsInput(Input):
    """A choice of some columns, which become the keys of an object, by names of their own."""

    def __init__(self, field: InputField, columns: Sequence[str], changed: parts.Changed) -> None:
        usable = in_reach(columns)
        label = f"Columns for {field.label}"
        control = ColumnList(label, usable, changed, is_several=True)
        about = _left_out([each for each in columns if each not in usable])
        super().__init__(field, control, self._keyed, about)

    @property
    def entered(self) -> Chosen:
        """The columns that are chosen, and the keys that were renamed."""
        return self.control.value, self.control.renamed

    def enter(self, entered: Any) -> None:
        """Choose those of the columns *entered* that there are still."""
        self.control.value, self.control.renamed = entered

    def _keyed(self) -> dict[str, str]:
        return keyed(self.field.label, self.control.value, self.control.renamed)


def _left_out(columns: Sequence[str]) -> str:
    """Return which *columns* cannot be chosen; empty = there are none."""
    if not columns:
        return ""
    names = cut(", ".join(map(repr, columns)), 200)
    return f"Not in the list: {names}, since no path names them. Rename them, then look again."
