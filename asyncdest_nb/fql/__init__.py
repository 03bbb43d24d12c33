"""FQL, the language of Segment's subscriptions: which events go to an action.

    tokens      the parts of a text, as Segment's lexer finds them
    syntax      a text to conditions, as Segment reads it
    strict      a text to conditions, with all that is wrong with it
    predicate   conditions to a function of an event
    text        conditions to a text

Conditions are a tree in Segment's form: groups ``{"type": "group", "operator": "and",
"children": […]}``, and leaves ``{"type": "event-property", "name": "plan", "operator": "=",
"value": "pro"}``. A text that somebody types is read by ``parse``, which refuses what Segment
would misread; a subscription stored in Segment by ``parse_compatible``.
"""

from __future__ import annotations

from .predicate import Predicate, compile_conditions, matches, paths
from .strict import parse, problems
from .syntax import SUBJECTS, parse_compatible
from .text import generate

__all__ = [
    "SUBJECTS",
    "Predicate",
    "compile_conditions",
    "generate",
    "matches",
    "parse",
    "parse_compatible",
    "paths",
    "problems",
]
