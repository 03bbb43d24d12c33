"""Mappings from a row to a payload, and the plan of what fills each field of an action.

    values      undefined, truth, types and text as in JavaScript
    json_text   JSON as JavaScript writes and reads it
    path        ``$.traits.email``, split once and looked up in each row
    builder     objects, built by code that is written for each mapping
    registry    the directives by name; how a mapping made of them is compiled
    checks      what is wrong with a mapping, all of it at once
    plain_texts which texts look like templates, and are none
    slips       what no row can be sent with, though Segment lets it pass
    compiler    whole mappings
    value_keys  which keys a mapping uses, as Segment lists them
    membership  whether an event says that somebody is in an audience
    directives/ one function per directive
    forms       their arguments, for somebody who fills in a form
    field_map   what fills each field, for a row or for many at once
    field_plan  which column, mapping or default fills which field

Mappings have the meaning of Segment's action-destinations framework, but are compiled
once and not for every row.
"""

from . import directives  # noqa: F401 - The import registers them.
from .compiler import compile_mapping, transform, transform_batch
from .field_map import FieldMap
from .field_plan import FieldPlan, plan_fields
from .forms import FORMS, Argument, DirectiveForm
from .membership import audience_membership
from .path import nested, split_names
from .plain_texts import plain_templates
from .registry import DIRECTIVES, Resolver, directive
from .slips import slips
from .value_keys import value_keys
from .values import UNDEFINED

__all__ = [
    "DIRECTIVES",
    "FORMS",
    "UNDEFINED",
    "Argument",
    "DirectiveForm",
    "FieldMap",
    "FieldPlan",
    "Resolver",
    "audience_membership",
    "compile_mapping",
    "directive",
    "nested",
    "plain_templates",
    "plan_fields",
    "slips",
    "split_names",
    "transform",
    "transform_batch",
    "value_keys",
]
