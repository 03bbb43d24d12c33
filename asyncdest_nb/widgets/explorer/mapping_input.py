"""An input for a mapping of a field: objects, lists and directives, by clicking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...destination import InputField
from . import parts
from .inputs import Input
from .value_tree import ValueTree


class MappingInput(Input):
    """A tree of what fills a field, which begins with an object where the field is one."""

    def __init__(self, field: InputField, columns: Sequence[str], changed: parts.Changed) -> None:
        begins = "object" if field.type == "object" and not field.multiple else None
        self._tree = ValueTree(field.label, columns, changed, begins=begins)
        super().__init__(field, self._tree.widget, self._tree.read)

    @property
    def entered(self) -> Any:
        """What is entered in the tree."""
        return self._tree.entered

    def enter(self, entered: Any) -> None:
        """Enter what was entered before, as far as it can still be chosen."""
        self._tree.enter(entered)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is chosen."""
        return not self._tree.is_filled

    def close(self) -> None:
        """Remove it from the page."""
        self._tree.close()
