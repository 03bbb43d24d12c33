"""Destinations as values: what can be asked of a partner, and the functions that ask it.

The words are Segment's: a destination has settings and actions; an action has
fields (its payload), ``perform``, ``perform_batch`` and ``poll``.

    fields        what settings and payloads are made of, and how a value is checked
    definition    Destination, Action, and what their functions are given
    functions     how those are called, and in which forms they may be written
    translated    definitions in the framework's own words
"""

from .definition import Action, ActionData, Destination, Function, Request, StateContext
from .fields import (
    FORMATS,
    Fields,
    InputField,
    Payload,
    Settings,
    field,
    input_fields,
    named_secrets_of,
    secrets_of,
    urls_of,
)
from .functions import written

__all__ = [
    "FORMATS",
    "Action",
    "ActionData",
    "Destination",
    "Fields",
    "Function",
    "InputField",
    "Payload",
    "Request",
    "Settings",
    "StateContext",
    "field",
    "input_fields",
    "named_secrets_of",
    "secrets_of",
    "urls_of",
    "written",
]
