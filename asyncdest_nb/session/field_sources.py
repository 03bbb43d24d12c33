"""What fills the fields of an action: columns, a mapping, constants, defaults."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from ..destination import BESIDE, NAMES, Action, InputField
from ..errors import MappingError, UnknownName
from ..frame import DataFrame, column_names, index_names
from ..mapping import FieldMap, FieldPlan, plain_templates, plan_fields, slips, split_names
from ..stored import StoredMapping
from .beside import MEMBERSHIP, added, taken_beside

_OPTIONS = tuple(
    "columns mapping subscribe key changed_only batch_size schedule deadline again rows".split()
)


def field_plans(
    fields: Mapping[str, InputField], *, is_lenient: bool = False
) -> dict[str, FieldPlan]:
    """Return what a mapping has to know of *fields*; nothing is required if it *is_lenient*."""
    return {
        key: FieldPlan(
            required=field.required and not is_lenient,
            default=field.default,
            hint=f"one of {', '.join(map(str, field.choices))}" if field.choices else "",
            by_name=field.by_name,
            is_object=field.type == "object" and not field.multiple,
        )
        for key, field in fields.items()
    }


def plan_sources(
    action: Action,
    frame: DataFrame,
    *,
    columns: Mapping[str, str] | None,
    mapping: Mapping[str, Any] | None,
    constants: Mapping[str, Any],
) -> FieldMap:
    """Return what fills the fields of *action* from *frame*, by the names of its columns.

    Raises FrameError if it is no frame, and if names repeat; see Connection.submit.
    """
    stated: dict[str, str] = {}
    if action.has_beside:
        stated, mapping, constants = taken_beside(action, mapping, constants)
    names = column_names(frame)
    _refuse_slips(mapping, constants, names)
    mapping = _with_constants(action, constants, mapping)
    plans = field_plans(action.fields)
    if action.is_open:  # It has the fields that are filled; a row is the payload if none is.
        plans = dict.fromkeys([*(mapping or ()), *(columns or ())] or names, FieldPlan())
    if BESIDE in plans:
        raise MappingError(f"a field cannot be called {BESIDE!r}: rename it")
    plans |= {MEMBERSHIP: FieldPlan()} if action.has_beside else {}
    found = plan_fields(
        plans, names, index_names=index_names(frame), columns=columns, mapping=mapping
    )
    return added(found, stated, names) if action.has_beside else found


def _refuse_slips(
    mapping: Mapping[str, Any] | None, constants: Mapping[str, Any], names: Sequence[str]
) -> None:
    is_typed = isinstance(mapping, Mapping) and not isinstance(mapping, StoredMapping)
    typed, split = {**(mapping or {}), **constants} if is_typed else constants, split_names(names)
    found = [
        each
        for name, value in typed.items()
        for each in (*plain_templates(name, value, names, split), *slips(name, value))
    ]
    if found:
        raise MappingError("\n".join(found))


def _with_constants(
    action: Action, constants: Mapping[str, Any], mapping: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return *mapping* with *constants*; raises for a mistake that makes every row invalid."""
    if not isinstance(mapping, Mapping | None):
        return mapping
    for name in constants:
        if name in (mapping or {}):
            raise MappingError(f"field {name!r} is a keyword and in mapping=: keep one of them")
        options = [*_OPTIONS, *(NAMES if action.has_beside else ())]
        near = difflib.get_close_matches(name, options, n=1, cutoff=0.8)
        if name not in action.fields and near and near[0] != name:
            raise UnknownName(f"no field or option {name!r}; did you mean {near[0]}=?")
    filled = {name: _value(each) for name, each in {**(mapping or {}), **constants}.items()}
    filled = StoredMapping(filled) if isinstance(mapping, StoredMapping) else filled
    for name, value in filled.items():
        choices = action.fields[name].choices if name in action.fields else None
        if choices and isinstance(value, (str, int, float)) and value not in choices:
            raise MappingError(f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}")
    return filled


def _value(given: Any) -> Any:
    """Return *given*, or the JSON schema of a pydantic class: a mapping holds JSON."""
    is_model = isinstance(given, type) and issubclass(given, BaseModel)
    return {"@literal": given.model_json_schema()} if is_model else given


def field_line(field: InputField) -> str:
    """Return a line about *field*: its key, name, type and description."""
    kind = f"list of {field.type}" if field.multiple else field.type
    need = "required" if field.required else "optional"
    choices = f", one of {', '.join(map(str, field.choices))}" if field.choices else ""
    default = f", default {field.default}" if field.default is not None else ""
    about = f". {field.description}" if field.description else ""
    return f"{field.key}: {field.label} ({kind}, {need}{choices}{default}){about}"
