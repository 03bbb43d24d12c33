"""From a row to a payload: Segment's mappings, and the plan that fills an action's fields.

    values      undefined, types and text as JavaScript has them
    path        ``$.traits.email`` split once, walked per row
    registry    the directives by name; how a mapping is checked and compiled
    directives  one function per directive
    compiler    whole mappings
    fields      which column, mapping or default fills which field

The meaning is that of the mapping kit in Segment's action-destinations framework.
Other than there, a mapping is compiled once and not per row.
"""

from . import directives  # noqa: F401 - Importing them registers them.
from .compiler import compile_mapping, transform, transform_batch
from .fields import FieldMap, FieldPlan, plan_fields
from .registry import DIRECTIVES, Resolver, directive
from .values import UNDEFINED

__all__ = [
    "DIRECTIVES",
    "UNDEFINED",
    "FieldMap",
    "FieldPlan",
    "Resolver",
    "compile_mapping",
    "directive",
    "plan_fields",
    "transform",
    "transform_batch",
]
